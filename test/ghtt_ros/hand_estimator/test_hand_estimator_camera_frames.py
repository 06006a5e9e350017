# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Frames of real cameras through the MediaPipe estimator node."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from ghtt_core.errors import GhttError
from ghtt_core.estimators.camera import PinholeCamera
from ghtt_core.estimators.mediapipe_hands import MediaPipeHands
from ghtt_core.hands.frame import HandFrame

VIDEOS = Path(__file__).parents[4] / "shared" / "data" / "video"
WIDTH, HEIGHT = 640, 360
FOCAL = 0.85 * WIDTH
FRAMES = 40


@pytest.fixture(scope="module")
def mediapipe_is_here() -> None:
    try:
        MediaPipeHands().close()
    except GhttError as error:
        pytest.skip(str(error))


def frames_of(name: str, first: int) -> list[Any]:
    path = VIDEOS / name
    if not path.is_file():
        pytest.skip(f"{name} is not on this machine (shared development data)")
    with av.open(str(path)) as container:
        frames = itertools.islice(container.decode(video=0), first, first + FRAMES)
        return [frame.to_ndarray(format="bgr24", width=WIDTH, height=HEIGHT) for frame in frames]


def directly(pictures: list[Any], stamps: list[int]) -> list[HandFrame]:
    """What the estimator says without any node."""
    camera = PinholeCamera(FOCAL, FOCAL, WIDTH / 2, HEIGHT / 2, WIDTH, HEIGHT)
    with closing(MediaPipeHands()) as estimator:
        return [estimator.estimate(image, camera, stamp) for image, stamp in zip(pictures, stamps, strict=True)]


@pytest.mark.usefixtures("mediapipe_is_here")
@pytest.mark.parametrize(("name", "first"), [("two_hands_cups.mp4", 72), ("one_hand.mp4", 0)])
def test_camera_frames_give_what_the_estimator_says_of_them(
    bench: Any, start: Callable[..., Any], name: str, first: int
) -> None:
    from rclpy.parameter import Parameter

    pictures = frames_of(name, first)
    start(estimator="mediapipe")
    images, infos = bench.cameras()
    bench.calibrated(infos, bench.camera_info(width=WIDTH, height=HEIGHT, focal=FOCAL))
    for frame, pixels in enumerate(pictures):
        message = bench.picture(bench.stamp(frame), width=WIDTH, height=HEIGHT)
        message.data = pixels.tobytes()
        images.publish(message)
        if frame == FRAMES // 2:
            # Parameters are answered while the worker looks for hands.
            assert bench.set(Parameter("camera_frame", value="wall"))[0]
        bench.seen(bench.stamp(frame))
    seen = np.array([list(found.valid) for found in bench.observations])
    joints = np.array([found.joints for found in bench.observations]).reshape(-1, 2, 21, 3)
    expected = directly(pictures, [bench.stamp(frame) for frame in range(FRAMES)])
    assert seen.any(axis=1).mean() >= 0.8
    np.testing.assert_array_equal(seen, [frame.valid for frame in expected])
    np.testing.assert_allclose(joints, [frame.joints for frame in expected], atol=1e-6)
    distances = joints[seen][..., 2]
    assert 0.1 < distances.min() < distances.max() < 3.0
    assert [found.header.frame_id for found in bench.observations][-1] == "wall"
    _, values = bench.status(lambda _, values: values["published"] == str(FRAMES))
    assert float(values["estimate p50 ms"]) > 0
