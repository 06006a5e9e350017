# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Parameters of nodes: declaring, ranges, callbacks, the command line, files, events."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ghtt_ros  # noqa: F401  (makes the next imports work where there is no ROS 2)

import rclpy  # isort: skip
from rcl_interfaces.msg import (  # isort: skip
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    ParameterEvent,
    SetParametersResult,
)
from rclpy.exceptions import (  # isort: skip
    InvalidParameterException,
    InvalidParameterTypeException,
    InvalidParameterValueException,
    ParameterAlreadyDeclaredException,
    ParameterImmutableException,
    ParameterNotDeclaredException,
    ParameterUninitializedException,
)
from rclpy.parameter import Parameter  # isort: skip

MakeNode = Callable[..., Any]
DEADLINE_S = 60.0


@pytest.fixture
def make_node() -> Iterator[MakeNode]:
    """Makes nodes in a context whose command line is given."""
    nodes = []

    def make(*arguments: str, name: str = "n", **options: Any) -> Any:
        if not rclpy.ok():
            rclpy.init(args=["--ros-args", *arguments])
        nodes.append(rclpy.create_node(name, **options))
        return nodes[-1]

    yield make
    for node in nodes:
        node.destroy_node()
    rclpy.try_shutdown()


def bounded(**fields: Any) -> Any:
    return ParameterDescriptor(description="A number.", **fields)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, Parameter.Type.BOOL),
        (3, Parameter.Type.INTEGER),
        (2.5, Parameter.Type.DOUBLE),
        ("fast", Parameter.Type.STRING),
        ([b"\x01", b"\x02"], Parameter.Type.BYTE_ARRAY),
        ([True, False], Parameter.Type.BOOL_ARRAY),
        ([1, 2], Parameter.Type.INTEGER_ARRAY),
        ([1.0, 2.0], Parameter.Type.DOUBLE_ARRAY),
        (["a", "b"], Parameter.Type.STRING_ARRAY),
    ],
)
def test_every_type_survives_the_way_through_a_message(value: Any, kind: Any) -> None:
    parameter = Parameter("p", value=value)
    assert parameter.type_ is kind
    back = Parameter.from_parameter_msg(parameter.to_parameter_msg())
    assert (back.name, back.type_, back.value) == ("p", kind, value)


def test_a_value_of_another_type_than_the_given_one_is_refused() -> None:
    with pytest.raises(ValueError, match="do not agree"):
        Parameter("p", Parameter.Type.DOUBLE, 1)
    with pytest.raises(TypeError, match="cannot have"):
        Parameter("p", value={})


def test_a_parameter_is_declared_once_and_before_use(make_node: MakeNode) -> None:
    node = make_node()
    with pytest.raises(ParameterNotDeclaredException, match="gain"):
        node.get_parameter("gain")
    with pytest.raises(ParameterNotDeclaredException):
        node.set_parameters([Parameter("gain", value=1.0)])
    assert node.declare_parameter("gain", 1.0).value == 1.0
    assert node.has_parameter("gain")
    with pytest.raises(ParameterAlreadyDeclaredException):
        node.declare_parameter("gain", 1.0)
    with pytest.raises(InvalidParameterException):
        node.declare_parameter("no spaces", 1.0)
    with pytest.raises(ValueError, match="default"):
        node.declare_parameter("nothing")
    node.undeclare_parameter("gain")
    assert not node.has_parameter("gain")


def test_a_parameter_may_have_a_type_and_no_value_yet(make_node: MakeNode) -> None:
    node = make_node()
    node.declare_parameter("device", Parameter.Type.STRING)
    with pytest.raises(ParameterUninitializedException):
        node.get_parameter("device")
    assert node.get_parameter_or("device", Parameter("device", value="cpu")).value == "cpu"
    assert node.set_parameters([Parameter("device", value="cuda")])[0].successful
    assert node.get_parameter("device").value == "cuda"


def test_a_type_is_kept_unless_typing_is_dynamic(make_node: MakeNode) -> None:
    node = make_node()
    node.declare_parameter("gain", 1.0)
    (result,) = node.set_parameters([Parameter("gain", value=2)])
    assert not result.successful
    assert "Wrong parameter type" in result.reason
    node.declare_parameter("anything", 1.0, ParameterDescriptor(dynamic_typing=True))
    assert node.set_parameters([Parameter("anything", value="text")])[0].successful
    assert node.get_parameter("anything").value == "text"


@pytest.mark.parametrize(
    ("value", "allowed"), [(0.0, True), (1.0, True), (0.3, True), (0.35, False), (-0.1, False), (float("nan"), False)]
)
def test_the_range_of_a_double(make_node: MakeNode, value: float, allowed: bool) -> None:
    node = make_node()
    span = FloatingPointRange(from_value=0.0, to_value=1.0, step=0.1)
    node.declare_parameter("share", 0.5, bounded(floating_point_range=[span]))
    result = node.set_parameters([Parameter("share", value=value)])[0]
    assert result.successful is allowed
    assert allowed or "share" in result.reason


@pytest.mark.parametrize(("value", "allowed"), [(1, True), (4, True), (10, True), (5, False), (11, False), (0, False)])
def test_the_range_of_an_integer(make_node: MakeNode, value: int, allowed: bool) -> None:
    node = make_node()
    node.declare_parameter("count", 1, bounded(integer_range=[IntegerRange(from_value=1, to_value=10, step=3)]))
    assert node.set_parameters([Parameter("count", value=value)])[0].successful is allowed


def test_a_read_only_parameter_can_only_be_given_at_the_start(make_node: MakeNode) -> None:
    node = make_node("-p", "model:=small")
    node.declare_parameter("model", "none", ParameterDescriptor(read_only=True))
    assert node.get_parameter("model").value == "small"
    result = node.set_parameters([Parameter("model", value="large")])[0]
    assert not result.successful
    assert "read-only" in result.reason
    with pytest.raises(ParameterImmutableException):
        node.undeclare_parameter("model")


def test_callbacks_decide_about_changes_the_newest_first(make_node: MakeNode) -> None:
    node = make_node()
    node.declare_parameter("gain", 1.0)
    node.declare_parameter("bias", 1.0)
    asked: list[str] = []

    def older(parameters: list[Any]) -> Any:
        asked.append("older")
        return SetParametersResult(successful=True)

    def newer(parameters: list[Any]) -> Any:
        asked.append("newer")
        return SetParametersResult(successful=all(p.value > 0 for p in parameters), reason="must be positive")

    node.add_on_set_parameters_callback(older)
    node.add_on_set_parameters_callback(newer)
    result = node.set_parameters_atomically([Parameter("gain", value=2.0), Parameter("bias", value=-1.0)])
    assert (result.successful, result.reason) == (False, "must be positive")
    assert node.get_parameter("gain").value == 1.0
    assert asked == ["newer"]
    done = node.set_parameters([Parameter("gain", value=2.0), Parameter("bias", value=-1.0)])
    assert [one.successful for one in done] == [True, False]
    node.remove_on_set_parameters_callback(newer)
    assert node.set_parameters([Parameter("bias", value=-1.0)])[0].successful


def test_values_from_the_command_line_and_from_files(make_node: MakeNode, tmp_path: Path) -> None:
    file = tmp_path / "params.yaml"
    file.write_text(
        "/**/hands: {ros__parameters: {gain: 2.0, names: [a, b], empty: []}}\nother: {ros__parameters: {gain: 9.0}}\n"
    )
    node = make_node(
        "-r", "__ns:=/left", "-r", "__node:=hands", "--params-file", str(file), "-p", "mode:=fast", name="estimator"
    )
    assert node.get_fully_qualified_name() == "/left/hands"
    assert node.declare_parameter("gain", 1.0).value == 2.0
    assert node.declare_parameter("mode", "slow").value == "fast"
    assert list(node.declare_parameter("names", ["x"]).value) == ["a", "b"]
    assert list(node.declare_parameter("empty", ["x"]).value) == []
    assert node.declare_parameter("untouched", 5).value == 5
    assert node.declare_parameters("block", [("depth", 1), ("width", 2)])[1].name == "block.width"
    assert set(node.get_parameters_by_prefix("block")) == {"depth", "width"}


def test_values_given_by_the_program_come_first(make_node: MakeNode) -> None:
    node = make_node("-p", "gain:=2.0", parameter_overrides=[Parameter("gain", value=3.0)])
    assert node.declare_parameter("gain", 1.0).value == 3.0
    assert node.declare_parameter("gain2", 1.0, ignore_override=True).value == 1.0


def test_a_wrong_value_at_the_start_is_refused_with_a_sentence(make_node: MakeNode) -> None:
    node = make_node("-p", "gain:=5", "-p", "share:=3.0")
    with pytest.raises(InvalidParameterTypeException, match=r"DOUBLE.*INTEGER.*gain"):
        node.declare_parameter("gain", 1.0)
    span = FloatingPointRange(from_value=0.0, to_value=1.0)
    with pytest.raises(InvalidParameterValueException, match="out of range"):
        node.declare_parameter("share", 0.5, bounded(floating_point_range=[span]))
    assert not node.has_parameter("share")


def test_parameters_are_listed_by_prefix_and_depth(make_node: MakeNode) -> None:
    node = make_node()
    for name in ("a", "b.c", "b.d.e", "f.g"):
        node.declare_parameter(name, 1)
    own = {"a", "b.c", "b.d.e", "f.g"}
    assert own <= set(node.list_parameters([], 0).names)
    assert set(node.list_parameters(["b"], 0).names) == {"b.c", "b.d.e"}
    assert set(node.list_parameters(["b"], 1).names) == {"b.c"}
    assert set(node.list_parameters(["b"], 0).prefixes) == {"b", "b.d"}
    assert own & set(node.list_parameters([], 1).names) == {"a"}


def test_descriptions_are_copies(make_node: MakeNode) -> None:
    node = make_node()
    given = bounded(integer_range=[IntegerRange(from_value=0, to_value=9, step=1)])
    node.declare_parameter("count", 1, given)
    described = node.describe_parameter("count")
    assert (described.name, described.type, described.description) == ("count", 2, "A number.")
    described.integer_range[0].to_value = 1000
    given.integer_range[0].to_value = 1000
    assert not node.set_parameters([Parameter("count", value=10)])[0].successful


def test_every_node_knows_use_sim_time(make_node: MakeNode) -> None:
    node = make_node("-p", "use_sim_time:=true")
    assert node.get_parameter("use_sim_time").value is True
    assert not node.set_parameters([Parameter("use_sim_time", value=3)])[0].successful


def test_changes_are_announced(make_node: MakeNode) -> None:
    node = make_node(name="announcer", namespace="/ns")
    listener = make_node(name="listener")
    heard: list[Any] = []
    listener.create_subscription(ParameterEvent, "/parameter_events", heard.append, 100)
    deadline = time.monotonic() + DEADLINE_S
    value = 0

    def changes() -> list[Any]:
        return [event for event in heard if event.node == "/ns/announcer" and event.changed_parameters]

    node.declare_parameter("count", 0)
    while not changes() and time.monotonic() < deadline:
        value += 1
        node.set_parameters([Parameter("count", value=value)])
        rclpy.spin_once(listener, timeout_sec=0.1)
    (changed,) = changes()[0].changed_parameters
    assert changed.name == "count"
    assert 0 < changed.value.integer_value <= value
    assert changes()[0].stamp.sec > 0


def test_what_the_node_does_not_provide_is_named(make_node: MakeNode) -> None:
    node = make_node()
    with pytest.raises(NotImplementedError, match=r"Node\.add_pre_set_parameters_callback"):
        node.add_pre_set_parameters_callback(lambda parameters: parameters)
    with pytest.raises(NotImplementedError, match=r"rclpy\.parameter\.parameter_dict_from_yaml_file"):
        from rclpy.parameter import parameter_dict_from_yaml_file  # noqa: F401
    assert not hasattr(node, "nobody_has_this")
