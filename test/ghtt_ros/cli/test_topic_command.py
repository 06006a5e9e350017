# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`ghtt topic` as a process beside a node that publishes."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

Start = Callable[..., Any]


@pytest.fixture(scope="module")
def talker(ros_domain: None) -> Iterator[Any]:
    """A node that publishes an action and a path of a package that no node of ours uses, twenty times a second."""
    import rclpy
    from ghtt_ros.msg import ActionRecognition
    from rclpy.context import Context
    from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor

    import ghtt_ros  # noqa: F401  (provides rclpy)
    from ghtt_ros.cli.pipeline_topics import message_type

    path_type = message_type("nav_msgs/msg/Path")
    context = Context()
    rclpy.init(args=[], context=context)
    node = rclpy.create_node("talker", namespace="/topic_command", context=context)
    actions = node.create_publisher(ActionRecognition, "action", 10)
    paths = node.create_publisher(path_type, "path", 10)

    def publish() -> None:
        actions.publish(ActionRecognition(label="pour cup", top_probabilities=[0.75, 0.25]))
        paths.publish(path_type())

    node.create_timer(0.05, publish)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)

    def spin() -> None:
        with suppress(ExternalShutdownException):
            executor.spin()

    thread = threading.Thread(target=spin, daemon=True)
    thread.start()
    yield node
    executor.shutdown()
    thread.join(30)
    node.destroy_node()
    context.try_shutdown()


def test_list_names_topics_and_types(talker: Any, ghtt: Start) -> None:
    listing = ghtt("topic", "list", "--verbose")
    assert listing.ended() == 0
    lines = [line.split() for line in listing.said.splitlines()]
    found = next(line for line in lines if line[0] == "/topic_command/action")
    assert found[1] == "ghtt_ros/msg/ActionRecognition"
    assert found[2:] == ["publishers:", "1,", "subscribers:", "0"]


def test_echo_once(talker: Any, ghtt: Start) -> None:
    echo = ghtt("topic", "echo", "/topic_command/action", "--once")
    assert echo.ended() == 0
    assert "label: 'pour cup'" in echo.said
    assert "top_probabilities: [0.75, 0.25]" in echo.said
    assert echo.said.count("---") == 1


def test_echo_of_one_field_until_ctrl_c(talker: Any, ghtt: Start) -> None:
    echo = ghtt("topic", "echo", "topic_command/action", "--field", "label")
    echo.wait_for("'pour cup'\n---\n'pour cup'\n---\n")
    echo.send(signal.SIGINT)
    assert echo.ended() == 0
    assert "Traceback" not in echo.said


def test_echo_knows_all_common_packages(talker: Any, ghtt: Start) -> None:
    echo = ghtt("topic", "echo", "/topic_command/path", "--once")
    assert echo.ended() == 0
    assert "poses: []" in echo.said


def test_hz_measures(talker: Any, ghtt: Start) -> None:
    rate = ghtt("topic", "hz", "/topic_command/action", "--reports", "2")
    assert rate.ended() == 0
    assert "average rate: " in rate.said.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["echo", "/topic_command/nobody", "--timeout", "0.5"], "Nobody publishes /topic_command/nobody."),
        (["echo", "/topic_command/action", "--field", "lable", "--once"], "no field 'lable'"),
        (["echo", "no topic"], "'no topic' cannot be the name of a topic"),
    ],
)
def test_what_is_not_there_is_said_in_a_sentence(talker: Any, ghtt: Start, words: list[str], said: str) -> None:
    failing = ghtt("topic", *words)
    assert failing.ended() == 2
    assert said in failing.said
    assert "Traceback" not in failing.said


def test_an_unknown_type_is_named(ros_domain: None, ghtt: Start) -> None:
    from cyclonedds.idl import make_idl_struct
    from cyclonedds.idl.types import int32
    from cyclonedds.pub import DataWriter
    from cyclonedds.topic import Topic

    from ghtt_ros.embedded.dds import Participant
    from ghtt_ros.embedded.environment import domain_id

    strange = make_idl_struct("Strange", "odd_msgs.msg.dds_.Strange_", {"number": int32})
    participant = Participant(domain_id())
    writer = DataWriter(participant.dds, Topic(participant.dds, "rt/topic_command/strange", strange))
    failing = ghtt("topic", "echo", "/topic_command/strange", "--once", "--timeout", "60")
    assert failing.ended() == 2
    assert "odd_msgs/msg/Strange, which this installation does not know" in failing.said
    del writer
    participant.close()
