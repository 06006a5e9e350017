# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Run an estimator over the pictures of a store and keep what it says."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.pictures.images import ImageReader
from ghtt_core.data.store.observations import Maker, Seen
from ghtt_core.data.views import NO_PICTURE, View
from ghtt_core.errors import InputError
from ghtt_core.estimators.base import HandEstimator
from ghtt_core.estimators.camera import PinholeCamera
from ghtt_core.hands.layout import FRAME_RATE, NUM_HANDS, NUM_JOINTS

_AHEAD: Final = 8
"""Pictures that are decoded while the estimator looks at an earlier one."""


def maker_of(estimator: HandEstimator) -> Maker:
    """Who an estimator is; its weights count where it has a checkpoint."""
    card = getattr(estimator, "card", None)
    if card is None:
        return Maker(estimator.name)
    return Maker(estimator.name, card.model_id, card.sha256, card.text_encoder)


def camera_of(view: View) -> PinholeCamera:
    """The pinhole camera of a view.

    Raises:
        InputError: If its pixels are skewed, which no estimator allows for.
    """
    matrix = view.intrinsics
    if abs(matrix[0, 1]) > 1e-3 * matrix[0, 0]:
        raise InputError(f"The view {view.name} has skewed pixels ({matrix[0, 1]:g}), which estimators cannot take.")
    return PinholeCamera(matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2], *view.size)


def observe_sequence(
    reader: ImageReader,
    sequence: int,
    view_name: str,
    estimator: HandEstimator,
    image_features: bool = False,
    advance: Callable[[int], None] = lambda frames: None,
) -> Seen:
    """Show all pictures of a sequence to an estimator, in their order.

    Args:
        reader: Of the store.
        sequence: Number of the sequence.
        view_name: Which view; a sequence without it was not seen.
        estimator: It is reset first.
        image_features: Whether to keep features of the whole picture; the estimator must have them (`observe`).
        advance: Told how many frames are done.

    Raises:
        InputError: If a picture cannot be read, or the estimator has no features of pictures.
    """
    store = reader.store
    length = int(store.ends[sequence] - store.starts[sequence])
    joints = np.zeros((length, NUM_HANDS, NUM_JOINTS, 3), np.float32)
    valid, seen = np.zeros((length, NUM_HANDS), bool), np.zeros(length, bool)
    features: dict[str, NDArray[np.float16] | None] = {"object_feature": None, "image_feature": None}
    if view_name not in store.view_names(sequence):
        advance(length)
        return Seen(joints, valid, seen)
    camera = camera_of(reader.view(sequence, view_name))
    observe = getattr(estimator, "observe", None)
    if image_features and observe is None:
        raise InputError(f"The estimator {estimator.name} has no features of pictures; leave --image-features out.")
    estimator.reset()
    for number, picture in _pictures(reader, sequence, view_name, length):
        advance(1)
        if picture is None:
            continue
        stamp_ns, about_picture = round(number * 1e9 / FRAME_RATE), None
        if image_features and observe is not None:
            frame, about_picture = observe(picture, camera, stamp_ns)
        else:
            frame = estimator.estimate(picture, camera, stamp_ns)
        seen[number], valid[number] = True, frame.valid
        joints[number] = np.where(frame.valid[:, None, None], frame.joints, np.float32(0))
        for name, value in (("object_feature", frame.object_feature), ("image_feature", about_picture)):
            if value is not None:
                table = features[name]
                if table is None:
                    table = features[name] = np.zeros((length, len(value)), np.float16)
                table[number] = value
    return Seen(joints, valid, seen, **features)


def _pictures(
    reader: ImageReader, sequence: int, view_name: str, length: int
) -> Iterator[tuple[int, NDArray[np.uint8] | None]]:
    """Every frame's number with its picture, None where there is none; decoded ahead by a thread."""
    images = reader.view(sequence, view_name).images

    def read(frame: int) -> NDArray[np.uint8] | None:
        if images is None or images.number(frame) == NO_PICTURE:
            return None
        return reader.read(sequence, view_name, frame)

    with ThreadPoolExecutor(1) as pool:
        coming: deque[tuple[int, Future[NDArray[np.uint8] | None]]] = deque()
        try:
            for frame in range(length):
                coming.append((frame, pool.submit(read, frame)))
                if len(coming) > _AHEAD:
                    number, future = coming.popleft()
                    yield number, future.result()
            while coming:
                number, future = coming.popleft()
                yield number, future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
