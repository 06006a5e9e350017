# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What is behind the hands: forearms, sleeves, upper arms and, for cameras that see the person, a torso and a head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ghtt_core.data.synthetic.rendering.hand_surface import HandAxes
from ghtt_core.data.synthetic.rendering.surfaces import Floats, Surface, across, cross, from_grids, joined, loft, unit
from ghtt_core.hands.layout import WRIST

FOREARM_TILE: Final = 7
SLEEVE_TILE: Final = 8
TORSO_TILE: Final = 9
FACE_TILE: Final = 10
HAIR_TILE: Final = 11

_COLUMNS: Final = 13
_FOREARM_M: Final = 0.25
_FOREARM_SHARE: Final = np.array([0, 0.17, 0.34, 0.51, 0.68, 0.84, 0.95, 1.0, 1.05], np.float32)
"""Rings from the elbow (0) to the wrist."""
_FOREARM_WIDTH: Final = np.array([0.044, 0.045, 0.043, 0.039, 0.034, 0.029, 0.0265, 0.025, 0.016], np.float32)
_FOREARM_HEIGHT: Final = np.array([0.044, 0.043, 0.040, 0.034, 0.027, 0.021, 0.0185, 0.017, 0.009], np.float32)
_SLEEVE_RINGS: Final = 9
_SMOOTHING: Final = 9


@dataclass(frozen=True)
class Body:
    """A person's build and dress.

    Attributes:
        shoulder: (3,) metres of the right shoulder in the world; the left one is its mirror image.
        sleeve: Share of the forearm, from the elbow, that is covered; 0 for bare arms.
        loose: Metres between sleeve and arm.
        folds: Depth of the sleeve's folds relative to its radius.
        stout: Thickness of arms and torso relative to the mean.
    """

    shoulder: tuple[float, float, float]
    sleeve: float
    loose: float
    folds: float
    stout: float


def arm_surface(joints: Floats, axes: HandAxes, body: Body) -> Surface:
    """Arm of one hand over time.

    Args:
        joints: (T, 21, 3) metres, world.
        axes: How the hand lies.
        body: The person.
    """
    wrist = joints[:, WRIST].astype(np.float32, copy=False)
    side_sign = np.float32(-1.0 if axes.left else 1.0)
    shoulder = np.array(body.shoulder, np.float32) * np.array([side_sign, 1, 1], np.float32)
    scale = np.float32(axes.scale)
    rest = shoulder + np.array([0.05 * side_sign, 0.10, -0.24], np.float32)
    back = 0.7 * unit(rest - wrist) - 0.3 * axes.distal
    elbow = wrist + scale * np.float32(_FOREARM_M) * unit(_smoothed(back))
    direction = unit(wrist - elbow)
    side = across(direction, axes.radial)
    stout = scale * np.float32(body.stout)

    def tube(start: Floats, end: Floats, share: Floats, width: Floats, height: Floats) -> Floats:
        centres = start[:, None] + share[:, None] * (end - start)[:, None]
        along = unit(end - start)
        ring_side = across(along, side)
        ring_top = cross(along, ring_side) * side_sign
        shape = centres.shape
        return loft(
            centres,
            np.broadcast_to(ring_side[:, None], shape),
            np.broadcast_to(ring_top[:, None], shape),
            np.broadcast_to(width, shape[:-1]),
            np.broadcast_to(height, shape[:-1]),
            _COLUMNS,
        )

    forearm = tube(elbow, wrist, _FOREARM_SHARE, stout * _FOREARM_WIDTH, stout * _FOREARM_HEIGHT)
    parts = [from_grids(forearm[:, None], [FOREARM_TILE], axes.left)]
    cloth = SLEEVE_TILE if body.sleeve > 0 else FOREARM_TILE
    loose = np.float32(body.loose if body.sleeve > 0 else 0.0)
    upper_share = np.linspace(0, 1, 4, dtype=np.float32)
    upper_size = stout * np.array([0.062, 0.055, 0.050, 0.046], np.float32) + loose
    upper = tube(np.broadcast_to(shoulder, elbow.shape), elbow, upper_share, upper_size, upper_size)
    parts.append(from_grids(upper[:, None], [cloth], axes.left))
    if body.sleeve > 0:
        share = np.linspace(-0.04, body.sleeve, _SLEEVE_RINGS, dtype=np.float32)
        wave = 1 + np.float32(body.folds) * np.sin(np.arange(_SLEEVE_RINGS) * 2.4).astype(np.float32)
        width = (stout * np.interp(share, _FOREARM_SHARE, _FOREARM_WIDTH).astype(np.float32) + loose) * wave
        height = (stout * np.interp(share, _FOREARM_SHARE, _FOREARM_HEIGHT).astype(np.float32) + loose) * wave
        # The hem turns inwards, which closes the sleeve around the arm.
        width[-1], height[-1] = 0.75 * width[-1], 0.75 * height[-1]
        share[-1] = share[-2] + 0.01
        parts.append(from_grids(tube(elbow, wrist, share, width, height)[:, None], [cloth], axes.left))
    return joined(parts)


def person_surface(body: Body) -> Surface:
    """Torso, neck and head, which stay where they are: points (1, V, 3), no shadows."""
    shoulder = np.array(body.shoulder, np.float32)
    middle = np.array([0.0, shoulder[1] - 0.02, 0.0], np.float32)
    heights = shoulder[2] + np.array([-0.75, -0.45, -0.15, -0.03, 0.02, 0.05], np.float32)
    width = np.float32(shoulder[0]) * np.array([0.85, 0.85, 1.0, 1.02, 0.7, 0.25], np.float32)
    depth = np.float32(0.12 * body.stout) * np.array([1.0, 1.0, 1.0, 0.85, 0.6, 0.45], np.float32)
    torso = _upright(middle, heights, width, depth)
    head_heights = shoulder[2] + np.array([0.04, 0.10, 0.12, 0.17, 0.24, 0.30, 0.335, 0.35], np.float32)
    radius = np.array([0.055, 0.055, 0.065, 0.080, 0.085, 0.075, 0.045, 0.001], np.float32)
    head = _upright(middle + np.array([0, 0.02, 0], np.float32), head_heights, radius, 1.15 * radius)
    hair_heights = shoulder[2] + np.array([0.19, 0.25, 0.31, 0.35, 0.365], np.float32)
    hair_radius = np.array([0.078, 0.090, 0.082, 0.050, 0.001], np.float32)
    hair = _upright(middle + np.array([0, -0.01, 0], np.float32), hair_heights, hair_radius, 1.15 * hair_radius)
    surface = joined(
        [
            from_grids(torso[None, None], [TORSO_TILE]),
            from_grids(head[None, None], [FACE_TILE]),
            from_grids(hair[None, None], [HAIR_TILE]),
        ]
    )
    return surface._replace(bulks=())


def _upright(middle: Floats, heights: Floats, width: Floats, depth: Floats) -> Floats:
    """Grid (R, C, 3) of elliptical rings at heights over a point of the floor."""
    centres = np.repeat(middle[None], len(heights), axis=0)
    centres[:, 2] = heights
    # The rings climb (z), their width is x and their height y: x cross y is z.
    side = np.broadcast_to(np.array([1, 0, 0], np.float32), centres.shape)
    top = np.broadcast_to(np.array([0, 1, 0], np.float32), centres.shape)
    return loft(centres, side, top, width, depth, _COLUMNS)


def _smoothed(vectors: Floats) -> Floats:
    """Running mean over frames (T, 3): an elbow does not follow every turn of the wrist."""
    half = _SMOOTHING // 2
    padded = np.concatenate([vectors[:1].repeat(half, 0), vectors, vectors[-1:].repeat(half, 0)])
    sums = np.concatenate([np.zeros((1, 3), np.float32), np.cumsum(padded, axis=0, dtype=np.float64)])
    mean: Floats = ((sums[_SMOOTHING:] - sums[:-_SMOOTHING]) / _SMOOTHING).astype(np.float32)
    return mean
