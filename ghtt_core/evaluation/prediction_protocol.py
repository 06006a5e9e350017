# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The paper's forecast protocol on a store: P.a against P.b from true observed poses, and what else the field reports.

Every segment is observed for 16 frames and forecast to the end of its action or 96 frames. Fréchet and kernel distance
pool the random samples of all segments; diversity (APD) is that of the samples of a segment, averaged over segments.
Displacement errors are in the absolute coordinates of the data, by time after the last true frame: ``ade_mm`` and
``fde_mm`` of the deterministic sample, ``mean_ade_mm`` averaged over the random samples, ``best_ade_mm`` of the best
of them (one sample for both hands).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ghtt_core.data.store.sequence_store import SequenceStore
from ghtt_core.errors import InputError
from ghtt_core.evaluation.diversity import acceleration, average_pairwise_distance
from ghtt_core.evaluation.forecast_protocol import extrapolate
from ghtt_core.evaluation.frechet import FeatureStatistics
from ghtt_core.evaluation.futures import FutureConfig, SegmentForecaster, TrueMotion, read_motion
from ghtt_core.evaluation.metrics import Average
from ghtt_core.evaluation.motion_features import describe_motions, true_statistics
from ghtt_core.evaluation.scores import Scores
from ghtt_core.evaluation.segments import SUBSETS, Segments, forecast_segments
from ghtt_core.hands.layout import FRAME_RATE, HAND_NAMES, RELATIVE_JOINTS, VALID_JOINTS
from ghtt_core.models.checkpoint import Checkpoint
from ghtt_core.models.fid_checkpoint import FidCheckpoint

HORIZON_FRAMES: Final = {name: round(float(name) * FRAME_RATE) for name in ("0.5", "1.0", "2.0", "3.0")}
WHOLE: Final = "end"
"""Name of the horizon that reaches to the end of every segment, whatever its length."""
_MILLIMETRES: Final = 1000.0
_BATCH: Final = 32
"""Segments at a time: 20 samples of 112 frames and two hands take about 40 MB in each of some ten arrays."""


@dataclass(eq=False)
class PredictionScores:
    """What was measured.

    Attributes:
        segments: How many segments, by subset.
        groups: Scores by the sequence they come from; paths are (subset, metric, method, horizon or hand).
        true: Statistics of true motions by subset; empty without a FID network.
        made: Statistics of forecasts by subset and method.
    """

    segments: dict[str, int]
    groups: dict[int, Scores] = field(default_factory=dict)
    true: dict[str, FeatureStatistics] = field(default_factory=dict)
    made: dict[tuple[str, str], FeatureStatistics] = field(default_factory=dict)


def score_predictions(
    checkpoint: Checkpoint,
    store: SequenceStore,
    config: FutureConfig,
    fid: FidCheckpoint | None = None,
    true_stride: int = 1,
    progress: Callable[[int], None] = lambda amount: None,
) -> PredictionScores:
    """Forecast every segment of a store and measure.

    Args:
        checkpoint: The model; without action block there is only P.a.
        store: The split.
        config: How forecasts are made.
        fid: The FID network, or None for no Fréchet and kernel distances.
        true_stride: Frames from one true motion of the FID to the next.
        progress: Called with the number of segments after each batch.

    Raises:
        InputError: If the store has no action that is long enough.
    """
    fewest = max(min(SUBSETS.values()), config.given + 1)
    segments = forecast_segments(store, fewest)
    if not len(segments):
        raise InputError(f"The store {store.folder} has no labelled action of at least {fewest} frames to forecast in.")
    forecaster = SegmentForecaster(checkpoint, store, config)
    scores = PredictionScores({name: int((segments.left >= least).sum()) for name, least in SUBSETS.items()})
    if fid is not None:
        scores.true = true_statistics(store, fid, config.given, true_stride)
    collected: dict[int, dict[tuple[str, ...], list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0, 0.0]))
    for first in range(0, len(segments), _BATCH):
        batch = segments.take(slice(first, first + _BATCH))
        motion = read_motion(store, batch, checkpoint.template.device)
        made = forecaster(motion, batch)
        for path, totals, counts in _measure(motion, made, config.given, checkpoint.template, fid, batch, scores):
            for name, least in SUBSETS.items():
                for row in np.flatnonzero((batch.left >= least) & (counts > 0)):
                    entry = collected[int(batch.sequence[row])][name, *path]
                    entry[0] += float(totals[row])
                    entry[1] += float(counts[row])
        progress(len(batch))
    for group, entries in collected.items():
        scores.groups[group] = {path: Average(total, round(count)) for path, (total, count) in entries.items()}
    return scores


_Measured = tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.float64]]


def _measure(
    motion: TrueMotion,
    made: dict[str, Tensor],
    given: int,
    template: Tensor,
    fid: FidCheckpoint | None,
    batch: Segments,
    scores: PredictionScores,
) -> list[_Measured]:
    """Sums and counts (B,) by (metric, method, horizon or hand) of a batch; features go to the statistics."""
    future, valid = motion.joints[:, given:], motion.hand_valid[:, given:]
    # A hand that was never seen in the observed clip is not forecast, so it is not scored.
    valid = valid & motion.hand_valid[:, :given].any(1, keepdim=True)
    scored = motion.joint_valid & _mask(VALID_JOINTS, motion.joint_valid)
    measured: list[_Measured] = []
    methods = {**made, **_without_model(motion, given)}
    for method, samples in methods.items():
        errors = _displacements(samples, future, scored)
        measured += _errors(method, errors, valid)
        measured.append(_restlessness(method, samples[:, 0], motion, given, valid, scored))
    measured.append(_restlessness("true", future, motion, given, valid, scored))
    for method, samples in made.items():
        drawn = samples[:, 1:]
        whole = TrueMotion(
            torch.cat((motion.joints[:, None, :given].expand(-1, drawn.shape[1], -1, -1, -1, -1), drawn), 2).flatten(
                0, 1
            ),
            *(part.repeat_interleave(drawn.shape[1], 0) for part in motion[1:]),
        )
        described = describe_motions(whole, template, fid)
        local = described.local.view(*drawn.shape[:2], *described.local.shape[1:])[:, :, given:]
        fingers = motion.joint_valid & _mask(RELATIVE_JOINTS, motion.joint_valid)
        measured += _diversity("apd_mm", method, drawn, valid, scored)
        measured += _diversity("apd_local_mm", method, local, valid, fingers)
        if described.feature is not None:
            feature = described.feature.view(*drawn.shape[:2], -1).cpu().numpy()
            for name, least in SUBSETS.items():
                statistics = scores.made.setdefault((name, method), FeatureStatistics(feature.shape[-1]))
                statistics.add(feature[batch.left >= least].reshape(-1, feature.shape[-1]))
    return measured


def _without_model(motion: TrueMotion, given: int) -> dict[str, Tensor]:
    """Standing still and constant velocity from the true frames, one sample each."""
    history = motion.joints[:, :given].cpu().double().numpy()
    seen = motion.hand_valid[:, :given].cpu().numpy()
    frames = motion.joints.shape[1] - given
    pairs = [extrapolate(track, tracked, frames) for track, tracked in zip(history, seen, strict=True)]
    standing, moving = (torch.from_numpy(np.stack(joints)[:, None]) for joints in zip(*pairs, strict=True))
    return {"zero_velocity": standing.to(motion.joints), "constant_velocity": moving.to(motion.joints)}


def _displacements(samples: Tensor, future: Tensor, scored: Tensor) -> Tensor:
    """(B, S, T, 2) metres: mean distance of the scored joints, one sample after another to save memory."""
    weight = scored.to(samples.dtype) / scored.sum(-1, keepdim=True).clamp_min(1)  # (B, 21)
    errors = [
        (torch.linalg.vector_norm(samples[:, s] - future, dim=-1) * weight[:, None, None]).sum(-1)
        for s in range(samples.shape[1])
    ]
    return torch.stack(errors, 1)


def _errors(method: str, errors: Tensor, valid: Tensor) -> list[_Measured]:
    """Displacement errors (B, S, T, 2) at every horizon; a segment counts for those that its frames reach."""
    length = valid.any(-1).to(torch.int64) * torch.arange(1, valid.shape[1] + 1, device=valid.device)
    last = length.amax(1)  # (B,) frames up to the last valid one
    measured: list[_Measured] = []
    for horizon, frames in {**HORIZON_FRAMES, WHOLE: errors.shape[2]}.items():
        inside = valid[:, :frames]
        if horizon != WHOLE:
            if frames > valid.shape[1]:
                continue
            inside = inside & (last >= frames)[:, None, None]
        final = last if horizon == WHOLE else torch.full_like(last, frames)
        at = (final - 1).clamp(min=0)
        rows = torch.arange(len(errors), device=errors.device)
        until = torch.where(inside[:, None], errors[:, :, :frames], 0.0).sum((2, 3))  # (B, S)
        count = inside.sum((1, 2))
        at_end = torch.where(valid[rows, at] & (count > 0)[:, None], errors[rows, 0, at], 0.0).sum(-1)
        ends = (valid[rows, at] & (count > 0)[:, None]).sum(-1)
        measured.append(_millimetres(("ade_mm", method, horizon), until[:, 0], count))
        measured.append(_millimetres(("fde_mm", method, horizon), at_end, ends))
        if errors.shape[1] > 1:
            drawn = until[:, 1:]
            measured.append(_millimetres(("mean_ade_mm", method, horizon), drawn.mean(1), count))
            measured.append(_millimetres(("best_ade_mm", method, horizon), drawn.amin(1), count))
    return measured


def _restlessness(
    method: str, joints: Tensor, motion: TrueMotion, given: int, valid: Tensor, scored: Tensor
) -> _Measured:
    """Mean acceleration of a forecast, its first two frames seen from the last true ones."""
    whole = torch.cat((motion.joints[:, given - 2 : given], joints), 1)
    seen = torch.cat((motion.hand_valid[:, given - 2 : given], valid), 1)
    return _millimetres(("acceleration_mm", method, WHOLE), *acceleration(whole, seen, scored))


def _diversity(metric: str, method: str, samples: Tensor, valid: Tensor, joints: Tensor) -> list[_Measured]:
    """APD of each hand; a segment counts once, however long it is."""
    distance, measured = average_pairwise_distance(samples, valid, joints)
    return [
        _millimetres((metric, method, name), distance[:, hand], measured[:, hand])
        for hand, name in enumerate(HAND_NAMES)
    ]


def _millimetres(path: tuple[str, ...], totals: Tensor, counts: Tensor) -> _Measured:
    return path, totals.double().cpu().numpy() * _MILLIMETRES, counts.double().cpu().numpy()


def _mask(joints: tuple[int, ...], like: Tensor) -> Tensor:
    mask = torch.zeros(like.shape[-1], dtype=torch.bool, device=like.device)
    mask[list(joints)] = True
    return mask
