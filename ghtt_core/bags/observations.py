# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hands of a bag in order of their stamps, to be evaluated, or given again when the same pictures are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.bags.convert import read_hand_frame
from ghtt_core.bags.reader import BagReader
from ghtt_core.bags.topics import HAND_OBSERVATION
from ghtt_core.errors import InputError
from ghtt_core.hands.frame import HandFrame
from ghtt_core.hands.layout import NUM_JOINTS

_USUAL_TOPIC: Final = "/ghtt/hand_observation"
_MOST_FRAMES: Final = 2_000_000
"""18 hours at 30 frames per second; more is a mistake or an attack on memory."""


@dataclass(frozen=True, eq=False)
class RecordedObservations:
    """Observations in order of their stamps; a `ghtt_core.estimators.recorded.Recording`.

    Attributes:
        joints: (T, 2, 21, 3) metres.
        valid: (T, 2) whether each hand was seen.
        confidence: (T, 2, 21), 0 to 1.
        stamps_ns: (T,) increasing nanoseconds.
        joint_valid: (21,); False: measured in no frame.
        frame_id: Of the first observation.
    """

    joints: NDArray[np.float32]
    valid: NDArray[np.bool_]
    confidence: NDArray[np.float32]
    stamps_ns: NDArray[np.int64]
    joint_valid: NDArray[np.bool_]
    frame_id: str

    def __len__(self) -> int:
        """Number of observations."""
        return len(self.stamps_ns)


def read_observations(bag: BagReader | Path, topic: str | None = None) -> RecordedObservations:
    """Read all hand observations of a bag.

    Args:
        bag: The bag, or where it is.
        topic: Which; by default the usual one, or the only one.

    Raises:
        InputError: If it is no bag, has none, or has several topics of them none of which has the usual name.
    """
    reader = bag if isinstance(bag, BagReader) else BagReader(bag)
    return stack_frames(read_hand_frames(reader, choose_observations(reader, topic)))


def choose_observations(bag: BagReader, topic: str | None = None) -> str:
    """Name the topic of a bag's hand observations.

    Raises:
        InputError: If there is none, or none that is meant for sure.
    """
    if topic is not None:
        return bag.topic(topic, HAND_OBSERVATION).name
    topics = [found.name for found in bag.of_type(HAND_OBSERVATION)]
    if not topics:
        raise InputError(f"The bag {bag.path} holds no hand observations; record the topic {_USUAL_TOPIC}.")
    if len(topics) > 1 and _USUAL_TOPIC not in topics:
        raise InputError(f"The bag {bag.path} has several topics of hand observations: {', '.join(topics)}; keep one.")
    return _USUAL_TOPIC if _USUAL_TOPIC in topics else topics[0]


def read_hand_frames(bag: BagReader, topic: str) -> list[HandFrame]:
    """Read the hands of a topic of HandObservation or RefinedHands, in order of their stamps, each stamp once.

    Raises:
        InputError: If a message is damaged or there are too many.
    """
    by_stamp: dict[int, HandFrame] = {}
    for _, message in bag.decoded([topic]):
        frame = read_hand_frame(message)
        by_stamp[frame.stamp_ns] = frame
        if len(by_stamp) > _MOST_FRAMES:
            raise InputError(f"{topic} in {bag.path} has more than {_MOST_FRAMES} messages; cut the bag into pieces.")
    return [by_stamp[stamp] for stamp in sorted(by_stamp)]


def stack_frames(frames: Sequence[HandFrame]) -> RecordedObservations:
    """Put frames into arrays.

    Raises:
        InputError: If there are none.
    """
    if not frames:
        raise InputError("There is no observation to read.")
    valid = np.stack([frame.valid for frame in frames])
    confidence = np.stack([frame.confidence for frame in frames])
    measured: NDArray[np.bool_] = np.ones(NUM_JOINTS, bool)
    if valid.any():
        measured = np.asarray((confidence[valid] > 0).any(0), bool)
    return RecordedObservations(
        joints=np.stack([frame.joints for frame in frames]),
        valid=valid,
        confidence=confidence,
        stamps_ns=np.array([frame.stamp_ns for frame in frames], np.int64),
        joint_valid=measured,
        frame_id=frames[0].frame_id,
    )
