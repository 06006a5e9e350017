# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Executors, callback groups, and the ways in which spinning ends."""

from __future__ import annotations

import signal
import threading
from contextlib import suppress
from typing import Any

import pytest

import ghtt_ros  # noqa: F401  (provides the modules imported next where there is no ROS 2)

import rclpy  # isort: skip
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup  # isort: skip
from rclpy.exceptions import InvalidHandle, InvalidTopicNameException, NotInitializedException  # isort: skip
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor, SingleThreadedExecutor  # isort: skip
from rclpy.task import Future  # isort: skip
from std_msgs.msg import Int32  # isort: skip

SPIN = """
    import sys
    import ghtt_ros
    import rclpy
    from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor, SingleThreadedExecutor

    rclpy.init()
    node = rclpy.create_node("spinning")
    rclpy.get_default_context().on_shutdown(lambda: print("callback"))
    node.create_timer(0.01, lambda: None)
    print("ready")
    try:
        if sys.argv[1] == "function":
            rclpy.spin(node)
        else:
            executor = {"single": SingleThreadedExecutor, "multi": MultiThreadedExecutor}[sys.argv[1]]()
            executor.add_node(node)
            executor.spin()
    except KeyboardInterrupt:
        print("interrupted")
    except ExternalShutdownException:
        print("shut down")
    finally:
        assert not rclpy.ok()
        node.destroy_node()
        rclpy.try_shutdown()
        print("end")
"""


@pytest.mark.parametrize("kind", ["function", "single", "multi"])
def test_signals_end_spinning(program: Any, kind: str) -> None:
    for number, word in ((signal.SIGINT, "interrupted"), (signal.SIGTERM, "shut down")):
        other = program(SPIN, kind)
        other.expect("ready")
        assert other.end(number) == 0
        # As in rclpy, the end of a context is no exception where it falls between two rounds of spinning.
        words = {word, ""} if number == signal.SIGTERM else {word}
        assert other.output.split() in [f"ready {how} callback end".split() for how in words]


def test_shutdown_in_a_callback_or_another_thread_ends_spinning(ros: Any) -> None:
    node = ros.node("ending")
    node.create_timer(0.0, rclpy.shutdown)
    rclpy.spin(node)
    assert not rclpy.ok()
    with pytest.raises(NotInitializedException):
        rclpy.create_node("another")
    with pytest.raises(RuntimeError):
        rclpy.shutdown()
    rclpy.try_shutdown()
    rclpy.init(args=[])
    node = ros.node("waiting")
    timer = threading.Timer(0.05, rclpy.shutdown)
    timer.start()
    with suppress(ExternalShutdownException):  # not raised if it ends just between two callbacks
        rclpy.spin(node)
    assert not rclpy.ok()
    timer.join()


def test_an_error_in_a_callback_comes_out_of_spin(ros: Any) -> None:
    for executor in (SingleThreadedExecutor(), MultiThreadedExecutor(2)):
        node = ros.node("failing")
        node.create_timer(0.0, lambda: 1 // 0)
        executor.add_node(node)
        with pytest.raises(ZeroDivisionError):
            executor.spin()
        executor.shutdown()
        node.destroy_node()


def test_exclusive_callbacks_never_overlap_and_reentrant_ones_may(ros: Any) -> None:
    node = ros.node("grouped")
    exclusive, reentrant = MutuallyExclusiveCallbackGroup(), ReentrantCallbackGroup()
    inside = threading.Lock()
    overlaps: list[bool] = []
    meeting = threading.Barrier(2)
    met = threading.Event()

    def alone() -> None:
        overlaps.append(not inside.acquire(blocking=False))
        meeting_seen.wait(0.01)
        inside.release()

    meeting_seen = threading.Event()

    def together() -> None:
        if not met.is_set():
            meeting.wait(30)  # passes only if two of them run at the same time
            met.set()

    for _ in range(2):
        node.create_timer(0.001, alone, callback_group=exclusive)
    node.create_timer(0.001, together, callback_group=reentrant)
    with MultiThreadedExecutor(4) as executor:
        executor.add_node(node)
        while not met.is_set() or len(overlaps) < 10:
            executor.spin_once(timeout_sec=1.0)
    assert not any(overlaps)


def test_spin_once_and_until_a_future_is_done(ros: Any) -> None:
    node = ros.node("waiting")
    rclpy.spin_once(node, timeout_sec=0.0)
    rclpy.spin_once(node, timeout_sec=0.01)
    future = Future()
    rclpy.spin_until_future_complete(node, future, timeout_sec=0.02)
    assert not future.done()
    timer = threading.Timer(0.05, future.set_result, ["now"])
    timer.start()
    rclpy.spin_until_future_complete(node, future)
    assert future.result() == "now"
    timer.join()


def test_a_busy_topic_does_not_keep_others_waiting(ros: Any) -> None:
    node = ros.node("busy")
    publisher = node.create_publisher(Int32, "busy", 100)
    seen: list[int] = []
    rare: list[int] = []

    def again(message: Any) -> None:
        seen.append(message.data)
        publisher.publish(message)

    node.create_subscription(Int32, "busy", again, 100)
    node.create_subscription(Int32, "rare", lambda message: rare.append(message.data), 10)
    other = node.create_publisher(Int32, "rare", 10)
    ros.spin_until(node, lambda: publisher.get_subscription_count() == other.get_subscription_count() == 1)
    for number in range(10):
        publisher.publish(Int32(data=number))
    other.publish(Int32(data=1))
    ros.spin_until(node, lambda: rare)
    assert len(seen) < 10_000


def test_callbacks_can_destroy_what_they_belong_to(ros: Any) -> None:
    node = ros.node("once")
    publisher = node.create_publisher(Int32, "n", 10)
    got: list[int] = []

    def first(message: Any) -> None:
        got.append(message.data)
        node.destroy_subscription(subscription)

    subscription = node.create_subscription(Int32, "n", first, 10)
    ros.spin_until(node, lambda: publisher.get_subscription_count() == 1)
    for number in range(3):
        publisher.publish(Int32(data=number))
    ros.spin_until(node, lambda: publisher.get_subscription_count() == 0)
    assert got == [0]
    node.destroy_publisher(publisher)
    with pytest.raises(InvalidHandle, match="/n was destroyed"):
        publisher.publish(Int32())


def test_names_are_checked_and_remapped(ros: Any) -> None:
    node = ros.node("camera", namespace="left", cli_args=["--ros-args", "-r", "image:=/other/image"])
    assert node.get_fully_qualified_name() == "/left/camera"
    assert node.get_logger().name == "left.camera"
    assert node.resolve_topic_name("image") == "/other/image"
    assert node.resolve_topic_name("image", only_expand=True) == "/left/image"
    assert node.resolve_topic_name("~/state") == "/left/camera/state"
    assert node.create_publisher(Int32, "/absolute", 1).topic_name == "/absolute"
    for name in ("", "with space", "a//b", "trailing/", "9lives", "a-b"):
        with pytest.raises(InvalidTopicNameException):
            node.create_publisher(Int32, name, 1)
    with pytest.raises(Exception, match="node name"):
        rclpy.create_node("no-node")
    with pytest.raises(TypeError, match="Expected"):
        node.create_publisher(Int32, "n", 1).publish("text")


def test_many_rounds_of_init_and_shutdown_leave_nothing(ros: Any) -> None:
    rclpy.shutdown()
    rclpy.init(args=[])
    before = threading.active_count()
    for _ in range(5):
        rclpy.shutdown()
        rclpy.init(args=[])
        node = rclpy.create_node("again")
        node.create_subscription(Int32, "n", print, 1)
        rclpy.spin_once(node, timeout_sec=0.0)
    rclpy.shutdown()
    assert threading.active_count() <= before
