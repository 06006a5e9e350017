# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What lies behind everything that moves: the table's top inside a room, seen from any camera pose."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.synthetic.rendering.appearance import ROOM_PX, Appearance

Floats = NDArray[np.float32]

_FAR = np.float32(1e6)
_ROOM_SHRINK = 2
"""The room is far away and out of focus: half the resolution is enough."""
_ROOM_BLUR = 0.9
_TOUCH_M = 0.015


class Backdrop:
    """Pictures of the empty table through one camera."""

    def __init__(self, look: Appearance, intrinsics: NDArray[np.float64], size: tuple[int, int]) -> None:
        """Prepare the rays of all pixels.

        Args:
            look: Of the scene.
            intrinsics: (3, 3) pixels.
            size: Width and height.
        """
        self._look = look
        self._size = size
        self._rays = _rays(intrinsics, size, 1)
        self._coarse = _rays(intrinsics, size, _ROOM_SHRINK)
        up = np.float32(max(0.0, float(look.light.direction[2])))
        self._table_light = look.light.sky + look.light.main * up
        self._room_light = 0.75 * (look.light.sky + 0.5 * look.light.main) + 0.25

    def draw(self, pose: Floats) -> tuple[Floats, Floats, Floats]:
        """Draw the scene without anything on the table.

        Args:
            pose: (3, 4) world to camera, metres.

        Returns:
            (H, W, 3) float32 BGR; (H, W) float32, the share of each pixel that shows the table; and (H, W) float32,
            the inverse depth in 1/metres behind which the table hides things, 0 where it does not.
        """
        turn, eye = pose[:, :3], -pose[:, :3].T @ pose[:, 3]
        image = self._room(turn, eye)
        down = self._rays @ turn[:, 2]  # (H, W): z of the rays in the world
        distance = np.where(down < -1e-4, -eye[2] / np.minimum(down, -1e-4), _FAR)
        x = eye[0] + distance * (self._rays @ turn[:, 0])
        y = eye[1] + distance * (self._rays @ turn[:, 1])
        left, right, near, far = self._look.table_size
        inside = np.minimum(np.minimum(x - left, right - x), np.minimum(y - near, far - y))
        # One pixel covers about this many metres of the table's edge.
        pixel = np.maximum(distance * (1.5 / self._size[0]), 1e-5)
        cover = np.clip(inside / pixel + 0.5, 0, 1).astype(np.float32)
        texels = np.float32(self._look.table.shape[0] / self._look.table_scale)
        # OpenCV counts reflections one by one: a place at the horizon would keep it busy for minutes.
        top = cv2.remap(
            self._look.table,
            (np.clip(x - left, 0, right - left) * texels).astype(np.float32),
            (np.clip(y - near, 0, far - near) * texels).astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT,
        )
        image += (top * self._table_light - image) * in_colours(cover)
        # Fingers that sink a little into the table are still to be seen.
        deeper = distance * np.float32((eye[2] + _TOUCH_M) / max(float(eye[2]), 1e-3))
        return image, cover, np.where(cover > 0.5, 1 / deeper, 0).astype(np.float32)

    def _room(self, turn: Floats, eye: Floats) -> Floats:
        """Sides of the room (H, W, 3) where each ray leaves it."""
        look = self._look
        rays = self._coarse @ turn
        eye = np.clip(eye, look.room_low + 0.05, look.room_high - 0.05)
        safe = np.where(np.abs(rays) < 1e-5, np.float32(1e-5), rays)
        wall = np.where(safe > 0, look.room_high, look.room_low)
        distances = (wall - eye) / safe  # (h, w, 3)
        axis = distances.argmin(-1)
        distance = np.take_along_axis(distances, axis[..., None], -1)
        place = (eye + distance * rays - look.room_low) / (look.room_high - look.room_low)
        positive = np.take_along_axis(safe, axis[..., None], -1)[..., 0] > 0
        side = 2 * axis + positive
        # Walls: across is the other horizontal direction and rows go down; floor and ceiling: x and y.
        across = np.where(axis == 0, place[..., 1], place[..., 0])
        downwards = np.where(axis == 2, place[..., 1], 1 - place[..., 2])
        edge = np.float32(ROOM_PX - 2)
        column = np.clip(across, 0, 1) * edge + 0.5
        row = side * ROOM_PX + np.clip(downwards, 0, 1) * edge + 0.5
        image = cv2.remap(look.room, column.astype(np.float32), row.astype(np.float32), cv2.INTER_LINEAR)
        image = cv2.GaussianBlur(image, (0, 0), _ROOM_BLUR)
        large = cv2.resize(image, self._size, interpolation=cv2.INTER_LINEAR)
        return np.asarray(large * self._room_light, np.float32)


def in_colours(values: Floats) -> Floats:
    """Repeat (H, W) as (H, W, 3): numpy is slow at spreading single numbers over three colours."""
    return np.asarray(cv2.merge([values, values, values]), np.float32)


def _rays(intrinsics: NDArray[np.float64], size: tuple[int, int], shrink: int) -> Floats:
    """Directions (h, w, 3) of pixel centres in the camera's frame, z = 1."""
    width, height = -(-size[0] // shrink), -(-size[1] // shrink)
    right, down = np.meshgrid((np.arange(width) + 0.5) * shrink - 0.5, (np.arange(height) + 0.5) * shrink - 0.5)
    pixels = np.stack([right, down, np.ones_like(right)], axis=-1)
    rays: Floats = (pixels @ np.linalg.inv(intrinsics).T).astype(np.float32)
    return rays
