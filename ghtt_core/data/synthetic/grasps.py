# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hand postures as joint angles: prototypes of common grasps and the apertures between them."""

from __future__ import annotations

from typing import Final

import numpy as np

from ghtt_core.data.synthetic.hand_model import NUM_ANGLES, Array


def _posture(
    index: tuple[float, ...],
    middle: tuple[float, ...],
    ring: tuple[float, ...],
    little: tuple[float, ...],
    thumb: tuple[float, ...],
    cup: float,
) -> Array:
    """Fingers (abduction, MCP, PIP, DIP), thumb (azimuth, elevation, opposition, MCP, IP), cupping; degrees."""
    angles: Array = np.deg2rad(np.array([*index, *middle, *ring, *little, *thumb, cup]))
    if angles.shape != (NUM_ANGLES,):
        raise ValueError(f"A posture needs {NUM_ANGLES} angles, got {angles.shape}.")
    return angles


POSTURES: Final[dict[str, Array]] = {
    "relaxed": _posture((2, 20, 30, 15), (0, 24, 34, 17), (-1, 28, 36, 18), (-3, 28, 34, 18), (38, 22, 25, 12, 15), 2),
    "open": _posture((9, 2, 6, 3), (1, 2, 6, 3), (-6, 3, 7, 3), (-12, 3, 7, 3), (55, 20, 15, 2, 2), 0),
    "flat": _posture((0, 0, 4, 2), (0, 0, 4, 2), (0, 1, 4, 2), (-1, 1, 4, 2), (30, 8, 10, 4, 4), 0),
    "fist": _posture((0, 78, 95, 60), (0, 80, 98, 62), (0, 82, 98, 62), (0, 82, 92, 58), (37, 26, 24, 44, 50), 8),
    "power": _posture((3, 48, 58, 32), (1, 50, 60, 34), (-1, 54, 62, 35), (-3, 56, 60, 34), (22, 34, 26, 27, 31), 7),
    "pinch": _posture((1, 56, 54, 26), (0, 34, 36, 18), (-2, 28, 32, 16), (-5, 24, 28, 14), (14, 42, 29, 14, 18), 3),
    "tripod": _posture((1, 50, 52, 24), (1, 54, 54, 26), (-1, 62, 66, 34), (-3, 64, 66, 36), (13, 42, 28, 16, 18), 5),
    "lateral": _posture((2, 55, 75, 42), (0, 66, 84, 50), (-1, 72, 88, 54), (-2, 74, 86, 52), (37, 16, 21, 30, 40), 6),
    "point": _posture((0, 4, 8, 4), (0, 74, 88, 52), (0, 78, 92, 55), (0, 78, 88, 54), (35, 29, 25, 45, 50), 6),
    "hook": _posture((0, 12, 78, 48), (0, 12, 82, 50), (0, 14, 82, 50), (0, 16, 76, 46), (35, 20, 20, 10, 15), 2),
    "sphere": _posture((11, 30, 38, 22), (2, 30, 38, 22), (-7, 32, 40, 22), (-14, 34, 40, 22), (30, 44, 32, 8, 14), 5),
    "claw": _posture((7, -8, 55, 35), (1, -8, 58, 36), (-5, -6, 58, 36), (-10, -4, 52, 34), (48, 30, 25, 8, 22), 1),
}
"""Prototypes in radians; every posture of the generator lies between some of them."""
POSTURE_NAMES: Final = tuple(POSTURES)
POSTURE_TABLE: Final[Array] = np.stack(list(POSTURES.values()))
"""(12, 22) the prototypes as one array."""


def grasp(kind: str, aperture: float) -> Array:
    """A grasp opened towards the open hand: aperture 0 is the closed prototype, 1 the open hand; below 0 squeezes."""
    closed, wide = POSTURES[kind], POSTURES["sphere" if kind in ("power", "sphere") else "open"]
    # The thumb keeps its opposition while the fingers open, as in a reach that pre-shapes.
    blend = np.full(NUM_ANGLES, aperture)
    blend[16:19] *= 0.5
    angles: Array = closed + blend * (wide - closed)
    return angles


def random_posture(rng: np.random.Generator, count: int) -> Array:
    """Draw (count, 22) postures: sparse mixtures of prototypes with independent variation of every finger."""
    weights = rng.dirichlet(np.full(len(POSTURE_NAMES), 0.25), size=count)
    mixed = weights @ POSTURE_TABLE
    curl = np.repeat(rng.normal(0.0, np.deg2rad(9.0), (count, 4)), 4, axis=1) * np.tile([0.1, 1.0, 1.2, 0.7], 4)
    mixed[:, :16] += curl
    angles: Array = mixed + rng.normal(0.0, np.deg2rad(4.0), mixed.shape)
    return angles
