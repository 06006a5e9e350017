# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Cameras that watched a sequence, and where their pictures lie.

Poses of datasets are kept once, in the world frame. A view says how to look at them from one camera, whose picture of
a frame is read only when somebody asks for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from ghtt_core.errors import InputError

NO_PICTURE: Final = -1
_NUMBERED: Final = re.compile(r"%0[1-9][0-9]?d")
_ORTHOGONAL: Final = 1e-2
"""How far a rotation may be from orthonormal: text files round, published calibrations are not perfect."""


@dataclass(frozen=True, eq=False)
class ImageSource:
    """Pictures of one view, left where the dataset has them.

    Attributes:
        kind: "frames" for one file per picture, "video" for one file with all of them.
        path: Relative to the source root of the dataset; of "frames" a pattern with one %0Nd.
        first: Number of the picture of frame 0.
        step: Pictures per frame: frame i shows picture first + i * step.
        present: (T,) bool, whether there is a picture of each frame; None if there is one of every frame.
        numbers: (T,) int32 number of each picture where they are not evenly spaced; first and step are then unused.
    """

    kind: Literal["frames", "video"]
    path: str
    first: int = 0
    step: int = 1
    present: NDArray[np.bool_] | None = None
    numbers: NDArray[np.int32] | None = None

    def __post_init__(self) -> None:
        """Refuse what no picture could be found by.

        Raises:
            InputError: If the kind, the pattern, the step or an array is wrong.
        """
        if self.kind not in ("frames", "video"):
            raise InputError(f"Pictures are 'frames' or a 'video', not {self.kind!r} ({self.path}).")
        if not self.path or self.path.startswith("/") or ".." in self.path.split("/"):
            raise InputError(f"The path of pictures must lie inside the dataset's folder, got {self.path!r}.")
        if self.kind == "frames" and len(_NUMBERED.findall(self.path)) != 1:
            raise InputError(f"The pattern of picture files needs one number such as %06d, got {self.path!r}.")
        if self.step < 1 or self.first < 0:
            raise InputError(f"Pictures of {self.path} need first >= 0 and step >= 1, got {self.first}, {self.step}.")
        if self.present is not None and (self.present.ndim != 1 or self.present.dtype != np.bool_):
            raise InputError(f"Pictures of {self.path} need present (T,) bool, got {self.present.shape}.")
        if self.numbers is not None and (self.numbers.ndim != 1 or self.numbers.dtype != np.int32):
            raise InputError(f"Pictures of {self.path} need numbers (T,) int32, got {self.numbers.shape}.")

    def number(self, frame: int) -> int:
        """Number of the picture of a frame, or NO_PICTURE (-1) if there is none."""
        if self.present is not None and not self.present[frame]:
            return NO_PICTURE
        return self.first + frame * self.step if self.numbers is None else int(self.numbers[frame])

    def file(self, number: int) -> str:
        """File that holds the picture of a number, relative to the source root."""
        return self.path if self.kind == "video" else _NUMBERED.sub(lambda found: found[0] % number, self.path)

    def taken(self, frames: NDArray[np.int64]) -> ImageSource:
        """Return the source that shows the given frames of this one, in their order."""
        present = None if self.present is None else self.present[frames]
        numbers = self.first + frames * self.step if self.numbers is None else self.numbers[frames].astype(np.int64)
        steps = np.diff(numbers)
        if len(steps) == 0 or (steps[0] >= 1 and (steps == steps[0]).all()):
            step = int(steps[0]) if len(steps) else self.step
            return replace(self, first=int(numbers[0]), step=step, present=present, numbers=None)
        return replace(self, present=present, numbers=numbers.astype(np.int32))


@dataclass(frozen=True, eq=False)
class View:
    """One camera.

    Attributes:
        name: What the dataset calls it, for example "cam4" or "e1".
        intrinsics: (3, 3) float64, pixels of pictures of `size`; no distortion.
        size: Width and height in pixels that pictures are read at.
        world_to_camera: (T, 3, 4) float32, or (1, 3, 4) for a camera that never moves: x_cam = R x_world + t with
            column vectors, metres; x right, y down, z forward.
        images: Where the pictures are; None if there are none.
    """

    name: str
    intrinsics: NDArray[np.float64]
    size: tuple[int, int]
    world_to_camera: NDArray[np.float32]
    images: ImageSource | None = None

    def __post_init__(self) -> None:
        """Refuse a camera that cannot be.

        Raises:
            InputError: If a shape, a type or a value is wrong.
        """
        if self.intrinsics.shape != (3, 3) or self.intrinsics.dtype != np.float64:
            raise InputError(f"View '{self.name}' needs intrinsics (3, 3) float64, got {self.intrinsics.shape}.")
        focal = self.intrinsics[[0, 1], [0, 1]]
        if not np.isfinite(self.intrinsics).all() or (focal <= 0).any() or min(self.size) < 1:
            raise InputError(f"View '{self.name}' has impossible intrinsics {self.intrinsics.tolist()} at {self.size}.")
        if self.world_to_camera.shape[1:] != (3, 4) or self.world_to_camera.dtype != np.float32:
            raise InputError(
                f"View '{self.name}' needs world_to_camera (T or 1, 3, 4) float32, got {self.world_to_camera.shape}."
            )
        rotation = self.world_to_camera[:, :, :3].astype(np.float64)
        square = rotation @ rotation.transpose(0, 2, 1)
        good = np.isfinite(self.world_to_camera).all((1, 2)) & (np.abs(square - np.eye(3)).max((1, 2)) < _ORTHOGONAL)
        good &= np.linalg.det(np.where(good[:, None, None], rotation, np.eye(3))) > 0
        if not good.all():
            raise InputError(
                f"View '{self.name}': the camera pose of frame {int(np.flatnonzero(~good)[0])} is not a rotation and "
                "a translation."
            )

    @property
    def moving(self) -> bool:
        """Whether the camera has a pose of its own in every frame."""
        return len(self.world_to_camera) > 1

    def pose(self, frame: int) -> NDArray[np.float32]:
        """World-to-camera map (3, 4) of a frame."""
        pose: NDArray[np.float32] = self.world_to_camera[frame if self.moving else 0]
        return pose

    def to_camera(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Bring points of every frame into the camera's frame.

        Args:
            points: (T, ..., 3) metres, world frame; T is the number of frames of the sequence.

        Returns:
            (T, ..., 3) float32 metres, camera frame.
        """
        flat = points.reshape(len(points), -1, 3)
        turned = flat @ self.world_to_camera[:, :, :3].transpose(0, 2, 1)
        moved: NDArray[np.float32] = (turned + self.world_to_camera[:, None, :, 3]).astype(np.float32, copy=False)
        return moved.reshape(points.shape)

    def project(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Pixels (..., 2) of points (..., 3) in the camera's frame; NaN for those behind it."""
        seen = (points @ self.intrinsics.T).astype(np.float32)
        depth = np.where(seen[..., 2:] > 0, seen[..., 2:], np.nan).astype(np.float32)
        pixels: NDArray[np.float32] = seen[..., :2] / depth
        return pixels

    def taken(self, frames: NDArray[np.int64]) -> View:
        """Return the view of the given frames of the sequence, in their order."""
        return replace(
            self,
            world_to_camera=self.world_to_camera[frames] if self.moving else self.world_to_camera,
            images=None if self.images is None else self.images.taken(frames),
        )


def scaled_intrinsics(
    intrinsics: NDArray[np.float64], size: tuple[int, int], new_size: tuple[int, int]
) -> NDArray[np.float64]:
    """Intrinsics (3, 3) of pictures of `size` (width, height) for the same pictures resized to `new_size`."""
    scale = np.array([new_size[0] / size[0], new_size[1] / size[1], 1.0])
    scaled: NDArray[np.float64] = np.asarray(intrinsics, np.float64) * scale[:, None]
    return scaled
