# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The whole pipeline for one camera: hand_estimator, motion_predictor and, if wanted, planner_bridge.

    ros2 launch ghtt_ros pipeline.launch.py image_topic:=/camera/image_raw camera_info_topic:=/camera/camera_info

One more camera is one more launch with a namespace of its own. Arguments left empty keep what params_file says.
A node that dies is started again; one that cannot start as it is configured says why and ends the launch.
"""

from __future__ import annotations

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, RegisterEventHandler, Shutdown
from launch.conditions import IfCondition
from launch.event_handlers import OnProcessExit
from launch.events.process import ProcessExited
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

BAD_CONFIGURATION = 2
"""Exit code of a node that would fail the same way if it were started again."""

ARGUMENTS = (
    ("namespace", "", None, "Namespace of nodes and topics, one for each camera or person, such as left_camera."),
    ("image_topic", "image", None, "Pictures; without a leading slash below the namespace."),
    ("camera_info_topic", "camera_info", None, "Intrinsics of the camera."),
    ("depth_topic", "", None, "Depth pictures aligned with image_topic; empty: none are used."),
    ("image_transport", "", ("", "raw", "compressed"), "compressed subscribes to <image_topic>/compressed."),
    ("estimator", "", ("", "mediapipe", "resnet18", "recorded"), "What turns pictures into hands."),
    ("model", "", None, "Folder of a checkpoint; empty: as in params_file, there the one that ships."),
    ("device", "", ("", "auto", "cpu", "cuda"), "Where the networks run."),
    ("params_file", "", None, "Parameters of all nodes (YAML); empty: config/pipeline.yaml of this package."),
    ("output_frame", "", None, "Fixed frame of the results, reached through TF; empty: the camera's own."),
    ("planner_bridge", "true", ("true", "false"), "Whether to publish poses, points, trajectories and markers too."),
    ("use_sim_time", "false", ("true", "false"), "Take the time from /clock, for replayed recordings and simulators."),
    ("log_level", "info", ("debug", "info", "warn", "error", "fatal"), "What the nodes log."),
)
"""Name, default, choices (None: any text) and description."""


def nodes(context: LaunchContext) -> list[Node]:
    """Make the nodes from the arguments as they are when the launch starts."""
    given = {name: LaunchConfiguration(name).perform(context) for name, *_ in ARGUMENTS}
    shared = {"use_sim_time": given["use_sim_time"] == "true"}

    def chosen(*names: str) -> dict[str, ParameterValue]:
        # Without the type, a folder called 2026 would become a number.
        return {name: ParameterValue(given[name], value_type=str) for name in names if given[name]}

    params_file = given["params_file"] or str(
        Path(get_package_share_directory("ghtt_ros")) / "config" / "pipeline.yaml"
    )
    depth = {"use_depth": True} if given["depth_topic"] else {}
    common = {
        "package": "ghtt_ros",
        "namespace": given["namespace"],
        "output": "screen",
        "respawn": True,
        "respawn_delay": 0.3,
        "ros_arguments": ["--log-level", given["log_level"]],
    }
    return [
        Node(
            executable="hand_estimator",
            name="hand_estimator",
            parameters=[params_file, shared | depth | chosen("estimator", "image_transport")],
            remappings=[
                ("image", given["image_topic"]),
                ("camera_info", given["camera_info_topic"]),
                ("depth", given["depth_topic"] or "depth"),
            ],
            **common,
        ),
        Node(
            executable="motion_predictor",
            name="motion_predictor",
            parameters=[params_file, shared | chosen("model", "device", "output_frame")],
            **common,
        ),
        Node(
            executable="planner_bridge",
            name="planner_bridge",
            parameters=[params_file, shared],
            condition=IfCondition(given["planner_bridge"]),
            **common,
        ),
    ]


def end_when_misconfigured(event: ProcessExited, context: LaunchContext) -> Shutdown | None:
    """End the launch instead of starting a node again and again that cannot start."""
    if event.returncode != BAD_CONFIGURATION:
        return None
    return Shutdown(reason=f"{event.process_name} cannot start as it is configured; its log says why")


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments and start the nodes; they configure and activate themselves (parameter autostart)."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description, choices=choices)
        for name, default, choices, description in ARGUMENTS
    ]
    watch = RegisterEventHandler(OnProcessExit(on_exit=end_when_misconfigured))
    return LaunchDescription([*declared, watch, OpaqueFunction(function=nodes)])
