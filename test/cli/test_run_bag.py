# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`ghtt run --bag`, and the bag that every run leaves."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from ghtt_core.bags.camera_info import fill_camera_info
from ghtt_core.bags.convert import fill_hand_observation, read_hand_frame
from ghtt_core.bags.fields import put, put_header
from ghtt_core.bags.messages import new_message
from ghtt_core.bags.reader import BagReader
from ghtt_core.bags.topics import CAMERA_INFO, COMPRESSED_IMAGE, HAND_OBSERVATION, IMAGE
from ghtt_core.bags.writer import BagWriter
from ghtt_core.cli.bag_source import BagPictures
from ghtt_core.cli.demo_bag import CAMERA, FRAME_ID, demo_messages
from ghtt_core.cli.main import main
from ghtt_core.data.recordings import load_recording
from ghtt_core.streaming.forecast import Forecast

START_NS = 1_700_000_000_000_000_000


def camera_bag(
    path: Path, *, kinds: tuple[str, ...] = (IMAGE,), frames: int = 6, size: tuple[int, int] = (48, 64)
) -> Path:
    """Pictures that say their number by their brightness, with intrinsics; stamps are 40 ms apart."""
    bag = BagWriter(path)
    for number, kind in enumerate(kinds):
        bag.add_topic(f"/camera{number}/image" + ("/compressed" if kind == COMPRESSED_IMAGE else ""), kind)
        bag.add_topic(f"/camera{number}/camera_info", CAMERA_INFO)
    for index in range(frames):
        stamp_ns = START_NS + index * 40_000_000
        for number, kind in enumerate(kinds):
            info = new_message(CAMERA_INFO)
            if index:  # the first says that the camera is not calibrated yet
                fill_camera_info(info, CAMERA.resized(size[1], size[0]))
            bag.write(f"/camera{number}/camera_info", info, stamp_ns)
            picture = new_message(kind)
            put_header(picture.header, stamp_ns, "front_optical")
            pixels = np.full((*size, 3), 20 * index, np.uint8)
            if kind == COMPRESSED_IMAGE:
                picture.format = "png"
                put(picture, "data", cv2.imencode(".png", pixels)[1][: None if index != 2 else -20])
                topic = f"/camera{number}/image/compressed"
            else:
                picture.height, picture.width, picture.step, picture.encoding = *size, size[1] * 3, "rgb8"
                put(picture, "data", pixels)
                topic = f"/camera{number}/image"
            bag.write(topic, picture, stamp_ns + 5_000_000)
    bag.close()
    return path


def test_pictures_come_with_their_own_stamps_and_intrinsics(tmp_path: Path) -> None:
    bag = BagReader(camera_bag(tmp_path / "bag"))
    pictures = BagPictures(bag, bag.topic("/camera0/image"))
    assert (pictures.width, pictures.height, pictures.frame_id, pictures.frame_count) == (64, 48, "front_optical", 6)
    assert pictures.camera == CAMERA.resized(64, 48)
    assert pictures.fps == pytest.approx(25, rel=0.05)
    shown = list(pictures)
    assert [frame.stamp_ns for frame in shown] == [START_NS + index * 40_000_000 for index in range(6)]
    assert [int(frame.image_bgr[0, 0, 0]) for frame in shown] == [0, 20, 40, 60, 80, 100]
    shown[0].image_bgr[:] = 7  # pictures are drawn on


def test_a_damaged_picture_costs_itself_only(tmp_path: Path) -> None:
    bag = BagReader(camera_bag(tmp_path / "bag", kinds=(COMPRESSED_IMAGE,)))
    shown = list(BagPictures(bag, bag.topic("/camera0/image/compressed")))
    assert [int(frame.image_bgr[0, 0, 0]) for frame in shown] == [0, 20, 60, 80, 100]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "choose one with --image: /camera0/image, /camera1/image"),
        (["--image", "/camera7/image"], "it has /camera0/image, /camera1/image"),
        (["--image", "/camera0/camera_info"], "is a sensor_msgs/msg/CameraInfo"),
        (["--image", "/camera0/image", "--estimator", "recorded"], "holds no hand observations"),
        (["--image", "/camera0/image", "--estimator", "crystal_ball"], "no hand estimator"),
    ],
)
def test_what_cannot_be_looked_at_is_said(
    words: list[str], sentence: str, tmp_path: Path, random_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bag = camera_bag(tmp_path / "bag", kinds=(IMAGE, IMAGE))
    base = ["run", "--bag", str(bag), "--model", str(random_checkpoint), "--out", str(tmp_path / "out")]
    assert main([*base, *words]) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_image_needs_a_bag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--video", "x.mp4", "--image", "/image", "--out", str(tmp_path)]) == 2
    assert "--bag" in capsys.readouterr().err


@pytest.fixture(scope="module")
def demo_part(tmp_path_factory: pytest.TempPathFactory, demo_recording: Path) -> Path:
    """Forty frames of the bundled bag's observations, and a picture of each."""
    path = tmp_path_factory.mktemp("demo") / "part"
    bag = BagWriter(path)
    bag.add_topic("/ghtt/hand_observation", HAND_OBSERVATION)
    bag.add_topic("/camera/image_raw", IMAGE)
    poses, truth = load_recording(demo_recording), load_recording(demo_recording, "reference")
    for item in demo_messages(poses, truth, range(40), pictures=False):
        if item.topic == "/ghtt/hand_observation":
            bag.write(item.topic, item.message, item.stamp_ns)
            picture = new_message(IMAGE)
            put_header(picture.header, item.stamp_ns, FRAME_ID)
            picture.height, picture.width, picture.step, picture.encoding = 240, 320, 320, "mono8"
            put(picture, "data", np.full((240, 320), 90, np.uint8))
            bag.write("/camera/image_raw", picture, item.stamp_ns)
    bag.close()
    return path


def test_a_run_on_a_bag_leaves_a_bag_that_says_the_same_as_its_arrays(
    tmp_path: Path, demo_part: Path, random_checkpoint: Path
) -> None:
    out = tmp_path / "out"
    words = ["--bag", str(demo_part), "--estimator", "recorded", "--samples", "3", "--forecast", "both"]
    assert main(["run", *words, "--model", str(random_checkpoint), "--out", str(out)]) == 0
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["frames"], summary["estimator"]) == (40, "recorded")
    bag = BagReader(out / "motion.mcap")
    motion = np.load(out / "motion.npz")
    assert str(motion["frame"]) == FRAME_ID
    counts = {topic.name: topic.count for topic in bag.topics}
    assert counts["/ghtt/skeleton_layout"] == 1
    assert counts["/ghtt/hand_observation"] == 40
    assert counts["/ghtt/refined_hands"] == len(motion["joints"])
    assert counts["/ghtt/action"] == len(motion["action_stamps_ns"])
    assert counts["/ghtt/predicted_motion"] == counts["/ghtt/predicted_motion/pose"] == len(motion["p_b_stamps_ns"]) > 0
    assert counts["/ghtt/motion_envelope"] == counts["/ghtt/predicted_motion"]
    refined = [read_hand_frame(message) for _, message in bag.decoded(["/ghtt/refined_hands"])]
    np.testing.assert_array_equal([frame.stamp_ns for frame in refined], motion["stamps_ns"])
    np.testing.assert_array_equal(np.stack([frame.joints for frame in refined]), motion["joints"])
    for index, (raw, message) in enumerate(bag.decoded(["/ghtt/predicted_motion"])):
        forecast = Forecast.from_message(message)
        assert raw.log_ns == forecast.t0_ns == motion["p_b_stamps_ns"][index]
        assert (message.method, message.sample_count, forecast.frame_id) == ("action", 0, FRAME_ID)
    ranking = [message.label for _, message in bag.decoded(["/ghtt/action"])]
    assert ranking == [str(motion["action_labels"][row.argmax()]) for row in motion["action_probabilities"]]


def test_a_bag_without_pictures_is_replayed(tmp_path: Path, random_checkpoint: Path, demo_recording: Path) -> None:
    bag = BagWriter(tmp_path / "bag", "sqlite3")
    bag.add_topic("/left/ghtt/hand_observation", HAND_OBSERVATION)
    from ghtt_core.estimators.recorded import RecordedPoses

    for index, frame in enumerate(RecordedPoses(load_recording(demo_recording))):
        if index < 20:
            message = new_message(HAND_OBSERVATION)
            fill_hand_observation(message, frame)
            bag.write("/left/ghtt/hand_observation", message, frame.stamp_ns)
    bag.close()
    words = ["--bag", str(tmp_path / "bag"), "--samples", "2", "--no-overlay"]
    assert main(["run", *words, "--model", str(random_checkpoint), "--out", str(tmp_path / "out")]) == 0
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["frames"] == 20
