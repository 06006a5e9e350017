# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The bundled bag: the recording of `ghtt demo` as a camera would have seen it, with what is true beside it.

Topics: the rendered pictures and their intrinsics; the recorded hand observations, with a detector's errors; the true
hands; the true action where it changes. Everything is in the frame of a camera that looks as the recording's does, from
far enough away to see the whole motion.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ghtt_core.bags.camera_info import fill_camera_info
from ghtt_core.bags.convert import fill_action, fill_hand_observation, fill_refined_hands
from ghtt_core.bags.fields import put, put_header
from ghtt_core.bags.messages import new_message
from ghtt_core.bags.topics import (
    ACTION_RECOGNITION,
    CAMERA_INFO,
    COMPRESSED_IMAGE,
    HAND_OBSERVATION,
    REFINED_HANDS,
    TRUE_ACTION,
    TRUE_HANDS,
    QosOffer,
)
from ghtt_core.bags.writer import BagWriter
from ghtt_core.cli.hand_renderer import HandRenderer
from ghtt_core.data.recordings import load_recording
from ghtt_core.data.sequence import HandSequence
from ghtt_core.estimators.camera import PinholeCamera
from ghtt_core.hands.frame import HandFrame
from ghtt_core.hands.layout import FRAME_RATE
from ghtt_core.streaming.status import Status
from ghtt_core.streaming.update import ActionEstimate

IMAGES: Final = "/camera/image_raw/compressed"
INTRINSICS: Final = "/camera/camera_info"
OBSERVATIONS: Final = "/ghtt/hand_observation"
FRAME_ID: Final = "camera_optical_frame"
FIRST_NS: Final = 1_700_000_000_000_000_000
CAMERA: Final = PinholeCamera(500.0, 500.0, 319.5, 239.5, 640, 480)
_MARGIN: Final = 0.9
_QUALITY: Final = 62
_SENSOR: Final = QosOffer(reliable=False, depth=5)


class DemoMessage(NamedTuple):
    """One message of the bag.

    Attributes:
        topic: Where it goes.
        stamp_ns: When.
        message: To be written.
    """

    topic: str
    stamp_ns: int
    message: Any


def write_demo_bag(path: Path, recording: Path) -> None:
    """Make the bag.

    Args:
        path: Folder of the bag; must not exist.
        recording: The recording of `ghtt demo`.

    Raises:
        OutputError: If it cannot be written.
    """
    bag = BagWriter(path, "mcap", compressed=True)
    bag.add_topic(IMAGES, COMPRESSED_IMAGE, _SENSOR)
    bag.add_topic(INTRINSICS, CAMERA_INFO, _SENSOR)
    bag.add_topic(OBSERVATIONS, HAND_OBSERVATION, QosOffer(depth=5))
    bag.add_topic(TRUE_HANDS, REFINED_HANDS)
    bag.add_topic(TRUE_ACTION, ACTION_RECOGNITION)
    observed, truth = load_recording(recording), load_recording(recording, "reference")
    for item in demo_messages(observed, truth):
        bag.write(item.topic, item.message, item.stamp_ns)
    bag.close()


def demo_messages(
    observed: HandSequence, truth: HandSequence, frames: range | None = None, *, pictures: bool = True
) -> Iterator[DemoMessage]:
    """Give the messages in order of time.

    Args:
        observed: What a detector saw.
        truth: The same motion without its errors, with the labelled actions.
        frames: Which frames; all by default.
        pictures: Whether to draw pictures.
    """
    placed = [_framed(sequence.joints, truth.joints) for sequence in (observed, truth)]
    everywhere = np.ones(2, np.bool_)
    labels = {segment.start: segment.label for segment in truth.segments}
    labels = {segment.end: "" for segment in truth.segments} | {0: ""} | labels
    renderer = HandRenderer(CAMERA)
    for index in frames if frames is not None else range(len(truth)):
        stamp_ns = FIRST_NS + round(index * 1e9 / FRAME_RATE)
        if index in labels:
            yield DemoMessage(TRUE_ACTION, stamp_ns, _action(labels[index], stamp_ns))
        info = new_message(CAMERA_INFO)
        put_header(info.header, stamp_ns, FRAME_ID)
        fill_camera_info(info, CAMERA)
        yield DemoMessage(INTRINSICS, stamp_ns, info)
        if pictures:
            yield DemoMessage(IMAGES, stamp_ns, _picture(renderer.draw(placed[1][index], everywhere), stamp_ns))
        seen = HandFrame(stamp_ns, placed[0][index], observed.valid[index], frame_id=FRAME_ID)
        observation = new_message(HAND_OBSERVATION)
        fill_hand_observation(observation, seen)
        yield DemoMessage(OBSERVATIONS, stamp_ns, observation)
        true = HandFrame(stamp_ns, placed[1][index], truth.valid[index] | everywhere, frame_id=FRAME_ID)
        hands = new_message(REFINED_HANDS)
        fill_refined_hands(hands, true, status=Status.OK, model_id="ground truth")
        yield DemoMessage(TRUE_HANDS, stamp_ns, hands)


def _framed(joints: NDArray[np.float32], motion: NDArray[np.float32]) -> NDArray[np.float32]:
    """Move joints into the frame of a camera that is far enough away to see the whole motion."""
    points = motion.reshape(-1, 3).astype(np.float64)
    middle = (points.min(0) + points.max(0)) / 2
    local = points - middle
    half = np.array([CAMERA.width, CAMERA.height]) / 2 * _MARGIN
    distance = (CAMERA.fx * np.abs(local[:, :2]) / half - local[:, 2:]).max()
    return np.asarray(joints - middle + [0.0, 0.0, distance], np.float32)


def _picture(image: NDArray[np.uint8], stamp_ns: int) -> Any:
    message = new_message(COMPRESSED_IMAGE)
    put_header(message.header, stamp_ns, FRAME_ID)
    message.format = "bgr8; jpeg compressed bgr8"
    put(message, "data", cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1])
    return message


def _action(label: str, stamp_ns: int) -> Any:
    message = new_message(ACTION_RECOGNITION)
    certain = np.ones(1, np.float32)
    action = ActionEstimate(stamp_ns, label, 0, ((label, 1.0),), certain, 0.0, stamp_ns) if label else None
    fill_action(message, action, stamp_ns=stamp_ns, frame_id=FRAME_ID, status=Status.OK, labels=(label,))
    message.model_id = "ground truth"
    return message
