# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of a bag as a video, with the camera that the bag describes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.bags.camera_info import camera_from_message
from ghtt_core.bags.fields import time_ns
from ghtt_core.bags.images import decode_image
from ghtt_core.bags.reader import BagReader
from ghtt_core.bags.topics import CAMERA_INFO, COMPRESSED_IMAGE, IMAGE, BagTopic
from ghtt_core.cli.hand_source import HandSource, RecordingSource
from ghtt_core.cli.picture_source import PictureSource
from ghtt_core.cli.video_source import VideoFrame
from ghtt_core.errors import InputError
from ghtt_core.estimators.camera import PinholeCamera
from ghtt_core.hands.layout import FRAME_RATE

_log = logging.getLogger(__name__)
_FASTEST_FPS: Final = 240.0
_TRIED: Final = 30
"""Damaged pictures at the start of a bag after which its pictures cannot be read at all."""


class BagPictures:
    """The pictures of one topic, stamped by their camera. Those that are damaged or not newer are left out."""

    is_live = False

    def __init__(self, bag: BagReader, topic: BagTopic) -> None:
        """Decode the first picture and find the intrinsics.

        Args:
            bag: An open bag.
            topic: Of Image or CompressedImage.

        Raises:
            InputError: If there is no picture that can be read, or the intrinsics are no camera's.
        """
        self.name = f"{topic.name} in {bag.path}"
        self._bag, self._topic = bag, topic
        self.frame_count: int | None = topic.count
        first = next(self._pictures(), None)
        if first is None:
            raise InputError(f"{self.name} has no picture.")
        _, image, self.frame_id = first
        self.height, self.width = image.shape[:2]
        seconds = (bag.end_ns - bag.start_ns) / 1e9
        rate = (topic.count - 1) / seconds if seconds > 0 else FRAME_RATE
        self.fps = float(np.clip(rate, 1.0, _FASTEST_FPS)) if topic.count > 1 else FRAME_RATE
        self.camera = self._find_camera()

    def __iter__(self) -> Iterator[VideoFrame]:
        """Give every picture once.

        Raises:
            InputError: If the size changes, or the bag is damaged; what was given before is good.
        """
        last_ns: int | None = None
        number = 0
        for stamp_ns, image, _ in self._pictures():
            if image.shape[:2] != (self.height, self.width):
                raise InputError(
                    f"{self.name} changes its size from {self.width}x{self.height} to {image.shape[1]}x"
                    f"{image.shape[0]} at picture {number}; cut the bag there."
                )
            if last_ns is None or stamp_ns > last_ns:
                last_ns = stamp_ns
                yield VideoFrame(number, stamp_ns, image)
                number += 1

    def close(self) -> None:
        """Nothing is held open between pictures."""

    def _pictures(self) -> Iterator[tuple[int, NDArray[np.uint8], str]]:
        """Stamp, picture (to be drawn on) and frame of all that can be decoded."""
        damaged = decoded = 0
        for raw, message in self._bag.decoded([self._topic.name]):
            try:
                image = decode_image(message)
            except InputError as error:
                damaged += 1
                if not decoded and damaged >= min(_TRIED, self._topic.count):
                    raise InputError(f"The pictures of {self.name} cannot be read. {error}") from error
                if damaged == 1:
                    _log.warning("%s: damaged pictures are left out. %s", self.name, error)
                continue
            decoded += 1
            # Some drivers leave the stamp empty.
            stamp_ns = time_ns(message.header.stamp) or raw.log_ns
            yield stamp_ns, image if image.flags.writeable else image.copy(), str(message.header.frame_id) or "camera"

    def _find_camera(self) -> PinholeCamera | None:
        """The first usable CameraInfo beside the pictures, or the only topic of them; None where there is none."""
        folder = self._topic.name.removesuffix("/compressed").rpartition("/")[0]
        topics = self._bag.of_type(CAMERA_INFO)
        beside = [topic for topic in topics if topic.name == f"{folder}/camera_info"]
        if not beside and len(topics) != 1:
            return None
        for _, message in self._bag.decoded([(beside or topics)[0].name]):
            camera = camera_from_message(message)
            if camera is not None:
                return camera
        return None


def choose_pictures(bag: BagReader, name: str | None) -> BagTopic | None:
    """Find the topic of pictures.

    Args:
        bag: An open bag.
        name: Which; by default the only one.

    Returns:
        The topic, or None if the bag has no pictures and none were asked for.

    Raises:
        InputError: If there is no such topic, or there are several.
    """
    if name is not None:
        return bag.topic(name, IMAGE, COMPRESSED_IMAGE)
    topics = [topic for topic in bag.of_type(IMAGE, COMPRESSED_IMAGE) if "depth" not in topic.name.lower()]
    if len(topics) > 1:
        names = ", ".join(topic.name for topic in topics)
        raise InputError(f"The bag {bag.path} has several topics of pictures; choose one with --image: {names}.")
    return topics[0] if topics else None


def open_bag_source(
    path: Path,
    image: str | None = None,
    estimator: str = "mediapipe",
    camera_info: Path | None = None,
    palm_size: float | None = None,
    image_model: Path | None = None,
) -> HandSource:
    """Open a bag as the input of a run: its pictures with an estimator, or the hand observations in it.

    Args:
        path: The bag.
        image: Topic of the pictures; by default the only one.
        estimator: What turns pictures into hands. With ``recorded``, and where there are no pictures, the hand
            observations of the bag are given again.
        camera_info: Intrinsics instead of those in the bag.
        palm_size: Metres, for the estimator.
        image_model: Checkpoint folder of the estimator resnet18.

    Raises:
        InputError: If the bag, the topic or an option cannot be used.
        MissingDependencyError: If the estimator misses a library or its model file.
    """
    from ghtt_core.bags.observations import read_observations
    from ghtt_core.estimators.recorded import RecordedPoses

    bag = BagReader(path)
    topic = choose_pictures(bag, image)
    if topic is None:
        if camera_info is not None:
            raise InputError(f"The bag {path} has no pictures for the intrinsics {camera_info}.")
        return RecordingSource(read_observations(bag))
    pictures = BagPictures(bag, topic)
    camera = PinholeCamera.from_yaml(camera_info) if camera_info is not None else pictures.camera
    if estimator == RecordedPoses.name:
        return PictureSource(pictures, RecordedPoses(read_observations(bag)), camera)
    return PictureSource(pictures, estimator, camera, palm_size, image_model)
