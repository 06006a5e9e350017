# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Rigid poses: single ones for planning, and tracks of them over time; all acting on columns, exactly computed.

Angles are (azimuth, elevation, roll) in radians: R = Rz(azimuth) Ry(-elevation) Rx(roll). For a right hand (x distal,
y radial, z dorsal) the azimuth says where the fingers point seen from above, 90 degrees being straight away from the
person; roll 0 is palm down, 90 thumb up, 180 palm up.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np

from ghtt_core.data.synthetic.hand_model import Array
from ghtt_core.data.synthetic.world.exact import direction_of, elevation_of, sincos, sincos_of

Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]

_TURN: Final = 2.0 * math.pi


class Pose(NamedTuple):
    """A single pose.

    Attributes:
        rows: Rotation matrix by rows.
        at: Translation, metres.
    """

    rows: Matrix
    at: Vector

    def __matmul__(self, other: Pose) -> Pose:
        """Chain: first the other, then this one."""
        a, b = self.rows, other.rows
        rows = tuple(
            tuple(r[0] * b[0][c] + r[1] * b[1][c] + r[2] * b[2][c] for c in range(3))
            for r in a
        )  # fmt: skip
        return Pose(rows, self.apply(other.at))  # type: ignore[arg-type]

    def apply(self, point: Vector) -> Vector:
        """Move a point."""
        x, y, z = point
        a, t = self.rows, self.at
        return (
            a[0][0] * x + a[0][1] * y + a[0][2] * z + t[0],
            a[1][0] * x + a[1][1] * y + a[1][2] * z + t[1],
            a[2][0] * x + a[2][1] * y + a[2][2] * z + t[2],
        )

    def inverse(self) -> Pose:
        """The way back."""
        a = self.rows
        turned: Matrix = tuple(zip(*a, strict=True))  # type: ignore[assignment]
        x, y, z = Pose(turned, (0.0, 0.0, 0.0)).apply(self.at)
        return Pose(turned, (-x, -y, -z))

    def mirrored(self) -> Pose:
        """The same pose in a world reflected at the plane x = 0."""
        a = self.rows
        rows = ((a[0][0], -a[0][1], -a[0][2]), (-a[1][0], a[1][1], a[1][2]), (-a[2][0], a[2][1], a[2][2]))
        return Pose(rows, (-self.at[0], self.at[1], self.at[2]))

    def angles(self) -> Vector:
        """Azimuth in (-90, 270], elevation, and roll in (-120, 240] degrees; radians."""
        a = self.rows
        azimuth = direction_of(a[1][0], a[0][0])
        roll = direction_of(a[2][1], a[2][2])
        azimuth += _TURN if azimuth <= -math.pi / 2 else 0.0
        return azimuth, elevation_of(a[2][0]), roll + (_TURN if roll <= -_TURN / 3 else 0.0)


IDENTITY: Final = Pose(((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)), (0.0, 0.0, 0.0))


def pose_of(at: Vector, angles: Vector = (0.0, 0.0, 0.0)) -> Pose:
    """Pose from a place in metres and angles in radians."""
    (sa, ca), (se, ce), (sr, cr) = (sincos_of(angle) for angle in angles)
    rows = (
        (ca * ce, -sa * cr - ca * se * sr, sa * sr - ca * se * cr),
        (sa * ce, ca * cr - sa * se * sr, -ca * sr - sa * se * cr),
        (se, ce * sr, ce * cr),
    )
    return Pose(rows, at)


class PoseTrack(NamedTuple):
    """Poses over time.

    Attributes:
        turn: (T, 3, 3) rotations.
        at: (T, 3) translations, metres.
    """

    turn: Array
    at: Array

    def __matmul__(self, other: PoseTrack | Pose) -> PoseTrack:
        """Chain frame by frame: first the other, then this one."""
        second = constant_track(other) if isinstance(other, Pose) else other
        a, b = self.turn, second.turn
        turn = (a[:, :, 0, None] * b[:, None, 0] + a[:, :, 1, None] * b[:, None, 1]) + a[:, :, 2, None] * b[:, None, 2]
        at = (a[:, :, 0] * second.at[:, 0, None] + a[:, :, 1] * second.at[:, 1, None]) + (
            a[:, :, 2] * second.at[:, 2, None] + self.at
        )
        return PoseTrack(turn, at)

    def between(self, first: int, last: int) -> PoseTrack:
        """Frames from the first up to, but without, the last."""
        return PoseTrack(self.turn[first:last], self.at[first:last])

    def mirrored(self) -> PoseTrack:
        """The same in a world reflected at the plane x = 0."""
        sign = np.array([-1.0, 1.0, 1.0])
        return PoseTrack(self.turn * (sign[:, None] * sign), self.at * sign)


def constant_track(pose: Pose) -> PoseTrack:
    """A track of one frame that broadcasts over any number of them."""
    return PoseTrack(np.array([pose.rows]), np.array([pose.at]))


def track_of(at: Array, angles: Array) -> PoseTrack:
    """Poses from places (T, 3) in metres and angles (T, 3) in radians."""
    sine, cosine = sincos(angles)
    sa, se, sr = sine[:, 0], sine[:, 1], sine[:, 2]
    ca, ce, cr = cosine[:, 0], cosine[:, 1], cosine[:, 2]
    turn = np.empty((len(at), 3, 3))
    turn[:, 0, 0], turn[:, 0, 1], turn[:, 0, 2] = ca * ce, -(sa * cr) - ca * se * sr, sa * sr - ca * se * cr
    turn[:, 1, 0], turn[:, 1, 1], turn[:, 1, 2] = sa * ce, ca * cr - sa * se * sr, -(ca * sr) - sa * se * cr
    turn[:, 2, 0], turn[:, 2, 1], turn[:, 2, 2] = se, ce * sr, ce * cr
    return PoseTrack(turn, at)


def blended(a: PoseTrack, b: PoseTrack, weight: Array) -> PoseTrack:
    """From a (weight 0) to b (weight 1), frame by frame; the two are assumed to be close.

    Args:
        a: T poses.
        b: T poses.
        weight: (T,) between 0 and 1.
    """
    w = weight[:, None]
    x = _unit(a.turn[:, :, 0] * (1.0 - w) + b.turn[:, :, 0] * w)
    y = a.turn[:, :, 1] * (1.0 - w) + b.turn[:, :, 1] * w
    y = _unit(y - dot(x, y)[:, None] * x)
    return PoseTrack(np.stack([x, y, cross(x, y)], axis=-1), a.at * (1.0 - w) + b.at * w)


def dot(a: Array, b: Array) -> Array:
    """Scalar products of vectors (..., 3)."""
    value: Array = (a[..., 0] * b[..., 0] + a[..., 1] * b[..., 1]) + a[..., 2] * b[..., 2]
    return value


def cross(a: Array, b: Array) -> Array:
    """Vector products of vectors (..., 3)."""
    x, y = a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1], a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2]
    return np.stack([x, y, a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]], axis=-1)


def _unit(vectors: Array) -> Array:
    value: Array = vectors / np.maximum(np.sqrt(dot(vectors, vectors)), 1e-9)[:, None]
    return value
