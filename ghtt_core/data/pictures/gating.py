# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Which hands of an automatic labelling are good enough to learn from.

A per-frame estimator that labels a video is wrong in ways that show: it doubts itself, its palms change their size,
hands jump or flicker. Hands that fail a gate are masked, never moved: what is left is what the estimator said.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.errors import InputError
from ghtt_core.hands.layout import MCP_JOINTS, NUM_HANDS, PALM_JOINTS, WRIST

GATES: Final = ("unsure", "outside", "palm", "double", "jump", "flicker")
"""Reasons to mask a hand in the order in which they are asked; a hand counts for the first that holds."""
_MISSED_S: Final = 1.0
"""A hand that is found again within this time was rather missed than gone."""
_DOUBLE_PALMS: Final = 0.35
"""Two hands whose palm centres are seen closer together than this share of a palm are one hand, found twice."""


@dataclass(frozen=True)
class GateConfig:
    """What a hand has to fulfil.

    Attributes:
        least_confidence: Mean confidence of its joints. MediaPipe's is below 0.4 where it sees the wrong side.
        least_inside: Share of its joints that lie inside the picture.
        palm_m: What a palm measures, metres from the wrist to the four finger knuckles.
        palm_tolerance: Largest factor, up or down, between a palm and ``palm_m``.
        most_speed: Metres per second that a palm, or a joint relative to its wrist, moves at most.
        least_run_s: Seconds that a hand has to be seen without interruption.
    """

    least_confidence: float = 0.6
    least_inside: float = 0.8
    palm_m: float = 0.09
    palm_tolerance: float = 1.4
    most_speed: float = 4.0
    least_run_s: float = 0.2

    def __post_init__(self) -> None:
        """Refuse gates that nothing or everything passes.

        Raises:
            InputError: If a value is impossible.
        """
        if not (0 <= self.least_confidence <= 1 and 0 <= self.least_inside <= 1):
            raise InputError("The least confidence and the least share inside the picture lie between 0 and 1.")
        if not 0.03 <= self.palm_m <= 0.2:
            raise InputError(f"A palm size of {self.palm_m} m is not a human hand's; adults have about 0.09 m.")
        if self.palm_tolerance <= 1 or self.most_speed <= 0 or self.least_run_s < 0:
            raise InputError("The palm tolerance is above 1, the top speed above 0, and the shortest run not below 0.")


@dataclass(frozen=True, eq=False)
class GatedHands:
    """What passed.

    Attributes:
        valid: (T, 2) bool, hands to keep.
        found: (2,) hands that the estimator found.
        clear: (T,) bool, pictures of which it is known which hands they show: none is masked, and none was missed
            between two moments in which it was found.
        masked: Hands masked by each gate, (2,) int64 each.
    """

    valid: NDArray[np.bool_]
    clear: NDArray[np.bool_]
    found: NDArray[np.int64]
    masked: dict[str, NDArray[np.int64]]


def gate_hands(
    joints: NDArray[np.float32],
    valid: NDArray[np.bool_],
    confidence: NDArray[np.float32],
    stamps_ns: NDArray[np.int64],
    inside: NDArray[np.bool_] | None = None,
    config: GateConfig | None = None,
) -> GatedHands:
    """Say which hands to keep.

    Args:
        joints: (T, 2, 21, 3) metres, camera frame.
        valid: (T, 2) hands that were found.
        confidence: (T, 2, 21), 0 to 1.
        stamps_ns: (T,) increasing nanoseconds.
        inside: (T, 2, 21) joints that lie inside the picture; None takes all of them for inside.
        config: The gates.

    Returns:
        The mask, with the number of hands that each gate took.
    """
    config = config or GateConfig()
    points = joints.astype(np.float64)
    kept = valid.copy()
    masked: dict[str, NDArray[np.int64]] = {}

    def mask(gate: str, failing: NDArray[np.bool_]) -> None:
        masked[gate] = (kept & failing).sum(0)
        kept[failing] = False

    mask("unsure", confidence.mean(-1) < config.least_confidence)
    shown = np.ones(valid.shape) if inside is None else inside.mean(-1)
    mask("outside", shown < config.least_inside)
    palm = np.linalg.norm(points[:, :, MCP_JOINTS] - points[:, :, WRIST, None], axis=-1).mean(-1)
    off = np.abs(np.log(np.maximum(palm, 1e-9) / config.palm_m))
    mask("palm", ~np.isfinite(palm) | (off > np.log(config.palm_tolerance)))
    mask("double", _doubles(points, kept, confidence))
    jump, flicker = _short_runs(points, kept, stamps_ns, config)
    mask("jump", jump)
    mask("flicker", flicker)
    unknown = (valid & ~kept) | _missed(valid, stamps_ns)
    return GatedHands(kept, np.asarray(~unknown.any(1), np.bool_), valid.sum(0), masked)


def _missed(found: NDArray[np.bool_], stamps_ns: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(T, 2) hands that are not found for a short time between two moments in which they are."""
    missed = np.zeros_like(found)
    for hand in range(NUM_HANDS):
        seen = np.flatnonzero(found[:, hand])
        for before, after in pairwise(seen.tolist()):
            missed[before + 1 : after, hand] = stamps_ns[after] - stamps_ns[before] <= _MISSED_S * 1e9
    return missed


def _doubles(
    points: NDArray[np.float64], kept: NDArray[np.bool_], confidence: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """(T, 2) the less certain of two hands that are seen at one place; their distances from the camera may differ."""
    centre = points[:, :, PALM_JOINTS].mean(2)  # (T, 2, 3)
    depth = np.maximum(centre[..., 2:], 1e-3)
    apart = np.linalg.norm(np.diff(centre[..., :2] / depth, axis=1)[:, 0], axis=-1) * depth.mean((1, 2))
    palm = np.linalg.norm(points[:, :, MCP_JOINTS] - points[:, :, WRIST, None], axis=-1).mean((1, 2))
    double = kept.all(1) & (apart < _DOUBLE_PALMS * palm)
    weaker = confidence.mean(-1).argmin(1)
    doubles: NDArray[np.bool_] = double[:, None] & (np.arange(NUM_HANDS) == weaker[:, None])
    return doubles


def _short_runs(
    points: NDArray[np.float64], kept: NDArray[np.bool_], stamps_ns: NDArray[np.int64], config: GateConfig
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(T, 2) hands masked because of jumps, and because of flicker.

    A jump ends a run, so what jumps away and back is a short run. Where both sides of a jump are long, one frame is
    masked between them: nobody shall learn that velocity.
    """
    seconds = np.diff(stamps_ns)[:, None] * 1e-9
    centre = points[:, :, PALM_JOINTS].mean(2)
    palm_speed = np.linalg.norm(np.diff(centre, axis=0), axis=-1) / seconds  # (T-1, 2)
    shape = points - points[:, :, WRIST, None]
    joint_speed = np.linalg.norm(np.diff(shape, axis=0), axis=-1).max(-1) / seconds
    fast = np.maximum(palm_speed, joint_speed) > config.most_speed
    jump, flicker = np.zeros_like(kept), np.zeros_like(kept)
    period_ns = float(np.median(np.diff(stamps_ns))) if len(stamps_ns) > 1 else 0.0
    for hand in range(NUM_HANDS):
        for start, end, after_jump, before_jump in _runs(kept[:, hand], fast[:, hand]):
            lasting = (float(stamps_ns[end - 1] - stamps_ns[start]) + period_ns) * 1e-9
            if lasting + 1e-6 < config.least_run_s:
                (jump if after_jump or before_jump else flicker)[start:end, hand] = True
            elif after_jump:
                jump[start, hand] = True
    return jump, flicker


def _runs(kept: NDArray[np.bool_], fast: NDArray[np.bool_]) -> list[tuple[int, int, bool, bool]]:
    """Start, end (exclusive), whether a jump leads to it and whether one leads away, of all runs of one hand."""
    joined = kept[1:] & kept[:-1]
    broken = joined & fast  # (T-1,) a jump between frame i and i + 1
    starts = np.flatnonzero(kept & np.concatenate([[True], ~joined | broken]))
    ends = np.flatnonzero(kept & np.concatenate([~joined | broken, [True]])) + 1
    edge = np.concatenate([[False], broken, [False]])
    return [(int(s), int(e), bool(edge[s]), bool(edge[e])) for s, e in zip(starts, ends, strict=True)]
