# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import ctypes
import importlib
import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from ghtt_core.errors import GhttError, InputError, MissingDependencyError
from ghtt_core.estimators.camera import PinholeCamera
from ghtt_core.estimators.mediapipe_hands import MediaPipeHands, MediaPipeOptions
from ghtt_core.estimators.mediapipe_runtime import load_mediapipe, quiet_native_logs
from ghtt_core.estimators.model_files import MEDIAPIPE_HANDS, cached_path
from ghtt_core.hands.frame import HandFrame
from ghtt_core.hands.layout import LEFT, PALM_JOINTS, RIGHT

VIDEOS = Path(__file__).parents[3] / "shared" / "data" / "video"
FRAME_NS = 33_333_333


@pytest.fixture(scope="module")
def estimator() -> Iterator[MediaPipeHands]:
    try:
        cached_path(MEDIAPIPE_HANDS)
        made = MediaPipeHands()
    except GhttError as error:
        pytest.skip(str(error))
    yield made
    made.close()


def pictures(name: str, start: int = 0, stop: int | None = None) -> list[Any]:
    path = VIDEOS / name
    if not path.is_file():
        pytest.skip(f"{name} is not on this machine (shared development data)")
    with av.open(str(path)) as container:
        frames = itertools.islice(container.decode(video=0), start, stop)
        return [frame.to_ndarray(format="bgr24") for frame in frames]


def watch(estimator: MediaPipeHands, images: list[Any], camera: PinholeCamera) -> list[HandFrame]:
    estimator.reset()
    return [estimator.estimate(image, camera, i * FRAME_NS) for i, image in enumerate(images)]


def test_one_right_hand_is_never_a_left_one(estimator: MediaPipeHands, camera: PinholeCamera) -> None:
    frames = watch(estimator, pictures("one_hand.mp4", stop=75), camera)
    valid = np.array([frame.valid for frame in frames])
    assert not valid[:, LEFT].any()
    assert valid[:, RIGHT].mean() >= 0.9
    seen = np.array([frame.joints[RIGHT] for frame in frames if frame.valid[RIGHT]])
    assert (np.abs(np.diff(seen[:, 0, 2])) < 0.05).all()
    assert 0.3 < np.median(seen[:, 0, 2]) < 1.2


def test_hands_behind_cups_keep_their_sides(estimator: MediaPipeHands, camera: PinholeCamera) -> None:
    # In most of these frames both hands get the same label; frame 70 shows the right one plainly.
    frames = watch(estimator, pictures("two_hands_cups.mp4", 70, 145), camera)
    valid = np.array([frame.valid for frame in frames])
    assert valid.any(axis=1).mean() >= 0.85
    assert valid.all(axis=1).mean() >= 0.5
    for frame in frames:
        if frame.valid.all():
            left, right = camera.project(frame.joints)[:, PALM_JOINTS].mean(axis=1)[:, 0]
            assert right < left  # the person faces the camera and does not cross the arms here


def test_equal_frames_give_equal_bits(estimator: MediaPipeHands, camera: PinholeCamera) -> None:
    images = pictures("two_hands_cups.mp4", 70, 82)
    first, second = (watch(estimator, images, camera) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.joints, other.joints)
        np.testing.assert_array_equal(one.confidence, other.confidence)


def test_a_stamp_that_goes_back_starts_over(estimator: MediaPipeHands, camera: PinholeCamera) -> None:
    images = pictures("one_hand.mp4", stop=4)
    first = watch(estimator, images, camera)
    again = [estimator.estimate(image, camera, i * FRAME_NS) for i, image in enumerate(images)]
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.joints, other.joints)
    repeated = estimator.estimate(images[-1], camera, 3 * FRAME_NS)
    assert repeated.valid[RIGHT]
    assert repeated.stamp_ns == 3 * FRAME_NS


def test_an_empty_picture_has_no_hands(estimator: MediaPipeHands, camera: PinholeCamera) -> None:
    estimator.reset()
    frame = estimator.estimate(np.zeros((720, 1280, 3), np.uint8), camera, 0)
    assert not frame.valid.any()
    assert not frame.joints.any()
    assert frame.object_feature is None


def test_unusable_pictures_are_refused(estimator: MediaPipeHands, camera: PinholeCamera) -> None:
    with pytest.raises(InputError, match="uint8 BGR"):
        estimator.estimate(np.zeros((720, 1280), np.uint8), camera, 0)
    with pytest.raises(InputError, match="aspect ratio"):
        estimator.estimate(np.zeros((720, 720, 3), np.uint8), camera, 0)
    with pytest.raises(InputError, match="aligned"):
        estimator.estimate(np.zeros((720, 1280, 3), np.uint8), camera, 0, np.zeros((360, 640)))


def test_nothing_is_written_to_the_terminal(
    estimator: MediaPipeHands, camera: PinholeCamera, capfd: pytest.CaptureFixture[str]
) -> None:
    images = pictures("one_hand.mp4", stop=3)
    capfd.readouterr()
    watch(estimator, images, camera)
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")


def test_only_known_chatter_is_held_back(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet_native_logs():
        os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\nW0000 00:00 1 x.cc:1] y\nout of disk\n")
    assert capfd.readouterr().err == "out of disk\n"


def test_a_missing_system_library_is_one_sentence_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", absent)
    with pytest.raises(MissingDependencyError, match=r"libEGL.so.1 and libGLESv2.so.2.*apt install libegl1 libgles2"):
        load_mediapipe()


def test_a_missing_package_is_one_sentence_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr("ghtt_core.estimators.mediapipe_runtime.missing_system_libraries", lambda: ())
    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(MissingDependencyError, match=r"pip install --no-deps -r requirements/mediapipe.txt"):
        load_mediapipe()


def test_a_missing_model_file_names_the_command_that_fetches_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ghtt_core.estimators.mediapipe_hands.load_mediapipe", lambda: (None, None))
    monkeypatch.setenv("GHTT_CACHE", str(tmp_path))
    with pytest.raises(MissingDependencyError, match="ghtt models fetch"):
        MediaPipeHands()
    with pytest.raises(MissingDependencyError, match=r"no hand model.*ghtt models fetch"):
        MediaPipeHands(MediaPipeOptions(model=tmp_path / "none.task"))


def test_a_file_that_is_no_model_is_refused(estimator: MediaPipeHands, tmp_path: Path) -> None:
    (tmp_path / "text.task").write_text("not a model")
    with pytest.raises(InputError, match="cannot use the hand model"):
        MediaPipeHands(MediaPipeOptions(model=tmp_path / "text.task"))
