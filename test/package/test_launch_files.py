# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The launch files describe their arguments and start what `ghtt launch` starts.

Where ROS 2 is installed `launch` itself reads them; elsewhere stand-ins that only remember what they were called with.
"""

from __future__ import annotations

import ast
import importlib.util
import runpy
import sys
from itertools import pairwise
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from ghtt_core.estimators.registry import estimator_names
from ghtt_ros.cli.launch_arguments import ARGUMENTS, read_arguments
from ghtt_ros.cli.pipeline import pipeline
from ghtt_ros.hand_estimator_settings import TRANSPORTS
from ghtt_ros.motion_predictor_settings import DEVICES
from ghtt_ros.node_support.spin import BAD_CONFIGURATION

HAS_LAUNCH = importlib.util.find_spec("launch_ros") is not None
FILES = ("pipeline.launch.py", "replay.launch.py")


def declared(root: Path, name: str) -> dict[str, tuple[str | None, tuple[str, ...] | None, str]]:
    """The table of arguments at the top of a launch file: name to default, choices and description."""
    for node in ast.parse((root / "launch" / name).read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "ARGUMENTS":
            return {row[0]: row[1:] for row in ast.literal_eval(node.value)}
    raise AssertionError(f"{name} has no table ARGUMENTS")


class Recorded(SimpleNamespace):
    """Whatever a launch file makes: its type's name and what it was called with."""


def recorder(kind: str, *names: str) -> Any:
    def make(*values: Any, **options: Any) -> Recorded:
        return Recorded(kind=kind, **dict(zip(names, values, strict=False)), **options)

    return make


class Configuration:
    """Stands in for LaunchConfiguration: the context is a plain dictionary here."""

    def __init__(self, name: str) -> None:
        self.name = name

    def perform(self, context: dict[str, str]) -> str:
        return context[self.name]


def stand_ins(share: Path) -> dict[str, dict[str, Any]]:
    return {
        "ament_index_python": {},
        "ament_index_python.packages": {"get_package_share_directory": lambda package: str(share)},
        "launch": {"LaunchContext": dict, "LaunchDescription": list},
        "launch.actions": {
            "DeclareLaunchArgument": recorder("argument", "name"),
            "EmitEvent": recorder("emit"),
            "ExecuteProcess": recorder("process"),
            "IncludeLaunchDescription": recorder("include", "source"),
            "OpaqueFunction": recorder("function"),
            "RegisterEventHandler": recorder("handler", "event_handler"),
            "Shutdown": recorder("shutdown"),
        },
        "launch.conditions": {"IfCondition": lambda text: text == "true"},
        "launch.event_handlers": {"OnProcessExit": recorder("exit")},
        "launch.events": {"Shutdown": recorder("shutdown")},
        "launch.events.process": {"ProcessExited": object},
        "launch.launch_description_sources": {"PythonLaunchDescriptionSource": lambda path: Path(path)},
        "launch.substitutions": {"LaunchConfiguration": Configuration},
        "launch_ros": {},
        "launch_ros.actions": {"Node": recorder("node")},
        "launch_ros.parameter_descriptions": {"ParameterValue": lambda value, value_type: value_type(value)},
    }


@pytest.fixture
def load(root: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a launch file with the stand-ins; gives its namespace."""
    for name, content in stand_ins(root).items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    return lambda name: runpy.run_path(str(root / "launch" / name))


@pytest.mark.parametrize("name", FILES)
def test_every_argument_is_described(root: Path, name: str) -> None:
    for argument, (default, choices, description) in declared(root, name).items():
        assert description[-1] == ".", argument
        assert choices is None or default in choices, argument


def test_ghtt_launch_takes_the_same_arguments(root: Path) -> None:
    ours = {argument.name: (argument.default, argument.choices, argument.description) for argument in ARGUMENTS}
    assert declared(root, "pipeline.launch.py") == ours


def test_choices_are_those_of_the_parameters(root: Path) -> None:
    table = declared(root, "pipeline.launch.py")
    assert table["estimator"][1] == ("", *estimator_names())
    assert table["device"][1] == ("", *DEVICES)
    assert table["image_transport"][1] == ("", *TRANSPORTS)


def test_no_launch_file_installs_downloads_or_evaluates(root: Path) -> None:
    forbidden = {"eval", "exec", "system", "run", "Popen", "check_call", "urlopen", "PythonExpression"}
    for name in FILES:
        tree = ast.walk(ast.parse((root / "launch" / name).read_text()))
        called = {ast.unparse(node.func).split(".")[-1] for node in tree if isinstance(node, ast.Call)}
        assert called.isdisjoint(forbidden)


def words_of(node: Any) -> dict[str, Any]:
    """A node of pipeline.launch.py in the terms of a command line."""
    file, parameters = node.parameters
    return {
        "name": node.name,
        "namespace": node.namespace.strip("/"),
        "remappings": {source: target for source, target in getattr(node, "remappings", []) if source != target},
        "file": file,
        "parameters": parameters,
        "log_level": node.ros_arguments[1],
    }


def words_of_process(process: Any) -> dict[str, Any]:
    """A process of `ghtt launch` in the same terms."""
    words = list(process.arguments)
    pairs = list(pairwise(words))
    remaps = dict(word.split(":=") for flag, word in pairs if flag == "-r")
    parameters = dict(word.split(":=", 1) for flag, word in pairs if flag == "-p")
    return {
        "name": remaps.pop("__node"),
        "namespace": remaps.pop("__ns", "").strip("/"),
        "remappings": remaps,
        "file": dict(pairs)["--params-file"],
        "parameters": {name: ast.literal_eval(value.replace("true", "True").replace("false", "False"))
                       for name, value in parameters.items()},
        "log_level": dict(pairs)["--log-level"],
    }  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["namespace:=left_camera", "image_topic:=/left/image_raw", "planner_bridge:=false"],
        ["depth_topic:=/depth", "image_transport:=compressed", "estimator:=recorded", "use_sim_time:=true"],
        ["model:=2026", "device:=cpu", "output_frame:=map", "log_level:=debug"],
    ],
)
def test_it_starts_what_ghtt_launch_starts(load: Any, words: list[str]) -> None:
    values = read_arguments(words)
    nodes = [node for node in load("pipeline.launch.py")["nodes"](values) if getattr(node, "condition", True)]
    assert [words_of(node) for node in nodes] == [words_of_process(process) for process in pipeline(values)]
    assert [f"ghtt_ros.{node.executable}" for node in nodes] == [process.module for process in pipeline(values)]


def test_every_node_is_an_executable_of_this_package(load: Any, cmake_executables: dict[str, str]) -> None:
    for node in load("pipeline.launch.py")["nodes"](read_arguments([])):
        assert node.package == "ghtt_ros"
        assert node.executable in cmake_executables


def test_a_node_that_cannot_start_ends_the_launch_and_one_that_crashed_does_not(load: Any) -> None:
    judge = load("pipeline.launch.py")["end_when_misconfigured"]
    crashed = SimpleNamespace(returncode=-9, process_name="motion_predictor-2")
    assert judge(crashed, {}) is None
    misconfigured = SimpleNamespace(returncode=BAD_CONFIGURATION, process_name="motion_predictor-2")
    assert "motion_predictor" in judge(misconfigured, {}).reason


def test_replay_plays_the_inputs_with_a_clock_and_ends_with_the_recording(load: Any, root: Path) -> None:
    module = load("replay.launch.py")
    include = next(item for item in module["generate_launch_description"]() if item.kind == "include")
    assert include.source == root / "launch" / "pipeline.launch.py"
    assert ("use_sim_time", "true") in include.launch_arguments
    values = read_arguments(["namespace:=left", "image_transport:=compressed"])
    replay = {name: default or "" for name, (default, *_) in declared(root, "replay.launch.py").items()}
    player, handler = module["playback"](values | replay | {"bag": "trial", "loop": "true"})
    assert player.cmd[:5] == ["ros2", "bag", "play", "trial", "--clock"]
    assert "--loop" in player.cmd
    topics = player.cmd[player.cmd.index("--topics") + 1 :]
    assert topics == ["/left/image/compressed", "/left/camera_info", "/tf", "/tf_static"]
    assert handler.event_handler.target_action is player


@pytest.mark.skipif(not HAS_LAUNCH, reason="ROS 2 is not installed")
@pytest.mark.parametrize("name", FILES)
def test_ros_2_reads_it(root: Path, name: str) -> None:
    from launch import LaunchService
    from launch.actions import DeclareLaunchArgument

    description = runpy.run_path(str(root / "launch" / name))["generate_launch_description"]()
    assert LaunchService() is not None
    found = {entity.name for entity in description.entities if isinstance(entity, DeclareLaunchArgument)}
    assert found == set(declared(root, name))
