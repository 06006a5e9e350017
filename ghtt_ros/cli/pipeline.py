# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Which processes make up the pipeline, and their command lines: what launch/pipeline.launch.py says, without `launch`.

The same arguments give the same nodes, names, remappings and parameters, in the same order of precedence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ghtt_core.errors import InputError
from ghtt_core.resources import find_resource
from ghtt_ros.cli.processes import ProcessSpec

MONITOR: Final = "monitor"
_STANDBYS: Final = {
    "motion_predictor": ("ghtt_core.models.checkpoint", "ghtt_core.streaming.predictor"),
    "planner_bridge": ("ghtt_ros.bridge_markers",),
}
"""Nodes with a second process that stands by, and what it imports besides the node: PyTorch takes seconds, and planners
should not have to wait for it after a crash."""

Parameters = Mapping[str, bool | int | float | str]


def pipeline(
    values: Mapping[str, str], extra: Mapping[str, Parameters] | None = None, *, standby: bool = True
) -> list[ProcessSpec]:
    """Return the nodes of the pipeline for one camera.

    Args:
        values: All launch arguments, from `read_arguments`.
        extra: Further parameters by name of the node, before those that the arguments set.
        standby: Whether the nodes that planners listen to have second processes that stand by.

    Raises:
        InputError: If the parameter file is not there.
    """
    params_file = _params_file(values["params_file"])
    shared: Parameters = {"use_sim_time": values["use_sim_time"] == "true"}
    extra = extra or {}

    def chosen(*names: str) -> Parameters:
        return {name: values[name] for name in names if values[name]}

    depth: Parameters = {"use_depth": True} if values["depth_topic"] else {}
    remappings = {
        "image": values["image_topic"],
        "camera_info": values["camera_info_topic"],
        "depth": values["depth_topic"] or "depth",
    }
    nodes: list[tuple[str, Parameters, Mapping[str, str]]] = [
        ("hand_estimator", {**depth, **chosen("estimator", "image_transport")}, remappings),
        ("motion_predictor", chosen("model", "device", "output_frame"), {}),
    ]
    if values["planner_bridge"] == "true":
        nodes.append(("planner_bridge", {}, {}))
    return [
        ProcessSpec(
            name=name,
            module=f"ghtt_ros.{name}",
            arguments=ros_arguments(
                values,
                name,
                {**shared, **extra.get(name, {}), **parameters},
                remaps,
                params_file=params_file,
            ),
            preload=_STANDBYS.get(name, ()) if standby else (),
        )
        for name, parameters, remaps in nodes
    ]


def monitor(values: Mapping[str, str], *, inputs: bool = False) -> ProcessSpec:
    """Return the process that watches the topics.

    Args:
        values: All launch arguments.
        inputs: Whether it subscribes to the pictures too.
    """
    remaps = {"image": values["image_topic"], "camera_info": values["camera_info_topic"]} if inputs else {}
    parameters: Parameters = {"use_sim_time": values["use_sim_time"] == "true"}
    transport = values["image_transport"] or "raw"
    return ProcessSpec(
        name=MONITOR,
        module="ghtt_ros.cli.monitor",
        arguments=(
            *(("--inputs", transport) if inputs else ()),
            *ros_arguments(values, "ghtt_monitor", parameters, remaps),
        ),
        data=True,
    )


def camera(
    values: Mapping[str, str], parameters: Parameters, *, ends_all: bool = False, held: bool = False
) -> ProcessSpec:
    """Return the process that publishes a camera or a video.

    Args:
        values: All launch arguments.
        parameters: Of the node.
        ends_all: Whether its end is the end of everything.
        held: Whether it waits until the pipeline is ready.
    """
    remaps = {"image": values["image_topic"], "camera_info": values["camera_info_topic"]}
    return ProcessSpec(
        name="camera_publisher",
        module="ghtt_ros.camera_publisher",
        arguments=ros_arguments(
            values, "camera_publisher", parameters, remaps, params_file=_params_file(values["params_file"])
        ),
        ends_all=ends_all,
        held=held,
    )


def input_topics(values: Mapping[str, str]) -> list[str]:
    """Return the absolute names of what the pipeline subscribes to, the pictures first.

    Args:
        values: All launch arguments.
    """
    topics = [values["image_topic"], values["camera_info_topic"], values["depth_topic"]]
    if values["image_transport"] == "compressed":
        topics[0] += "/compressed"
    namespace = f"/{values['namespace']}" if values["namespace"] else ""
    return [topic if topic.startswith("/") else f"{namespace}/{topic}" for topic in topics if topic]


def player(values: Mapping[str, str], bag: Path, *, rate: float = 1.0, loop: bool = False) -> ProcessSpec:
    """Return the process that plays a recording, once the pipeline is ready.

    Only what the pipeline subscribes to is played: results that were recorded along would mix with those made now.

    Args:
        values: All launch arguments.
        bag: The recording.
        rate: Speed; 1.0 is real time.
        loop: Start again at the end.
    """
    words = [
        "bag",
        "play",
        str(bag),
        "--clock",
        "--rate",
        str(rate),
        "--topics",
        *input_topics(values),
        "/tf",
        "/tf_static",
    ]
    return ProcessSpec(
        name="bag",
        module="ghtt_core.cli.main",
        arguments=(*words, *(("--loop",) if loop else ())),
        ends_all=True,
        held=True,
    )


def ros_arguments(
    values: Mapping[str, str],
    node: str,
    parameters: Parameters,
    remaps: Mapping[str, str],
    *,
    params_file: Path | None = None,
) -> tuple[str, ...]:
    """Return the command line of a node: everything behind ``--ros-args``.

    Args:
        values: All launch arguments.
        node: Its name.
        parameters: Values that come before those of the file.
        remaps: Names of topics in the node, and what they are to be.
        params_file: YAML file of parameters.
    """
    words = ["--ros-args", "--log-level", values["log_level"], "-r", f"__node:={node}"]
    if values["namespace"]:
        words += ["-r", f"__ns:=/{values['namespace']}"]
    for source, target in remaps.items():
        if target != source:
            words += ["-r", f"{source}:={target}"]
    if params_file is not None:
        words += ["--params-file", str(params_file)]
    for name, value in parameters.items():
        # JSON is YAML, in which text in quotes stays text whatever it looks like.
        words += ["-p", f"{name}:={json.dumps(value)}"]
    return tuple(words)


def _params_file(given: str) -> Path:
    if not given:
        return find_resource("config/pipeline.yaml")
    path = Path(given).expanduser().absolute()
    if not path.is_file():
        raise InputError(f"There is no parameter file {path}; config/pipeline.yaml of this package can be copied.")
    return path
