# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A recording through the whole pipeline: `ros2 bag play --clock` and the nodes on its time.

    ros2 launch ghtt_ros replay.launch.py bag:=recording image_topic:=/camera/image_raw

Takes the arguments of pipeline.launch.py as well; use_sim_time is always true here. Ends when the recording does.
Results that were recorded along are not played, because they would mix with those made now.
"""

from __future__ import annotations

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    IncludeLaunchDescription,
    OpaqueFunction,
    RegisterEventHandler,
)
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration

ARGUMENTS = (
    ("bag", None, None, "The recording: a folder, or an .mcap or .db3 file."),
    ("rate", "1.0", None, "Speed of the replay; 1.0 is real time."),
    ("start_delay", "5.0", None, "Seconds before the first message, while the nodes load their models."),
    ("loop", "false", ("true", "false"), "Start again at the end."),
    ("topics", "", None, "Topics to play, separated by spaces; empty: the inputs of the pipeline, /tf and /tf_static."),
)
"""Name, default (None: must be given), choices (None: any text) and description."""


def inputs(context: LaunchContext) -> list[str]:
    """Return what the pipeline subscribes to, as absolute topics."""

    def given(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    image = given("image_topic") + ("/compressed" if given("image_transport") == "compressed" else "")
    namespace = given("namespace").strip("/")
    below = f"/{namespace}/" if namespace else "/"
    topics = [topic for topic in (image, given("camera_info_topic"), given("depth_topic")) if topic]
    return [topic if topic.startswith("/") else below + topic for topic in topics] + ["/tf", "/tf_static"]


def playback(context: LaunchContext) -> list[ExecuteProcess | RegisterEventHandler]:
    """Make the player from the arguments as they are when the launch starts."""
    given = {name: LaunchConfiguration(name).perform(context) for name, *_ in ARGUMENTS}
    command = ["ros2", "bag", "play", given["bag"], "--clock", "100"]
    command += ["--rate", given["rate"], "--delay", given["start_delay"]]
    if given["loop"] == "true":
        command.append("--loop")
    command += ["--topics", *(given["topics"].split() or inputs(context))]
    player = ExecuteProcess(cmd=command, output="screen")
    ending = OnProcessExit(target_action=player, on_exit=[EmitEvent(event=Shutdown(reason="the recording has ended"))])
    return [player, RegisterEventHandler(ending)]


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments, include the pipeline on simulated time, and play."""
    pipeline = Path(get_package_share_directory("ghtt_ros")) / "launch" / "pipeline.launch.py"
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description, choices=choices)
        for name, default, choices, description in ARGUMENTS
    ]
    return LaunchDescription(
        [
            *declared,
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(str(pipeline)), launch_arguments={"use_sim_time": "true"}.items()
            ),
            OpaqueFunction(function=playback),
        ]
    )
