# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A camera, a listener and the node as a process of its own, over DDS on the loopback interface."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from waiting import DEADLINE_S, eventually, wait_for_status

import ghtt_ros  # noqa: F401  provides the modules below where ROS 2 is not installed

import rclpy  # isort: skip
from diagnostic_msgs.msg import DiagnosticArray  # isort: skip
from rcl_interfaces.srv import SetParameters  # isort: skip
from rclpy.context import Context  # isort: skip
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor  # isort: skip
from rclpy.qos import QoSProfile, ReliabilityPolicy  # isort: skip
from sensor_msgs.msg import CameraInfo, Image  # isort: skip

from ghtt_ros.msg import HandObservation  # isort: skip

START_NS = 1_000_000_000_000
"""Stamp of the first picture and of the recording's first frame."""
STEP_NS = 33_333_333
WIDTH, HEIGHT = 64, 48
FX = 50.0


class NodeProcess:
    """hand_estimator in a process of its own; its log is in a file."""

    def __init__(self, log: Path, *arguments: str) -> None:
        self._log = log
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ghtt_ros.hand_estimator", "--ros-args", *arguments],
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"},
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def said(self, *words: str, times: int = 1) -> None:
        """Wait for a line of the log that has all the words."""

        def found() -> bool:
            lines = [line for line in self.log.splitlines() if all(word in line for word in words)]
            return len(lines) >= times

        try:
            eventually(found, f"{words} in the log")
        except AssertionError as error:
            raise AssertionError(f"{error}:\n{self.log}") from None

    def count(self, *words: str) -> int:
        return sum(all(word in line for word in words) for line in self.log.splitlines())

    def wait(self) -> int:
        """Wait for the process to end by itself."""
        return self._process.wait(DEADLINE_S)

    def stop(self) -> int:
        """Press Ctrl-C and return the exit code."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise


def stamp_of(message: Any) -> int:
    """Nanoseconds of a message's header."""
    return int(message.header.stamp.sec) * 1_000_000_000 + int(message.header.stamp.nanosec)


def stamped(message: Any, stamp: int, frame_id: str = "lens") -> Any:
    """The message with this stamp and frame."""
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp, 1_000_000_000)
    message.header.frame_id = frame_id
    return message


def picture(stamp: int, encoding: str = "bgr8", width: int = WIDTH, height: int = HEIGHT) -> Any:
    """A grey sensor_msgs/Image."""
    pixel_bytes = {"bgr8": 3, "rgb8": 3, "mono8": 1, "bgra8": 4, "rgba8": 4, "yuv422": 2, "16UC1": 2, "32FC1": 4}
    step = width * pixel_bytes.get(encoding, 1)
    image = Image(height=height, width=width, encoding=encoding, is_bigendian=0, step=step)
    image.data = bytes([100]) * (step * height)
    return stamped(image, stamp)


def camera_info(width: int = WIDTH, height: int = HEIGHT, focal: float = FX) -> Any:
    """A sensor_msgs/CameraInfo of a camera without distortion; focal 0 for an uncalibrated one."""
    info = CameraInfo(height=height, width=width, distortion_model="plumb_bob")
    info.d = [0.0] * 5
    info.k = [focal, 0.0, width / 2, 0.0, focal, height / 2, 0.0, 0.0, 1.0 if focal else 0.0]
    info.p = [focal, 0.0, width / 2, 0.0, 0.0, focal, height / 2, 0.0, 0.0, 0.0, 1.0, 0.0]
    return stamped(info, START_NS)


class Bench:
    """The outside of the node: camera topics to publish on, and everything the node says."""

    picture = staticmethod(picture)
    camera_info = staticmethod(camera_info)
    stamped = staticmethod(stamped)
    stamp_of = staticmethod(stamp_of)
    eventually = staticmethod(eventually)

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self._context = Context()
        rclpy.init(args=[], context=self._context)
        self.node = rclpy.create_node("bench", namespace=namespace, context=self._context)
        self.observations: list[Any] = []
        self.statuses: list[Any] = []
        self._clients: dict[str, Any] = {}
        self.node.create_subscription(HandObservation, "ghtt/hand_observation", self.observations.append, 50)
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 50)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def _spin(self) -> None:
        with suppress(ExternalShutdownException):
            self._executor.spin()

    def _on_diagnostics(self, message: Any) -> None:
        name = f"{self.namespace.lstrip('/')}/hand_estimator"
        self.statuses.extend(status for status in message.status if status.name == name)

    def publisher(self, kind: Any, topic: str, reliable: bool = True, depth: int = 10) -> Any:
        policy = ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT
        return self.node.create_publisher(kind, topic, QoSProfile(depth=depth, reliability=policy))

    def matched(self, *publishers: Any) -> None:
        """Wait until the node listens to all of them."""
        for publisher in publishers:
            eventually(publisher.get_subscription_count, f"a subscriber of {publisher.topic_name}")

    def status(self, condition: Callable[[Any, dict[str, str]], Any]) -> tuple[Any, dict[str, str]]:
        """Wait for diagnostics that fulfil a condition on status and values, sent from now on."""
        return wait_for_status(self.statuses, condition)

    def seen(self, stamp: int) -> Any:
        """Wait for the observation of the picture with this stamp."""
        return eventually(
            lambda: next((found for found in self.observations if stamp_of(found) == stamp), None),
            f"an observation of the picture at {stamp}",
        )

    @staticmethod
    def stamp(frame: int) -> int:
        """Stamp of a picture at 30 frames per second; the recording has frames 0 to 89."""
        return START_NS + STEP_NS * frame

    def shown(self, images: Any, *frames: int, **kind: Any) -> Any:
        """Publish pictures one after the other, each after the observation of the one before; return the last one."""
        observation = None
        for frame in frames:
            images.publish(picture(self.stamp(frame), **kind))
            observation = self.seen(self.stamp(frame))
        return observation

    def cameras(self, **reliability: Any) -> tuple[Any, Any]:
        """Publishers of pictures and of their intrinsics, once the node listens to both."""
        images, infos = self.publisher(Image, "image", **reliability), self.publisher(CameraInfo, "camera_info")
        self.matched(images, infos)
        return images, infos

    def calibrated(self, infos: Any, info: Any = None) -> None:
        """Publish intrinsics until the node has them: it asks for them as best effort, so one alone may be lost."""
        self.until(infos, info or camera_info(), lambda _, values: values.get("camera", "").startswith("calibrated"))

    def until(self, publisher: Any, message: Any, condition: Callable[[Any, dict[str, str]], Any]) -> None:
        """Publish a message again and again until diagnostics fulfil a condition."""
        start = len(self.statuses)

        def answered() -> bool:
            publisher.publish(message)
            time.sleep(0.2)
            found = [(status, {item.key: item.value for item in status.values}) for status in self.statuses[start:]]
            return any(condition(status, values) for status, values in found)

        eventually(answered, "diagnostics as wanted")

    def call(self, kind: Any, name: str, **request: Any) -> Any:
        """Call a service of the node and return its answer."""
        service = f"{self.namespace}/hand_estimator/{name}"
        if service not in self._clients:
            self._clients[service] = self.node.create_client(kind, service)
        client = self._clients[service]
        eventually(client.service_is_ready, f"the service {name}")
        future = client.call_async(kind.Request(**request))
        eventually(future.done, f"an answer of the service {name}")
        return future.result()

    def set(self, parameter: Any) -> tuple[bool, str]:
        """Set a parameter over the wire, as `ros2 param set` does; whether it was, and if not why."""
        result = self.call(SetParameters, "set_parameters", parameters=[parameter.to_parameter_msg()]).results[0]
        return result.successful, result.reason

    def close(self) -> None:
        self._executor.shutdown()
        self._thread.join(DEADLINE_S)
        self.node.destroy_node()
        self._context.try_shutdown()


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ninety frames of the bundled recording, stamped from START_NS on; frame 10 has no hands."""
    path = tmp_path_factory.mktemp("recording") / "hands.npz"
    with np.load(Path(str(files("ghtt_core"))) / "assets" / "demo.npz") as arrays:
        valid = arrays["valid"][:90].copy()
        valid[10] = False
        stamps = START_NS + STEP_NS * np.arange(90, dtype=np.int64)
        np.savez(path, joints=arrays["joints"][:90], valid=valid, t=stamps / 1e9)
    return path


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """The outside of a node in a namespace of this test's own."""
    made = Bench("/t" + format(crc32(request.node.nodeid.encode()), "x"))
    yield made
    made.close()


@pytest.fixture
def start(bench: Bench, recording: Path, tmp_path: Path) -> Iterator[Callable[..., NodeProcess]]:
    """Function (name=value, ...) -> the node, with the recorded estimator unless told otherwise."""
    running: list[NodeProcess] = []

    def launch(*more: str, **parameters: Any) -> NodeProcess:
        # Reliable, so that a test may count on every single picture.
        usual = {"estimator": "recorded", "recording": str(recording), "image_reliability": "reliable"}
        parameters = {**usual, **parameters}
        arguments = ["-r", f"__ns:={bench.namespace}"]
        for name, value in parameters.items():
            arguments += ["-p", f"{name}:={value}"]
        running.append(NodeProcess(tmp_path / f"node{len(running)}.log", *arguments, *more))
        return running[-1]

    yield launch
    for node in running:
        node.stop()
    for node in running:
        assert "Traceback" not in node.log, node.log
