# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A camera that frames a recorded motion, for recordings that come without a picture.

Recordings live in all kinds of frames (camera, world, sensor), so the view is derived from the motion alone: looking
along the direction in which the hands spread least, fingers up, the left hand on the left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ghtt_core.hands.layout import LEFT, RIGHT, WRIST

_INDEX_MCP, _MIDDLE_MCP, _LITTLE_MCP = 5, 9, 17
_MARGIN = 0.72
"""Share of the picture that the motion fills: the rest is for forecasts that leave its bounds, and for text."""
_MIN_DISTANCE = 0.25
_POINTS = 20_000


@dataclass(frozen=True, eq=False)
class VirtualCamera:
    """A pinhole without distortion, placed anywhere.

    Attributes:
        rotation: (3, 3); rows are the picture's right, down and forward directions in the recording's frame.
        position: (3,) metres, the camera's centre in the recording's frame.
        focal: Focal length in pixels.
        width: Pixels per row.
        height: Rows.
    """

    rotation: NDArray[np.float64]
    position: NDArray[np.float64]
    focal: float
    width: int
    height: int

    def project(self, points: NDArray[np.float32]) -> NDArray[np.float64]:
        """Project (..., 3) metres to (..., 2) pixels; NaN for points beside or behind the camera."""
        view = (points.astype(np.float64) - self.position) @ self.rotation.T
        depth = np.where(view[..., 2:] > 0.01, view[..., 2:], np.nan)
        centre = np.array([self.width / 2, self.height / 2])
        return np.asarray(self.focal * view[..., :2] / depth + centre, np.float64)

    def pixels_per_metre(self, point: NDArray[np.float32]) -> float:
        """Return the scale of the picture at one point (3,), for a scale bar."""
        depth = float((np.asarray(point, np.float64) - self.position) @ self.rotation[2])
        return self.focal / max(depth, 0.01)


def frame_motion(
    joints: NDArray[np.float32], valid: NDArray[np.bool_], width: int = 1280, height: int = 720
) -> VirtualCamera:
    """Place a camera so that a whole motion fills the picture.

    Args:
        joints: (T, 2, 21, 3) metres in any frame.
        valid: (T, 2) bool.
        width: Pixels per row.
        height: Rows.

    Returns:
        The camera; looking along +z from the origin where no hand was ever valid.
    """
    focal = 1.4 * height
    points = joints[valid].reshape(-1, 3).astype(np.float64)
    if not len(points):
        return VirtualCamera(np.eye(3), np.zeros(3), focal, width, height)
    points = points[:: max(1, len(points) // _POINTS)]
    centre = (points.min(0) + points.max(0)) / 2
    rotation = _view(joints.astype(np.float64), valid, points - points.mean(0))
    local = (points - centre) @ rotation.T  # right, down, forward of the motion's centre
    half = np.array([width, height]) / 2 * _MARGIN
    needed = (focal * np.abs(local[:, :2]) / half - local[:, 2:]).max()
    distance = max(float(needed), _MIN_DISTANCE)
    return VirtualCamera(rotation, centre - distance * rotation[2], focal, width, height)


def _view(joints: NDArray[np.float64], valid: NDArray[np.bool_], centred: NDArray[np.float64]) -> NDArray[np.float64]:
    """Choose the picture's right, down and forward directions."""
    axes = np.linalg.svd(centred, full_matrices=False)[2]
    forward = axes[2]
    if np.sum(forward * _towards_palm(joints, valid)) < 0:
        forward = -forward
    hands = joints[valid]
    fingers = (hands[:, _MIDDLE_MCP] - hands[:, WRIST]).mean(0)
    up = fingers - fingers @ forward * forward
    if np.linalg.norm(up) < 1e-3:
        up = axes[1]
    up = up / np.linalg.norm(up)
    rotation = np.stack([np.cross(forward, up), -up, forward])
    both = valid.all(axis=1)
    if both.any():
        to_right = (joints[both, RIGHT, WRIST] - joints[both, LEFT, WRIST]).mean(0)
        if to_right @ rotation[0] < 0:
            # Seen from the other side, still with the fingers up.
            rotation = rotation * np.array([[-1.0], [1.0], [-1.0]])
    return rotation


def _towards_palm(joints: NDArray[np.float64], valid: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the mean direction (3,) from the back of the hands through the palms."""
    total = np.zeros(3)
    for hand, sign in ((LEFT, -1.0), (RIGHT, 1.0)):
        seen = joints[valid[:, hand], hand]
        across = np.cross(seen[:, _INDEX_MCP] - seen[:, WRIST], seen[:, _LITTLE_MCP] - seen[:, WRIST])
        total += sign * across.sum(0)
    return total
