# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The one pipeline from a stream of hand frames to refined hands, an action and a forecast; it owns all state."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import numpy as np
import torch

from ghtt_core.errors import InputError
from ghtt_core.hands.frame import HandFrame
from ghtt_core.hands.layout import CLIP_FRAMES, MCP_JOINTS, NUM_HANDS, WRIST
from ghtt_core.models.checkpoint import Checkpoint
from ghtt_core.streaming.anchoring import Anchor
from ghtt_core.streaming.forecast import Forecast
from ghtt_core.streaming.forecasting import FirstClip, forecast_action, forecast_pose, num_clips, sample_noise
from ghtt_core.streaming.history import ClipHistory, FrameWindow
from ghtt_core.streaming.objects import ObjectTrack
from ghtt_core.streaming.recognition import ActionRecogniser, Recognised
from ghtt_core.streaming.refinement import RefinedWindow, refine_windows
from ghtt_core.streaming.resampling import MAX_GAP_NS, STEP_NS, StampResampler
from ghtt_core.streaming.segmentation import SegmentationConfig
from ghtt_core.streaming.status import Status
from ghtt_core.streaming.update import ActionEstimate, Update

ForecastMethod = Literal["action", "pose"]
_PALM_METRES: Final = (0.01, 0.5)
"""Palm sizes outside are no hands in metres: collapsed, or in another unit."""


@dataclass(frozen=True)
class PredictorConfig:
    """How a stream is refined, recognised and forecast.

    Attributes:
        samples: Forecast samples S; sample 0 is the deterministic one.
        horizon_frames: Forecast steps T at 30 per second, 1 to 96.
        forecast_method: ``action`` is P.b (the action block leads; needs one in the checkpoint, else ``pose`` is used),
            ``pose`` is P.a.
        sampling_factor: Multiplies the standard deviation of every latent drawn; the paper uses 5.
        first_clip: How P.b makes its first clip, from the ``latent`` alone (the paper's way) or with ``skip`` tokens.
        action_stride: Frames from one action estimate to the next; 0 for none but those a forecast needs.
        forecast_stride: Frames from one forecast to the next; 0 for none.
        hold_frames: Frames for which a hand that is no longer seen is still given and forecast, 0 to 15.
        anchor: How refined windows are placed in the camera frame.
        segmentation: Hysteresis of the search for the action's start.
        top_k: Labels in an action estimate's ranking.
        snap_objects: Whether a clip's object feature becomes that of the nearest known object, as in training.
    """

    samples: int = 20
    horizon_frames: int = 96
    forecast_method: ForecastMethod = "action"
    sampling_factor: float = 5.0
    first_clip: FirstClip = "latent"
    action_stride: int = 6
    forecast_stride: int = 6
    hold_frames: int = 4
    anchor: Anchor = field(default_factory=Anchor)
    segmentation: SegmentationConfig = field(default_factory=SegmentationConfig)
    top_k: int = 5
    snap_objects: bool = True

    def __post_init__(self) -> None:
        """Refuse impossible values.

        Raises:
            InputError: If a value is out of range.
        """
        num_clips(self.horizon_frames)
        if not 1 <= self.samples <= 1000:
            raise InputError(f"A forecast has 1 to 1000 samples, not {self.samples}.")
        if self.forecast_method not in ("action", "pose") or self.first_clip not in ("latent", "skip"):
            raise InputError("The forecast method is 'action' or 'pose', and its first clip 'latent' or 'skip'.")
        if min(self.action_stride, self.forecast_stride, self.sampling_factor) < 0 or self.top_k < 1:
            raise InputError("Strides and the sampling factor cannot be negative, and top_k starts at 1.")
        if not 0 <= self.hold_frames < CLIP_FRAMES:
            raise InputError(f"A lost hand can be held for 0 to {CLIP_FRAMES - 1} frames, not {self.hold_frames}.")


class MotionPredictor:
    """Takes hand frames one by one and gives refined hands, the action and forecasts.

    Memory and work per frame are constant however long the stream. The same frames with the same seed give the same
    bits on the same machine. Not safe for concurrent calls.

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
            checkpoint: A loaded checkpoint; its networks are moved to the device.
            config: How to predict.
            device: Where networks run.
            seed: Of the forecast samples.
        """
        self.config = config or PredictorConfig()
        self.checkpoint = checkpoint
        self.device = torch.device(device)
        self.seed = seed
        self._pose_block = checkpoint.pose_block.to(self.device).eval()
        self._template = checkpoint.template.to(self.device)
        width = checkpoint.card.pose.width
        self._recogniser: ActionRecogniser | None = None
        if checkpoint.action_block is not None and checkpoint.labels:
            self._action_block = checkpoint.action_block.to(self.device).eval()
            self._recogniser = ActionRecogniser(checkpoint, self._action_block, self.config.segmentation)
        object_width = max(checkpoint.card.text_width, 1)
        self._objects = ObjectTrack(
            checkpoint.object_aggregator, checkpoint.object_text, object_width, snap=self.config.snap_objects
        )
        self._clips = ClipHistory(width, object_width, self.device)
        self._window = FrameWindow()
        self._resampler = StampResampler()
        draws = max(num_clips(self.config.horizon_frames), 2)
        generator = torch.Generator().manual_seed(seed)
        self._noise = sample_noise(self.config.samples, draws, width, generator).to(self.device)
        self._prescribed: int | None = None

    @property
    def model_id(self) -> str:
        """Name of the checkpoint, for outputs."""
        return self.checkpoint.card.model_id

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
        self._prescribed = None if label is None else self.checkpoint.labels.index(label)

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
        window: RefinedWindow | None = None
        for piece in resampled.frames:
            window, hands = self._refine(piece)
            refined.append(hands)
        refined_at = time.perf_counter()
        action: ActionEstimate | None = None
        forecast: Forecast | None = None
        recognised_at = refined_at
        if window is not None and refined[-1].valid.any() and self._window.count == CLIP_FRAMES:
            forecast_due = self._due(self.config.forecast_stride, before)
            recognised: Recognised | None = None
            if self._recogniser is not None and (self._due(self.config.action_stride, before) or forecast_due):
                recognised = self._recogniser.recognise(self._clips)
                action = self._estimate(recognised, refined[-1].stamp_ns)
            recognised_at = time.perf_counter()
            if forecast_due:
                forecast = self._forecast(window, recognised, refined[-1])
        return Update(
            status=self._status(),
            refined=tuple(refined),
            action=action,
            forecast=forecast,
            timings_ms=_timings(began, refine=refined_at, action=recognised_at, forecast=time.perf_counter()),
            restarted=resampled.restarted,
        )

    def _forget(self) -> None:
        self._window.clear()
        self._clips.clear()
        self._objects.clear()
        if self._recogniser is not None:
            self._recogniser.clear()

    def _due(self, stride: int, before: int) -> bool:
        """Whether a multiple of the stride was passed since the stream had ``before`` frames."""
        return stride > 0 and self._clips.total // stride > before // stride

    def _status(self) -> Status:
        if self._window.since_seen.min() > self.config.hold_frames:
            return Status.HANDS_LOST
        return Status.OK if self._window.count == CLIP_FRAMES else Status.WARMING_UP

    def _refine(self, frame: HandFrame) -> tuple[RefinedWindow | None, HandFrame]:
        """Append a frame and refine it with the frames before it."""
        self._window.push(frame)
        self._objects.push(frame.object_feature)
        shown = self._window.since_seen <= self.config.hold_frames
        if not self._window.joint_valid.any():
            self._clips.push(frame.stamp_ns, None, None)
            return None, replace(frame, joints=np.zeros_like(frame.joints), valid=np.zeros(NUM_HANDS, np.bool_))
        window = refine_windows(
            self._pose_block,
            self._template,
            torch.from_numpy(self._window.joints)[None].to(self.device),
            torch.from_numpy(self._window.joint_valid)[None].to(self.device),
            frame_valid=self._window.frame_valid().to(self.device),
            palm_size=self._window.palm_size().to(self.device),
            anchor=self.config.anchor,
        )
        self._clips.push(frame.stamp_ns, window.encoding.mu[0], self._objects.clip_feature())
        joints = window.newest_joints()[0].float().cpu().numpy()
        if self._window.count == 1:
            joints = frame.joints  # one frame alone says nothing about its noise
        valid = shown & np.isfinite(joints).all((1, 2))
        fade = 1.0 - self._window.since_seen / (self.config.hold_frames + 1.0)
        confidence = np.where(frame.valid[:, None], frame.confidence, np.clip(fade, 0, 1)[:, None])
        return window, replace(
            frame,
            joints=np.where(valid[:, None, None], joints, 0.0).astype(np.float32),
            valid=valid,
            confidence=np.where(valid[:, None], confidence, 0.0).astype(np.float32),
        )

    def _estimate(self, recognised: Recognised, stamp_ns: int) -> ActionEstimate:
        return ActionEstimate.from_log_probabilities(
            recognised.log_probabilities,
            self.checkpoint.labels,
            stamp_ns=stamp_ns,
            segment_start_ns=self._clips.stamp_ns(recognised.start),
            top_k=self.config.top_k,
        )

    def _forecast(self, window: RefinedWindow, recognised: Recognised | None, newest: HandFrame) -> Forecast | None:
        config = self.config
        frames, noise, factor = config.horizon_frames, self._noise, config.sampling_factor
        by_action = config.forecast_method == "action" and recognised is not None
        if by_action:
            assert recognised is not None
            text = None if self._prescribed is None else self.checkpoint.label_text[self._prescribed]
            joints = forecast_action(
                self._pose_block,
                self._action_block,
                window,
                recognised.observed,
                frames=frames,
                noise=noise,
                factor=factor,
                label_text=text,
                first_clip=config.first_clip,
            )
        else:
            joints = forecast_pose(self._pose_block, window, frames=frames, noise=noise, factor=factor)
        samples = joints[0].float().cpu().numpy()  # (S, T, 2, 21, 3)
        samples[:, :, ~newest.valid] = 0.0
        if not np.isfinite(samples).all():
            return None
        return Forecast(
            samples=samples,
            t0_ns=newest.stamp_ns,
            step_ns=STEP_NS,
            first_offset_ns=STEP_NS,
            hands=newest.valid,
            status=self._status(),
            origin=newest.joints,
            frame_id=newest.frame_id,
            method="action" if by_action else "pose",
            seed=self.seed,
        )


def _usable(frame: HandFrame) -> HandFrame:
    """Mask hands that cannot be hands in metres, so that nothing after this meets NaN or a collapsed palm."""
    joints = np.where(frame.valid[:, None, None], frame.joints, 0.0).astype(np.float32)
    size = np.linalg.norm(joints[:, list(MCP_JOINTS)] - joints[:, WRIST : WRIST + 1], axis=-1).mean(-1)
    sane = (size > _PALM_METRES[0]) & (size < _PALM_METRES[1]) & (np.abs(joints).max((1, 2)) < 1e4)
    valid = frame.valid & sane
    return replace(frame, joints=np.where(valid[:, None, None], joints, np.float32(0.0)), valid=valid)


def _timings(began: float, **until: float) -> dict[str, float]:
    """Milliseconds of consecutive stages, each given by its end, and their sum."""
    result, before = {"refine": 0.0, "action": 0.0, "forecast": 0.0}, began
    for name, moment in until.items():
        result[name], before = (moment - before) * 1e3, moment
    result["total"] = (time.perf_counter() - began) * 1e3
    return result
