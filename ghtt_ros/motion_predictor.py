# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node motion_predictor: hand observations in; refined hands, the action and forecasts out.

Subscribes `ghtt/hand_observation`; publishes `ghtt/refined_hands`, `ghtt/action`, `ghtt/predicted_motion`,
`ghtt/motion_envelope` and, once, `ghtt/skeleton_layout`. While there is no forecast to give, empty ones say why: no
input, no hands, or not enough of them yet.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from rclpy.clock import Clock, ClockType, JumpThreshold
from rclpy.duration import Duration

from ghtt_core.bags.convert import read_hand_frame
from ghtt_core.bags.fields import time_ns
from ghtt_core.errors import InputError
from ghtt_core.streaming.status import Status
from ghtt_ros.motion_frames import OutputFrame
from ghtt_ros.motion_freshness import FreshnessGate
from ghtt_ros.motion_prediction import MotionPrediction
from ghtt_ros.motion_predictor_settings import MotionPredictorSettings
from ghtt_ros.motion_results import MotionResults
from ghtt_ros.msg import HandObservation
from ghtt_ros.node_support.callbacks import guarded
from ghtt_ros.node_support.diagnostics import Level, RateMeter, Report, StageTimes
from ghtt_ros.node_support.lifecycle import PipelineNode
from ghtt_ros.node_support.qos import SilenceWatch, observation_profile, subscribe
from ghtt_ros.node_support.spin import run_node
from ghtt_ros.node_support.stamps import Arrival, StampGate
from ghtt_ros.node_support.transforms import FrameLookup
from ghtt_ros.node_support.worker import Worker

_TOPIC: Final = "ghtt/hand_observation"


class Observation(NamedTuple):
    """A message on its way to the worker.

    Attributes:
        message: HandObservation.
        stamp_ns: Its acquisition time.
        era: Counts how often time started over; observations of different eras do not belong together.
    """

    message: Any
    stamp_ns: int
    era: int


class MotionPredictorNode(PipelineNode[MotionPredictorSettings]):
    """Feeds every observation to the predictor and publishes what comes out."""

    def __init__(self, **options: Any) -> None:
        """Make the node; `options` go to `LifecycleNode`."""
        self._prediction: MotionPrediction | None = None
        self._results: MotionResults | None = None
        self._frames: OutputFrame | None = None
        self._worker: Worker[Observation] | None = None
        self._watch: SilenceWatch | None = None
        self._subscription: Any = None
        self._heartbeat: Any = None
        self._jumps: Any = None
        self._gate, self._freshness = StampGate(), FreshnessGate()
        self._era = self._worked_era = 0
        self._worked_at = 0.0
        self._received = RateMeter()
        self._times = StageTimes()
        super().__init__("motion_predictor", MotionPredictorSettings, **options)

    def load(self) -> None:
        """Load and check the model, run it once, and advertise.

        Raises:
            GhttError: If torch or the device is not there, or the checkpoint is missing or damaged.
        """
        settings = self.settings
        self._prediction = MotionPrediction(settings, self.errors)
        self._prediction.warm_up()
        self._frames = OutputFrame(FrameLookup(self), self.errors)
        self._results = MotionResults(self, self._prediction, self._frames, self._times)
        self._worker = Worker(self._work, self.errors.error, name="motion_prediction", depth=settings.queue_depth)
        self.get_logger().info(f"Loaded {self._prediction.model_id} on {self._prediction.device}.")

    def begin(self) -> None:
        """Subscribe, and start telling the status."""
        assert self._worker is not None
        assert self._results is not None
        self._start_over()
        self._worked_at = time.monotonic()
        self._results.start()
        self._worker.start()
        self._watch = SilenceWatch(self, _TOPIC, "hand observation", lambda: self.settings.input_timeout, self.errors)
        threshold = JumpThreshold(min_forward=None, min_backward=Duration(nanoseconds=-1), on_clock_change=True)
        self._jumps = self.get_clock().create_jump_callback(
            threshold, post_callback=guarded(self._on_time_jump, self.errors)
        )
        # Of real time, because a simulation that stops takes its clock along.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        tick = guarded(self._on_heartbeat, self.errors)
        self._heartbeat = self.create_timer(self.settings.period_s, tick, clock=steady)
        self._subscription = subscribe(
            self, HandObservation, _TOPIC, self._on_observation, observation_profile(), self.errors
        )

    def halt(self) -> None:
        """Unsubscribe and let the current observation finish.

        Raises:
            InputError: If the networks do not come back from an observation.
        """
        if self._subscription is not None:
            self.destroy_subscription(self._subscription)
        if self._heartbeat is not None:
            self.destroy_timer(self._heartbeat)
        if self._jumps is not None:
            self._jumps.unregister()
        if self._watch is not None:
            self._watch.close()
        self._subscription = self._heartbeat = self._jumps = self._watch = None
        if self._worker is not None and not self._worker.stop():
            raise InputError("The networks have not come back from an observation yet; try again, or restart the node.")

    def unload(self) -> None:
        """Take the topics back and free the networks."""
        for part in (self._results, self._frames, self._prediction):
            if part is not None:
                part.close()
        self._results = self._frames = self._prediction = self._worker = None

    def report(self) -> Report:
        """Say how observations come in and forecasts go out."""
        prediction, results, worker, watch = self._prediction, self._results, self._worker, self._watch
        if prediction is None or results is None or worker is None or watch is None or self._frames is None:
            return Report("STALE", "changing state")
        status = results.status or Status.WARMING_UP
        values: dict[str, object] = {
            "status": status.name,
            "model": prediction.model_id,
            "device": prediction.device,
            "input fps": self._received.rate(),
            "refined fps": results.refined.rate(),
            "forecast fps": results.forecasts.rate(),
            "window fill": f"{prediction.window_fill}/16",
            "received": self._received.count,
            "dropped, worker busy": worker.dropped,
            "dropped, duplicate stamp": self._gate.duplicates,
            "dropped, late": self._gate.late,
            "dropped, error": worker.failed,
            "held up on the way": self._freshness.held_up,
            "time restarts": self._gate.restarts,
            "without transform": self._frames.missing,
            "last error": self.errors.last,
            **self._times.values(),
        }
        if trouble := worker.trouble():
            return Report("ERROR", trouble, values)
        if watch.silent:
            return Report("WARN", watch.sentence(), values)
        level: Level = "OK" if status in (Status.OK, Status.WARMING_UP, Status.HANDS_LOST) else "WARN"
        return Report(level, status.name.lower().replace("_", " "), values)

    def _on_observation(self, message: Any) -> None:
        self._received.tick()
        if self._watch is not None:
            self._watch.heard()
        stamp_ns = time_ns(message.header.stamp)
        arrival = self._gate.judge(stamp_ns)
        if arrival is Arrival.DUPLICATE:
            self.errors.warn(
                f"Several observations have the stamp {stamp_ns / 1e9:.9f}; all but the first are skipped.",
                key="duplicate stamp",
            )
        if arrival in (Arrival.DUPLICATE, Arrival.LATE) or self._worker is None:
            return
        if arrival is Arrival.RESTART:
            self.get_logger().info("Time jumped back; the window starts anew.")
            self._start_over(keep_gate=True)
        self._worker.offer(Observation(message, stamp_ns, self._era))

    def _on_time_jump(self, jump: Any) -> None:
        self.get_logger().info("The clock jumped; the window starts anew.")
        self._start_over()

    def _start_over(self, *, keep_gate: bool = False) -> None:
        """Let nothing of the past meet what comes."""
        self._era += 1
        if not keep_gate:
            self._gate.reset()
        if self._worker is not None:
            self._worker.forget()
        if self._frames is not None:
            self._frames.clear()

    def _on_heartbeat(self) -> None:
        if self._results is not None:
            settings = self.settings
            self._results.fill_silence(time.monotonic() - self._worked_at > settings.stale_after, settings)

    def _work(self, observation: Observation) -> None:
        """Worker: refine, recognise, forecast, publish."""
        prediction, results = self._prediction, self._results
        if prediction is None or results is None or observation.era != self._era:
            return
        settings = self.settings
        if observation.era != self._worked_era:
            self._worked_era = observation.era
            prediction.reset()
            self._freshness.reset()
        age_ns = self.get_clock().now().nanoseconds - observation.stamp_ns
        fresh = self._freshness.is_fresh(age_ns, round(settings.stale_after * 1e9))
        frame = read_hand_frame(observation.message)
        update = prediction.update(frame, observation.message.object_encoder, settings.prescribed_action)
        ran = {"refine": update.refined, "action": update.action, "forecast": update.forecasts, "total": True}
        for stage, milliseconds in update.timings_ms.items():
            if ran.get(stage):
                self._times.add(stage, milliseconds)
        if observation.era != self._era or not fresh:
            return  # about a time that is no more; the heartbeat says so
        with self._times.measure("publish"):
            results.give(update, frame.stamp_ns, frame.frame_id, settings)
        self._worked_at = time.monotonic()


def main(args: Sequence[str] | None = None) -> int:
    """Run the node; returns the exit code."""
    return run_node(MotionPredictorNode, args)


if __name__ == "__main__":
    sys.exit(main())
