# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What cameras do: encodings, compressed pictures, depth, and every kind of camera_info."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest


def compressed(bench: Any, frame: int, data: bytes, format_name: str = "jpeg") -> Any:
    from sensor_msgs.msg import CompressedImage

    return bench.stamped(CompressedImage(format=format_name, data=data), bench.stamp(frame))


def encoded(extension: str) -> bytes:
    done, data = cv2.imencode(extension, np.full((48, 64, 3), 90, np.uint8))
    assert done
    return bytes(data)


def test_encoding_and_size_change_in_mid_stream(bench: Any, start: Callable[..., Any]) -> None:
    start()
    images, infos = bench.cameras()
    bench.calibrated(infos)
    for frame, encoding in enumerate(("bgr8", "rgb8", "mono8", "bgra8", "rgba8", "yuv422")):
        bench.shown(images, frame, encoding=encoding)
    bench.shown(images, 20, 21, width=128, height=96)
    _, values = bench.status(lambda _, values: values["picture"].startswith("128x96"))
    assert values["estimator resets"] == "1"


def test_pictures_that_cannot_be_read_are_named_and_skipped(bench: Any, start: Callable[..., Any]) -> None:
    node = start()
    images, infos = bench.cameras()
    bench.calibrated(infos)
    bench.shown(images, 0)
    short = bench.picture(bench.stamp(1))
    short.data = bytes(100)
    images.publish(short)
    node.said("needs 9216 bytes, but has 100")
    images.publish(bench.picture(bench.stamp(2), encoding="nonsense8"))
    node.said("nonsense8")
    bench.shown(images, 3)
    bench.status(lambda _, values: values["dropped, undecodable"] == "2")
    assert len(bench.observations) == 2


def test_compressed_pictures_and_malformed_ones(bench: Any, start: Callable[..., Any]) -> None:
    from sensor_msgs.msg import CameraInfo, CompressedImage

    start(image_transport="compressed")
    images = bench.publisher(CompressedImage, "image/compressed")
    infos = bench.publisher(CameraInfo, "camera_info")
    bench.matched(images, infos)
    bench.calibrated(infos)
    images.publish(compressed(bench, 0, encoded(".jpg")))
    bench.seen(bench.stamp(0))
    for frame, broken in enumerate((b"", b"\xff\xd8 not a picture", encoded(".jpg")[:60], encoded(".png")[:-20]), 1):
        images.publish(compressed(bench, frame, broken))
        bench.status(lambda _, values, count=frame: values["dropped, undecodable"] == str(count))
    images.publish(compressed(bench, 6, encoded(".png"), "png"))
    bench.seen(bench.stamp(6))


def test_five_unreadable_pictures_in_a_row_are_an_error(bench: Any, start: Callable[..., Any]) -> None:
    start(image_timeout=60.0)
    images, infos = bench.cameras()
    bench.calibrated(infos)
    for frame in range(6):
        images.publish(bench.picture(bench.stamp(frame), encoding="nonsense8"))
        bench.status(lambda _, values, frame=frame: int(values["dropped, undecodable"]) == frame + 1)
    status, _ = bench.status(lambda status, _: status.level == type(status).ERROR)
    assert "nonsense8" in status.message


def test_late_camera_info_is_waited_for_and_the_log_says_so(bench: Any, start: Callable[..., Any]) -> None:
    node = start()
    images, infos = bench.cameras()
    images.publish(bench.picture(bench.stamp(0)))
    node.said("Waiting for intrinsics", f"{bench.namespace}/camera_info", "camera_info_policy:=default")
    status, _ = bench.status(lambda status, _: "Waiting for intrinsics" in status.message)
    assert status.level == type(status).WARN
    assert not bench.observations
    bench.calibrated(infos)
    bench.shown(images, 1)


def test_without_camera_info_the_default_camera_is_used_with_a_warning(bench: Any, start: Callable[..., Any]) -> None:
    node = start(camera_info_policy="default", camera_info_timeout=0.2)
    images, infos = bench.cameras()

    def shown() -> bool:
        images.publish(bench.picture(bench.stamp(0) + len(sent) * 1_000_000))
        sent.append(1)
        return bool(bench.observations)

    sent: list[int] = []
    bench.eventually(shown, "an observation through the default camera")
    node.said("No camera intrinsics given")
    _, values = bench.status(lambda status, _: "only roughly right" in status.message)
    assert values["camera"].startswith("guessed")
    # Real ones come late, and replace it.
    bench.calibrated(infos)


def test_zero_camera_info_counts_as_none(bench: Any, start: Callable[..., Any]) -> None:
    node = start()
    images, infos = bench.cameras()
    images.publish(bench.picture(bench.stamp(0)))
    uncalibrated = bench.camera_info(focal=0.0)
    bench.until(infos, uncalibrated, lambda _, values: "holds zeros" in node.log)
    node.said("holds zeros", "camera_info_policy:=default")
    images.publish(bench.picture(bench.stamp(1)))
    bench.status(lambda status, _: "not calibrated" in status.message)
    assert not bench.observations


def test_camera_info_that_changes_is_followed_and_impossible_ones_are_refused(
    bench: Any, start: Callable[..., Any]
) -> None:
    node = start()
    images, infos = bench.cameras()
    bench.calibrated(infos)
    bench.shown(images, 0)
    bench.until(infos, bench.camera_info(focal=60.0), lambda _, values: "fx 60.0" in values["camera"])
    broken = bench.camera_info(focal=float("nan"))
    bench.until(infos, broken, lambda _, values: "Camera intrinsics must be finite" in values["last error"])
    bench.until(infos, bench.camera_info(width=300, height=100), lambda _, values: "300x100" in values["camera"])
    images.publish(bench.picture(bench.stamp(1)))
    node.said("calibrated for 300x100")
    bench.until(infos, bench.camera_info(), lambda _, values: "64x48" in values["camera"])
    bench.shown(images, 2)


@pytest.mark.parametrize("encoding", ["16UC1", "32FC1"])
def test_depth_is_paired_by_the_nearest_stamp(bench: Any, start: Callable[..., Any], encoding: str) -> None:
    from sensor_msgs.msg import Image

    node = start(use_depth="true", depth_tolerance=0.005)
    images, infos = bench.cameras()
    depths = bench.publisher(Image, "depth")
    bench.matched(depths)
    bench.calibrated(infos)
    for frame in range(3):
        images.publish(bench.picture(bench.stamp(frame)))
        depths.publish(bench.picture(bench.stamp(frame) + 2_000_000, encoding=encoding))
        bench.seen(bench.stamp(frame))
    _, values = bench.status(lambda _, values: values["published"] == "3")
    assert int(values["depth missing"]) <= 1  # the first picture does not know yet that there is any
    assert values["depth unusable"] == "0"
    depths.publish(bench.picture(bench.stamp(3), encoding=encoding, width=32, height=24))
    images.publish(bench.picture(bench.stamp(3)))
    bench.seen(bench.stamp(3))
    node.said("aligned with the picture")


def test_pictures_go_on_when_the_depth_stops(bench: Any, start: Callable[..., Any]) -> None:
    start(use_depth="true")
    images, infos = bench.cameras()
    bench.calibrated(infos)
    bench.shown(images, 0, 1, 2)
    bench.status(lambda _, values: values["depth missing"] == "3")
