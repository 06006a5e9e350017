# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Evaluate a checkpoint on one bag: the protocol of recordings, the actions over time, and where it went worst."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from ghtt_core.baselines.filters import hold_missing
from ghtt_core.evaluation.bag_trial import BagTrial
from ghtt_core.evaluation.forecast_protocol import LONGEST_FRAMES, extrapolate, score_forecasts
from ghtt_core.evaluation.metrics import displacement_errors, root_relative_errors
from ghtt_core.evaluation.online import OnlineRun, run_online
from ghtt_core.evaluation.protocol import EvaluationConfig, describe, make_predictor
from ghtt_core.evaluation.refinement_protocol import score_refinement
from ghtt_core.evaluation.scores import Scores, counts, means
from ghtt_core.models.checkpoint import Checkpoint

_WORST: Final = 3
_APART_FRAMES: Final = 30
"""Worst moments this close to a worse one are the same moment."""
_TOP: Final = 5


@dataclass(frozen=True)
class Moment:
    """A moment at which the model was wrong.

    Attributes:
        kind: ``refined``: the newest refined frame; ``forecast``: a forecast of one second.
        frame: The refined frame, or the newest frame from which the forecast was made.
        error_mm: Mean error relative to the wrist, or average displacement over the forecast.
    """

    kind: str
    frame: int
    error_mm: float


@dataclass(frozen=True, eq=False)
class BagEvaluation:
    """Everything a report shows.

    Attributes:
        report: For JSON.
        bag: What was evaluated.
        online: What the predictor said.
        errors_mm: By ``input`` and ``refined``: (T,) mean error of the hands relative to the wrist, NaN where there is
            none; empty without true hands.
        curves_mm: By method: (30,) mean displacement at each step of a forecast, NaN where nothing was measured.
        lead: Method whose forecasts are looked at for the worst moments; empty where there are none.
        moments: The worst ones, worst first within their kind.
    """

    report: Mapping[str, Any]
    bag: BagTrial
    online: OnlineRun
    errors_mm: Mapping[str, NDArray[np.float64]]
    curves_mm: Mapping[str, NDArray[np.float64]]
    lead: str
    moments: tuple[Moment, ...]


def evaluate_bag(
    checkpoint: Checkpoint, bag: BagTrial, config: EvaluationConfig, source: str, device: torch.device | str = "cpu"
) -> BagEvaluation:
    """Run the predictor over a bag and score it. The same bag, seed, model and build give the same bits.

    Args:
        checkpoint: The model.
        bag: What the bag holds.
        config: Seed and samples.
        source: Where the hands come from, for the record.
        device: Where networks run.

    Returns:
        The report and what its pictures are made of.
    """
    trial = bag.trial
    online = run_online(make_predictor(checkpoint, config, device), trial)
    methods = ("p_a",) if checkpoint.action_block is None else ("p_a", "p_b")
    scores: Scores = score_refinement(trial, online, checkpoint) if bag.true_hands else {}
    scores |= score_forecasts(trial, online, methods, config.samples)
    errors = _errors_over_time(bag, online) if bag.true_hands else {}
    curves, starts = _horizon_curves(bag, online, methods)
    report = {
        "model_id": checkpoint.card.model_id,
        "settings": describe(checkpoint, config),
        "bag": {
            "name": trial.name,
            "hands_from": source,
            "reference": "true hands" if bag.true_hands else "the observations themselves",
            "frame_id": bag.frame_id,
            "first_stamp_ns": bag.first_ns,
            "frames_with_left": int(trial.observed_valid[:, 0].sum()),
            "frames_with_right": int(trial.observed_valid[:, 1].sum()),
        },
        "pooled": {**means(scores), "n": counts(scores), "frames": len(trial)},
        "action": _score_actions(bag, online, checkpoint.labels),
        "forecast_mm_by_frame_ahead": {
            method: [round(float(value), 4) if np.isfinite(value) else None for value in curve]
            for method, curve in curves.items()
        },
    }
    moments = _worst("refined", errors.get("refined", np.empty(0))) + _worst("forecast", starts)
    return BagEvaluation(report, bag, online, errors, curves, methods[-1], moments)


def _errors_over_time(bag: BagTrial, online: OnlineRun) -> dict[str, NDArray[np.float64]]:
    """Mean error of the hands of each frame relative to their wrists, millimetres."""
    trial = bag.trial
    held = hold_missing(trial.observed.astype(np.float64), trial.observed_valid)
    tracks = {"input": (held, trial.observed_valid), "refined": (online.joints.astype(np.float64), online.valid)}
    return {
        name: _mean_over_hands(
            root_relative_errors(joints, trial.reference, trial.scored) * 1e3, valid & trial.reference_valid
        )
        for name, (joints, valid) in tracks.items()
    }


def _horizon_curves(
    bag: BagTrial, online: OnlineRun, methods: Sequence[str]
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float64]]:
    """Mean displacement by step ahead (millimetres), and the average over its second of each forecast that leads."""
    trial = bag.trial
    names = (*methods, "zero_velocity", "constant_velocity")
    total = {name: np.zeros(LONGEST_FRAMES) for name in names}
    count = {name: np.zeros(LONGEST_FRAMES) for name in names}
    by_start = np.full(len(trial), np.nan)
    made = [online.forecasts.get(method, {}) for method in methods]
    for newest in sorted(set.intersection(*(set(forecasts) for forecasts in made))):
        future = slice(newest + 1, newest + 1 + LONGEST_FRAMES)
        truth = trial.reference[future]
        left = len(truth)
        if left == 0:
            continue
        valid = trial.reference_valid[future] & made[0][newest].hands
        track, tracked = online.joints[: newest + 1].astype(np.float64), online.valid[: newest + 1]
        standing, moving = extrapolate(track, tracked, left)
        samples: dict[str, NDArray[np.floating]] = {
            method: forecasts[newest].samples[:1, :left] for method, forecasts in zip(methods, made, strict=True)
        }
        samples |= {"zero_velocity": standing[None], "constant_velocity": moving[None]}
        for name, joints in samples.items():
            errors = displacement_errors(joints, truth, trial.scored)[0] * 1e3  # (T, 2)
            total[name][:left] += np.where(valid, errors, 0.0).sum(1)
            count[name][:left] += valid.sum(1)
            if name == methods[-1] and left == LONGEST_FRAMES and valid.any():
                by_start[newest] = errors[valid].mean()
    curves = {name: np.where(count[name] > 0, total[name] / np.maximum(count[name], 1), np.nan) for name in names}
    return curves, by_start


def _score_actions(bag: BagTrial, online: OnlineRun, labels: Sequence[str]) -> dict[str, Any] | None:
    """How often the action was named right, over the estimates made while one was going on that the model knows."""
    if bag.true_labels is None:
        return None
    asked = [(bag.true_labels[frame], action) for frame, action in sorted(online.actions.items())]
    known = [(label, action) for label, action in asked if label in labels]
    top = [label in [name for name, _ in action.top[:_TOP]] for label, action in known]
    shares = [float(action.probabilities[labels.index(label)]) for label, action in known]
    return {
        "top1": _share([label == action.label for label, action in known]),
        f"top{_TOP}": _share(top),
        "probability_of_truth": _share(shares),
        "n": len(known),
        "n_nothing_done": sum(not label for label, _ in asked),
        "unknown_labels": sorted({label for label in bag.true_labels if label} - set(labels)),
    }


def _worst(kind: str, errors: NDArray[np.float64]) -> tuple[Moment, ...]:
    """The largest errors, far enough from each other."""
    left = np.where(np.isfinite(errors), errors, -np.inf)
    found: list[Moment] = []
    while len(found) < _WORST and left.size and np.isfinite(left.max()):
        frame = int(left.argmax())
        found.append(Moment(kind, frame, float(errors[frame])))
        left[max(0, frame - _APART_FRAMES) : frame + _APART_FRAMES + 1] = -np.inf
    return tuple(found)


def _mean_over_hands(errors: NDArray[np.float64], valid: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(T, 2) -> (T,), NaN where no hand is valid."""
    count = valid.sum(1)
    mean = np.where(valid, errors, 0.0).sum(1) / np.maximum(count, 1)
    return np.where(count > 0, mean, np.nan)


def _share(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
