# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The topics of the pipeline: what the live table shows and what the demo expects to arrive."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True)
class PipelineTopic:
    """One topic.

    Attributes:
        name: Relative to the namespace, or absolute.
        kind: Type of its messages, such as ``ghtt_ros/msg/HandObservation``.
        node: Who publishes it.
        latched: Whether subscribers that come late get the last message.
    """

    name: str
    kind: str
    node: str
    latched: bool = False


CAMERA: Final = "camera"
OUTPUTS: Final = (
    PipelineTopic("ghtt/hand_observation", "ghtt_ros/msg/HandObservation", "hand_estimator"),
    PipelineTopic("ghtt/refined_hands", "ghtt_ros/msg/RefinedHands", "motion_predictor"),
    PipelineTopic("ghtt/action", "ghtt_ros/msg/ActionRecognition", "motion_predictor"),
    PipelineTopic("ghtt/predicted_motion", "ghtt_ros/msg/PredictedMotion", "motion_predictor"),
    PipelineTopic("ghtt/motion_envelope", "ghtt_ros/msg/MotionEnvelope", "motion_predictor"),
    PipelineTopic("ghtt/skeleton_layout", "ghtt_ros/msg/SkeletonLayout", "motion_predictor", latched=True),
    PipelineTopic("ghtt/poses", "geometry_msgs/msg/PoseArray", "planner_bridge"),
    PipelineTopic("ghtt/points", "sensor_msgs/msg/PointCloud2", "planner_bridge"),
    PipelineTopic("ghtt/trajectory", "trajectory_msgs/msg/MultiDOFJointTrajectory", "planner_bridge"),
    PipelineTopic("ghtt/markers", "visualization_msgs/msg/MarkerArray", "planner_bridge"),
)
DIAGNOSTICS: Final = PipelineTopic("/diagnostics", "diagnostic_msgs/msg/DiagnosticArray", "all nodes")


def inputs(transport: str) -> tuple[PipelineTopic, PipelineTopic]:
    """Return what the pipeline reads, with pictures ``raw`` or ``compressed``."""
    kind = "sensor_msgs/msg/CompressedImage" if transport == "compressed" else "sensor_msgs/msg/Image"
    return PipelineTopic("image", kind, CAMERA), PipelineTopic("camera_info", "sensor_msgs/msg/CameraInfo", CAMERA)


def message_type(kind: str) -> type[Any]:
    """Return the class of messages of a type, such as ``sensor_msgs/msg/Image``.

    Raises:
        KeyError: If there is no such class here.
    """
    try:
        package, middle, name = kind.split("/")
        found: type[Any] = getattr(importlib.import_module(f"{package}.{middle}"), name)
    except (ValueError, ImportError, AttributeError) as error:
        if kind.count("/") == 2 and stand_in():
            # The store of types has more packages than nodes can import.
            from ghtt_ros.embedded.messages import message_class

            return message_class(kind)
        raise KeyError(kind) from error
    return found


def stand_in() -> bool:
    """Whether `rclpy` is the one of ghtt_ros.embedded."""
    from rclpy.node import Node

    return str(Node.__module__).startswith("ghtt_ros.embedded")
