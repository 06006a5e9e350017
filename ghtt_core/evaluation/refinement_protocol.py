# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How much closer to the truth refined poses are than the input, and than two filters a user would try instead.

Methods: ``input`` as it came; ``refined_offline``, whole recordings refined with overlapping clips;
``refined_online``, the newest frame of the window that ends there, which is what a robot gets; ``one_euro``, causal;
``savitzky_golay``, looking both ways. All are scored on the same hand-frames: those the input has. The metrics whose
names say ``with_missing`` add the frames in which the input lost a hand and every method has an answer; the input's
answer there is its last measurement.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from ghtt_core.baselines.filters import OneEuroFilter, SavitzkyGolayFilter, hold_missing
from ghtt_core.evaluation.metrics import acceleration_error_mm, mpjpe_pa_mm, mpjpe_ra_mm
from ghtt_core.evaluation.online import OnlineRun
from ghtt_core.evaluation.scores import Scores
from ghtt_core.evaluation.trials import Trial
from ghtt_core.models.checkpoint import Checkpoint
from ghtt_core.streaming.refinement import refine_sequence

POSE_METHODS: Final = ("input", "refined_offline", "refined_online", "one_euro", "savitzky_golay")


def score_refinement(trial: Trial, online: OnlineRun, checkpoint: Checkpoint) -> Scores:
    """Run every method on one trial and score it.

    Args:
        trial: Observation and reference.
        online: What the predictor said about the trial.
        checkpoint: Whose pose block refines whole recordings.

    Returns:
        Sums by (metric, method).
    """
    outputs, answered = _run_methods(trial, online, checkpoint)
    seen = trial.observed_valid & trial.reference_valid
    with_missing = trial.reference_valid & answered
    scores: Scores = {}
    for method in POSE_METHODS:
        joints = outputs[method]
        arguments = (joints, trial.reference, seen, trial.scored)
        scores["mpjpe_ra_mm", method] = mpjpe_ra_mm(*arguments)
        scores["mpjpe_pa_mm", method] = mpjpe_pa_mm(*arguments)
        scores["acceleration_error_mm", method] = acceleration_error_mm(*arguments)
        scores["mpjpe_ra_with_missing_mm", method] = mpjpe_ra_mm(joints, trial.reference, with_missing, trial.scored)
    return dict(sorted(scores.items(), key=lambda item: _METRICS.index(item[0][0])))


def _run_methods(
    trial: Trial, online: OnlineRun, checkpoint: Checkpoint
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_]]:
    """Joints (T, 2, 21, 3) by method, and the (T, 2) hand-frames for which all of them have an answer."""
    device = checkpoint.template.device
    offline = refine_sequence(
        checkpoint.pose_block,
        checkpoint.template,
        torch.from_numpy(trial.observed).to(device),
        torch.from_numpy(trial.joint_valid).to(device),
    )
    observed = trial.observed.astype(np.float64)
    outputs = {
        "input": hold_missing(observed, trial.observed_valid),
        "refined_offline": offline.joints.double().cpu().numpy(),
        "refined_online": online.joints.astype(np.float64),
        "one_euro": OneEuroFilter()(observed, trial.observed_valid),
        "savitzky_golay": SavitzkyGolayFilter()(observed, trial.observed_valid),
    }
    seen_before = np.logical_or.accumulate(trial.observed_valid, axis=0)
    return outputs, seen_before & offline.valid.cpu().numpy() & online.valid


_METRICS: Final = ("mpjpe_ra_mm", "mpjpe_pa_mm", "acceleration_error_mm", "mpjpe_ra_with_missing_mm")
"""Order in reports."""
