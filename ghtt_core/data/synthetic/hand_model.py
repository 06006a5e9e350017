# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A kinematic hand: 22 joint angles and a subject's bone lengths to 21 joints, vectorised over time.

Everything here is a right hand in its own frame: origin at the anatomical wrist, x distal (towards the fingers),
y radial (towards the thumb), z dorsal (out of the back of the hand). Left hands are mirror images made later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NUM_ANGLES: Final = 22
"""4 fingers x (abduction, MCP, PIP, DIP), thumb (azimuth, elevation, opposition, MCP, IP), palm cupping."""
THUMB: Final = 16
CUP: Final = 21

_FINGER_LOW = (-22.0, -30.0, -5.0, -8.0)
_FINGER_HIGH = (22.0, 95.0, 112.0, 85.0)
LIMIT_LOW: Final[Array] = np.deg2rad([*_FINGER_LOW * 4, -10.0, -5.0, -10.0, -20.0, -25.0, 0.0])
LIMIT_HIGH: Final[Array] = np.deg2rad([*_FINGER_HIGH * 4, 75.0, 70.0, 90.0, 65.0, 85.0, 18.0])

# Anthropometric means of an adult hand (metres): MCP positions, phalanges, thumb.
_MCP = np.array([[0.092, 0.024, 0.000], [0.093, 0.003, 0.004], [0.086, -0.017, 0.002], [0.077, -0.035, -0.005]])
_PHALANGES = np.array([[0.043, 0.025, 0.021], [0.047, 0.029, 0.022], [0.043, 0.027, 0.022], [0.034, 0.020, 0.020]])
_THUMB_BASE = np.array([0.020, 0.022, -0.008])
_THUMB_BONES = np.array([0.045, 0.033, 0.026])
_SPLAY = np.deg2rad([5.0, 0.0, -5.0, -10.0])
_PLANE_ROLL = np.deg2rad([-4.0, 0.0, 6.0, 13.0])


_SMALLEST_PALM, _LARGEST_PALM = 0.040, 0.135
"""Metres along the palm from the wrist point to the MCPs, over all joint conventions."""


@dataclass(frozen=True, eq=False)
class HandShape:
    """One subject's hand and the joint definition of the data set the subject pretends to come from.

    Attributes:
        mcp: (4, 3) finger MCP positions, metres.
        phalanges: (4, 3) bone lengths, metres.
        splay: (4,) resting direction of each finger in the palm plane, radians.
        plane_roll: (4,) tilt of each finger's flexion plane, radians: fingers converge when they close.
        thumb_base: (3,) thumb CMC.
        thumb_bones: (3,) thumb bone lengths, metres.
        wrist_offset: (3,) where this data set puts its wrist point, relative to the anatomical wrist.
        mcp_offset: (4, 3) where it puts the MCPs, relative to the centres of rotation.
        thumb_offset: (3,) where it puts the thumb CMC.
    """

    mcp: Array
    phalanges: Array
    splay: Array
    plane_roll: Array
    thumb_base: Array
    thumb_bones: Array
    wrist_offset: Array
    mcp_offset: Array
    thumb_offset: Array


def sample_shape(rng: np.random.Generator) -> HandShape:
    """Draw a subject: overall size, proportions, every bone, and a joint convention.

    Data sets disagree about joints far more than people differ (the wrist point alone moves by centimetres along the
    forearm), so conventions vary widely on purpose: palm sizes come out between about 50 and 130 mm.
    """
    size = float(np.clip(rng.normal(1.0, 0.09), 0.75, 1.3))
    palm_length, palm_width = np.exp(rng.normal(0.0, (0.06, 0.08)))
    fingers = np.exp(rng.normal(0.0, 0.07))
    mcp = _MCP * size * np.array([palm_length, palm_width, np.exp(rng.normal(0.0, 0.4))])
    mcp = mcp + rng.normal(0.0, (0.0025, 0.0015, 0.002), (4, 3))
    along = rng.uniform(-0.045, 0.045) if rng.random() < 0.4 else rng.normal(0.0, 0.009)
    palm = float(mcp[:, 0].mean()) - along
    along += palm - float(np.clip(palm, _SMALLEST_PALM, _LARGEST_PALM))
    wrist_offset = np.array([along, rng.normal(0.0, 0.003), rng.normal(0.0, 0.004)])
    odd_tips = np.exp(rng.normal(0.0, 0.12))
    phalanges = _PHALANGES * size * fingers * np.exp(rng.normal(0.0, 0.06, (4, 3)))
    phalanges[:, 2] *= odd_tips
    thumb_bones = _THUMB_BONES * size * fingers * np.exp(rng.normal(0.0, 0.08, 3))
    thumb_bones[2] *= odd_tips
    shared_mcp = rng.normal(0.0, (0.004, 0.001, 0.003), 3)
    return HandShape(
        mcp=mcp,
        phalanges=phalanges,
        splay=_SPLAY + rng.normal(0.0, np.deg2rad(3.0), 4),
        plane_roll=_PLANE_ROLL * rng.uniform(0.5, 1.4) + rng.normal(0.0, np.deg2rad(3.0), 4),
        thumb_base=_THUMB_BASE * size + rng.normal(0.0, 0.004, 3),
        thumb_bones=thumb_bones,
        wrist_offset=wrist_offset,
        mcp_offset=shared_mcp + rng.normal(0.0, 0.001, (4, 3)),
        thumb_offset=rng.normal(0.0, 0.004, 3),
    )


def limit_angles(angles: Array) -> Array:
    """Bend angles (..., 22) softly into the joint limits: a hand slows down before it stops."""
    centre, half = (LIMIT_LOW + LIMIT_HIGH) / 2, (LIMIT_HIGH - LIMIT_LOW) / 2
    ratio = (angles - centre) / half
    # Identity in the inner 80 %, then a tanh that reaches the limit only at infinity: continuous with its slope.
    knee = 0.8
    excess = np.maximum(np.abs(ratio) - knee, 0.0)
    soft = np.minimum(np.abs(ratio), knee) + (1 - knee) * np.tanh(excess / (1 - knee))
    limited: Array = centre + half * np.sign(ratio) * soft
    return limited


def forward_kinematics(angles: Array, shape: HandShape) -> Array:
    """Joint angles to joints in the hand's own frame.

    Args:
        angles: (T, 22) radians, see :data:`NUM_ANGLES`.
        shape: The subject.

    Returns:
        (T, 21, 3) metres.
    """
    frames = len(angles)
    joints = np.empty((frames, 21, 3))
    joints[:, 0] = shape.wrist_offset
    _place_thumb(joints, angles, shape)
    fingers = angles[:, :THUMB].reshape(frames, 4, 4)
    direction = shape.splay + fingers[:, :, 0]  # (T, 4)
    # Cupping turns the ring and little metacarpals about the wrist's radial axis, towards the palm.
    cup = angles[:, CUP, None] * np.array([0.0, 0.0, 0.5, 1.0])
    base = np.empty((frames, 4, 3))
    base[:, :, 0] = np.cos(cup) * shape.mcp[:, 0] + np.sin(cup) * shape.mcp[:, 2]
    base[:, :, 1] = shape.mcp[:, 1]
    base[:, :, 2] = np.cos(cup) * shape.mcp[:, 2] - np.sin(cup) * shape.mcp[:, 0]
    along = np.stack([np.cos(direction), np.sin(direction), np.zeros_like(direction)], axis=-1)  # (T, 4, 3)
    roll = shape.plane_roll
    # Palmar direction of each finger: -z tilted by the plane's roll, made orthogonal to the finger by construction.
    side = np.stack([-np.sin(direction), np.cos(direction), np.zeros_like(direction)], axis=-1)
    palmar = np.sin(roll)[:, None] * side - np.cos(roll)[:, None] * np.array([0.0, 0.0, 1.0])
    bend = np.cumsum(fingers[:, :, 1:], axis=-1)  # (T, 4, 3)
    bend[:, :, 0] += cup
    bend[:, :, 1:] += cup[..., None]
    steps = shape.phalanges[..., None] * (
        np.cos(bend)[..., None] * along[:, :, None] + np.sin(bend)[..., None] * palmar[:, :, None]
    )  # (T, 4, 3, 3)
    chain = joints[:, 5:].reshape(frames, 4, 4, 3)
    chain[:, :, 0] = base + shape.mcp_offset
    chain[:, :, 1:] = base[:, :, None] + np.cumsum(steps, axis=2)
    return joints


def _place_thumb(joints: Array, angles: Array, shape: HandShape) -> None:
    """Write joints 1 to 4 in place."""
    azimuth, elevation, opposition, mcp, tip = np.moveaxis(angles[:, THUMB:CUP], 1, 0)
    cos_a, sin_a, cos_e, sin_e = np.cos(azimuth), np.sin(azimuth), np.cos(elevation), np.sin(elevation)
    zero = np.zeros_like(azimuth)
    along = np.stack([cos_e * cos_a, cos_e * sin_a, -sin_e], axis=-1)  # (T, 3)
    radial = np.stack([-sin_a, cos_a, zero], axis=-1)
    palmar = np.stack([-sin_e * cos_a, -sin_e * sin_a, -cos_e], axis=-1)
    flexion = -np.cos(opposition)[:, None] * radial + np.sin(opposition)[:, None] * palmar
    bend = np.stack([zero, mcp, mcp + tip], axis=1)[..., None]  # (T, 3, 1)
    steps = shape.thumb_bones[:, None] * (np.cos(bend) * along[:, None] + np.sin(bend) * flexion[:, None])
    joints[:, 1] = shape.thumb_base + shape.thumb_offset
    joints[:, 2:5] = shape.thumb_base + np.cumsum(steps, axis=1)
