# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A camera before `ghtt launch` and a planner behind it, for tests that break things in between."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np

from ghtt_core.bags.fields import put, put_header, time_ns
from ghtt_ros.embedded.register import provide_ros

provide_ros()

RATE_HZ: Final = 30.0
MINUTES: Final = 15
WIDTH, HEIGHT = 64, 48


def live_recording(path: Path) -> Path:
    """Write a recording that begins now and repeats the bundled one, forwards and backwards, for some minutes."""
    with np.load(Path(str(files("ghtt_core"))) / "assets" / "demo.npz") as arrays:
        joints, valid = arrays["joints"], arrays["valid"]
    frames = round(MINUTES * 60 * RATE_HZ)
    there_and_back = np.concatenate([np.arange(len(joints)), np.arange(len(joints))[::-1]])
    index = np.resize(there_and_back, frames)
    np.savez(path, joints=joints[index], valid=valid[index], t=time.time() + np.arange(frames) / RATE_HZ)
    return path


def parameter_file(folder: Path) -> Path:
    """Write parameters with which the pipeline sees the recorded hands."""
    recording = live_recording(folder / "live.npz")
    file = folder / "parameters.yaml"
    file.write_text(
        "/**/hand_estimator:\n"
        "  ros__parameters:\n"
        f"    {{estimator: recorded, recording: '{recording}',\n"
        "     camera_info_policy: default, camera_info_timeout: 0.0}\n"
        "/**/motion_predictor:\n"
        "  ros__parameters:\n"
        "    {threads: 1}\n"
    )
    return file


class Outside:
    """Publishes pictures taken now, and keeps the stamps of everything that comes out."""

    def __init__(self, namespace: str) -> None:
        import rclpy
        from rclpy.context import Context
        from rclpy.executors import MultiThreadedExecutor
        from sensor_msgs.msg import Image

        import ghtt_ros  # noqa: F401  (provides rclpy)
        from ghtt_ros.cli.pipeline_topics import OUTPUTS, message_type

        self._context = Context()
        rclpy.init(args=[], context=self._context)
        self.node = rclpy.create_node("outside", namespace=namespace, context=self._context)
        self.stamps: dict[str, list[int]] = defaultdict(list)
        self.statuses: list[int] = []
        self._picture = Image(width=WIDTH, height=HEIGHT, encoding="mono8", step=WIDTH)
        put(self._picture, "data", np.full(WIDTH * HEIGHT, 90, np.uint8))
        self._pictures = self.node.create_publisher(Image, "image", 1)
        for topic in OUTPUTS:
            if not topic.latched:
                self._listen(message_type(topic.kind), topic.name)
        self._ending = threading.Event()
        self._executor = MultiThreadedExecutor(num_threads=2, context=self._context)
        self._executor.add_node(self.node)
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._spin, self._film)]
        for thread in self._threads:
            thread.start()

    def newest(self, topic: str) -> int:
        """Stamp of the last message with content, 0 before the first."""
        return self.stamps[topic][-1] if self.stamps[topic] else 0

    def close(self) -> None:
        self._ending.set()
        self._executor.shutdown()
        for thread in self._threads:
            thread.join(30)
        self.node.destroy_node()
        self._context.try_shutdown()

    def _listen(self, kind: Any, topic: str) -> None:
        def take(message: Any) -> None:
            if topic == "ghtt/predicted_motion":
                self.statuses.append(int(message.status))
            nobody = hasattr(message, "valid") and not any(message.valid)
            if nobody or getattr(message, "step_count", 1) == 0 or getattr(message, "poses", True) == []:
                return  # says that there is nothing, about a time that has been told already
            headers = [message.header] if hasattr(message, "header") else [item.header for item in message.markers]
            if headers:
                self.stamps[topic].append(time_ns(headers[0].stamp))

        self.node.create_subscription(kind, topic, take, 10)

    def _film(self) -> None:
        while not self._ending.wait(1 / RATE_HZ):
            put_header(self._picture.header, time.time_ns(), "lens")
            self._pictures.publish(self._picture)

    def _spin(self) -> None:
        from rclpy.executors import ExternalShutdownException

        with suppress(ExternalShutdownException):
            self._executor.spin()
