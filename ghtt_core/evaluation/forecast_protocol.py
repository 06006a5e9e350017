# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How far forecast hands are from where they went, next to two forecasts that need no model.

Forecasts are made online from the noisy input every 8 frames once 16 frames have been seen, and compared with the clean
future in absolute camera coordinates over the measured annotated joints. A start counts for a horizon if the recording
has that much future left; hand-frames count where the hand was forecast and the reference saw it. So short recordings
count for short horizons, and the number of hand-frames is reported per horizon.

``p_a`` and ``p_b`` are the model's; their average displacement error (ADE) is that of the deterministic sample 0, and
"best of" is that of the best sample. ``zero_velocity`` keeps the refined newest frame, the same one from which the
model's forecasts start; ``constant_velocity`` moves it on with the slope of a least-squares line through the last few
refined frames. Their ``_raw`` twins start from the input as it came. All four are a single sample.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.baselines.filters import hold_missing
from ghtt_core.evaluation.metrics import Average, ade_mm, best_of_ade_mm, displacement_errors, fde_mm
from ghtt_core.evaluation.online import OnlineRun
from ghtt_core.evaluation.scores import Scores, pool
from ghtt_core.evaluation.trials import Trial
from ghtt_core.hands.layout import FRAME_RATE

HORIZONS_S: Final = (0.25, 0.5, 1.0)
HORIZON_FRAMES: Final = {str(seconds): round(seconds * FRAME_RATE) for seconds in HORIZONS_S}
"""Frames of each horizon by its name in reports; a quarter of a second is 7.5 frames and counts as 8."""
LONGEST_FRAMES: Final = max(HORIZON_FRAMES.values())
FORECAST_STRIDE: Final = 8
"""Frames from one start to the next."""
VELOCITY_FRAMES: Final = 8
"""Newest frames through which the line of constant velocity is fitted."""
MODEL_METHODS: Final = ("p_a", "p_b")
BASELINES: Final = ("zero_velocity", "constant_velocity", "zero_velocity_raw", "constant_velocity_raw")


def score_forecasts(trial: Trial, online: OnlineRun, methods: Sequence[str], samples: int) -> Scores:
    """Score the forecasts of every method at every horizon.

    Args:
        trial: Observation and reference.
        online: The predictor's refined frames and forecasts.
        methods: The model's methods, of ``p_a`` and ``p_b``. Only starts at which all of them made a forecast count.
        samples: Samples of each forecast, for the name of the best-of metric.

    Returns:
        Sums by (metric, method, horizon).
    """
    parts = [_empty(samples)]
    raw = hold_missing(trial.observed.astype(np.float64), trial.observed_valid)
    tracks = {"": (online.joints.astype(np.float64), online.valid), "_raw": (raw, trial.observed_valid)}
    made = [online.forecasts.get(method, {}) for method in methods]
    for newest in sorted(set.intersection(*(set(forecasts) for forecasts in made))):
        future = slice(newest + 1, newest + 1 + LONGEST_FRAMES)
        left = len(trial.reference[future])
        if left == 0:
            continue
        predictions: dict[str, NDArray[np.floating]] = {
            method: forecasts[newest].samples[:, :left] for method, forecasts in zip(methods, made, strict=True)
        }
        for suffix, (track, tracked) in tracks.items():
            standing, moving = extrapolate(track[: newest + 1], tracked[: newest + 1], left)
            predictions[f"zero_velocity{suffix}"] = standing[None]
            predictions[f"constant_velocity{suffix}"] = moving[None]
        valid = trial.reference_valid[future] & made[0][newest].hands
        parts.append(horizon_scores(predictions, trial.reference[future], valid, trial.scored, samples))
    return pool(parts)


def horizon_scores(
    predictions: Mapping[str, NDArray[np.floating]],
    future: NDArray[np.float32],
    valid: NDArray[np.bool_],
    scored: NDArray[np.bool_],
    samples: int,
) -> Scores:
    """Score forecasts from one start at every horizon that the future reaches.

    Args:
        predictions: (S, T, 2, 21, 3) metres by method; S is 1 for baselines.
        future: (T, 2, 21, 3) metres, what happened.
        valid: (T, 2) bool, hand-frames to score.
        scored: (21,) bool, measured joints.
        samples: Samples of the model's forecasts, for the name of the best-of metric.

    Returns:
        Sums by (metric, method, horizon).
    """
    scores: Scores = {}
    for method, prediction in predictions.items():
        errors = displacement_errors(prediction, future, scored)
        for horizon, frames in HORIZON_FRAMES.items():
            if frames <= len(future):
                until = (errors[:, :frames], valid[:frames])
                for metric, measure in _metrics(samples).items():
                    scores[metric, method, horizon] = measure(*until)
    return scores


def extrapolate(
    track: NDArray[np.float64], tracked: NDArray[np.bool_], frames: int, fitted: int = VELOCITY_FRAMES
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Forecast by standing still and by constant velocity.

    Args:
        track: (N, 2, 21, 3) metres up to the newest frame.
        tracked: (N, 2) bool, frames to fit the line through; a hand with fewer than two of the last ``fitted`` stands.
        frames: T, how far.
        fitted: Newest frames that are looked at.

    Returns:
        (T, 2, 21, 3) standing still and (T, 2, 21, 3) moving on, both from the newest frame.
    """
    recent, weight = track[-fitted:], tracked[-fitted:].astype(np.float64)  # (F, 2, 21, 3), (F, 2)
    time = np.arange(1 - len(recent), 1, dtype=np.float64)[:, None]
    count = np.maximum(weight.sum(0), 1.0)
    centred = (time - (weight * time).sum(0) / count) * weight  # (F, 2)
    spread = (centred**2).sum(0)
    slope = np.einsum("fh,fhjc->hjc", centred, recent) / np.where(spread > 0, spread, 1.0)[:, None, None]
    ahead = np.arange(1, frames + 1, dtype=np.float64)[:, None, None, None]
    standing = np.broadcast_to(track[-1], (frames, *track.shape[1:]))
    return standing, standing + ahead * slope


def _metrics(samples: int) -> dict[str, Callable[[NDArray[np.floating], NDArray[np.bool_]], Average]]:
    """What is measured, by its name in reports."""
    return {"forecast_ade_mm": ade_mm, f"forecast_best_of_{samples}_ade_mm": best_of_ade_mm, "forecast_fde_mm": fde_mm}


def _empty(samples: int) -> Scores:
    """Every entry a report has, with nothing measured: a recording may be too short, a model without action block."""
    paths = itertools.product(_metrics(samples), (*MODEL_METHODS, *BASELINES), HORIZON_FRAMES)
    return {path: Average() for path in paths}
