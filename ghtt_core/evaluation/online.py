# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Feed a trial through the very predictor a robot runs, one frame after another, and keep what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.evaluation.trials import Trial
from ghtt_core.hands.frame import HandFrame
from ghtt_core.streaming.forecast import Forecast
from ghtt_core.streaming.predictor import MotionPredictor
from ghtt_core.streaming.resampling import STEP_NS
from ghtt_core.streaming.update import ActionEstimate

METHOD_NAMES: Final = {"pose": "p_a", "action": "p_b"}
"""What reports call the predictor's forecast methods."""


@dataclass(frozen=True, eq=False)
class OnlineRun:
    """What a predictor said about each frame when that frame was the newest.

    Attributes:
        joints: (T, 2, 21, 3) refined, metres; zero where not valid.
        valid: (T, 2) bool.
        forecasts: By method (``p_a``, ``p_b``): the forecasts by their newest frame.
        actions: What was recognised, by the newest frame; made whenever a forecast by action was due.
    """

    joints: NDArray[np.float32]
    valid: NDArray[np.bool_]
    forecasts: Mapping[str, Mapping[int, Forecast]]
    actions: Mapping[int, ActionEstimate] = field(default_factory=dict)


def run_online(predictor: MotionPredictor, trial: Trial) -> OnlineRun:
    """Reset the predictor and give it the whole trial."""
    predictor.reset()
    joints, valid = np.zeros_like(trial.observed), np.zeros_like(trial.observed_valid)
    forecasts: dict[str, dict[int, Forecast]] = {}
    actions: dict[int, ActionEstimate] = {}
    for index in range(len(trial)):
        seen = trial.observed_valid[index]
        update = predictor.update(
            HandFrame(
                stamp_ns=index * STEP_NS,
                joints=trial.observed[index],
                valid=seen,
                confidence=trial.joint_valid[index].astype(np.float32),
            )
        )
        for frame in update.refined:
            at = round(frame.stamp_ns / STEP_NS)
            joints[at], valid[at] = frame.joints, frame.valid
        for forecast in update.forecasts:
            forecasts.setdefault(METHOD_NAMES[forecast.method], {})[round(forecast.t0_ns / STEP_NS)] = forecast
        if update.action is not None:
            actions[round(update.action.stamp_ns / STEP_NS)] = update.action
    return OnlineRun(joints, valid, forecasts, actions)
