# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Command lines and parameter files, read as ROS 2 reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ghtt_core.errors import InputError
from ghtt_ros.embedded.parameter_files import ParameterOverride, parse_value, read_parameter_file
from ghtt_ros.embedded.ros_arguments import expand_name, parse_arguments


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("5.0", 5.0),
        ("1e3", 1000.0),
        ("-.5", -0.5),
        ("0x1F", 31),
        ("true", True),
        ("off", False),
        ("y", True),
        ("fast", "fast"),
        ("'5'", "5"),
        ("1:30", "1:30"),
        ("2026-01-01", "2026-01-01"),
        ("/dev/video0", "/dev/video0"),
        ("[1, 2]", [1, 2]),
        ("[0.5, 2.0]", [0.5, 2.0]),
        ("['a', b]", ["a", "b"]),
        ("[true, no]", [True, False]),
        ("[]", []),
        ("''", ""),
        ("", None),
    ],
)
def test_values_have_the_types_that_ros_gives_them(text: str, value: object) -> None:
    parsed = parse_value(text, "here")
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize("text", ["[1, 'a']", "[1, true]", "{a: 1}", "[[1]]", "[", "!!python/object:os.system {}"])
def test_a_value_that_no_parameter_can_have_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(InputError, match="-p gain"):
        parse_arguments(["--ros-args", "-p", f"gain:={text}"])


def test_only_the_part_behind_ros_args_is_taken() -> None:
    parsed = parse_arguments(
        ["a", "--flag", "--ros-args", "-p", "gain:=2", "--", "b", "--ros-args", "--log-level", "debug"]
    )
    assert parsed.others == ("a", "--flag", "b")
    assert parsed.parameters_of("/any/node") == {"gain": 2}
    assert parsed.log_level == 10


def test_log_levels_of_single_loggers() -> None:
    parsed = parse_arguments(["--ros-args", "--log-level", "warn", "--log-level", "rcl:=DEBUG"])
    assert (parsed.log_level, parsed.logger_levels) == (30, {"rcl": 10})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-x"], "'-x' is not a ROS argument"),
        (["-p"], "needs a value"),
        (["-p", "gain"], "name:=value"),
        (["-r", "a:="], "from:=to"),
        (["-r", ":=b"], "name:=value"),
        (["--log-level", "loud"], "not a log level"),
        (["--params-file", "/nowhere.yaml"], "cannot be read"),
    ],
)
def test_a_malformed_command_line_says_what_is_wrong(arguments: list[str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_arguments(["--ros-args", *arguments])


def test_node_and_namespace_are_remapped() -> None:
    parsed = parse_arguments(["--ros-args", "-r", "__ns:=/left_camera", "-r", "estimator:__node:=hands"])
    assert parsed.node_name("estimator") == "hands"
    assert parsed.node_name("other") == "other"
    assert parsed.namespace("other", "/") == "/left_camera"
    assert parse_arguments([]).namespace("n", "/x") == "/x"


def test_topics_are_remapped_by_their_expanded_names() -> None:
    rules = ["image:=/camera/image", "~/state:=health", "only_a:x:=y", "/tf:=tf", "image:=/never"]
    parsed = parse_arguments(["--ros-args", *[word for rule in rules for word in ("-r", rule)]])

    def remapped(name: str, node: str = "n") -> str:
        return parsed.remap_name(expand_name(name, node, "/ns"), node, "/ns")

    assert remapped("image") == "/camera/image"
    assert remapped("/ns/image") == "/camera/image"
    assert remapped("/image") == "/image"
    assert remapped("~/state") == "/ns/health"
    assert remapped("x") == "/ns/x"
    assert remapped("x", node="only_a") == "/ns/y"
    assert remapped("/tf") == "/ns/tf"


def test_arguments_of_one_node_come_before_those_of_the_process() -> None:
    everywhere = parse_arguments(["--ros-args", "-p", "gain:=1", "-p", "keep:=1", "-r", "a:=b"])
    local = parse_arguments(["--ros-args", "-p", "gain:=2", "-r", "a:=c"])
    merged = everywhere.merged_under(local)
    assert merged.parameters_of("/n") == {"gain": 2, "keep": 1}
    assert merged.remap_name("/a", "n", "/") == "/c"


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("/**", ["/n", "/a/n", "/a/b/n"], []),
        ("/**/n", ["/n", "/a/n", "/a/b/n"], ["/nn", "/a/n/m"]),
        ("/*/n", ["/a/n"], ["/n", "/a/b/n"]),
        ("n", ["/n"], ["/a/n"]),
        ("/a/n", ["/a/n"], ["/n"]),
        ("/a/*", ["/a/n", "/a/m"], ["/a/b/n", "/a"]),
        ("/a/**", ["/a", "/a/n", "/a/b/n"], ["/b"]),
    ],
)
def test_wildcards_in_node_names(pattern: str, matching: list[str], other: list[str]) -> None:
    rule = ParameterOverride(pattern, "p", 1)
    assert [name for name in [*matching, *other] if rule.matches(name)] == matching


def test_a_parameter_file(tmp_path: Path) -> None:
    file = tmp_path / "pipeline.yaml"
    file.write_text(
        """
/**:
  ros__parameters:
    use_sim_time: false
/**/hand_estimator:
  ros__parameters:
    score: 1e-1
    y: 2
    worker: {threads: 2, names: [a, b]}
left_camera:
  hand_estimator:
    ros__parameters:
      score: 0.5
"""
    )
    parsed = parse_arguments(["--ros-args", "--params-file", str(file), "-p", "hand_estimator:y:=3"])
    everywhere = {"use_sim_time": False, "score": 0.1, "y": 2, "worker.threads": 2, "worker.names": ["a", "b"]}
    assert parsed.parameters_of("/right_camera/hand_estimator") == everywhere
    assert parsed.parameters_of("/left_camera/hand_estimator") == {**everywhere, "score": 0.5}
    assert parsed.parameters_of("/hand_estimator") == {**everywhere, "y": 3}
    assert parsed.parameters_of("/planner") == {"use_sim_time": False}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ros__parameters: {a: 1}", "no node name above"),
        ("node: {ros__parameters: 3}", "not a mapping"),
        ("node: 3", "outside of `ros__parameters`"),
        ("- a", "mapping of node names"),
        ("a: [", "not valid YAML"),
        ("node: {ros__parameters: {a: !!python/name:os.system }}", "not valid YAML"),
    ],
)
def test_a_malformed_parameter_file_says_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=said):
        read_parameter_file(file)


def test_an_empty_parameter_file_is_allowed(tmp_path: Path) -> None:
    file = tmp_path / "empty.yaml"
    file.write_text("# nothing\n")
    assert read_parameter_file(file) == []
