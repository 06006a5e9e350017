# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the tests of the packaging share: the names of the topics, and what CMakeLists.txt says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PUBLISHED = {
    "hand_estimator": {"ghtt/hand_observation": "ghtt_ros/msg/HandObservation"},
    "motion_predictor": {
        "ghtt/refined_hands": "ghtt_ros/msg/RefinedHands",
        "ghtt/action": "ghtt_ros/msg/ActionRecognition",
        "ghtt/predicted_motion": "ghtt_ros/msg/PredictedMotion",
        "ghtt/motion_envelope": "ghtt_ros/msg/MotionEnvelope",
        "ghtt/skeleton_layout": "ghtt_ros/msg/SkeletonLayout",
    },
    "planner_bridge": {
        "ghtt/poses": "geometry_msgs/msg/PoseArray",
        "ghtt/points": "sensor_msgs/msg/PointCloud2",
        "ghtt/trajectory": "trajectory_msgs/msg/MultiDOFJointTrajectory",
        "ghtt/markers": "visualization_msgs/msg/MarkerArray",
    },
}
"""Topic and type of everything the nodes publish below their namespace; other people's planners depend on it."""

INPUTS = {
    "image": "sensor_msgs/msg/Image",
    "camera_info": "sensor_msgs/msg/CameraInfo",
    "depth": "sensor_msgs/msg/Image",
}


@pytest.fixture(scope="session")
def root() -> Path:
    """The source tree."""
    return ROOT


@pytest.fixture(scope="session")
def topics() -> dict[str, dict[str, str]]:
    """Node to topic to type."""
    return PUBLISHED


@pytest.fixture(scope="session")
def topic_types() -> dict[str, str]:
    """Absolute topic to type: all topics without a namespace."""
    flat = {f"/{topic}": kind for outputs in PUBLISHED.values() for topic, kind in outputs.items()}
    own = {f"/{topic}": kind for topic, kind in INPUTS.items()}
    return flat | own | {"/diagnostics": "diagnostic_msgs/msg/DiagnosticArray"}


@pytest.fixture(scope="session")
def cmake_text() -> str:
    """CMakeLists.txt without its comments."""
    return re.sub(r"#[^!\n]*\n", "\n", (ROOT / "CMakeLists.txt").read_text())


@pytest.fixture(scope="session")
def cmake_shared_files(cmake_text: str) -> set[str]:
    """Files, as paths below the source tree, that CMakeLists.txt puts into share/ghtt_ros."""
    files = {"package.xml"}  # by ament_package()
    interfaces = re.search(r"rosidl_generate_interfaces\((.*?)\)", cmake_text, re.DOTALL)
    assert interfaces
    files.update(re.findall(r'"(msg/\w+\.msg)"', interfaces[1]))
    for kind, names in re.findall(r"install\(\s*(DIRECTORY|FILES)\s+([^$()]*?)\s+DESTINATION share/", cmake_text):
        for name in names.split():
            if kind == "FILES":
                files.add(name)
                continue
            found = [path for path in (ROOT / name).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
            assert found, f"{name}/ is installed by CMakeLists.txt and holds nothing"
            files.update(str(path.relative_to(ROOT)) for path in found)
    return files


@pytest.fixture(scope="session")
def cmake_executables(cmake_text: str) -> dict[str, str]:
    """Executable to module."""
    block = re.search(r"set\(executables(.*?)\)", cmake_text, re.DOTALL)
    assert block
    return dict(line.split("=") for line in block[1].split())
