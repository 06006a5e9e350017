# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Parameters of the node hand_estimator."""

from __future__ import annotations

from dataclasses import dataclass

from ghtt_core.errors import InputError
from ghtt_core.estimators.registry import estimator_names
from ghtt_ros.node_support.camera_info import POLICIES
from ghtt_ros.node_support.parameters import parameter
from ghtt_ros.node_support.qos import RELIABILITIES

TRANSPORTS = ("raw", "compressed")


@dataclass(frozen=True)
class HandEstimatorSettings:
    """What can be chosen; every field is a ROS parameter of the same name."""

    autostart: bool = parameter(
        True, "Configure and activate at start-up; false waits for a lifecycle manager.", changes="never"
    )
    estimator: str = parameter(
        "mediapipe", "What turns pictures into hands.", choices=estimator_names(), changes="configure"
    )
    recording: str = parameter(
        "",
        "For the estimator recorded: a recording (.npz), or a bag with hand observations; stamps must be those of the "
        "pictures.",
        changes="configure",
    )
    image_model: str = parameter(
        "",
        "For the estimator resnet18: folder of its checkpoint; empty: $GHTT_IMAGE_MODEL, else the one that ships.",
        changes="configure",
    )
    palm_size: float = parameter(
        0.0,
        "Metres from the wrist to the four finger knuckles, on average; sets the distance. 0: the estimator's guess.",
        minimum=0.0,
        maximum=0.2,
        changes="configure",
    )
    image_transport: str = parameter(
        "raw", "Kind of the pictures; compressed subscribes to <image>/compressed.", choices=TRANSPORTS,
        changes="configure",
    )  # fmt: skip
    image_reliability: str = parameter(
        "best_effort", "QoS asked of pictures; best_effort fits every camera.", choices=RELIABILITIES,
        changes="configure",
    )  # fmt: skip
    image_depth: int = parameter(
        1, "Pictures kept while the node is busy receiving.", minimum=1, maximum=5, changes="configure"
    )
    image_timeout: float = parameter(
        5.0, "Seconds without a picture before the log says so.", minimum=0.1, maximum=3600.0
    )
    use_depth: bool = parameter(False, "Take distances from the topic depth, aligned with image.", changes="configure")
    depth_tolerance: float = parameter(
        0.02, "Seconds that a depth picture's stamp may differ from the picture's.", minimum=0.0, maximum=1.0
    )
    rectified: bool = parameter(
        False, "Pictures are rectified: the projection matrix of camera_info counts, without distortion.",
        changes="configure",
    )  # fmt: skip
    camera_info_policy: str = parameter(
        "wait",
        "Without usable camera_info: wait for it, or go on with a default camera (distances only roughly right).",
        choices=POLICIES,
    )
    camera_info_timeout: float = parameter(
        2.0, "Seconds that camera_info_policy default waits for camera_info.", minimum=0.0, maximum=3600.0
    )
    camera_frame: str = parameter(
        "", "frame_id of the observations; empty: that of the pictures, or camera where they have none."
    )

    def __post_init__(self) -> None:
        """Refuse values that do not go together.

        Raises:
            InputError: If a palm is too small to be one.
        """
        if 0.0 < self.palm_size < 0.03:
            raise InputError(f"Parameter palm_size must be 0 or metres from 0.03 to 0.2, not {self.palm_size:g}.")
