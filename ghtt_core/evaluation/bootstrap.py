# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Confidence intervals of pooled scores, by resampling subjects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ghtt_core.evaluation.metrics import Average

_DRAWS = 2000


@dataclass(frozen=True)
class Estimate:
    """A pooled average and how far another draw of subjects could move it.

    Attributes:
        mean: The average over everything measured, None where nothing was.
        interval: 95 % confidence interval, None with fewer than two subjects that measured something.
        count: How many measurements.
        subjects: How many subjects they come from.
    """

    mean: float | None
    interval: tuple[float, float] | None
    count: int
    subjects: int

    def as_json(self) -> dict[str, Any]:
        """Fields for a report."""
        return {
            "mean": self.mean,
            "ci95": None if self.interval is None else list(self.interval),
            "n": self.count,
            "subjects": self.subjects,
        }


def estimate(parts: Sequence[Average], seed: int = 0) -> Estimate:
    """Pool one average per subject; the interval is the percentile bootstrap over subjects.

    What one subject does is alike, so whole subjects are drawn, not single measurements.
    """
    return _estimate(parts, None, seed)


def difference(parts: Sequence[Average], others: Sequence[Average], seed: int = 0) -> Estimate:
    """Mean of one method minus that of another on the same subjects, with the paired interval."""
    return _estimate(parts, others, seed)


def _estimate(parts: Sequence[Average], others: Sequence[Average] | None, seed: int) -> Estimate:
    measured = [index for index, part in enumerate(parts) if part.count]
    if not measured:
        return Estimate(None, None, 0, 0)
    totals, counts = _columns([parts[index] for index in measured])
    whole = np.ones((1, len(measured)))
    random = np.random.default_rng(seed)
    drawn = random.multinomial(len(measured), np.full(len(measured), 1.0 / len(measured)), size=_DRAWS)  # (D, P)

    def value(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        mean = (weights @ totals) / (weights @ counts)
        if others is not None:
            other_totals, other_counts = _columns([others[index] for index in measured])
            mean = mean - (weights @ other_totals) / (weights @ other_counts)
        return np.asarray(mean, np.float64)

    low, high = np.percentile(value(drawn.astype(np.float64)), [2.5, 97.5])
    interval = (float(low), float(high)) if len(measured) > 1 else None
    return Estimate(float(value(whole)[0]), interval, int(counts.sum()), len(measured))


def _columns(parts: Sequence[Average]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Totals and counts of averages, (P,) each."""
    return np.array([part.total for part in parts]), np.array([part.count for part in parts], np.float64)
