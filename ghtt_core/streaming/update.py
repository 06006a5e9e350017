# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a predictor hands out for each frame it takes (numpy only)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ghtt_core.hands.frame import HandFrame
from ghtt_core.streaming.forecast import Forecast
from ghtt_core.streaming.status import Status


@dataclass(frozen=True, eq=False)
class ActionEstimate:
    """What the hands are doing, as far as the stream until now says (`ghtt_core.streaming.segmentation.LabelBelief`).

    Attributes:
        stamp_ns: Acquisition time of the newest input used.
        label: The most probable label.
        index: Its index in the model's labels.
        top: The most probable labels with their probabilities, best first.
        probabilities: (L,) float32 over all labels of the model, sum 1.
        entropy: Of the probabilities, as a share of its maximum: 0 is certain, 1 knows nothing.
        segment_start_ns: When the current action began, as far as can be told; never older than 16 clips.
    """

    stamp_ns: int
    label: str
    index: int
    top: tuple[tuple[str, float], ...]
    probabilities: NDArray[np.float32]
    entropy: float
    segment_start_ns: int

    @classmethod
    def from_log_probabilities(
        cls,
        log_probabilities: NDArray[np.float32],
        labels: tuple[str, ...],
        *,
        stamp_ns: int,
        segment_start_ns: int,
        top_k: int,
    ) -> ActionEstimate:
        """Make the estimate from natural logarithms (L,) of the probabilities of all labels."""
        probabilities = np.exp(log_probabilities)
        order = np.argsort(-log_probabilities, kind="stable")[:top_k]
        uncertainty = -float((probabilities * log_probabilities).sum())
        return cls(
            stamp_ns=stamp_ns,
            label=labels[order[0]],
            index=int(order[0]),
            top=tuple((labels[index], float(probabilities[index])) for index in order),
            probabilities=probabilities,
            entropy=min(max(uncertainty / max(np.log(len(labels)), 1e-9), 0.0), 1.0),
            segment_start_ns=segment_start_ns,
        )


@dataclass(frozen=True, eq=False)
class Update:
    """What one input frame gave.

    Attributes:
        status: What may be believed.
        refined: Refined frames on the 30 Hz grid, oldest first: usually one; none where the input is faster than the
            grid or brought nothing new; several after dropped frames. A hand that was missing for a moment is still
            valid, with lower confidence.
        deviations: For each refined frame (2, 21) float32 metres: standard deviation of the joints along one axis, told
            from the scatter of the detections; 0 where unknown. That of a held hand is of when it was last seen.
        action: The action, in updates where it was due and hands were there.
        forecasts: Forecasts, in updates where they were due and hands were there: one, or one of each method, that by
            action first.
        timings_ms: Milliseconds per stage: ``refine``, ``action``, ``forecast`` (0 where not run) and ``total``.
        restarted: The stream began anew with this frame (time jumped, or a long gap).
    """

    status: Status
    refined: tuple[HandFrame, ...] = ()
    deviations: tuple[NDArray[np.float32], ...] = ()
    action: ActionEstimate | None = None
    forecasts: tuple[Forecast, ...] = ()
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    restarted: bool = False

    @property
    def forecast(self) -> Forecast | None:
        """The first forecast, if there is any."""
        return self.forecasts[0] if self.forecasts else None

    @property
    def newest(self) -> HandFrame | None:
        """The newest refined frame, if there is any."""
        return self.refined[-1] if self.refined else None
