# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ghtt_core.baselines.filters import OneEuroFilter, SavitzkyGolayFilter
from ghtt_core.evaluation.metrics import Average, mpjpe_ra_mm
from ghtt_core.evaluation.trials import load_trials
from ghtt_core.models.checkpoint import Checkpoint

POSES = Path(__file__).parents[3] / "shared" / "data" / "poses"


@pytest.mark.skipif(not POSES.is_dir(), reason="the real recordings in ../shared/data are not here")
def test_filters_tuned_on_synthetic_motion_are_strong_on_real_motion(checkpoint: Checkpoint) -> None:
    """Baselines that a user's own tuning could beat easily would make the refinement look better than it is."""
    trials = [
        trial
        for trial in load_trials(sorted(POSES.glob("*.npz")), [], "detector", 0, checkpoint.template)
        if trial.reference_valid.mean(0).min() > 0.5
    ]
    assert len(trials) >= 10
    totals = {"input": Average(), "one_euro": Average(), "savitzky_golay": Average()}
    for trial in trials:
        joints, seen = trial.observed.astype(np.float64), trial.observed_valid
        outputs = {
            "input": joints,
            "one_euro": OneEuroFilter()(joints, seen),
            "savitzky_golay": SavitzkyGolayFilter()(joints, seen),
        }
        for method, output in outputs.items():
            totals[method] += mpjpe_ra_mm(output, trial.reference, seen, trial.scored)
    means = {method: average.mean or 0.0 for method, average in totals.items()}
    assert means["one_euro"] < 0.79 * means["input"]
    assert means["savitzky_golay"] < 0.62 * means["input"]
