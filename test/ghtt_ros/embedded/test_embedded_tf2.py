# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Look-ups of transforms at a time, and TF between processes."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transforms3d.euler import euler2quat
from transforms3d.quaternions import quat2mat

import ghtt_ros  # noqa: F401  (makes the next imports work where there is no ROS 2)

import rclpy  # isort: skip
from geometry_msgs.msg import TransformStamped  # isort: skip
from rclpy.duration import Duration  # isort: skip
from rclpy.executors import SingleThreadedExecutor  # isort: skip
from rclpy.time import Time  # isort: skip
from tf2_ros import (  # isort: skip
    Buffer,
    ConnectivityException,
    ExtrapolationException,
    InvalidArgumentException,
    LookupException,
    StaticTransformBroadcaster,
    TransformBroadcaster,
    TransformException,
    TransformListener,
)

DEADLINE_S = 60.0


def stamped(parent: str, child: str, seconds: float, xyz: Any = (0, 0, 0), quat: Any = (1, 0, 0, 0)) -> Any:
    message = TransformStamped()
    message.header.frame_id, message.child_frame_id = parent, child
    nanoseconds = round(seconds * 1e9)
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(nanoseconds, 10**9)
    move, turn = message.transform.translation, message.transform.rotation
    move.x, move.y, move.z = (float(v) for v in xyz)
    turn.w, turn.x, turn.y, turn.z = (float(v) for v in quat)
    return message


def matrix(found: Any) -> np.ndarray[Any, Any]:
    move, turn = found.transform.translation, found.transform.rotation
    result = np.eye(4)
    result[:3, :3] = quat2mat([turn.w, turn.x, turn.y, turn.z])
    result[:3, 3] = move.x, move.y, move.z
    return result


def at(seconds: float) -> Time:
    return Time(nanoseconds=round(seconds * 1e9))


angles = st.tuples(*[st.floats(-3.1, 3.1)] * 3)
places = st.tuples(*[st.floats(-5, 5)] * 3)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(places, angles), min_size=4, max_size=4))
def test_a_look_up_composes_what_is_on_the_way(poses: list[Any]) -> None:
    buffer = Buffer()
    maps = []
    for (xyz, turn), (parent, child) in zip(poses, ["wa", "ab", "wc", "cd"], strict=True):
        message = stamped(parent, child, 1.0, xyz, euler2quat(*turn))
        buffer.set_transform(message, "test")
        maps.append(matrix(message))
    expected = np.linalg.inv(maps[2] @ maps[3]) @ maps[0] @ maps[1]
    np.testing.assert_allclose(matrix(buffer.lookup_transform("d", "b", at(1.0))), expected, atol=1e-9)
    there = matrix(buffer.lookup_transform("b", "d", at(1.0)))
    np.testing.assert_allclose(there @ expected, np.eye(4), atol=1e-9)


@settings(deadline=None, max_examples=50)
@given(angles, angles, st.floats(0, 1))
def test_between_two_stamps_the_way_is_straight_and_the_turn_is_even(one: Any, two: Any, share: float) -> None:
    first, last = euler2quat(*one), -euler2quat(*two)  # the sign of a quaternion means nothing
    buffer = Buffer()
    buffer.set_transform(stamped("w", "a", 1.0, (0, 0, 0), first), "test")
    buffer.set_transform(stamped("w", "a", 2.0, (1, 2, 3), last), "test")
    share = round(share * 1e9) / 1e9
    found = matrix(buffer.lookup_transform("w", "a", at(1.0 + share)))
    np.testing.assert_allclose(found[:3, 3], share * np.array([1, 2, 3]), atol=1e-7)

    def angle(rotation: np.ndarray[Any, Any]) -> float:
        return float(np.arccos(np.clip((np.trace(rotation) - 1) / 2, -1, 1)))

    whole = angle(quat2mat(first).T @ quat2mat(last))
    done = angle(quat2mat(first).T @ found[:3, :3])
    left = angle(found[:3, :3].T @ quat2mat(last))
    # arccos loses half of its digits near zero
    assert done == pytest.approx(share * whole, abs=1e-6)
    assert left == pytest.approx((1 - share) * whole, abs=1e-6)


def test_times_that_are_not_covered_are_refused() -> None:
    buffer = Buffer()
    buffer.set_transform(stamped("w", "a", 5.0), "test")
    with pytest.raises(ExtrapolationException, match=r"only time 5\.0"):
        buffer.lookup_transform("w", "a", at(4.0))
    buffer.set_transform(stamped("w", "a", 6.0), "test")
    with pytest.raises(ExtrapolationException, match="into the future"):
        buffer.lookup_transform("w", "a", at(6.1))
    with pytest.raises(ExtrapolationException, match="into the past"):
        buffer.lookup_transform("a", "w", at(4.9))
    assert not buffer.can_transform("w", "a", at(6.1))
    assert buffer.can_transform("w", "a", at(5.5), return_debug_tuple=True) == (True, "")


def test_unknown_and_unconnected_frames_are_told_apart() -> None:
    buffer = Buffer()
    buffer.set_transform(stamped("w", "a", 1.0), "test")
    buffer.set_transform(stamped("v", "b", 1.0), "test")
    with pytest.raises(LookupException, match='"nobody"'):
        buffer.lookup_transform("w", "nobody", at(1.0))
    for when in (at(1.0), Time()):
        with pytest.raises(ConnectivityException, match="not part of the same tree"):
            buffer.lookup_transform("a", "b", when)
    with pytest.raises(InvalidArgumentException, match="slash"):
        buffer.lookup_transform("/w", "a", at(1.0))
    assert issubclass(LookupException, TransformException)


def test_time_zero_means_the_newest_time_that_all_links_have() -> None:
    buffer = Buffer()
    for seconds in (1.0, 2.0, 3.0):
        buffer.set_transform(stamped("w", "a", seconds, (seconds, 0, 0)), "test")
    buffer.set_transform(stamped("a", "b", 2.5, (0, 1, 0)), "test")
    buffer.set_transform_static(stamped("b", "c", 0.0, (0, 0, 1)), "test")
    found = buffer.lookup_transform("w", "c", Time())
    assert found.header.stamp.sec == 2
    assert found.header.stamp.nanosec == 500_000_000
    np.testing.assert_allclose(matrix(found)[:3, 3], [2.5, 1, 1])


def test_static_transforms_hold_at_any_time_and_survive_a_clear() -> None:
    buffer = Buffer()
    buffer.set_transform_static(stamped("w", "camera", 100.0, (1, 0, 0)), "test")
    buffer.set_transform(stamped("camera", "hand", 5.0), "test")
    assert buffer.can_transform("w", "hand", at(5.0))
    buffer.clear()
    assert not buffer.can_transform("w", "hand", at(5.0))
    assert matrix(buffer.lookup_transform("w", "camera", at(5.0)))[0, 3] == 1.0


def test_old_transforms_are_forgotten() -> None:
    buffer = Buffer(cache_time=Duration(seconds=2.0))
    for tenth in range(100):
        buffer.set_transform(stamped("w", "a", tenth / 10), "test")
    assert buffer.can_transform("w", "a", at(7.9))
    assert not buffer.can_transform("w", "a", at(7.8))
    buffer.set_transform(stamped("w", "a", 1.0), "test")  # older than the cache is long
    assert not buffer.can_transform("w", "a", at(1.0))


@pytest.mark.parametrize(
    "message",
    [
        stamped("w", "w", 1.0),
        stamped("", "a", 1.0),
        stamped("w", "a", 1.0, (float("nan"), 0, 0)),
        stamped("w", "a", 1.0, quat=(0, 0, 0, 0)),
        stamped("w", "a", 1.0, quat=(2, 0, 0, 0)),
    ],
)
def test_malformed_transforms_are_left_out(message: Any) -> None:
    buffer = Buffer()
    buffer.set_transform(message, "test")
    assert not buffer.can_transform("w", "a", at(1.0))


def test_a_look_up_can_wait_for_what_another_thread_brings() -> None:
    buffer = Buffer()
    with pytest.raises(LookupException):
        buffer.lookup_transform("w", "a", at(1.0), Duration(seconds=0.05))
    feeder = threading.Timer(0.1, buffer.set_transform, (stamped("w", "a", 1.0, (7, 0, 0)), "test"))
    feeder.start()
    found = buffer.lookup_transform("w", "a", at(1.0), Duration(seconds=20.0))
    feeder.join()
    assert found.transform.translation.x == 7.0


def test_what_is_not_there_is_named() -> None:
    with pytest.raises(NotImplementedError, match="wait_for_transform_async"):
        Buffer().wait_for_transform_async("a", "b", at(1.0))


@pytest.fixture
def node() -> Iterator[Any]:
    rclpy.init()
    made = rclpy.create_node("tf_test")
    yield made
    made.destroy_node()
    rclpy.shutdown()


SENDER = """
import sys, time
import ghtt_ros, rclpy
from geometry_msgs.msg import TransformStamped
from tf2_ros import StaticTransformBroadcaster, TransformBroadcaster

rclpy.init()
node = rclpy.create_node("sender")
static, moving = StaticTransformBroadcaster(node), TransformBroadcaster(node)
for index, child in enumerate(["camera", "gripper"]):
    message = TransformStamped(child_frame_id=child)
    message.header.frame_id = "base"
    message.transform.translation.x = 1.0 + index
    static.sendTransform(message)
for step in range(100000):
    message = TransformStamped(child_frame_id="hand")
    message.header.frame_id = "camera"
    message.header.stamp.sec = step
    message.transform.translation.y = float(step)
    moving.sendTransform([message])
    time.sleep(0.01)
"""


def test_transforms_of_another_process_arrive_the_static_ones_also_late(node: Any) -> None:
    sender = subprocess.Popen([sys.executable, "-c", SENDER])
    try:
        buffer = Buffer()
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        listener = TransformListener(buffer, node)
        deadline = time.monotonic() + DEADLINE_S
        while not buffer.can_transform("gripper", "hand", Time()) and time.monotonic() < deadline:
            executor.spin_once(timeout_sec=0.1)
        found = buffer.lookup_transform("gripper", "hand", Time())
        assert found.transform.translation.x == -1.0
        assert found.transform.translation.y == found.header.stamp.sec

        listener.unregister()
        late = Buffer()
        listener = TransformListener(late, node, spin_thread=False)
        while not late.can_transform("base", "gripper", Time()) and time.monotonic() < deadline:
            executor.spin_once(timeout_sec=0.1)
        assert late.can_transform("base", "camera", Time())
        assert late.can_transform("base", "gripper", Time())
        listener.unregister()
        executor.shutdown()
    finally:
        sender.kill()
        sender.wait()


def test_broadcasters_are_seen_by_a_listener_that_spins_itself(node: Any) -> None:
    buffer = Buffer()
    listener = TransformListener(buffer, node, spin_thread=True)
    StaticTransformBroadcaster(node).sendTransform([stamped("base", "camera", 0.0)])
    broadcaster = TransformBroadcaster(node)
    deadline = time.monotonic() + DEADLINE_S
    while not buffer.can_transform("base", "hand", at(3.0), Duration(seconds=0.1)):
        assert time.monotonic() < deadline
        broadcaster.sendTransform(stamped("camera", "hand", 3.0))
    listener.unregister()
