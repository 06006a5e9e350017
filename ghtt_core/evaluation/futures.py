# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Forecasts of many segments at once: every sample of a batch of segments in one pass, with noise of its own.

``latent`` is the variant in which everything after the 16 observed frames is predicted (the first future clip by the
pose block, up to 96 frames). ``ground_truth`` is the one that compares P.a with P.b fairly: the first future clip is
the true one, the networks still go on from their own, and what follows it, up to 80 frames, starts at its last frame.

Forecasts are placed as the pipeline does (``pipeline``), or as in the paper (``paper``): exactly as predicted from the
last true frame, with hands of the mean observed size and P.b's first clip from its latent alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ghtt_core.data.sequence import NO_OBJECT
from ghtt_core.data.store.sequence_store import SequenceStore
from ghtt_core.errors import InputError
from ghtt_core.evaluation.segments import SEGMENT_FRAMES, Segments
from ghtt_core.hands import components
from ghtt_core.hands.layout import CLIP_FRAMES
from ghtt_core.hands.rigid import RigidMap, inverse
from ghtt_core.models.checkpoint import Checkpoint
from ghtt_core.models.inference import prepare_for_inference
from ghtt_core.streaming.forecasting import (
    FIRST_CLIP,
    MAX_FORECAST_FRAMES,
    ObservedAction,
    num_clips,
    place_forecast,
    predict_action,
    predict_pose,
)
from ghtt_core.streaming.refinement import RefinedWindow, refine_windows

Variant = Literal["latent", "ground_truth"]
Placement = Literal["pipeline", "paper"]
_CLIPS: Final = num_clips(MAX_FORECAST_FRAMES)


@dataclass(frozen=True)
class FutureConfig:
    """How forecasts are made.

    Attributes:
        variant: Where the first future clip comes from.
        placement: How components become joints.
        samples: Random samples of each forecast, beside the deterministic one.
        factor: Multiplies the standard deviation of every latent drawn; the paper uses 5.
        seed: Of the samples; those of a segment depend on its place among all segments only.
        know_object: Whether the action block is told the object of the action.
    """

    variant: Variant = "latent"
    placement: Placement = "pipeline"
    samples: int = 20
    factor: float = 5.0
    seed: int = 0
    know_object: bool = True

    def __post_init__(self) -> None:
        """Refuse impossible values.

        Raises:
            InputError: If a value is out of range.
        """
        if self.variant not in get_args(Variant) or self.placement not in get_args(Placement):
            raise InputError(
                f"--variant is one of {', '.join(get_args(Variant))} and --placement one of "
                f"{', '.join(get_args(Placement))}; got {self.variant!r} and {self.placement!r}."
            )
        if not 2 <= self.samples <= 1000 or self.factor < 0 or self.seed < 0:
            raise InputError("Forecasts need 2 to 1000 samples, and a factor and a seed that are not negative.")

    @property
    def given(self) -> int:
        """True frames at the start of every segment."""
        return CLIP_FRAMES if self.variant == "latent" else 2 * CLIP_FRAMES


class TrueMotion(NamedTuple):
    """The true motion of a batch of segments; short ones are padded with their last frame.

    Attributes:
        joints: (B, 112, 2, 21, 3) metres.
        hand_valid: (B, 112, 2) bool, hand-frames that were measured and lie within the segment.
        frame_valid: (B, 112) bool, frames within the segment.
        joint_valid: (B, 21) bool, joints that were measured.
    """

    joints: Tensor
    hand_valid: Tensor
    frame_valid: Tensor
    joint_valid: Tensor


def read_motion(store: SequenceStore, segments: Segments, device: torch.device | str = "cpu") -> TrueMotion:
    """Read the frames of segments."""
    frames = segments.start[:, None] + np.arange(SEGMENT_FRAMES)
    frame_valid = frames < segments.end[:, None]
    shown = np.minimum(frames, segments.end[:, None] - 1)
    return TrueMotion(
        torch.from_numpy(store.joints[shown]).to(device),
        torch.from_numpy(store.valid[shown] & frame_valid[..., None]).to(device),
        torch.from_numpy(frame_valid).to(device),
        torch.from_numpy(store.joint_valid[segments.sequence]).to(device),
    )


class SegmentForecaster:
    """Forecasts of the model's methods, ``p_a`` and, where it has an action block, ``p_b``."""

    def __init__(self, checkpoint: Checkpoint, store: SequenceStore, config: FutureConfig) -> None:
        """Prepare the networks for inference.

        Args:
            checkpoint: The model.
            store: Where segments lie; its objects are looked up in the checkpoint's by name.
            config: How forecasts are made.
        """
        self._config = config
        self._template = checkpoint.template
        self._pose = prepare_for_inference(checkpoint.pose_block)
        self._action = None
        if checkpoint.action_block is not None:
            self._action = prepare_for_inference(checkpoint.action_block)
        self.methods = ("p_a",) if self._action is None else ("p_a", "p_b")
        self._width = checkpoint.card.pose.width
        self._generator = torch.Generator().manual_seed(config.seed)
        known = {name: index for index, name in enumerate(checkpoint.object_names)}
        self._object_of = np.array([*(known.get(name, NO_OBJECT) for name in store.object_names), NO_OBJECT])
        self._nouns: NDArray[np.int64] = store.segments[:, 4]
        self._object_text = functional.normalize(checkpoint.object_text, dim=-1)

    @torch.inference_mode()
    def __call__(self, motion: TrueMotion, segments: Segments) -> dict[str, Tensor]:
        """Forecast a batch; batches must come in the order of the segments, for the noise is drawn as they come.

        Returns:
            (B, 1 + S, 112 - given, 2, 21, 3) metres by method, in the frame of the motion; sample 0 is the
            deterministic one, hands not seen in the observed clip are zero.
        """
        config = self._config
        observed = motion.hand_valid[:, :, :, None] & motion.joint_valid[:, None, None]
        window = self._refine(motion, observed, slice(0, CLIP_FRAMES))
        noise = self._noise(len(segments))
        frames = SEGMENT_FRAMES - CLIP_FRAMES
        made = {"p_a": predict_pose(self._pose, window, frames, noise[:, :, :_CLIPS], config.factor)}
        if self._action is not None:
            made["p_b"] = predict_action(
                self._pose,
                self._action,
                window,
                self._observe(window, segments),
                frames,
                noise[:, :, _CLIPS:],
                config.factor,
                None,
                FIRST_CLIP if config.placement == "pipeline" else "latent",
            )
        start = window
        if config.variant == "ground_truth":
            made = {name: features[:, CLIP_FRAMES:] for name, features in made.items()}
            size = window.palm_size
            start = self._refine(motion, observed, slice(CLIP_FRAMES, 2 * CLIP_FRAMES), size)
            start = start._replace(hand_seen=start.hand_seen & window.hand_seen)
        if config.placement == "pipeline":
            return {name: place_forecast(features, start, config.samples + 1) for name, features in made.items()}
        return {name: self._as_predicted(features, motion, start.hand_seen) for name, features in made.items()}

    def _refine(
        self, motion: TrueMotion, observed: Tensor, clip: slice, palm_size: Tensor | None = None
    ) -> RefinedWindow:
        return refine_windows(
            self._pose,
            self._template,
            motion.joints[:, clip],
            observed[:, clip],
            frame_valid=motion.frame_valid[:, clip],
            palm_size=palm_size,
        )

    def _noise(self, rows: int) -> Tensor:
        """(B, 1 + S, 6 + 2, d): drawn row by row, so that it does not depend on how the rows are batched."""
        shape = (self._config.samples + 1, _CLIPS + 2, self._width)
        noise = torch.stack([torch.randn(shape, generator=self._generator) for _ in range(rows)])
        noise[:, 0] = 0.0
        return noise.to(self._template.device)

    def _observe(self, window: RefinedWindow, segments: Segments) -> ObservedAction:
        """The one observed clip as the action block sees it, with the phase it has within the action."""
        assert self._action is not None, "only called with an action block"
        device = self._template.device
        nouns = torch.from_numpy(self._object_of[self._nouns[segments.row]]).to(device)
        known = (nouns != NO_OBJECT) & self._config.know_object
        table = (
            self._object_text if len(self._object_text) else window.encoding.mu.new_zeros(1, self._action.text_width)
        )
        clip_valid = window.hand_seen.any(-1, keepdim=True)
        phase = torch.from_numpy(segments.phase).to(device)
        encoding = self._action.encode(
            window.encoding.mu[:, None], table[nouns.clamp(min=0)][:, None], clip_valid, known[:, None], phase
        )
        return ObservedAction(encoding, clip_valid, phase + 1)

    def _as_predicted(self, features: Tensor, motion: TrueMotion, hand_seen: Tensor) -> Tensor:
        """Decode components from the last true frame, every hand at its mean observed size."""
        given, samples = self._config.given, self._config.samples + 1
        code = components.encode(motion.joints[:, :given], self._template, motion.hand_valid[:, :given])
        seen = motion.hand_valid[:, :CLIP_FRAMES].to(code.palm_size.dtype)
        mean = (code.palm_size[:, :CLIP_FRAMES] * seen).sum(1) / seen.sum(1).clamp_min(1.0)
        size = torch.where(seen.sum(1) > 0, mean, components.NOMINAL_PALM_SIZE)
        last = RigidMap(*(part[:, -1].repeat_interleave(samples, 0) for part in inverse(code.camera_to_local)))
        joints = components.decode(features.to(size), size.repeat_interleave(samples, 0), last, normalise_size=True)
        joints = joints.reshape(-1, samples, *joints.shape[1:])
        return torch.where(hand_seen[:, None, None, :, None, None], joints, 0.0)
