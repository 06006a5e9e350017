# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node camera_publisher as a process, with a video for a camera."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from ghtt_core.bags.fields import time_ns
from ghtt_core.bags.images import decode_image

Start = Callable[..., Any]
FRAMES, WIDTH, HEIGHT = 20, 64, 48


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds that get brighter."""
    path = tmp_path_factory.mktemp("video") / "grey.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 10.0, (WIDTH, HEIGHT))
    for index in range(FRAMES):
        writer.write(np.full((HEIGHT, WIDTH, 3), 40 + 8 * index, np.uint8))
    writer.release()
    return path


class Viewer:
    """Subscribes to pictures and intrinsics."""

    def __init__(self, namespace: str) -> None:
        import rclpy
        from rclpy.context import Context
        from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
        from sensor_msgs.msg import CameraInfo, CompressedImage, Image

        import ghtt_ros  # noqa: F401  (provides rclpy)

        self.images: list[Any] = []
        self.packed: list[Any] = []
        self.infos: list[Any] = []
        self._context = Context()
        rclpy.init(args=[], context=self._context)
        self._node = rclpy.create_node("viewer", namespace=namespace, context=self._context)
        self._node.create_subscription(Image, "image", self.images.append, 50)
        self._node.create_subscription(CompressedImage, "image/compressed", self.packed.append, 50)
        self._node.create_subscription(CameraInfo, "camera_info", self.infos.append, 50)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)

        def spin() -> None:
            with suppress(ExternalShutdownException):
                self._executor.spin()

        self._thread = threading.Thread(target=spin, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._executor.shutdown()
        self._thread.join(30)
        self._node.destroy_node()
        self._context.try_shutdown()


@pytest.fixture
def viewer(request: pytest.FixtureRequest) -> Iterator[Viewer]:
    made = Viewer("/" + request.node.name.partition("[")[0])
    yield made
    made.close()


@pytest.fixture
def camera(request: pytest.FixtureRequest, command: Start) -> Start:
    """Function (name=value ...) -> the node in this test's namespace."""

    def start(**parameters: Any) -> Any:
        words = ["--ros-args", "-r", f"__ns:=/{request.node.name.partition('[')[0]}"]
        for name, value in parameters.items():
            words += ["-p", f"{name}:={value}"]
        return command("ghtt_ros.camera_publisher", *words)

    return start


def test_a_looping_video_is_published_with_present_stamps(viewer: Viewer, camera: Start, video: Path) -> None:
    node = camera(video=video, loop="true", frame_id="lens")
    node.eventually(lambda: len(viewer.images) > FRAMES and len(viewer.infos) > FRAMES, "more than one round")
    picture, info = viewer.images[-1], viewer.infos[-1]
    assert (picture.width, picture.height, picture.encoding, picture.header.frame_id) == (WIDTH, HEIGHT, "bgr8", "lens")
    stamps = [time_ns(image.header.stamp) for image in viewer.images]
    assert stamps == sorted(stamps)
    assert 30 < decode_image(picture).mean() < 220
    # Without a calibration the intrinsics say so, in the way of ROS drivers.
    assert (info.width, info.height, float(info.k[0])) == (WIDTH, HEIGHT, 0.0)
    node.send(signal.SIGINT)
    assert node.ended() == 0
    assert "Traceback" not in node.said


def test_the_node_ends_with_its_video(viewer: Viewer, camera: Start, video: Path, tmp_path: Path) -> None:
    calibration = tmp_path / "camera.yaml"
    calibration.write_text(f"{{fx: 100, fy: 101, cx: 64, cy: 48, width: {2 * WIDTH}, height: {2 * HEIGHT}}}")
    node = camera(video=video, camera_info=calibration)
    assert node.ended() == 0
    node.eventually(lambda: viewer.infos, "camera_info")
    assert float(viewer.infos[0].k[0]) == pytest.approx(50.0)
    assert "The video has ended." in node.said


def test_compressed_pictures(viewer: Viewer, camera: Start, video: Path) -> None:
    node = camera(video=video, loop="true", image_transport="compressed")
    node.eventually(lambda: viewer.packed, "a compressed picture")
    assert decode_image(viewer.packed[0]).shape == (HEIGHT, WIDTH, 3)
    assert not viewer.images


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"camera": 63}, "There is no camera 63"),
        ({"video": "/no/such/film.mp4"}, "There is no video /no/such/film.mp4."),
        ({"camera": -1}, "Parameter camera must be a whole number from 0 to 63"),
    ],
)
def test_what_cannot_be_opened_ends_the_node_with_one_sentence(
    camera: Start, parameters: dict[str, Any], said: str
) -> None:
    node = camera(**parameters)
    assert node.ended() == 2
    assert said in node.said
    assert "Traceback" not in node.said
