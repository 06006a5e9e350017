# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node camera_publisher: a webcam or a video file as ROS 2 topics, for machines without a camera driver.

Publishes `image` (or `image/compressed`) and `camera_info`, stamped when the picture was taken. A camera that stops
giving pictures is opened again until it is back.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from ghtt_core.bags.camera_info import fill_camera_info
from ghtt_core.bags.fields import put, put_header
from ghtt_core.cli.video_source import VideoSource, open_camera, open_video
from ghtt_core.errors import InputError
from ghtt_core.estimators.camera import PinholeCamera
from ghtt_ros.camera_publisher_settings import CameraPublisherSettings
from ghtt_ros.node_support.diagnostics import RateMeter, Report
from ghtt_ros.node_support.lifecycle import PipelineNode
from ghtt_ros.node_support.qos import advertise, image_profile
from ghtt_ros.node_support.spin import run_node

_REOPEN_S: Final = 1.0
_LAST_WORDS_S: Final = 0.5
"""Time for the last pictures to leave before the node ends with its video."""
_QUEUE: Final = 2


class CameraPublisherNode(PipelineNode[CameraPublisherSettings]):
    """Publishes the pictures of one camera or one video."""

    def __init__(self, **options: Any) -> None:
        """Make the node; `options` go to `LifecycleNode`."""
        self._source: VideoSource | None = None
        self._info: Any = None
        self._pictures: Any = None
        self._infos: Any = None
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()
        self._published = RateMeter()
        self._trouble = ""
        super().__init__("camera_publisher", CameraPublisherSettings, **options)

    def load(self) -> None:
        """Open the camera or the video, and the calibration.

        Raises:
            InputError: If one of them cannot be used.
        """
        settings = self.settings
        self._source = self._open()
        self._info = self._camera_info(self._source.width, self._source.height)
        compressed = settings.image_transport == "compressed"
        topic = self.resolve_topic_name("image") + ("/compressed" if compressed else "")
        kind = CompressedImage if compressed else Image
        # Reliable suits every subscriber; one that asks for best effort gets best effort.
        profile = image_profile("reliable", _QUEUE)
        self._pictures = advertise(self, kind, topic, profile, self.errors)
        self._infos = advertise(self, CameraInfo, "camera_info", profile, self.errors)

    def begin(self) -> None:
        """Start publishing."""
        self._ending.clear()
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()
        assert self._source is not None
        self.get_logger().info(
            f"Publishing {self._source.name} ({self._source.width}x{self._source.height}) on "
            f"{self._pictures.topic_name}."
        )

    def halt(self) -> None:
        """Stop publishing."""
        self._ending.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5.0)

    def unload(self) -> None:
        """Close the camera."""
        for publisher in (self._pictures, self._infos):
            if publisher is not None:
                self.destroy_publisher(publisher)
        # A driver that hangs keeps its camera; closing it under the thread would crash.
        if self._source is not None and not (self._thread is not None and self._thread.is_alive()):
            self._source.close()
        self._pictures = self._infos = self._source = None

    def report(self) -> Report:
        """Say how the pictures go out."""
        source = self._source
        values: dict[str, object] = {
            "source": source.name if source is not None else "none",
            "output fps": self._published.rate(),
            "published": self._published.count,
        }
        if self._trouble:
            return Report("ERROR", self._trouble, values)
        return Report("OK", "publishing", values)

    def _open(self) -> VideoSource:
        settings = self.settings
        return open_video(settings.video) if settings.video else open_camera(settings.camera)

    def _camera_info(self, width: int, height: int) -> Any:
        message = CameraInfo(width=width, height=height)
        if path := self.settings.camera_info:
            fill_camera_info(message, PinholeCamera.from_yaml(Path(path)).resized(width, height))
        return message

    def _run(self) -> None:
        """Thread: publish until told to end, over unplugged cameras and the ends of videos."""
        while not self._ending.is_set():
            try:
                if self._source is None:
                    self._source = self._open()
                    self._info = self._camera_info(self._source.width, self._source.height)
                self._publish_all(self._source)
                self._trouble = ""
                if self.settings.video and not self.settings.loop:
                    self.get_logger().info("The video has ended.")
                    self._ending.wait(_LAST_WORDS_S)
                    self.context.try_shutdown()
                    return
            except Exception as error:
                self._trouble = str(error) or type(error).__name__
                self.errors.error(error)
                self._ending.wait(_REOPEN_S)
            if not self._ending.is_set() and self._source is not None:
                self._source.close()
                self._source = None

    def _publish_all(self, source: VideoSource) -> None:
        """Publish every picture of a source, a video's at the speed it was taken."""
        began: float | None = None
        first_ns = 0
        for frame in source:
            if self._ending.is_set():
                return
            if not source.is_live:
                if began is None:
                    began, first_ns = time.monotonic(), frame.stamp_ns
                self._ending.wait(max(0.0, began + (frame.stamp_ns - first_ns) * 1e-9 - time.monotonic()))
                age_ns = 0
            else:
                age_ns = time.monotonic_ns() - frame.stamp_ns
            self._publish(frame.image_bgr, self.get_clock().now().nanoseconds - age_ns)
            self._trouble = ""

    def _publish(self, image: NDArray[np.uint8], stamp_ns: int) -> None:
        settings = self.settings
        if settings.image_transport == "compressed":
            done, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, settings.jpeg_quality])
            if not done:
                raise InputError("OpenCV cannot pack this picture as JPEG; set image_transport:=raw.")
            message = CompressedImage(format="bgr8; jpeg compressed bgr8")
            put(message, "data", packed)
        else:
            height, width = image.shape[:2]
            message = Image(height=height, width=width, encoding="bgr8", step=3 * width)
            put(message, "data", image)
        put_header(message.header, stamp_ns, settings.frame_id)
        put_header(self._info.header, stamp_ns, settings.frame_id)
        self._infos.publish(self._info)
        self._pictures.publish(message)
        self._published.tick()


def main(args: Sequence[str] | None = None) -> int:
    """Run the node; returns the exit code."""
    return run_node(CameraPublisherNode, args)


if __name__ == "__main__":
    sys.exit(main())
