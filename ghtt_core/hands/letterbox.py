# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of any size on the 480x270 plane that the image estimator F knows: scaled as a whole, the rest left dark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from ghtt_core.hands.normalised_camera import HEIGHT, WIDTH


@dataclass(frozen=True)
class Letterbox:
    """Where a picture lies on a plane of another size; pixel centres are at whole numbers on both.

    Attributes:
        scale: Pixels of the plane per pixel of the picture.
        left: Pixels of the plane left of the picture.
        top: Pixels of the plane above it.
        size: (width, height) of the picture.
        plane: (width, height) of the plane.
    """

    scale: float
    left: float
    top: float
    size: tuple[int, int]
    plane: tuple[int, int]

    @classmethod
    def fit(cls, size: tuple[int, int], plane: tuple[int, int] = (WIDTH, HEIGHT)) -> Self:
        """Make a picture (width, height) as large as the plane lets it be, in its middle."""
        scale = min(plane[0] / size[0], plane[1] / size[1])
        return cls(scale, (plane[0] - size[0] * scale) / 2, (plane[1] - size[1] * scale) / 2, size, plane)

    def intrinsics(self, matrix: NDArray[Any]) -> NDArray[np.float64]:
        """Intrinsics (3, 3) on the plane of a camera with intrinsics (3, 3) in the picture."""
        half = (self.scale - 1) / 2
        onto = np.array([[self.scale, 0.0, half + self.left], [0.0, self.scale, half + self.top], [0.0, 0.0, 1.0]])
        return np.asarray(onto @ np.asarray(matrix, np.float64))

    def draw(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Put a picture (H, W, C) onto the plane; all it covers is averaged, so that nothing aliases."""
        width, height = max(round(self.size[0] * self.scale), 1), max(round(self.size[1] * self.scale), 1)
        method = cv2.INTER_AREA if self.scale < 1 else cv2.INTER_LINEAR
        if (width, height) != self.size:
            image = np.asarray(cv2.resize(image, (width, height), interpolation=method), np.uint8)
        if (width, height) == self.plane:
            return image
        plane = np.zeros((self.plane[1], self.plane[0], *image.shape[2:]), np.uint8)
        left, top = (self.plane[0] - width) // 2, (self.plane[1] - height) // 2
        plane[top : top + height, left : left + width] = image
        return plane
