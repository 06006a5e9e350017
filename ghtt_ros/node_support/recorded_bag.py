# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hand observations of a bag, to be given again when the same pictures are shown."""

from __future__ import annotations

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


@dataclass(frozen=True, eq=False)
class RecordedObservations:
    """Observations in order of their stamps; a `ghtt_core.estimators.recorded.Recording`.

    Attributes:
        joints: (T, 2, 21, 3) metres.
        valid: (T, 2) whether each hand was seen.
        confidence: (T, 2, 21), 0 to 1.
        stamps_ns: (T,) increasing nanoseconds.
        joint_valid: (21,) all true: what was not measured has confidence 0.
        frame_id: Of the first observation.
    """

    joints: NDArray[np.float32]
    valid: NDArray[np.bool_]
    confidence: NDArray[np.float32]
    stamps_ns: NDArray[np.int64]
    joint_valid: NDArray[np.bool_]
    frame_id: str


def read_observations(path: Path) -> RecordedObservations:
    """Read all hand observations of a bag.

    Args:
        path: A bag: a folder, or an .mcap or .db3 file.

    Raises:
        InputError: If it is no bag, has none, or has several topics of them none of which has the usual name.
    """
    reader = BagReader(path)
    topics = [topic.name for topic in reader.of_type(HAND_OBSERVATION)]
    if not topics:
        raise InputError(f"The bag {path} holds no hand observations; record the topic {_USUAL_TOPIC}.")
    if len(topics) > 1 and _USUAL_TOPIC not in topics:
        raise InputError(f"The bag {path} has several topics of hand observations: {', '.join(topics)}; keep one.")
    chosen = _USUAL_TOPIC if _USUAL_TOPIC in topics else topics[0]
    by_stamp: dict[int, HandFrame] = {}
    for _, message in reader.decoded([chosen]):
        frame = read_hand_frame(message)
        by_stamp[frame.stamp_ns] = frame
    frames = [by_stamp[stamp] for stamp in sorted(by_stamp)]
    return RecordedObservations(
        joints=np.stack([frame.joints for frame in frames]),
        valid=np.stack([frame.valid for frame in frames]),
        confidence=np.stack([frame.confidence for frame in frames]),
        stamps_ns=np.array(sorted(by_stamp), np.int64),
        joint_valid=np.ones(NUM_JOINTS, bool),
        frame_id=frames[0].frame_id,
    )
