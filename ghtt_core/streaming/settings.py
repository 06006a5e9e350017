# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a user can choose about a stream: how it is refined, recognised and forecast."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from ghtt_core.errors import InputError
from ghtt_core.hands.layout import CLIP_FRAMES
from ghtt_core.streaming.anchoring import Anchor
from ghtt_core.streaming.forecasting import FIRST_CLIP, FirstClip, num_clips
from ghtt_core.streaming.segmentation import SegmentationConfig

ForecastMethod = Literal["action", "pose", "both"]
Precision = Literal["float32", "bfloat16", "auto"]


@dataclass(frozen=True)
class PredictorConfig:
    """How a stream is refined, recognised and forecast.

    Attributes:
        samples: Forecast samples S; sample 0 is the deterministic one.
        horizon_frames: Forecast steps T at 30 per second, 1 to 96.
        forecast_method: ``action`` is P.b (the action block leads; needs one in the checkpoint, else ``pose`` is used),
            ``pose`` is P.a, ``both`` gives one of each.
        sampling_factor: Multiplies the standard deviation of every latent drawn; the paper uses 5.
        first_clip: How P.b makes its first clip, from the ``latent`` alone (the paper's way) or with ``skip`` tokens.
        action_stride: Frames from one action estimate to the next; 0 for one with each forecast that needs it.
        forecast_stride: Frames from one forecast to the next; 0 for none.
        hold_frames: Frames for which a hand that is no longer seen is still given and forecast, 0 to 15.
        mismatch_limit: Palm sizes by which hands' shapes, root mean square over joints and window, may differ from what
            the network makes of them before the status is OUT_OF_DISTRIBUTION.
        anchor: How refined windows are placed in the camera frame.
        segmentation: Hysteresis of the search for the action's start.
        top_k: Labels in an action estimate's ranking.
        snap_objects: Whether a clip's object feature becomes that of the nearest known object, as in training.
        precision: In which the networks run; ``bfloat16`` is faster on processors made for it. ``auto`` is bfloat16 for
            actions and forecasts on such a processor, and float32 for refinement and everywhere else.
        threads: CPU threads that share the samples of a forecast; they pay with torch's own threads set to 1.
    """

    samples: int = 20
    horizon_frames: int = 96
    forecast_method: ForecastMethod = "action"
    sampling_factor: float = 5.0
    first_clip: FirstClip = FIRST_CLIP
    action_stride: int = 6
    forecast_stride: int = 6
    hold_frames: int = 4
    mismatch_limit: float = 0.25
    anchor: Anchor = field(default_factory=Anchor)
    segmentation: SegmentationConfig = field(default_factory=SegmentationConfig)
    top_k: int = 5
    snap_objects: bool = True
    precision: Precision = "float32"
    threads: int = 1

    def __post_init__(self) -> None:
        """Refuse impossible values.

        Raises:
            InputError: If a value is out of range.
        """
        num_clips(self.horizon_frames)
        if not 1 <= self.samples <= 1000:
            raise InputError(f"A forecast has 1 to 1000 samples, not {self.samples}.")
        if not 1 <= self.threads <= 256:
            raise InputError(f"A forecast is made by 1 to 256 threads, not {self.threads}.")
        choices = {"forecast_method": ForecastMethod, "first_clip": FirstClip, "precision": Precision}
        for name, choice in choices.items():
            if getattr(self, name) not in get_args(choice):
                raise InputError(f"{name} is one of {', '.join(get_args(choice))}, not {getattr(self, name)!r}.")
        if min(self.action_stride, self.forecast_stride, self.sampling_factor) < 0 or self.top_k < 1:
            raise InputError("Strides and the sampling factor cannot be negative, and top_k starts at 1.")
        if not 0 <= self.hold_frames < CLIP_FRAMES:
            raise InputError(f"A lost hand can be held for 0 to {CLIP_FRAMES - 1} frames, not {self.hold_frames}.")
        if not self.mismatch_limit > 0:
            raise InputError(f"The mismatch limit must be above 0, not {self.mismatch_limit}.")
