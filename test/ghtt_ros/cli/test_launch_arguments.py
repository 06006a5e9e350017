# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`ghtt launch` takes the arguments of pipeline.launch.py and starts the same nodes with them."""

from __future__ import annotations

import ast
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from ghtt_core.cli.main import main
from ghtt_core.errors import InputError
from ghtt_core.resources import find_resource
from ghtt_ros.cli.launch import LaunchOptions, specs
from ghtt_ros.cli.launch_arguments import ARGUMENTS, describe_arguments, read_arguments
from ghtt_ros.cli.processes import ProcessSpec
from ghtt_ros.embedded.ros_arguments import RosArguments, parse_arguments


def test_the_arguments_are_those_of_the_launch_file() -> None:
    tree = ast.parse(find_resource("launch/pipeline.launch.py").read_text())
    values = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["ARGUMENTS"]
    ]
    ours = tuple((item.name, item.default, item.choices, item.description) for item in ARGUMENTS)
    assert values == [ours]


def started(*words: str, **options: Any) -> dict[str, ProcessSpec]:
    return {spec.name: spec for spec in specs(LaunchOptions(arguments=words, **options))}


def understood(spec: ProcessSpec) -> RosArguments:
    """What a node makes of its command line."""
    return parse_arguments(spec.arguments)


def test_without_arguments_the_three_nodes_and_the_monitor_run_with_the_parameters_of_the_package() -> None:
    found = started()
    assert list(found) == ["hand_estimator", "motion_predictor", "planner_bridge", "monitor"]
    parameters = understood(found["motion_predictor"]).parameters_of("/motion_predictor")
    assert parameters["use_sim_time"] is False
    assert parameters["device"] == "auto"
    assert "--params-file" in found["planner_bridge"].arguments


def test_arguments_become_names_remappings_and_parameters() -> None:
    found = started(
        "namespace:=left_camera",
        "image_topic:=/left/image_raw",
        "depth_topic:=depth_registered",
        "estimator:=recorded",
        "model:=2026",
        "planner_bridge:=False",
        "use_sim_time:=true",
    )
    assert "planner_bridge" not in found
    estimator = understood(found["hand_estimator"])
    assert estimator.namespace("hand_estimator", "/") == "/left_camera"
    assert estimator.remap_name("/left_camera/image", "hand_estimator", "/left_camera") == "/left/image_raw"
    assert (
        estimator.remap_name("/left_camera/depth", "hand_estimator", "/left_camera") == "/left_camera/depth_registered"
    )
    given = estimator.parameters_of("/left_camera/hand_estimator")
    assert (given["estimator"], given["use_depth"], given["use_sim_time"]) == ("recorded", True, True)
    # A folder called 2026 stays a text.
    assert understood(found["motion_predictor"]).parameters_of("/left_camera/motion_predictor")["model"] == "2026"


def test_a_parameter_file_replaces_the_one_of_the_package(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("/**/motion_predictor:\n  ros__parameters:\n    samples: 7\n    device: cpu\n")
    given = understood(started("device:=auto", params=file)["motion_predictor"]).parameters_of("/motion_predictor")
    assert (given["samples"], given["device"]) == (7, "auto")


@pytest.mark.parametrize("kind", ["camera", "video"])
def test_a_camera_without_calibration_is_not_waited_for(kind: str, tmp_path: Path) -> None:
    video = tmp_path / "hands.mp4"
    video.touch()
    given: dict[str, Any] = {"camera": 1} if kind == "camera" else {"video": video}
    found = started(**given)
    parameters = understood(found["camera_publisher"]).parameters_of("/camera_publisher")
    assert parameters["camera"] == (1 if kind == "camera" else 0)
    assert parameters.get("video", "") == ("" if kind == "camera" else str(video))
    assert (found["camera_publisher"].ends_all, found["camera_publisher"].held) == (kind == "video", kind == "video")
    policy = understood(found["hand_estimator"]).parameters_of("/hand_estimator")["camera_info_policy"]
    assert policy == "default"


DEMO_BAG = Path(str(files("ghtt_core"))) / "assets" / "demo_bag"


def test_a_bag_is_played_on_its_own_time_and_only_what_the_pipeline_reads() -> None:
    topics = ("image_topic:=/camera/image_raw", "image_transport:=compressed")
    found = started("namespace:=left", *topics, bag=DEMO_BAG, rate=2.0)
    player = found["bag"]
    assert player.held
    assert player.ends_all
    words = " ".join(player.arguments)
    assert f"bag play {DEMO_BAG} --clock --rate 2.0" in words
    assert "--topics /camera/image_raw/compressed /left/camera_info /tf /tf_static" in words
    assert understood(found["hand_estimator"]).parameters_of("/left/hand_estimator")["use_sim_time"] is True


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["image_topic:=/camera/image_raw"], "add image_transport:=compressed"),
        (["image_topic:=/front"], "no topic /front; its pictures are on /camera/image_raw/compressed"),
    ],
)
def test_a_bag_without_the_pictures_is_refused(words: list[str], said: str) -> None:
    with pytest.raises(InputError) as refused:
        started(*words, bag=DEMO_BAG)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["image_topic"], "not of the form name:=value"),
        (["speed:=3"], "no argument 'speed'"),
        (["device:=tpu"], "device cannot be 'tpu'; it can be nothing, auto, cpu, cuda"),
        (["namespace:=left-camera"], "namespace 'left-camera' cannot be used"),
        (["params_file:=/no/such/file.yaml"], "no parameter file /no/such/file.yaml"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(words: list[str], said: str) -> None:
    with pytest.raises(InputError) as refused:
        started(*words)
    assert said in str(refused.value)


def test_arguments_may_stand_between_options(capfd: pytest.CaptureFixture[str]) -> None:
    words = ["launch", "namespace:=left", "--rate", "2", "device:=cpu", "--camera", "0", "namespace:=left-camera"]
    assert main(words) == 2
    assert "'left-camera' cannot be used" in capfd.readouterr().err


def test_pictures_come_from_one_place() -> None:
    with pytest.raises(InputError, match="only one of"):
        started(camera=0, bag=Path())


def test_a_missing_video_is_named() -> None:
    with pytest.raises(InputError, match=r"no video there\.mp4"):
        started(video=Path("there.mp4"))


def test_all_arguments_are_described() -> None:
    said = describe_arguments()
    assert all(f"{argument.name}:=" in said and argument.description in said for argument in ARGUMENTS)
    assert read_arguments(["namespace:=/left/"])["namespace"] == "left"
