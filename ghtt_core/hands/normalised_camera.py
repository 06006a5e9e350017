# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The normalised camera of the image estimator F: one set of intrinsics for the pictures of all cameras.

F sees pictures of 480x270 and answers as if all of them came from one camera K_n. A hand seen by another camera is
moved rigidly to where K_n would see it on the same pixels, by EPnP; F's answer is moved back the same way. Hands keep
their shape on both ways; what changes is where they are and how they are turned.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ghtt_core.hands.layout import NUM_HANDS, NUM_JOINTS

WIDTH: Final = 480
HEIGHT: Final = 270
FOCAL: Final = 240.0
"""Pixels of a picture of 480x270: a view of 90 degrees."""
CENTRE: Final = (240.0, 135.0)
PIXEL_UNIT: Final = 100.0
"""Pixels per unit of the latent coordinates u' and v'."""
DEPTH_UNIT_M: Final = FOCAL * 1e-4
"""Metres per unit of the latent depth w'."""
DEPTH_ORIGIN_M: Final = 0.4
"""Metres from the camera where the latent depth is zero."""

NEAREST_M: Final = 0.02
FARTHEST_M: Final = 20.0
_LEAST_SPREAD_PX: Final = 2.0
"""Hands that cover less of a picture than this have no pose that could be found."""
_MATRIX: Final = np.array([[FOCAL, 0.0, CENTRE[0]], [0.0, FOCAL, CENTRE[1]], [0.0, 0.0, 1.0]])


def normalised_matrix() -> NDArray[np.float64]:
    """K_n, (3, 3), for column vectors."""
    return _MATRIX.copy()


def project(points: NDArray[Any], intrinsics: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pixels (..., 2) of points (..., 3) metres in front of a camera with intrinsics (3, 3)."""
    seen = np.asarray(points, np.float64) @ intrinsics.T
    return np.asarray(seen[..., :2] / np.maximum(seen[..., 2:], NEAREST_M))


def back_project(pixels: NDArray[Any], depth: NDArray[Any], intrinsics: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (..., 3) metres of pixels (..., 2) at depths (...) metres."""
    homogeneous = np.concatenate([pixels, np.ones_like(pixels[..., :1])], axis=-1).astype(np.float64)
    return np.asarray(homogeneous @ np.linalg.inv(intrinsics).T * np.asarray(depth, np.float64)[..., None])


def to_normalised(
    joints: NDArray[Any], present: NDArray[np.bool_], intrinsics: NDArray[np.float64], together: bool = True
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Move hands rigidly to where K_n sees them on the pixels that the real camera sees them on.

    Args:
        joints: (2, 21, 3) metres, camera frame.
        present: (2,) bool, hands that are in the picture.
        intrinsics: (3, 3) of the real camera, in pixels of a picture of 480x270.
        together: Whether both hands move as one body, as in the paper, or each by itself. Seen by another focal
            length, no rigid motion fits exactly, and the less so the larger the body is.

    Returns:
        Joints (2, 21, 3) in the normalised camera's frame, zero where not present, and (2,) bool: hands whose motion
        could be found.
    """
    joints = np.asarray(joints, np.float64)
    present = present & (joints[..., 2] > NEAREST_M).all(axis=-1)
    moved, posed = np.zeros((NUM_HANDS, NUM_JOINTS, 3)), np.zeros(NUM_HANDS, bool)
    for body in _bodies(present, together):
        points = joints[body].reshape(-1, 3)
        found = move_onto_pixels(points, project(points, intrinsics), _MATRIX)
        if found is not None:
            moved[body], posed[body] = found.reshape(-1, NUM_JOINTS, 3), True
    return moved, posed


def from_normalised(
    pixels: NDArray[Any],
    depth: NDArray[Any],
    present: NDArray[np.bool_],
    intrinsics: NDArray[np.float64],
    together: bool = True,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Move F's hands from the normalised camera to the real one, which sees them on the same pixels.

    Args:
        pixels: (2, 21, 2) of a picture of 480x270.
        depth: (2, 21) metres in the normalised camera.
        present: (2,) bool.
        intrinsics: (3, 3) of the real camera, in pixels of a picture of 480x270.
        together: As F was trained.

    Returns:
        Joints (2, 21, 3) metres in the real camera's frame, zero where not present, and (2,) bool: hands that have a
        pose. Where EPnP finds none, a hand keeps its depth differences and its distance scales with the focal length.
    """
    present = present & np.isfinite(pixels).all(axis=(1, 2)) & np.isfinite(depth).all(axis=1)
    joints = np.zeros((NUM_HANDS, NUM_JOINTS, 3))
    for body in _bodies(present, together):
        seen = pixels[body].reshape(-1, 2).astype(np.float64)
        near = np.clip(depth[body].astype(np.float64), NEAREST_M, FARTHEST_M)
        found = move_onto_pixels(back_project(seen, near.reshape(-1), _MATRIX), seen, intrinsics)
        if found is None:
            distance = near.mean(axis=1, keepdims=True)
            scaled = distance * (intrinsics[0, 0] / FOCAL) + near - distance
            found = back_project(seen, np.clip(scaled, NEAREST_M, FARTHEST_M).reshape(-1), intrinsics)
        joints[body] = found.reshape(-1, NUM_JOINTS, 3)
    return joints, present


def _bodies(present: NDArray[np.bool_], together: bool) -> list[NDArray[np.int64]]:
    """Numbers of the hands of each body that moves."""
    hands = np.flatnonzero(present)
    return [hands] * bool(len(hands)) if together else list(hands[:, None])


def move_onto_pixels(
    points: NDArray[np.float64], pixels: NDArray[np.float64], intrinsics: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Move points rigidly so that a camera sees them on given pixels, as nearly as it can be done (EPnP).

    Args:
        points: (N, 3) metres.
        pixels: (N, 2).
        intrinsics: (3, 3).

    Returns:
        (N, 3) metres in front of the camera, or None where there is no such motion: the points are
        too few or fall together, or no motion brings all of them in front of the camera.
    """
    if len(points) < 4 or np.ptp(pixels, axis=0).max() < _LEAST_SPREAD_PX:
        return None
    if not (np.isfinite(points).all() and np.isfinite(pixels).all()):
        return None
    # Points near the origin: EPnP and its refinement lose digits to a large common offset.
    centre = points.mean(axis=0)
    try:
        found, turn, shift = cv2.solvePnP(points - centre, pixels, intrinsics, None, flags=cv2.SOLVEPNP_EPNP)
        if found:
            turn, shift = cv2.solvePnPRefineLM(points - centre, pixels, intrinsics, None, turn, shift)
    except cv2.error:
        return None
    if not found or not (np.isfinite(turn).all() and np.isfinite(shift).all()):
        return None
    rotation, _ = cv2.Rodrigues(turn)
    moved = (points - centre) @ rotation.T + shift.reshape(3)
    nearest, farthest = moved[:, 2].min(), moved[:, 2].max()
    return np.asarray(moved) if nearest > NEAREST_M and farthest < FARTHEST_M else None
