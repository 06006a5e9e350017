# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ghtt_core.bags.convert import fill_hand_observation
from ghtt_core.bags.messages import new_message
from ghtt_core.bags.topics import HAND_OBSERVATION, IMAGE
from ghtt_core.bags.writer import BagWriter
from ghtt_core.errors import InputError
from ghtt_core.estimators.camera import PinholeCamera
from ghtt_core.hands.frame import HandFrame
from ghtt_ros.node_support.estimator_choice import open_estimator

STEP_NS = 33_000_000
PICTURE = np.zeros((4, 4, 3), np.uint8)
CAMERA = PinholeCamera(5.0, 5.0, 2.0, 2.0, 4, 4)


def frame(number: int) -> HandFrame:
    joints = np.full((2, 21, 3), 0.1 * (1 + number), np.float32)
    joints[1] = 0
    confidence = np.full((2, 21), 0.25 * number, np.float32)
    return HandFrame(number * STEP_NS, joints, np.array([True, False]), confidence)


def write_bag(path: Path, *topics: str) -> Path:
    bag = BagWriter(path)
    for topic in topics:
        bag.add_topic(topic, HAND_OBSERVATION)
        for number in (2, 0, 1, 1):
            message = new_message(HAND_OBSERVATION)
            fill_hand_observation(message, frame(number))
            bag.write(topic, message, 7 + number)
    bag.close()
    return path


@pytest.mark.parametrize("topics", [("/hands",), ("/other/hands", "/ghtt/hand_observation")])
def test_a_picture_gets_the_observation_of_its_stamp(tmp_path: Path, topics: tuple[str, ...]) -> None:
    estimator = open_estimator("recorded", recording=str(write_bag(tmp_path / "bag", *topics)))
    for number in (2, 0, 1):
        found = estimator.estimate(PICTURE, CAMERA, number * STEP_NS)
        np.testing.assert_array_equal(found.joints, frame(number).joints)
        np.testing.assert_array_equal(found.confidence[0], frame(number).confidence[0])
        assert list(found.valid) == [True, False]
    assert not estimator.estimate(PICTURE, CAMERA, 5 * STEP_NS).valid.any()


def test_a_bag_without_observations_and_one_with_too_many_are_named(tmp_path: Path) -> None:
    bag = BagWriter(tmp_path / "pictures")
    bag.add_topic("/image", IMAGE)
    bag.write("/image", new_message(IMAGE), 1)
    bag.close()
    with pytest.raises(InputError, match="holds no hand observations"):
        open_estimator("recorded", recording=str(tmp_path / "pictures"))
    with pytest.raises(InputError, match="several topics of hand observations: /a, /b"):
        open_estimator("recorded", recording=str(write_bag(tmp_path / "two", "/a", "/b")))


def test_no_recording_is_named() -> None:
    with pytest.raises(InputError, match="parameter recording"):
        open_estimator("recorded")
