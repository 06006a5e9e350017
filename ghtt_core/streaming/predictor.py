# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The one pipeline from a stream of hand frames to refined hands, an action and a forecast; it owns all state."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from ghtt_core.errors import InputError
from ghtt_core.hands.frame import HandFrame
from ghtt_core.hands.layout import CLIP_FRAMES, MCP_JOINTS, NUM_HANDS, NUM_JOINTS, WRIST
from ghtt_core.hands.skeleton import Skeleton, hold_skeleton
from ghtt_core.models.checkpoint import Checkpoint
from ghtt_core.models.inference import FastActionBlock, multiplies_bfloat16, prepare_for_inference
from ghtt_core.streaming.forecast import Forecast
from ghtt_core.streaming.forecaster import Forecaster
from ghtt_core.streaming.history import ClipHistory, FrameWindow
from ghtt_core.streaming.objects import ObjectTrack
from ghtt_core.streaming.recognition import ActionRecogniser, Recognised
from ghtt_core.streaming.refinement import RefinedWindow, refine_windows
from ghtt_core.streaming.resampling import MAX_GAP_NS, StampResampler
from ghtt_core.streaming.settings import ForecastMethod, Precision, PredictorConfig
from ghtt_core.streaming.status import Status
from ghtt_core.streaming.uncertainty import joint_deviation
from ghtt_core.streaming.update import ActionEstimate, Update

__all__ = ["ForecastMethod", "MotionPredictor", "PredictorConfig"]

_FAR_METRES: Final = 1e3
"""No camera sees hands from here."""
_PALM_METRES: Final = (0.01, 0.5)
"""Palm sizes outside are no hands in metres: collapsed, or in another unit."""


class MotionPredictor:
    """Takes hand frames one by one and gives refined hands, the action and forecasts.

    Memory and work per frame are constant however long the stream. The same frames with the same seed give the same
    bits on the same machine; `reset` starts over. Not safe for concurrent calls.

    Samples use the same noise in every forecast, so that sample s moves smoothly from one forecast to the next instead
    of being drawn afresh; another seed gives other samples.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        config: PredictorConfig | None = None,
        device: torch.device | str = "cpu",
        seed: int = 0,
    ) -> None:
        """Prepare the networks and reserve all state.

        Args:
            checkpoint: A loaded checkpoint; its networks are copied into their fast form.
            config: How to predict.
            device: Where networks run.
            seed: Of the forecast samples.
        """
        self.config = config or PredictorConfig()
        self.checkpoint = checkpoint
        self.device = torch.device(device)
        self.seed = seed
        dtype, refining = _dtypes(self.config.precision, self.device)
        self._pose_block = prepare_for_inference(checkpoint.pose_block.to(self.device).eval(), dtype, refining)
        self._template = checkpoint.template.to(self.device)
        self._recogniser: ActionRecogniser | None = None
        action_block: FastActionBlock | None = None
        if checkpoint.action_block is not None and checkpoint.labels:
            action_block = prepare_for_inference(checkpoint.action_block.to(self.device).eval(), dtype)
            label_text, counts = checkpoint.label_text.to(self.device), checkpoint.label_transitions
            transitions = None if counts is None else counts.numpy()
            self._recogniser = ActionRecogniser(action_block, label_text, self.config.segmentation, transitions)
        self._forecaster = Forecaster(self._pose_block, action_block, self.config, self.device, seed)
        object_width = max(checkpoint.card.text_width, 1)
        aggregator = checkpoint.object_aggregator
        self._objects = ObjectTrack(
            None if aggregator is None else aggregator.to(self.device),
            checkpoint.object_text.to(self.device),
            object_width,
            snap=self.config.snap_objects,
        )
        self._clips = ClipHistory(checkpoint.card.pose.width, object_width, self.device)
        self._window = FrameWindow(self._template)
        self._resampler = StampResampler()
        self._named = False
        self._unlike = False

    @property
    def model_id(self) -> str:
        """Name of the checkpoint, for outputs."""
        return self.checkpoint.card.model_id

    @property
    def window_fill(self) -> int:
        """Frames in the window, 0 to 16."""
        return self._window.count

    def reset(self) -> None:
        """Forget the stream; the next frame is the first. A prescribed action stays."""
        self._resampler.reset()
        self._forget()

    def status_at(self, now_ns: int, max_age_ns: int = MAX_GAP_NS) -> Status:
        """Say what may be believed at a time, which may be long after the last frame: for timers and watchdogs.

        Args:
            now_ns: Absolute time in nanoseconds, on the clock of the stamps.
            max_age_ns: Age of the newest refined frame from which on it is stale.
        """
        if self._clips.total == 0:
            return Status.WARMING_UP
        age = now_ns - self._clips.stamp_ns(self._clips.total - 1)
        return Status.STALE_INPUT if age > max_age_ns else self._status()

    def prescribe_action(self, label: str | None) -> None:
        """Forecast as if this action were going on, whatever is recognised; None returns to recognition.

        Raises:
            InputError: If the model does not know the label, or has no action block.
        """
        if label is not None and (self._recogniser is None or label not in self.checkpoint.labels):
            known = ", ".join(self.checkpoint.labels[:8]) or "none"
            raise InputError(f"The model {self.model_id} does not know the action {label!r}; it knows {known}, ...")
        text = None if label is None else self.checkpoint.label_text[self.checkpoint.labels.index(label)]
        self._forecaster.label_text = None if text is None else text.to(self.device)

    @torch.inference_mode()
    def update(self, frame: HandFrame) -> Update:
        """Take the next frame.

        Args:
            frame: Hands in the camera frame; any stamps (see `ghtt_core.streaming.resampling`).

        Returns:
            Everything that is new.

        Raises:
            InputError: If the frame's object feature does not fit the model.
        """
        began = time.perf_counter()
        resampled = self._resampler.push(_usable(frame))
        if resampled.ignored:
            return Update(Status.STALE_INPUT, timings_ms=_timings(began))
        if resampled.restarted:
            self._forget()
        before = self._clips.total
        refined: list[HandFrame] = []
        deviations: list[NDArray[np.float32]] = []
        window: RefinedWindow | None = None
        for piece in resampled.frames:
            window, hands, deviation = self._refine(piece)
            refined.append(hands)
            deviations.append(deviation)
        refined_at = time.perf_counter()
        action: ActionEstimate | None = None
        forecasts: tuple[Forecast, ...] = ()
        recognised_at = refined_at
        if window is not None and refined[-1].valid.any() and self._window.count == CLIP_FRAMES:
            forecast_due = self._due(self.config.forecast_stride, before)
            if self._recogniser is not None and self._action_due(forecast_due, before):
                action = self._estimate(self._recogniser.recognise(self._clips), refined[-1].stamp_ns)
                self._named = True
            recognised_at = time.perf_counter()
            if forecast_due:
                observed = None
                if self._recogniser is not None and self._forecaster.needs_action:
                    observed = self._recogniser.observe(self._clips)
                forecasts = self._forecaster.forecast(window, observed, refined[-1], self._status())
        return Update(
            status=self._status(),
            refined=tuple(refined),
            deviations=tuple(deviations),
            action=action,
            forecasts=forecasts,
            timings_ms=_timings(began, refine=refined_at, action=recognised_at, forecast=time.perf_counter()),
            restarted=resampled.restarted,
        )

    def _forget(self) -> None:
        self._named = False
        self._unlike = False
        self._window.clear()
        self._clips.clear()
        self._objects.clear()
        if self._recogniser is not None:
            self._recogniser.clear()

    def _due(self, stride: int, before: int, late: int = 0) -> bool:
        """Whether a multiple of the stride, and ``late`` frames, passed since the stream had ``before`` frames."""
        return stride > 0 and (self._clips.total - late) // stride > (before - late) // stride

    def _action_due(self, forecast_due: bool, before: int) -> bool:
        """At once, then half a stride after forecasts at the same rate, so that no frame has to wait for both."""
        stride = self.config.action_stride
        if stride == 0:
            return forecast_due and self._forecaster.needs_action
        return not self._named or self._due(stride, before, late=stride // 2)

    def _status(self) -> Status:
        if self._window.since_seen.min() > self.config.hold_frames:
            return Status.HANDS_LOST
        if self._window.count < CLIP_FRAMES:
            return Status.WARMING_UP
        return Status.OUT_OF_DISTRIBUTION if self._unlike else Status.OK

    def _refine(self, frame: HandFrame) -> tuple[RefinedWindow | None, HandFrame, NDArray[np.float32]]:
        """Append a frame and refine it with the frames before it; give its standard deviation too."""
        self._window.push(frame)
        self._objects.push(frame.object_feature)
        shown = self._window.since_seen <= self.config.hold_frames
        if not self._window.joint_valid.any():
            self._clips.push(frame.stamp_ns, None, None)
            nobody = replace(frame, joints=np.zeros_like(frame.joints), valid=np.zeros(NUM_HANDS, np.bool_))
            return None, nobody, np.zeros((NUM_HANDS, NUM_JOINTS), np.float32)
        observed, joint_valid = (
            torch.from_numpy(part)[None].to(self.device) for part in (self._window.joints, self._window.joint_valid)
        )
        if self.config.anchor.holds_skeleton:
            skeleton = Skeleton(*(part.to(self.device) for part in self._window.skeleton()))
            observed = hold_skeleton(observed, joint_valid, skeleton)
        window = refine_windows(
            self._pose_block,
            self._template,
            observed,
            joint_valid,
            frame_valid=self._window.frame_valid().to(self.device),
            palm_size=self._window.palm_size().to(self.device),
            anchor=self.config.anchor,
        )
        self._unlike = not bool(
            (window.mismatch() <= self.config.mismatch_limit).all()
        )  # also where it is not a number
        self._clips.push(frame.stamp_ns, window.encoding.mu[0], self._objects.clip_feature())
        joints = window.newest_joints()[0].float().cpu().numpy()
        if self._window.count == 1:
            joints = frame.joints  # one frame alone says nothing about its noise
        valid = shown & np.isfinite(joints).all((1, 2))
        fade = 1.0 - self._window.since_seen / (self.config.hold_frames + 1.0)
        confidence = np.where(frame.valid[:, None], frame.confidence, np.clip(fade, 0, 1)[:, None])
        shown_frame = replace(
            frame,
            joints=np.where(valid[:, None, None], joints, 0.0).astype(np.float32),
            valid=valid,
            confidence=np.where(valid[:, None], confidence, 0.0).astype(np.float32),
        )
        scatter = joint_deviation(self._window.joints, window.joints[0].float().cpu().numpy(), self._window.joint_valid)
        return window, shown_frame, np.where(valid[:, None], scatter, np.float32(0.0))

    def _estimate(self, recognised: Recognised, stamp_ns: int) -> ActionEstimate:
        return ActionEstimate.from_log_probabilities(
            recognised.log_probabilities,
            self.checkpoint.labels,
            stamp_ns=stamp_ns,
            segment_start_ns=self._clips.stamp_ns(recognised.start),
            top_k=self.config.top_k,
        )


def _dtypes(precision: Precision, device: torch.device) -> tuple[torch.dtype, torch.dtype]:
    """Return the type of the networks' products, and that of the encoder which refines."""
    if precision == "auto":
        return torch.bfloat16 if multiplies_bfloat16(device) else torch.float32, torch.float32
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    return dtype, dtype


def _usable(frame: HandFrame) -> HandFrame:
    """Mask hands that cannot be hands in metres, so that nothing after this meets NaN or a collapsed palm."""
    near = frame.valid & (np.abs(np.where(frame.valid[:, None, None], frame.joints, 0.0)).max((1, 2)) < _FAR_METRES)
    joints = np.where(near[:, None, None], frame.joints, 0.0).astype(np.float32)
    size = np.linalg.norm(joints[:, list(MCP_JOINTS)] - joints[:, WRIST : WRIST + 1], axis=-1).mean(-1)
    valid = near & (size > _PALM_METRES[0]) & (size < _PALM_METRES[1])
    return replace(frame, joints=np.where(valid[:, None, None], joints, np.float32(0.0)), valid=valid)


def _timings(began: float, **until: float) -> dict[str, float]:
    """Milliseconds of consecutive stages, each given by its end, and their sum."""
    result, before = {"refine": 0.0, "action": 0.0, "forecast": 0.0}, began
    for name, moment in until.items():
        result[name], before = (moment - before) * 1e3, moment
    result["total"] = (time.perf_counter() - began) * 1e3
    return result
