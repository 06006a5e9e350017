# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A camera turned to one hand: what a square crop of a picture shows, without the perspective of the picture's edge.

A hand near the edge of a picture is seen from aside, and a plain crop does not tell from how far aside. Here the real
camera is turned until the hand is in the middle and zoomed until it fills the picture; where it stands stays the same,
so the crop is a homography of the picture and every hand looks alike wherever it is. A left hand is seen in a mirror:
one network knows both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from ghtt_core.hands.normalised_camera import back_project

EXTENT_UNIT_M: Final = 0.1
"""A crop's extent is zero where its half width is so long at the hand."""
_MOST_EXTENT: Final = 3.0
"""Beyond this, 2 m or 5 mm for half a crop, no extent is a hand's."""
_LEAST_REACH: Final = 0.01
_MOST_REACH: Final = 2.0


class CropPose(NamedTuple):
    """One hand (21 joints) as a crop of any size shows it.

    Attributes:
        places: (..., 21, 2) float64, right and down from the middle, in half widths of the crop.
        depth: (..., 21) farther than the mean joint, in half widths of the crop at the mean joint's distance.
        extent: (...) logarithm of the half width there, in units of 0.1 m.
    """

    places: NDArray[np.float64]
    depth: NDArray[np.float64]
    extent: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class HandCamera:
    """See the module.

    Attributes:
        rotation: (3, 3) from the real camera's frame to this one's.
        reach: Half of the crop's width, in units of the distance.
        mirrored: Whether left and right are swapped, after the rotation.
    """

    rotation: NDArray[np.float64]
    reach: float
    mirrored: bool

    @classmethod
    def aimed(
        cls, pixels: NDArray[Any], intrinsics: NDArray[np.float64], margin: float, mirrored: bool = False
    ) -> Self:
        """The camera that has a hand in its middle.

        Args:
            pixels: (21, 2) of the hand's joints.
            intrinsics: (3, 3) of the real camera.
            margin: Width of the crop in widths (or heights, if larger) of the hand's box.
            mirrored: Whether it is a left hand.
        """
        rays = back_project(pixels, np.ones(len(pixels)), intrinsics)
        rotation = _turned_to(rays.mean(axis=0))
        lateral = _lateral(rays @ rotation.T)
        middle = (lateral.min(axis=0) + lateral.max(axis=0)) / 2
        rotation = _turned_to(np.append(middle, 1.0)) @ rotation
        reach = margin * float(np.abs(_lateral(rays @ rotation.T)).max())
        return cls(rotation, min(max(reach, _LEAST_REACH), _MOST_REACH), mirrored)

    def moved(self, right: float, down: float, roll: float, zoom: float) -> Self:
        """This camera aimed elsewhere.

        Args:
            right: How far the aim moves, in half widths of this crop, before the roll.
            down: The same downwards.
            roll: Turn about the axis of view in radians.
            zoom: Factor on the width.
        """
        aside = _turned_to(np.array([right * self.reach, down * self.reach, 1.0]))
        cosine, sine = np.cos(roll), np.sin(roll)
        about = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
        return replace(self, rotation=about @ aside @ self.rotation, reach=self.reach * zoom)

    def intrinsics(self, size: int) -> NDArray[np.float64]:
        """Intrinsics (3, 3) of the crop, `size` pixels wide; pixel centres are at whole numbers."""
        focal, middle = size / 2 / self.reach, (size - 1) / 2
        return np.array([[focal, 0.0, middle], [0.0, focal, middle], [0.0, 0.0, 1.0]])

    def draw(self, picture: NDArray[np.uint8], intrinsics: NDArray[np.float64], size: int) -> NDArray[np.uint8]:
        """The crop (size, size, 3) of a picture (H, W, 3) of the real camera; black beyond the picture's edge."""
        onto = self.intrinsics(size) @ self._turn() @ np.linalg.inv(intrinsics)
        return np.asarray(cv2.warpPerspective(picture, onto, (size, size), flags=cv2.INTER_LINEAR), np.uint8)

    def see(self, joints: NDArray[Any]) -> NDArray[np.float64]:
        """Points (..., 3) of the real camera's frame in this one's, metres."""
        return np.asarray(np.asarray(joints, np.float64) @ self._turn().T)

    def encode(self, joints: NDArray[Any]) -> CropPose:
        """A hand (..., 21, 3) in front of this camera, metres in the real camera's frame, as the crop shows it."""
        seen = self.see(joints)
        middle = seen[..., 2].mean(axis=-1)
        return CropPose(
            _lateral(seen) / self.reach,
            (seen[..., 2] / middle[..., None] - 1) / self.reach,
            np.asarray(np.log(middle * self.reach / EXTENT_UNIT_M)),
        )

    def decode(self, pose: CropPose) -> NDArray[np.float64]:
        """The inverse of `encode`: joints (..., 21, 3) metres in the real camera's frame."""
        extent = np.clip(np.asarray(pose.extent, np.float64), -_MOST_EXTENT, _MOST_EXTENT)
        middle = EXTENT_UNIT_M * np.exp(extent) / self.reach
        # No joint comes nearer than a tenth of the hand's distance, whatever a network says.
        depth = middle[..., None] * np.maximum(1 + np.asarray(pose.depth, np.float64) * self.reach, 0.1)
        lateral = np.asarray(pose.places, np.float64) * self.reach
        seen = np.concatenate([lateral, np.ones_like(lateral[..., :1])], axis=-1) * depth[..., None]
        return np.asarray(seen @ self._turn())

    def _turn(self) -> NDArray[np.float64]:
        return np.diag((-1.0, 1.0, 1.0)) @ self.rotation if self.mirrored else self.rotation


def _lateral(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(points[..., :2] / np.maximum(points[..., 2:], 1e-3))


def _turned_to(direction: NDArray[np.float64]) -> NDArray[np.float64]:
    """The smallest rotation (3, 3) that brings a direction (3,) in front of the camera onto the axis of view."""
    x, y, z = direction / np.linalg.norm(direction)
    # Rodrigues' formula about the axis (y, -x, 0), whose angle to the axis of view has the cosine z.
    share = 1.0 / (1.0 + z)
    return np.array([[1 - x * x * share, -x * y * share, -x], [-x * y * share, 1 - y * y * share, -y], [x, y, z]])
