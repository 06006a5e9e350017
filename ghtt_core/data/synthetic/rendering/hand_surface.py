# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The skin of a hand whose joints are known: five tapered fingers, a palm and the web of the thumb."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from ghtt_core.data.synthetic.rendering.surfaces import Floats, Surface, across, cross, from_grids, joined, loft, unit
from ghtt_core.hands.layout import LEFT, MCP_JOINTS, WRIST

FINGER_TILES: Final = (0, 1, 2, 3, 4)
PALM_TILE: Final = 5
WEB_TILE: Final = 6

_COLUMNS: Final = 10
_CHAINS: Final = np.arange(1, 21).reshape(5, 4)
_RADII: Final = np.array(
    [
        [0.0165, 0.0122, 0.0104, 0.0086],
        [0.0112, 0.0094, 0.0082, 0.0068],
        [0.0114, 0.0096, 0.0084, 0.0070],
        [0.0108, 0.0090, 0.0079, 0.0066],
        [0.0096, 0.0079, 0.0069, 0.0058],
    ],
    np.float32,
)
"""Metres, half the width of an adult's fingers at their four joints, thumb first."""
_ADULT_BONES: Final = 0.034
"""Metres, mean of the six longer phalanges that tell a hand's size."""
# Rings of a finger: the joint they follow, the share of the way to the next one, and their size.
_RING_JOINT: Final = np.array([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2])
_RING_SHARE: Final = np.array(
    [0.0, 0.0, 0.4, 0.85, 0.0, 0.2, 0.6, 0.88, 0.0, 0.3, 0.65, 0.85, 0.98, 1.08, 1.14], np.float32
)
_RING_SIZE: Final = np.array(
    [0.55, 1.0, 0.96, 0.98, 1.03, 0.97, 0.95, 0.97, 1.02, 0.98, 1.06, 1.0, 0.8, 0.5, 0.02], np.float32
)
_RING_FLATNESS: Final = np.array(
    [1.0, 1.0, 0.97, 0.95, 0.97, 0.95, 0.93, 0.92, 0.92, 0.88, 0.85, 0.82, 0.75, 0.7, 0.7], np.float32
)
_ROOT_M: Final = 0.016
_ROOT_DEPTH_M: Final = np.array([0.0, 0.003, 0.003, 0.003, 0.003], np.float32)
"""Metres that fingers begin behind and below their first joint."""
_PHALANGES: Final = ((0, 4), (4, 8), (8, 12))
_PALM_RINGS: Final = np.array([-0.14, 0.03, 0.3, 0.5, 0.7, 0.86, 0.97, 1.06], np.float32)
_PALM_TOP: Final = np.array([0.011, 0.0165, 0.015, 0.0135, 0.012, 0.0115, 0.0105, 0.006], np.float32)
_PALM_BOTTOM: Final = np.array([0.012, 0.0185, 0.0195, 0.017, 0.015, 0.0135, 0.012, 0.006], np.float32)
_PALM_EDGE: Final = np.array([0.001, 0.0065, 0.008, 0.009, 0.0095, 0.0095, 0.009, 0.005], np.float32)
_WRIST_SPREAD: Final = np.array([0.019, 0.007, -0.006, -0.018], np.float32)
"""Metres towards the thumb, where the four metacarpals begin."""


class HandAxes(NamedTuple):
    """How a hand lies.

    Attributes:
        distal: (T, 3) unit, from the wrist to the knuckles.
        radial: (T, 3) unit, to the thumb's side.
        dorsal: (T, 3) unit, out of the back.
        scale: Size relative to an adult's hand.
        left: Whether it is a left hand, whose surfaces are mirror images.
    """

    distal: Floats
    radial: Floats
    dorsal: Floats
    scale: float
    left: bool


def hand_axes(joints: Floats, hand: int, scale: float | None = None) -> HandAxes:
    """Find how one hand lies.

    Args:
        joints: (T, 21, 3) metres.
        hand: 0 left, 1 right.
        scale: Its size, where the frames at hand are too few to tell.
    """
    distal = unit(joints[:, MCP_JOINTS].mean(axis=1) - joints[:, WRIST])
    radial = across(distal, joints[:, 5] - joints[:, 17])
    sign = np.float32(-1.0 if hand == LEFT else 1.0)
    return HandAxes(
        distal, radial, sign * cross(distal, radial), hand_scale(joints) if scale is None else scale, hand == LEFT
    )


def hand_scale(joints: Floats) -> float:
    """Size of a hand (T, 21, 3) relative to an adult's, by its phalanges: data sets agree on those."""
    bones = [joints[:, b] - joints[:, b - 1] for b in (6, 7, 10, 11, 14, 15)]
    lengths = np.linalg.norm(np.stack(bones, axis=1), axis=-1)
    return float(np.clip(np.median(lengths.mean(axis=1)) / _ADULT_BONES, 0.6, 1.6))


def hand_surface(joints: Floats, axes: HandAxes, thickness: float = 1.0) -> Surface:
    """Clothe the joints of one hand over time.

    Args:
        joints: (T, 21, 3) metres.
        axes: How the hand lies.
        thickness: Of fingers and palm, relative to a common hand of that size.
    """
    joints = joints.astype(np.float32, copy=False)
    size = np.float32(axes.scale * thickness)
    return joined(
        [
            from_grids(_fingers(joints, axes, size), list(FINGER_TILES), axes.left, _PHALANGES),
            from_grids(_palm(joints, axes, size)[:, None], [PALM_TILE], axes.left),
            from_grids(_web(joints, axes, size)[:, None], [WEB_TILE], axes.left),
        ]
    )


def _fingers(joints: Floats, axes: HandAxes, size: np.float32) -> Floats:
    """Grids (T, 5, R, C, 3) of the fingers, thumb first."""
    chain = joints[:, _CHAINS]  # (T, 5, 4, 3)
    bones = unit(chain[:, :, 1:] - chain[:, :, :-1])  # (T, 5, 3, 3)
    # Fingers grow out of their metacarpals, the thumb out of the wrist; around a bend the rings turn half-way.
    root = unit(chain[:, :, 0] - joints[:, None, WRIST])[:, :, None]
    at_joint = unit(np.concatenate([root, bones[:, :, :-1]], axis=2) + bones)
    share = _RING_SHARE[:, None]
    start, bone = chain[:, :, _RING_JOINT], bones[:, :, _RING_JOINT]
    length = np.linalg.norm(chain[:, :, 1:] - chain[:, :, :-1], axis=-1)[:, :, _RING_JOINT, None]
    centres = start + share * length * bone
    tangent = np.where(share == 0, at_joint[:, :, _RING_JOINT], bone)
    centres[:, :, 0] -= (size * np.float32(_ROOT_M)) * root[:, :, 0] + (size * _ROOT_DEPTH_M)[:, None] * axes.dorsal[
        :, None
    ]
    tangent[:, :, 0] = root[:, :, 0]
    side = np.empty_like(tangent)
    side[:, 1:] = across(tangent[:, 1:], np.broadcast_to(axes.radial[:, None, None], tangent[:, 1:].shape))
    side[:, 0] = _thumb_side(joints, axes, tangent[:, 0])
    sign = np.float32(-1.0 if axes.left else 1.0)
    top = sign * cross(tangent, side)
    radii = _RADII[:, _RING_JOINT] * (1 - np.clip(share[:, 0], 0, 1))
    radii = (radii + _RADII[:, _RING_JOINT + 1] * np.clip(share[:, 0], 0, 1)) * (_RING_SIZE * size)
    width = np.broadcast_to(radii, centres.shape[:-1])
    return loft(centres, side, top, width, width * _RING_FLATNESS, _COLUMNS + 1)


def _thumb_side(joints: Floats, axes: HandAxes, tangent: Floats) -> Floats:
    """Side direction (T, R, 3) of the thumb's rings: its pad faces the other fingers."""
    away = unit(joints[:, 2] - 0.5 * (joints[:, 5] + joints[:, 9])) + 0.6 * axes.dorsal
    top = across(tangent, np.broadcast_to(away[:, None], tangent.shape))
    sign = np.float32(-1.0 if axes.left else 1.0)
    return sign * cross(top, tangent)


def _palm(joints: Floats, axes: HandAxes, size: np.float32) -> Floats:
    """Grid (T, R, C, 3) around the metacarpals."""
    angle = np.linspace(0, 2 * np.pi, _COLUMNS + 3, dtype=np.float32)
    towards_thumb, upwards = np.sin(angle), -np.cos(angle)
    # Each column follows the metacarpal below or above which it lies.
    place = (1 - towards_thumb) * 1.5
    weights = np.maximum(0, 1 - np.abs(place[:, None] - np.arange(4, dtype=np.float32)))  # (C, 4)
    knuckles = joints[:, MCP_JOINTS]  # (T, 4, 3)
    roots = joints[:, None, WRIST] + size * _WRIST_SPREAD[:, None] * axes.radial[:, None]
    share = _PALM_RINGS[:, None, None]
    centres = roots[:, None] + share * (knuckles - roots)[:, None]  # (T, R, 4, 3)
    grid: Floats = np.einsum("ck,trki->trci", weights, centres).astype(np.float32)
    thick = np.where(upwards > 0, _PALM_TOP[:, None], _PALM_BOTTOM[:, None]) * upwards  # (R, C)
    grid += (size * thick)[..., None] * axes.dorsal[:, None, None]
    grid += (size * _PALM_EDGE[:, None] * towards_thumb)[..., None] * axes.radial[:, None, None]
    return grid


def _web(joints: Floats, axes: HandAxes, size: np.float32) -> Floats:
    """Grid (T, 3, C, 3) of the skin between thumb and index finger."""
    begin = 0.3 * joints[:, 1] + 0.7 * joints[:, 2]
    end = 0.35 * joints[:, WRIST] + 0.65 * joints[:, 5]
    direction = unit(end - begin)
    along_thumb = across(direction, unit(joints[:, 2] - joints[:, 1]))
    sign = np.float32(-1.0 if axes.left else 1.0)
    flat = sign * cross(direction, along_thumb)
    share = np.linspace(0, 1, 3, dtype=np.float32)[:, None]
    centres = begin[:, None] + share * (end - begin)[:, None]
    shape = centres.shape[:-1]
    width = np.broadcast_to(size * np.array([0.017, 0.019, 0.024], np.float32), shape)
    height = np.broadcast_to(size * np.array([0.009, 0.007, 0.010], np.float32), shape)
    side = np.broadcast_to(along_thumb[:, None], centres.shape)
    return loft(centres, side, np.broadcast_to(flat[:, None], centres.shape), width, height, _COLUMNS + 1)
