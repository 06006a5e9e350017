# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Parameters of the node motion_predictor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ghtt_core.hands.layout import CLIP_FRAMES, FRAME_RATE
from ghtt_ros.node_support.parameters import parameter

METHODS: Final = ("p_b", "p_a")
DEVICES: Final = ("auto", "cpu", "cuda")
PRECISIONS: Final = ("auto", "float32", "bfloat16")
PARTS: Final = ("hand", "finger")
MAX_HORIZON_S: Final = 3.2
"""96 frames: the longest forecast the method makes."""


@dataclass(frozen=True)
class MotionPredictorSettings:
    """What can be chosen; every field is a ROS parameter of the same name."""

    autostart: bool = parameter(
        True, "Configure and activate at start-up; false waits for a lifecycle manager.", changes="never"
    )
    model: str = parameter("", "Checkpoint folder; empty: $GHTT_MODEL, else the one that ships.", changes="configure")
    device: str = parameter(
        "auto", "Where the networks run; auto takes a GPU that is there.", choices=DEVICES, changes="configure"
    )
    threads: int = parameter(
        0,
        "CPU threads that share the samples of a forecast; 0: one per core, at most 4.",
        minimum=0,
        maximum=256,
        changes="configure",
    )
    precision: str = parameter(
        "auto", "In which the networks run; auto takes bfloat16 for actions and forecasts on a processor made for it.",
        choices=PRECISIONS, changes="configure",
    )  # fmt: skip
    seed: int = parameter(0, "Of the forecast samples.", minimum=0, maximum=2**63 - 1, changes="configure")
    samples: int = parameter(
        20, "Forecast samples; the first one is deterministic.", minimum=1, maximum=1000, changes="configure"
    )
    horizon: float = parameter(
        MAX_HORIZON_S, "Seconds to forecast.", minimum=1 / FRAME_RATE, maximum=MAX_HORIZON_S, changes="configure"
    )
    method: str = parameter(
        "p_b", "p_b lets the recognised action lead the forecast, p_a continues the motion alone.", choices=METHODS,
        changes="configure",
    )  # fmt: skip
    sampling_factor: float = parameter(
        5.0, "Multiplies the spread of the samples' latents; the publication uses 5.", minimum=0.0, maximum=100.0,
        changes="configure",
    )  # fmt: skip
    forecast_stride: int = parameter(
        6, "Frames, at 30 per second, from one forecast to the next.", minimum=1, maximum=90, changes="configure"
    )
    action_stride: int = parameter(
        6, "Frames, at 30 per second, from one recognised action to the next; 0: only with forecasts.", minimum=0,
        maximum=900, changes="configure",
    )  # fmt: skip
    hold_frames: int = parameter(
        4, "Frames for which a hand that is no longer seen is still given and forecast.", minimum=0,
        maximum=CLIP_FRAMES - 1, changes="configure",
    )  # fmt: skip
    mismatch_limit: float = parameter(
        0.25, "Palm sizes by which hands may differ from what the network makes of them, else OUT_OF_DISTRIBUTION.",
        minimum=0.01, maximum=100.0, changes="configure",
    )  # fmt: skip
    top_k: int = parameter(5, "Labels in the ranking of actions.", minimum=1, maximum=100, changes="configure")
    queue_depth: int = parameter(
        8, "Observations that may wait while the networks work; older ones are dropped and counted.", minimum=1,
        maximum=64, changes="configure",
    )  # fmt: skip
    person_id: str = parameter("", "Whose hands these are; copied into the messages.")
    output_frame: str = parameter("", "Frame of all positions, reached through TF at t0; empty: the camera's own.")
    transform_tolerance: float = parameter(
        0.1, "Seconds by which the newest transform known may miss t0.", minimum=0.0, maximum=10.0
    )
    light: bool = parameter(False, "Leave the samples out of forecasts: mean, covariance and radius only.")
    envelope_part: str = parameter(
        "hand", "What one sphere of an envelope holds: a hand, or the palm and each finger.", choices=PARTS
    )
    envelope_coverage: float = parameter(
        0.9, "Share of the samples inside each sphere of an envelope.", minimum=0.01, maximum=1.0
    )
    envelope_stride: int = parameter(
        1, "Forecast steps from one step of an envelope to the next.", minimum=1, maximum=96
    )
    prescribed_action: str = parameter(
        "", "Forecast as if this action (a label of the model) were going on; empty: the recognised one."
    )
    stale_after: float = parameter(
        0.5, "Seconds without usable input after which the status is STALE_INPUT.", minimum=0.05, maximum=60.0
    )
    input_timeout: float = parameter(
        5.0, "Seconds without an observation before the log says so.", minimum=0.1, maximum=3600.0
    )

    @property
    def period_s(self) -> float:
        """Seconds from one forecast to the next."""
        return self.forecast_stride / FRAME_RATE
