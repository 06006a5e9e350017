# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of hands whose joints are known, for recordings that need a camera's view of what really happened.

A hand is a cloud of overlapping spheres along its bones and across its palm. Their depth, smoothed, gives a surface;
its slope gives the shading. That is enough for a person, and for a hand detector, to see a hand.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ghtt_core.estimators.camera import PinholeCamera
from ghtt_core.hands.layout import PARENTS, WRIST

Image = NDArray[np.uint8]

_RADII: Final = (
    0.023,
    0.0155, 0.0125, 0.0105, 0.0085,
    0.0120, 0.0098, 0.0086, 0.0070,
    0.0122, 0.0100, 0.0088, 0.0072,
    0.0115, 0.0094, 0.0082, 0.0068,
    0.0105, 0.0082, 0.0072, 0.0060,
)  # fmt: skip
"""Metres, half the thickness of an adult's hand at each joint."""
_FINGER_BONES: Final = tuple((parent, joint) for joint, parent in enumerate(PARENTS) if parent > WRIST)
_PALM_TRIANGLES: Final = ((0, 5, 9), (0, 9, 13), (0, 13, 17), (0, 1, 5), (1, 2, 5))
_TIPS: Final = (4, 8, 12, 16, 20)
_SKIN: Final = np.array([122, 150, 205], np.float32)
"""BGR of lit skin."""
_SHADE: Final = np.array([70, 78, 128], np.float32)
_NAIL: Final = np.array([170, 180, 228], np.float32)
_LIGHT: Final = np.array([-0.35, -0.65, -0.68])
_ALONG_BONE: Final = 14
_ACROSS_PALM: Final = 9
_FOREARM_M: Final = 0.16
_SMOOTHING_M: Final = 0.0035


class HandRenderer:
    """Draws hands through one camera, in front of a plain room."""

    def __init__(self, camera: PinholeCamera) -> None:
        """Prepare the background.

        Args:
            camera: Without distortion.
        """
        self._camera = camera
        down = np.linspace(0, 1, camera.height, dtype=np.float32)[:, None, None]
        wall, table = np.array([178, 172, 164], np.float32), np.array([112, 128, 142], np.float32)
        share = np.clip((down - 0.55) * 12, 0, 1)
        shade = 1.0 - 0.18 * np.abs(np.linspace(-1, 1, camera.width, dtype=np.float32))[None, :, None]
        self._background = (wall * (1 - share) + table * share) * shade

    def draw(self, joints: NDArray[np.float32], valid: NDArray[np.bool_]) -> Image:
        """Draw two hands.

        Args:
            joints: (2, 21, 3) metres in the camera's frame.
            valid: (2,) which are there.

        Returns:
            (H, W, 3) BGR.
        """
        image = self._background.copy()
        hands = [joints[hand].astype(np.float64) for hand in np.flatnonzero(valid)]
        for hand in sorted(hands, key=lambda points: -float(points[:, 2].mean())):
            self._draw_hand(image, hand)
        drawn: Image = image.clip(0, 255).astype(np.uint8)
        return drawn

    def _draw_hand(self, image: NDArray[np.float32], joints: NDArray[np.float64]) -> None:
        centres, radii = _spheres(joints)
        seen = centres[:, 2] > 0.05
        depth = self._depth(centres[seen], radii[seen])
        mask = np.isfinite(depth)
        if not mask.any():
            return
        x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
        window = np.s_[y : y + height, x : x + width]
        depth, mask = depth[window], mask[window]
        pixel = float(np.median(depth[mask])) / self._camera.fx  # metres per pixel
        smooth = _smoothed(depth, mask, max(0.8, _SMOOTHING_M / pixel))
        lit = _shading(smooth, mask, pixel)
        colour = _SHADE + (_SKIN - _SHADE) * lit[..., None]
        self._paint_nails(colour, joints, (x, y), lit)
        cover = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.8)[..., None]
        image[window] += (colour - image[window]) * np.where(mask[..., None], np.maximum(cover, 0.5), cover * 0.6)

    def _depth(self, centres: NDArray[np.float64], radii: NDArray[np.float64]) -> NDArray[np.float32]:
        """Depth of the nearest sphere of each pixel, infinite where there is none."""
        camera = self._camera
        depth = np.full((camera.height, camera.width), np.inf, np.float32)
        for (px, py), (_, _, z), radius in zip(camera.project(centres), centres, radii, strict=True):
            size = radius / z * camera.fx
            left, right = max(0, int(px - size)), min(camera.width, int(px + size) + 2)
            top, bottom = max(0, int(py - size)), min(camera.height, int(py + size) + 2)
            if left >= right or top >= bottom:
                continue
            across = (np.arange(left, right) - px) ** 2 + ((np.arange(top, bottom) - py) ** 2)[:, None]
            height = np.sqrt(np.maximum(1 - across / size**2, 0)) * radius
            patch = depth[top:bottom, left:right]
            np.minimum(patch, np.where(across < size**2, z - height, np.inf), out=patch)
        return depth

    def _paint_nails(
        self,
        colour: NDArray[np.float32],
        joints: NDArray[np.float64],
        corner: tuple[int, int],
        lit: NDArray[np.float32],
    ) -> None:
        """Brighten the finger tips that show their backs to the camera."""
        across = np.cross(joints[5] - joints[0], joints[17] - joints[0])
        for tip in _TIPS:
            bone = joints[tip] - joints[tip - 1]
            if abs(bone[2]) > 0.8 * np.linalg.norm(bone) or abs(across[2]) < 1e-5:
                continue
            place = self._camera.project(joints[tip - 1] + 0.85 * bone) - corner
            size = _RADII[tip] / joints[tip, 2] * self._camera.fx
            layer = np.zeros(lit.shape, np.float32)
            centre = (int(place[0]), int(place[1]))
            if not (-50 <= centre[0] < lit.shape[1] + 50 and -50 <= centre[1] < lit.shape[0] + 50):
                continue
            cv2.circle(layer, centre, max(1, round(0.5 * size)), 1.0, -1, cv2.LINE_AA)
            colour += (_NAIL * (0.55 + 0.45 * lit[..., None]) - colour) * (0.45 * layer[..., None])


def _spheres(joints: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centres (N, 3) and radii (N,) in metres that fill a hand and a piece of forearm."""
    palm = np.linalg.norm(joints[[5, 9, 13, 17]] - joints[0], axis=1).mean()
    sizes = np.array(_RADII) * (palm / 0.085)
    centres, radii = [], []

    def along(a: NDArray[np.float64], b: NDArray[np.float64], from_size: float, to_size: float, count: int) -> None:
        share = np.linspace(0, 1, count)[:, None]
        centres.append(a + (b - a) * share)
        radii.append((from_size + (to_size - from_size) * share)[:, 0])

    for a, b in _FINGER_BONES:
        along(joints[a], joints[b], sizes[a], sizes[b], _ALONG_BONE)
    weights = np.array(
        [
            (i, j, _ACROSS_PALM - i - j)
            for i in range(_ACROSS_PALM + 1)
            for j in range(_ACROSS_PALM + 1 - i)
        ],
        np.float64,
    ) / _ACROSS_PALM  # fmt: skip
    palm_sizes = sizes.copy()
    palm_sizes[0] = 0.75 * sizes[0]
    for triangle in _PALM_TRIANGLES:
        centres.append(weights @ joints[list(triangle)])
        radii.append(weights @ palm_sizes[list(triangle)])
    back = joints[0] - joints[[9, 13]].mean(0)
    elbow = joints[0] + back / np.linalg.norm(back) * _FOREARM_M
    along(joints[0], elbow, 0.95 * sizes[0], 1.35 * sizes[0], 2 * _ALONG_BONE)
    return np.concatenate(centres), np.concatenate(radii)


def _smoothed(depth: NDArray[np.float32], mask: NDArray[np.bool_], sigma: float) -> NDArray[np.float32]:
    """Smooth the depth inside the mask, but not across fingers at different depths or over the edge."""
    filled = np.where(mask, depth, 0).astype(np.float32)
    return np.where(mask, cv2.bilateralFilter(filled, 0, 0.008, sigma), 0).astype(np.float32)


def _shading(depth: NDArray[np.float32], mask: NDArray[np.bool_], pixel: float) -> NDArray[np.float32]:
    """Light on a surface, 0 to 1; edges that face away from the camera are dark."""
    padded = np.where(mask, depth, depth[mask].max() + 0.004)
    slope_x = cv2.Sobel(padded, cv2.CV_32F, 1, 0, scale=0.125) / pixel
    slope_y = cv2.Sobel(padded, cv2.CV_32F, 0, 1, scale=0.125) / pixel
    normal = np.stack([slope_x, slope_y, -np.ones_like(slope_x)], -1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    diffuse = np.clip(normal @ (_LIGHT / np.linalg.norm(_LIGHT)).astype(np.float32), 0, 1)
    facing = np.clip(-normal[..., 2], 0, 1)
    lit = np.clip(0.15 + 0.55 * diffuse + 0.35 * facing**2, 0, 1.1).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(lit, (0, 0), 0.7), np.float32)
