# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Evaluate a checkpoint on recordings: refinement and forecasts, per file and pooled, as one JSON-ready report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from ghtt_core.baselines.filters import OneEuroFilter, SavitzkyGolayFilter
from ghtt_core.errors import InputError
from ghtt_core.evaluation.forecast_protocol import (
    FORECAST_STRIDE,
    HORIZON_FRAMES,
    LONGEST_FRAMES,
    VELOCITY_FRAMES,
    score_forecasts,
)
from ghtt_core.evaluation.online import run_online
from ghtt_core.evaluation.refinement_protocol import score_refinement
from ghtt_core.evaluation.scores import Scores, counts, means, pool
from ghtt_core.evaluation.trials import Trial
from ghtt_core.models.checkpoint import Checkpoint
from ghtt_core.streaming.predictor import MotionPredictor
from ghtt_core.streaming.settings import PredictorConfig


@dataclass(frozen=True)
class EvaluationConfig:
    """What shapes the figures beside the data and the model.

    Attributes:
        noise: Name of the noise model put on the poses, for the record.
        seed: Of the noise and of the forecast samples.
        samples: Samples of each forecast.
        paired: Whether the poses are the noisy input of a reference.
    """

    noise: str = "none"
    seed: int = 0
    samples: int = 20
    paired: bool = False

    def __post_init__(self) -> None:
        """Refuse impossible values.

        Raises:
            InputError: If there are no samples or the seed is negative.
        """
        if not 1 <= self.samples <= 1000:
            raise InputError(f"--samples must be 1 to 1000, not {self.samples}.")
        if self.seed < 0:
            raise InputError(f"--seed must not be negative, got {self.seed}.")


def make_predictor(checkpoint: Checkpoint, config: EvaluationConfig, device: torch.device | str) -> MotionPredictor:
    """The predictor a robot runs, with both forecasts at every start; without an action block there is only ``p_a``."""
    settings = PredictorConfig(
        samples=config.samples,
        horizon_frames=LONGEST_FRAMES,
        forecast_method="both",
        action_stride=0,
        forecast_stride=FORECAST_STRIDE,
    )
    return MotionPredictor(checkpoint, settings, device, config.seed)


def evaluate_trials(
    checkpoint: Checkpoint,
    trials: Sequence[Trial],
    config: EvaluationConfig,
    device: torch.device | str = "cpu",
    progress: Callable[[Trial], None] | None = None,
) -> dict[str, Any]:
    """Evaluate every trial and pool them, weighted by what was measured.

    Args:
        checkpoint: The model.
        trials: Recordings.
        config: What shapes the figures.
        device: Where networks run.
        progress: Called after each trial.

    Returns:
        A report for JSON: ``model_id``, ``settings``, ``pooled`` and ``files`` by name. Figures are nested as
        metric, method and (for forecasts) horizon in seconds; ``n`` has the same nesting and says how many hand-frames
        went into each.
    """
    predictor = make_predictor(checkpoint, config, device)
    scores: dict[str, Scores] = {}
    for trial in trials:
        scores[trial.name] = evaluate_trial(checkpoint, predictor, trial, config.samples)
        if progress is not None:
            progress(trial)
    return {
        "model_id": checkpoint.card.model_id,
        "settings": describe(checkpoint, config),
        "pooled": {**_figures(pool(scores.values())), "frames": sum(len(trial) for trial in trials)},
        "files": {trial.name: {**_figures(scores[trial.name]), "frames": len(trial)} for trial in trials},
    }


def evaluate_trial(checkpoint: Checkpoint, predictor: MotionPredictor, trial: Trial, samples: int) -> Scores:
    """Score the refinement and the forecasts of one trial."""
    online = run_online(predictor, trial)
    methods = ("p_a",) if checkpoint.action_block is None else ("p_a", "p_b")
    return score_refinement(trial, online, checkpoint) | score_forecasts(trial, online, methods, samples)


def describe(checkpoint: Checkpoint, config: EvaluationConfig) -> dict[str, Any]:
    """Everything that must be equal for two reports to be comparable."""
    return {
        **asdict(config),
        "model_sha256": checkpoint.card.sha256,
        "frame_rate": 30.0,
        "forecast_horizon_frames": HORIZON_FRAMES,
        "forecast_stride_frames": FORECAST_STRIDE,
        "constant_velocity_fit_frames": VELOCITY_FRAMES,
        "one_euro": asdict(OneEuroFilter()),
        "savitzky_golay": asdict(SavitzkyGolayFilter()),
        "units": "mm; acceleration_error_mm in mm per frame squared; horizons in seconds; n counts hand-frames",
    }


def _figures(scores: Scores) -> dict[str, Any]:
    return {**means(scores), "n": counts(scores)}
