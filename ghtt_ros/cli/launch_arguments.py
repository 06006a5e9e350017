# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The arguments of launch/pipeline.launch.py, which `ghtt launch` takes in the same form: ``name:=value``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ghtt_core.errors import InputError


@dataclass(frozen=True)
class LaunchArgument:
    """One argument.

    Attributes:
        name: What stands before ``:=``.
        default: Value where none is given.
        choices: Allowed values; None: any text.
        description: One sentence.
    """

    name: str
    default: str
    choices: tuple[str, ...] | None
    description: str


_TRUTH: Final = ("true", "false")
ARGUMENTS: Final = (
    LaunchArgument(
        "namespace", "", None, "Namespace of nodes and topics, one for each camera or person, such as left_camera."
    ),
    LaunchArgument("image_topic", "image", None, "Pictures; without a leading slash below the namespace."),
    LaunchArgument("camera_info_topic", "camera_info", None, "Intrinsics of the camera."),
    LaunchArgument("depth_topic", "", None, "Depth pictures aligned with image_topic; empty: none are used."),
    LaunchArgument(
        "image_transport", "", ("", "raw", "compressed"), "compressed subscribes to <image_topic>/compressed."
    ),
    LaunchArgument("estimator", "", ("", "mediapipe", "resnet18", "recorded"), "What turns pictures into hands."),
    LaunchArgument("model", "", None, "Folder of a checkpoint; empty: as in params_file, there the one that ships."),
    LaunchArgument("device", "", ("", "auto", "cpu", "cuda"), "Where the networks run."),
    LaunchArgument(
        "params_file", "", None, "Parameters of all nodes (YAML); empty: config/pipeline.yaml of this package."
    ),
    LaunchArgument(
        "output_frame", "", None, "Fixed frame of the results, reached through TF; empty: the camera's own."
    ),
    LaunchArgument("planner_bridge", "true", _TRUTH, "Whether to publish poses, points, trajectories and markers too."),
    LaunchArgument(
        "use_sim_time", "false", _TRUTH, "Take the time from /clock, for replayed recordings and simulators."
    ),
    LaunchArgument("log_level", "info", ("debug", "info", "warn", "error", "fatal"), "What the nodes log."),
)
_NAMESPACE: Final = re.compile(r"(/?[A-Za-z_][A-Za-z0-9_]*)(/[A-Za-z_][A-Za-z0-9_]*)*/?|/?")


def read_arguments(words: Iterable[str]) -> dict[str, str]:
    """Read ``name:=value`` words; the last of a name counts.

    Args:
        words: From the command line.

    Returns:
        A value for every argument.

    Raises:
        InputError: If a word is not of that form, an argument is unknown or a value is not one of its choices.
    """
    known = {argument.name: argument for argument in ARGUMENTS}
    values = {argument.name: argument.default for argument in ARGUMENTS}
    for word in words:
        name, sign, value = word.partition(":=")
        if not sign:
            raise InputError(f"{word!r} is not of the form name:=value; `ghtt launch --show-args` lists the arguments.")
        if name not in known:
            raise InputError(f"There is no argument {name!r}; choose from {', '.join(known)}.")
        choices = known[name].choices
        # As `ros2 launch` does, truth values may be written in any case.
        value = value.lower() if choices is _TRUTH else value
        if choices is not None and value not in choices:
            listed = ", ".join(choice or "nothing" for choice in choices)
            raise InputError(f"{name} cannot be {value!r}; it can be {listed}.")
        values[name] = value
    if not _NAMESPACE.fullmatch(values["namespace"]):
        raise InputError(
            f"The namespace {values['namespace']!r} cannot be used; take letters, digits and _, and / between parts."
        )
    values["namespace"] = values["namespace"].strip("/")
    return values


def describe_arguments() -> str:
    """Return a list of all arguments for people."""
    lines = []
    for argument in ARGUMENTS:
        choices = "" if argument.choices is None else " (" + ", ".join(filter(None, argument.choices)) + ")"
        lines.append(f"  {argument.name}:={argument.default or chr(39) * 2}{choices}\n      {argument.description}")
    return "\n".join(lines)
