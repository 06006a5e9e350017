# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Shadows on the table: outlines of nearly convex pieces, thrown along the main light and softened."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.synthetic.rendering.surfaces import Ints

Floats = NDArray[np.float32]

_SHRINK: Final = 2
_FIXED_POINT: Final = 4
_FLAT_LIGHT: Final = np.float32(0.3)
"""Lamps lower than this would throw shadows over the whole table."""
_FAR_OUTSIDE: Final = 4000.0


def shadow_mask(
    points: Floats,
    bulks: tuple[Ints, ...],
    light: Floats,
    pose: Floats,
    intrinsics: NDArray[np.float64],
    size: tuple[int, int],
    softness_m: float,
) -> Floats:
    """Find what the table lacks of the main light.

    Args:
        points: (V, 3) metres, world.
        bulks: Vertex numbers of the pieces.
        light: (3,) unit, towards the lamp.
        pose: (3, 4) world to camera.
        intrinsics: (3, 3).
        size: Width and height of the picture.
        softness_m: Width of the shadows' edges on the table, metres.

    Returns:
        (H, W) float32, 0 lit to 1 in shadow.
    """
    width, height = -(-size[0] // _SHRINK), -(-size[1] // _SHRINK)
    steep = light / max(light[2], _FLAT_LIGHT)
    thrown = points - np.maximum(points[:, 2:], 0) * steep
    seen = thrown @ pose[:, :3].T + pose[:, 3]
    depth = seen[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        pixels = (seen @ intrinsics.T.astype(np.float32))[:, :2] / depth[:, None]
    corner = (pixels + np.float32(0.5)) / _SHRINK - np.float32(0.5)
    good = (depth > 0.05) & (np.abs(corner) < _FAR_OUTSIDE).all(axis=1)
    corner = np.where(good[:, None], corner * 2**_FIXED_POINT, 0).astype(np.int32)
    mask = np.zeros((height, width), np.uint8)
    for bulk in bulks:
        if good[bulk].all():
            cv2.fillConvexPoly(mask, cv2.convexHull(corner[bulk]), 255, cv2.LINE_AA, _FIXED_POINT)
    middle = float(np.median(depth[good])) if good.any() else 1.0
    blur = max(0.6, softness_m * float(intrinsics[0, 0]) / max(middle, 0.1) / _SHRINK)
    soft = cv2.GaussianBlur(mask, (0, 0), blur)
    large = cv2.resize(soft, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(large * np.float32(1 / 255), np.float32)
