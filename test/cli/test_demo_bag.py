# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The bundled bag is what its maker makes, small, and shows the hands it says are there."""

from __future__ import annotations

import itertools
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from ghtt_core.bags.convert import read_hand_frame
from ghtt_core.bags.images import decode_image
from ghtt_core.bags.messages import encode
from ghtt_core.bags.observations import read_hand_frames
from ghtt_core.bags.reader import BagReader
from ghtt_core.bags.topics import TRUE_HANDS
from ghtt_core.cli.bag_source import BagPictures
from ghtt_core.cli.demo_bag import CAMERA, IMAGES, OBSERVATIONS, demo_messages
from ghtt_core.cli.hand_renderer import HandRenderer
from ghtt_core.cli.picture_source import PictureSource
from ghtt_core.data.recordings import load_recording
from ghtt_core.errors import MissingDependencyError

BAG = Path(str(files("ghtt_core"))) / "assets" / "demo_bag"
LOOKED_AT = 180


@pytest.fixture(scope="module")
def bundled() -> BagReader:
    return BagReader(BAG)


def test_it_is_small_and_whole(bundled: BagReader) -> None:
    assert sum(file.stat().st_size for file in BAG.iterdir()) < 3_000_000
    assert {topic.name: topic.count for topic in bundled.topics} == {
        "/camera/camera_info": 360,
        "/camera/image_raw/compressed": 360,
        "/ghtt/ground_truth/action": 7,
        "/ghtt/ground_truth/hands": 360,
        "/ghtt/hand_observation": 360,
    }
    labels = [message.label for _, message in bundled.decoded(["/ghtt/ground_truth/action"])]
    assert labels == ["", "grab chips", "", "open chips", "", "take out chips", ""]


def test_its_maker_makes_it(bundled: BagReader, demo_recording: Path) -> None:
    made = list(
        demo_messages(
            load_recording(demo_recording),
            load_recording(demo_recording, "reference"),
            range(LOOKED_AT, LOOKED_AT + 1),
        )
    )
    stamp_ns = made[0].stamp_ns
    kept = {
        raw.topic: (raw, message)
        for raw, message in bundled.decoded([item.topic for item in made])
        if raw.log_ns == stamp_ns
    }
    for item in made:
        raw, message = kept[item.topic]
        if item.topic == IMAGES:
            # Encoders of pictures differ a little from build to build.
            difference = np.abs(decode_image(message).astype(int) - decode_image(item.message))
            assert difference.mean() < 1.5
        else:
            assert encode(item.message, raw.typename) == raw.data


def test_the_pictures_show_hands_where_the_truth_has_them(bundled: BagReader) -> None:
    picture, hands = None, None
    for raw, message in bundled.decoded([IMAGES, "/ghtt/ground_truth/hands"]):
        if raw.topic == IMAGES:
            picture = decode_image(message)
        else:
            hands = read_hand_frame(message)
        if picture is not None and hands is not None:
            break
    assert picture is not None
    assert hands is not None
    empty = HandRenderer(CAMERA).draw(hands.joints, np.zeros(2, bool))
    changed = np.abs(picture.astype(int) - empty).max(2) > 25
    pixels = CAMERA.project(hands.joints).round().astype(int).reshape(-1, 2)
    assert changed[pixels[:, 1], pixels[:, 0]].mean() > 0.95
    assert 0.02 < changed.mean() < 0.4
    assert bundled.topic(OBSERVATIONS).count == 360


def test_a_detector_finds_both_hands_in_the_pictures(bundled: BagReader) -> None:
    try:
        pictures = BagPictures(bundled, bundled.topic(IMAGES))
        source = PictureSource(pictures, "mediapipe", pictures.camera)
    except MissingDependencyError as error:
        pytest.skip(str(error))
    truth = {frame.stamp_ns: frame for frame in read_hand_frames(bundled, TRUE_HANDS)}
    right = []
    for observation in itertools.islice(source, 45):
        found, true = observation.frame, truth[observation.frame.stamp_ns]
        apart = np.linalg.norm(CAMERA.project(found.joints) - CAMERA.project(true.joints), axis=-1).mean(1)
        right.append((found.valid & (apart < 20)).all())
    source.close()
    # A new hand is not believed at once.
    assert np.mean(right[10:]) > 0.9
