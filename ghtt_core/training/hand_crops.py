# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hands of a prepared dataset's pictures, each in a crop of its own, with what the hand crop network should say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ghtt_core.data.store.sequence_store import SequenceStore
from ghtt_core.errors import InputError
from ghtt_core.hands import normalised_camera as normal
from ghtt_core.hands.hand_camera import HandCamera
from ghtt_core.hands.layout import LEFT
from ghtt_core.models.hand_crop import CROP_MARGIN
from ghtt_core.training.image_augmentation import Appearance, PictureChange, change_picture, draw_changes
from ghtt_core.training.image_frames import ImageFrames, in_picture
from ghtt_core.training.picture_cache import PictureSource
from ghtt_core.training.recipe import Range

_LOOSE_MARGIN: Final = 2.5
"""Width of the crops that are kept, in widths of the hand's true box: room for the aim to be off."""
_LOOSE_SIZE: Final = 160
"""Pixels of those: a hand has as many in them as in the network's input."""


@dataclass(frozen=True)
class CropAugmentation(Appearance):
    """How far crops are off and changed; aim and zoom are about as wrong as the first look of models/f-small.

    Attributes:
        aim: Standard deviation of the aim in each direction, in half widths of the true box; a quarter of the hands are
            missed twice as far.
        zoom: Standard deviation of the logarithm of the box's width.
        roll: Largest turn about the axis of view, in radians.
    """

    aim: Annotated[float, Range(minimum=0, maximum=1)] = 0.13
    zoom: Annotated[float, Range(minimum=0, maximum=1)] = 0.15
    roll: Annotated[float, Range(minimum=0, maximum=3.2)] = 0.4


class CropChange(NamedTuple):
    """One draw of everything; `HandCamera.moved` has the units of the first four."""

    right: float
    down: float
    roll: float
    zoom: float
    picture: PictureChange


def draw_crop_changes(config: CropAugmentation, count: int, generator: torch.Generator) -> list[CropChange]:
    """Draw the changes of `count` crops."""
    normals = torch.randn(count, 3, generator=generator, dtype=torch.float64).numpy()
    uniform = torch.rand(count, 2, generator=generator, dtype=torch.float64).numpy()
    pictures = draw_changes(config, count, normal.WIDTH, generator)
    changes = []
    for row, (turn, missed), picture in zip(normals, uniform, pictures, strict=True):
        aim = config.aim / CROP_MARGIN * (2.0 if missed < 0.25 else 1.0)
        roll, zoom = config.roll * (2 * turn - 1), np.exp(config.zoom * np.clip(row[2], -2.5, 2.5))
        changes.append(CropChange(aim * row[0], aim * row[1], roll, float(zoom), picture))
    return changes


@dataclass(frozen=True)
class CropBatch:
    """Crops and what the network should say about them.

    Attributes:
        image: (B, size, size, 3) uint8, blue first.
        places: (B, 21, 2), as `CropPose` has them.
        depth: (B, 21).
        extent: (B,).
        reach: (B,) of the camera.
        joint_valid: (B, 21) bool, joints that count.
    """

    image: Tensor
    places: Tensor
    depth: Tensor
    extent: Tensor
    reach: Tensor
    joint_valid: Tensor

    def to(self, device: torch.device) -> CropBatch:
        """The batch on another device."""
        return CropBatch(*(part.to(device, non_blocking=True) for part in vars(self).values()))


class HandCrops:
    """All hands in the pictures of a store, numbered. What is kept of each is a loose crop that shows a right hand."""

    def __init__(
        self, store: SequenceStore, views: tuple[str, ...] = (), stride: int = 1, limit: int | None = None
    ) -> None:
        """List the hands.

        Args:
            store: A store with views.
            views: Names of the views to take; all when none is named.
            stride: Take every so many frames.
            limit: Take at most so many pictures, evenly spread.

        Raises:
            InputError: If no picture shows a hand.
        """
        self._frames = frames = ImageFrames(store, (normal.WIDTH, normal.HEIGHT), views, stride, limit)
        self.store, self.input_size = store, (_LOOSE_SIZE, _LOOSE_SIZE)
        shown = []
        for item in range(len(frames)):
            joints, valid, intrinsics = frames.hands(item)
            # A camera can be turned to a hand only if all of it is in front.
            shown.append(valid & in_picture(joints, intrinsics) & (joints[..., 2] > normal.NEAREST_M).all(axis=-1))
        self._items, hands = np.nonzero(np.stack(shown))
        if not len(hands):
            raise InputError(f"No picture of the store {store.folder} shows a hand.")
        self.rows = np.concatenate([frames.rows[self._items], hands[:, None]], axis=1).astype(np.int32)
        """(M, 4) int32: sequence, number of the view, frame, hand."""

    def __len__(self) -> int:
        """Number of hands."""
        return len(self.rows)

    def read(self, item: int) -> NDArray[np.uint8]:
        """The loose crop (160, 160, 3) of a hand, blue first.

        Raises:
            InputError: If its file cannot be read.
        """
        loose, _, intrinsics = self._hand(item)
        return loose.draw(self._frames.read(int(self._items[item])), intrinsics, _LOOSE_SIZE)

    def batch(self, crops: PictureSource, items: Sequence[int], changes: Sequence[CropChange], size: int) -> CropBatch:
        """Read, change and stack crops for a network whose input has `size` pixels.

        Raises:
            InputError: If a picture cannot be read.
        """
        images, poses, reaches = [], [], []
        for item, change in zip(items, changes, strict=True):
            loose, joints, _ = self._hand(item)
            # From here on the loose crop is the picture, and its camera the real one.
            joints, intrinsics = loose.see(joints), loose.intrinsics(_LOOSE_SIZE)
            camera = HandCamera.aimed(normal.project(joints, intrinsics), intrinsics, CROP_MARGIN)
            camera = camera.moved(*change[:4])
            images.append(change_picture(camera.draw(crops.read(item), intrinsics, size), change.picture))
            poses.append(camera.encode(joints))
            reaches.append(camera.reach)
        places, depth, extent = (torch.from_numpy(np.stack(column)).float() for column in zip(*poses, strict=True))
        valid = np.stack([self._frames.joint_valid(int(self._items[item])) for item in items])
        reach = torch.tensor(reaches, dtype=torch.float32)
        return CropBatch(torch.from_numpy(np.stack(images)), places, depth, extent, reach, torch.from_numpy(valid))

    def _hand(self, item: int) -> tuple[HandCamera, NDArray[np.float64], NDArray[np.float64]]:
        """The loose camera of a hand, its joints (21, 3) in the real camera's frame and that camera's intrinsics."""
        picture, hand = int(self._items[item]), int(self.rows[item, 3])
        joints, _, intrinsics = self._frames.hands(picture)
        known, one = self._frames.joint_valid(picture), joints[hand]
        one[~known] = one[known].mean(axis=0)  # a joint that the dataset lacks must not move the aim
        camera = HandCamera.aimed(normal.project(one, intrinsics), intrinsics, _LOOSE_MARGIN, hand == LEFT)
        return camera, one, intrinsics
