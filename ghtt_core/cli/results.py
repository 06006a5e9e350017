# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The files of a run, filled frame by frame and completed however the run ends."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ghtt_core.cli.latency import LatencyMeter
from ghtt_core.cli.motion_bag import NEEDED_BYTES, MotionBag
from ghtt_core.cli.motion_file import MotionRecorder
from ghtt_core.cli.overlay import OverlayPainter, Scene
from ghtt_core.cli.spool import write_json
from ghtt_core.cli.video_writer import VideoWriter
from ghtt_core.errors import OutputError
from ghtt_core.hands.frame import HandFrame
from ghtt_core.hands.layout import LEFT, RIGHT
from ghtt_core.streaming.forecast import Forecast
from ghtt_core.streaming.status import Status
from ghtt_core.streaming.update import ActionEstimate, Update

STAGES = ("estimate", "refine", "action", "forecast", "total")
FORECAST_KINDS = {"pose": "p_a", "action": "p_b"}
"""A forecast's method and what the outputs call it."""
_SHOW_NS = 500_000_000
"""How long the picture shows an action or a forecast that nothing newer has replaced."""
_SPACE_CHECK_FRAMES = 15
_PENDING_PICTURES = 4


@dataclass(frozen=True)
class RunNames:
    """What the outputs say about how they were made.

    Attributes:
        model_id: Of the checkpoint.
        estimator: What turned pictures into hands.
        labels: Action labels of the checkpoint.
        frame_id: Coordinate frame of all joints.
        template: (2, 5, 3) tensor, palms of the checkpoint.
    """

    model_id: str
    estimator: str
    labels: tuple[str, ...]
    frame_id: str
    template: Any


class RunResults:
    """Counts, records and draws; `finish` completes overlay.mp4, motion.npz, motion.mcap and summary.json."""

    def __init__(self, folder: Path, names: RunNames, painter: OverlayPainter | None, fps: float) -> None:
        """Open the files under hidden names.

        Args:
            folder: Existing folder of the results.
            names: What the outputs say about how they were made.
            painter: Draws the overlay; its size is the video's. None for a run without one.
            fps: Rate of the overlay.

        Raises:
            OutputError: If the folder takes no files.
        """
        self.frames = 0
        self._folder = folder
        self._names = names
        self._painter = painter
        self._counts = {"frames_with_left": 0, "frames_with_right": 0, "frames_refined": 0, "forecasts": 0}
        self._meters = {stage: LatencyMeter() for stage in STAGES}
        self._latest = dict.fromkeys(STAGES, 0.0)
        self._action: ActionEstimate | None = None
        self._forecast: Forecast | None = None
        self._newest: HandFrame | None = None
        self._first_ns = 0
        self._motion = MotionRecorder(folder, names.labels, names.frame_id)
        self._video: VideoWriter | None = None
        self._bag: MotionBag | None = None
        try:
            self._bag = MotionBag(folder, names.model_id, names.labels, names.template)
            if painter is not None:
                self._video = VideoWriter(folder / "overlay.mp4", painter.width, painter.height, fps)
        except OutputError:
            self._motion.discard()
            if self._bag is not None:
                self._bag.discard()
            raise
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="overlay")
        self._pending: deque[Future[None]] = deque()
        self._began = time.perf_counter()

    def add(self, frame: HandFrame, update: Update, estimate_ms: float) -> None:
        """Take what one input frame gave.

        Args:
            frame: What the estimator saw.
            update: What the predictor made of it.
            estimate_ms: How long the estimator took.

        Raises:
            OutputError: If the disk takes no more.
        """
        if self.frames % _SPACE_CHECK_FRAMES == 0:
            self._motion.check_space(NEEDED_BYTES)
        if self.frames == 0:
            self._first_ns = frame.stamp_ns
        self.frames += 1
        self._counts["frames_with_left"] += bool(frame.valid[LEFT])
        self._counts["frames_with_right"] += bool(frame.valid[RIGHT])
        self._counts["frames_refined"] += sum(bool(refined.valid.any()) for refined in update.refined)
        self._measure(update, estimate_ms)
        if update.restarted or update.status == Status.HANDS_LOST:
            self._action = self._forecast = self._newest = None
        self._newest = update.newest or self._newest
        self._action = update.action or self._action
        self._motion.add_observed(frame.stamp_ns, frame.joints, frame.valid)
        for refined in update.refined:
            self._motion.add_refined(refined.stamp_ns, refined.joints, refined.valid)
        if update.action is not None:
            action = update.action
            self._motion.add_action(action.stamp_ns, action.segment_start_ns, action.probabilities)
        self._forecast = update.forecasts[0] if update.forecasts else self._forecast
        for forecast in update.forecasts:
            self._counts["forecasts"] += 1
            self._motion.add_forecast(FORECAST_KINDS[forecast.method], forecast)
        if self._bag is not None:
            self._bag.add(frame, update)

    def draw(self, image: NDArray[np.uint8], frame: HandFrame, update: Update) -> None:
        """Draw the newest results onto the picture of this frame and add it to the overlay, a moment later.

        Args:
            image: (height, width, 3) BGR picture; changed, and not to be used by the caller any more.
            frame: What the estimator saw in it.
            update: What the predictor made of it.

        Raises:
            OutputError: If the disk takes no more.
        """
        if self._painter is None or self._video is None:
            return
        now_ns = frame.stamp_ns
        newest, action, forecast = self._newest, self._action, self._forecast
        there = newest is not None and now_ns - newest.stamp_ns <= _SHOW_NS // 4
        latest = "  ".join(f"{stage} {self._latest[stage]:.0f}" for stage in STAGES[:-1] if self._latest[stage])
        scene = Scene(
            now_ns=now_ns,
            joints=newest.joints if newest is not None and there else None,
            valid=newest.valid if newest is not None and there else np.zeros(2, np.bool_),
            forecast=forecast if forecast is not None and now_ns - forecast.t0_ns <= _SHOW_NS else None,
            action=action.top if action is not None and now_ns - action.stamp_ns <= _SHOW_NS else (),
            status="" if update.status == Status.OK else update.status.replace("_", " "),
            details=(
                f"{(now_ns - self._first_ns) / 1e9:.2f} s   frame {self.frames}",
                f"{latest} ms   |   {self._names.estimator}, {self._names.model_id}",
            ),
        )
        # Drawing and encoding run beside the next frame's work; a few pictures may wait, so memory stays bounded.
        while len(self._pending) >= _PENDING_PICTURES:
            self._pending.popleft().result()
        self._pending.append(self._worker.submit(self._render, image, scene))

    def _render(self, image: NDArray[np.uint8], scene: Scene) -> None:
        assert self._painter is not None
        assert self._video is not None
        self._painter.draw(image, scene)
        self._painter.draw_legend(image, scene.valid)
        self._video.write(image, scene.now_ns - self._first_ns)

    def _drain(self) -> None:
        """Wait for all pictures; the first failure is raised once none is left.

        Raises:
            OutputError: If a picture could not be written.
        """
        self._worker.shutdown(wait=True)
        failures = [future.exception() for future in self._pending]
        self._pending.clear()
        for failure in failures:
            if failure is not None:
                raise failure

    def finish(self) -> Mapping[str, Any]:
        """Complete all files; each is attempted even if another fails.

        Returns:
            The content of summary.json.

        Raises:
            OutputError: The first failure; files of an earlier run that could not be replaced are untouched.
        """
        summary = self.summary()
        failures: list[OutputError] = []
        steps: list[Callable[[], None]] = [self._drain, partial(self._motion.finish, self._folder / "motion.npz")]
        if self._bag is not None:
            steps.append(self._bag.finish)
        if self._video is not None:
            steps.append(self._video.close)
        steps.append(partial(write_json, self._folder / "summary.json", summary))
        for step in steps:
            try:
                step()
            except OutputError as error:
                failures.append(error)
        if failures:
            raise failures[0]
        return summary

    def discard(self) -> None:
        """Leave nothing behind; for runs that ended before their first frame."""
        self._worker.shutdown(wait=True, cancel_futures=True)
        self._motion.discard()
        if self._bag is not None:
            self._bag.discard()
        if self._video is not None:
            self._video.discard()

    def summary(self) -> dict[str, Any]:
        """Return what summary.json holds, as of now."""
        seconds = max(time.perf_counter() - self._began, 1e-9)
        return {
            "frames": self.frames,
            **self._counts,
            "model_id": self._names.model_id,
            "estimator": self._names.estimator,
            "latency_ms": {stage: meter.summary() for stage, meter in self._meters.items()},
            "fps": round(self.frames / seconds, 2),
        }

    def _measure(self, update: Update, estimate_ms: float) -> None:
        """Count durations; stages that run now and then are counted when they run."""
        timings = update.timings_ms
        durations = {"estimate": estimate_ms, "total": estimate_ms + timings.get("total", 0.0)}
        for stage, ran in (("refine", update.refined), ("action", update.action), ("forecast", update.forecasts)):
            if ran:
                durations[stage] = timings.get(stage, 0.0)
        for stage, duration in durations.items():
            self._meters[stage].add(duration)
        self._latest.update(durations)
