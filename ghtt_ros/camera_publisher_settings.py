# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Parameters of the node camera_publisher."""

from __future__ import annotations

from dataclasses import dataclass

from ghtt_ros.node_support.parameters import parameter

TRANSPORTS = ("raw", "compressed")


@dataclass(frozen=True)
class CameraPublisherSettings:
    """What can be chosen; every field is a ROS parameter of the same name."""

    autostart: bool = parameter(
        True, "Configure and activate at start-up; false waits for a lifecycle manager.", changes="never"
    )
    camera: int = parameter(
        0, "Number of the camera; 0 is the first.", minimum=0, maximum=63, changes="configure"
    )  # fmt: skip
    video: str = parameter("", "Video file to publish at its own speed instead of a camera.", changes="configure")
    loop: bool = parameter(
        False, "Start the video again at its end; without, the node ends with it.", changes="configure"
    )
    camera_info: str = parameter(
        "", "Calibration (YAML, as camera_calibration writes it); without one camera_info holds zeros.",
        changes="configure",
    )  # fmt: skip
    frame_id: str = parameter("camera", "frame_id of pictures and camera_info.", changes="configure")
    image_transport: str = parameter(
        "raw", "Kind of the pictures; compressed publishes JPEG on <image>/compressed.", choices=TRANSPORTS,
        changes="configure",
    )  # fmt: skip
    jpeg_quality: int = parameter(90, "Of compressed pictures.", minimum=1, maximum=100)
