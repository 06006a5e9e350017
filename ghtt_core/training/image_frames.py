# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of a prepared dataset with what the image estimator F should say about each."""

from __future__ import annotations

import threading
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.pictures.images import ImageReader
from ghtt_core.data.sequence import NO_OBJECT
from ghtt_core.data.store.sequence_store import SequenceStore
from ghtt_core.data.views import View
from ghtt_core.errors import InputError
from ghtt_core.hands import normalised_camera as normal
from ghtt_core.hands.layout import NUM_HANDS, NUM_JOINTS
from ghtt_core.hands.letterbox import Letterbox
from ghtt_core.training.image_augmentation import UNCHANGED, PictureChange

LEAST_INSIDE: Final = 1 / 3
"""Share of a hand's joints that must lie in the picture for the hand to count as being there."""


class ImageTarget(NamedTuple):
    """What F should say about one picture.

    Attributes:
        pixels: (2, 21, 2) float32 in a picture of 480x270.
        depth: (2, 21) float32 metres in the normalised camera.
        joint_valid: (2, 21) bool, joints that count.
        presence: (2,) bool, hands that are in the picture.
        object_id: Index of the object, or -1 where it is unknown.
    """

    pixels: NDArray[np.float32]
    depth: NDArray[np.float32]
    joint_valid: NDArray[np.bool_]
    presence: NDArray[np.bool_]
    object_id: int


class ImageFrames:
    """All frames of a store that have a picture in some view, numbered; frames of one view of a sequence in a row."""

    def __init__(
        self,
        store: SequenceStore,
        input_size: tuple[int, int],
        views: tuple[str, ...] = (),
        stride: int = 1,
        limit: int | None = None,
        together: bool = True,
    ) -> None:
        """List the pictures.

        Args:
            store: A store with views.
            input_size: (width, height) that pictures are given at.
            views: Names of the views to take; all when none is named.
            stride: Take every so many frames.
            limit: Take at most so many pictures, evenly spread; they are then not in rows of clips.
            together: Whether both hands move as one body to the normalised camera (`normalised_camera`).

        Raises:
            InputError: If no frame has a picture in these views.
        """
        self.store = store
        self.input_size = input_size
        self._together = together
        rows, blocks = [], []
        for sequence in range(len(store)):
            length = int(store.ends[sequence] - store.starts[sequence])
            for number, view in enumerate(store.views(sequence)):
                if view.images is None or (views and view.name not in views):
                    continue
                frames = np.arange(0, length, stride)
                if view.images.present is not None:
                    frames = frames[view.images.present[frames]]
                rows.append(
                    np.stack([np.full_like(frames, sequence), np.full_like(frames, number), frames], 1).astype(np.int32)
                )
                blocks.append(len(frames))
        if not sum(blocks):
            wanted = f"the views {', '.join(views)}" if views else "any view"
            raise InputError(
                f"The store {store.folder} has no pictures of {wanted}; prepare it from a source with them."
            )
        self.rows = np.concatenate(rows)
        """(M, 3) int32: sequence, number of the view, frame."""
        ends = np.cumsum(blocks)
        self._block_end = np.repeat(ends, blocks)
        if limit is not None and len(self.rows) > limit:
            self.rows = self.rows[np.linspace(0, len(self.rows) - 1, limit).astype(np.int64)]
            self._block_end = np.arange(1, limit + 1)
        self._cameras: dict[tuple[int, int], tuple[View, NDArray[np.float64]]] = {}
        self._readers = threading.local()

    def __len__(self) -> int:
        """Number of pictures."""
        return len(self.rows)

    def clip(self, start: int, frames: int, step: int) -> NDArray[np.int64]:
        """Numbers of the pictures of a clip from one view; a clip at the end repeats the last picture."""
        last = int(self._block_end[start]) - 1
        return np.minimum(start + np.arange(frames, dtype=np.int64) * step, last)

    def read(self, item: int) -> NDArray[np.uint8]:
        """Picture (height, width, 3), blue first, at the input size. May be called from several threads.

        Raises:
            InputError: If its file cannot be read.
        """
        sequence, number, frame = map(int, self.rows[item])
        reader = getattr(self._readers, "reader", None)
        if reader is None:
            # Decoders are not shared between threads.
            reader = self._readers.reader = ImageReader(self.store)
        image = reader.read(sequence, number, frame)
        return Letterbox.fit((image.shape[1], image.shape[0]), self.input_size).draw(image)

    def target(self, item: int, change: PictureChange = UNCHANGED) -> ImageTarget:
        """What F should say about a picture after a change."""
        joints, valid, intrinsics = self.hands(item)
        if change.mirrored:
            joints, valid = mirrored(joints), valid[::-1].copy()
            intrinsics[0, 2] = normal.WIDTH - 1 - intrinsics[0, 2]
        unit = normal.WIDTH / self.input_size[0], normal.HEIGHT / self.input_size[1]
        intrinsics[:2, 2] += (change.right * unit[0], change.down * unit[1])
        present = valid & in_picture(joints, intrinsics)
        joint_valid = np.broadcast_to(self.joint_valid(item), (NUM_HANDS, NUM_JOINTS))
        moved, posed = normal.to_normalised(joints, present, intrinsics, self._together)
        sequence, _, frame = self.rows[item]
        depth = moved[..., 2]
        return ImageTarget(
            pixels=normal.project(moved, normal.normalised_matrix()).astype(np.float32),
            depth=depth.astype(np.float32),
            joint_valid=joint_valid & posed[:, None],
            presence=present,
            object_id=int(self.store.objects[self.store.starts[sequence] + frame]) if present.any() else NO_OBJECT,
        )

    def hands(self, item: int) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]:
        """The hands of a picture.

        Returns:
            Joints (2, 21, 3) metres in the view's camera frame, (2,) bool which hands are known, and the camera's
            intrinsics (3, 3) on the 480x270 plane.
        """
        sequence, number, frame = map(int, self.rows[item])
        view, intrinsics = self._camera(sequence, number)
        row = int(self.store.starts[sequence]) + frame
        pose = view.pose(frame).astype(np.float64)
        joints = self.store.joints[row].astype(np.float64) @ pose[:, :3].T + pose[:, 3]
        return joints, np.array(self.store.valid[row]), intrinsics.copy()

    def joint_valid(self, item: int) -> NDArray[np.bool_]:
        """Joints (21,) that the picture's sequence has."""
        return np.asarray(self.store.joint_valid[self.rows[item, 0]])

    def _camera(self, sequence: int, number: int) -> tuple[View, NDArray[np.float64]]:
        """A view and its intrinsics on the 480x270 plane."""
        key = (sequence, number)
        if key not in self._cameras:
            for index, view in enumerate(self.store.views(sequence)):
                self._cameras[sequence, index] = view, Letterbox.fit(view.size).intrinsics(view.intrinsics)
        return self._cameras[key]


def mirrored(joints: NDArray[np.float64]) -> NDArray[np.float64]:
    """Hands (2, 21, 3) as a mirror shows them: x reversed, and the left hand is a right one."""
    return np.asarray(joints[::-1] * (-1.0, 1.0, 1.0))


def in_picture(joints: NDArray[np.float64], intrinsics: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which hands (2, 21, 3), metres, are in front of a camera and in its picture of 480x270, at least by a third."""
    pixels = normal.project(joints, intrinsics)
    inside = ((pixels >= 0) & (pixels < (normal.WIDTH, normal.HEIGHT))).all(axis=-1)
    inside &= joints[..., 2] > normal.NEAREST_M
    return np.asarray(inside.mean(axis=-1) >= LEAST_INSIDE)
