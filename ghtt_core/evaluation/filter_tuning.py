# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Choose the parameters of the baseline filters on synthetic motion: ``python -m ghtt_core.evaluation.filter_tuning``.

Every combination of a grid filters the same synthetic sequences with detector noise (5 % of hand-frames missing); the
one with the smallest root-relative error over observed hand-frames in motion wins. Hands at rest are left out: they
only ask for more smoothing, and the filter they choose smears the hands that move. Prints the best few of each filter
and the ratio to the unfiltered error. The winners are the defaults in ``ghtt_core.baselines.filters``.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from ghtt_core.baselines.filters import OneEuroFilter, SavitzkyGolayFilter
from ghtt_core.data.synthetic.generator import SyntheticConfig, generate_dataset
from ghtt_core.evaluation.metrics import mpjpe_ra_mm
from ghtt_core.hands.layout import FRAME_RATE, RELATIVE_JOINTS, WRIST
from ghtt_core.hands.noise import DetectorNoise

Filter = Callable[[NDArray[np.float64], NDArray[np.bool_]], NDArray[np.float64]]

MOVING_SPEED = 0.1
"""m/s, mean speed of the finger joints relative to the wrist from which on a hand is in motion."""
TUNING_DATA = SyntheticConfig(sequences=16, frames=450)
"""Subjects of the training range, free motion and actions mixed as in training."""


@dataclass(frozen=True, eq=False)
class TuningData:
    """Sequences side by side along the hand axis.

    Attributes:
        clean: (T, H, 21, 3) metres.
        noisy: (T, H, 21, 3) metres.
        observed: (T, H) bool.
        moving: (T, H) bool, observed hands whose fingers move.
    """

    clean: NDArray[np.float64]
    noisy: NDArray[np.float64]
    observed: NDArray[np.bool_]
    moving: NDArray[np.bool_]


@dataclass(frozen=True)
class Outcome:
    """A filter and its root-relative error in millimetres."""

    smooth: Filter
    error_mm: float


def tuning_data(config: SyntheticConfig = TUNING_DATA, seed: int = 1) -> TuningData:
    """Generate the sequences and give each detector noise."""
    generator = torch.Generator().manual_seed(seed)
    clean, noisy, observed, moving = [], [], [], []
    for sequence in generate_dataset(config, seed):
        joints = torch.from_numpy(sequence.joints).double()
        disturbed, detected = DetectorNoise()(joints, generator)
        clean.append(joints.numpy())
        noisy.append(disturbed.numpy())
        observed.append(detected.numpy() & sequence.valid)
        fingers = clean[-1][:, :, list(RELATIVE_JOINTS)] - clean[-1][:, :, WRIST : WRIST + 1]
        speed = np.linalg.norm(np.gradient(fingers, axis=0), axis=-1).mean(-1) * FRAME_RATE
        moving.append(observed[-1] & (speed >= MOVING_SPEED))
    joined = (np.concatenate(parts, axis=1) for parts in (clean, noisy, observed, moving))
    return TuningData(*joined)


def one_euro_grid() -> Iterable[OneEuroFilter]:
    """The combinations that are tried."""
    cutoffs, coefficients = (0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 7.0), (0.0, 1.0, 5.0, 10.0, 20.0, 40.0, 80.0)
    for relative, derivative, cutoff, coefficient in itertools.product(
        (False, True), (1.0, 2.0, 4.0), cutoffs, coefficients
    ):
        yield OneEuroFilter(cutoff, coefficient, derivative, relative)


def savitzky_golay_grid() -> Iterable[SavitzkyGolayFilter]:
    """The combinations that are tried; odd orders equal the even ones below them except at the ends."""
    for order, window in itertools.product((0, 1, 2, 3, 4), range(3, 32, 2)):
        if window > order + 1:
            yield SavitzkyGolayFilter(window, order)


def rank(filters: Iterable[Filter], data: TuningData) -> list[Outcome]:
    """Filters from best to worst."""
    outcomes = []
    for smooth in filters:
        error = mpjpe_ra_mm(smooth(data.noisy, data.observed), data.clean, data.moving).mean
        outcomes.append(Outcome(smooth, float("inf") if error is None else error))
    return sorted(outcomes, key=lambda outcome: outcome.error_mm)


def main() -> None:
    """Tune both filters and print the best."""
    data = tuning_data()
    raw = mpjpe_ra_mm(data.noisy, data.clean, data.moving).mean or 0.0
    console = Console()
    for filters in (one_euro_grid(), savitzky_golay_grid()):
        table = Table("filter", "MPJPE-RA mm", "of the input", title=f"input: {raw:.3f} mm")
        for outcome in rank(filters, data)[:8]:
            table.add_row(str(outcome.smooth), f"{outcome.error_mm:.3f}", f"{outcome.error_mm / raw:.3f}")
        console.print(table)


if __name__ == "__main__":
    main()
