# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from ghtt_core.baselines.filters import OneEuroFilter, SavitzkyGolayFilter
from ghtt_core.data.synthetic.generator import SyntheticConfig
from ghtt_core.evaluation.filter_tuning import one_euro_grid, rank, savitzky_golay_grid, tuning_data
from ghtt_core.evaluation.metrics import mpjpe_ra_mm


def test_the_defaults_are_near_the_best_of_their_kind_on_synthetic_motion() -> None:
    data = tuning_data(SyntheticConfig(sequences=4, frames=200), seed=5)
    assert data.moving.sum() < data.observed.sum() < data.observed.size
    raw = mpjpe_ra_mm(data.noisy, data.clean, data.moving).mean or 0.0
    for default, others in ((OneEuroFilter(), one_euro_grid()), (SavitzkyGolayFilter(), savitzky_golay_grid())):
        ranked = rank([default, *list(others)[::9]], data)
        own = next(outcome.error_mm for outcome in ranked if outcome.smooth is default)
        assert own < 0.9 * raw
        assert own < 1.06 * ranked[0].error_mm
