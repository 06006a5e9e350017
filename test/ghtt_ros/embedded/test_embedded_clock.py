# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Times, durations, clocks, and timers, in wall time and in simulated time."""

from __future__ import annotations

from typing import Any

import pytest

import ghtt_ros  # noqa: F401  (provides the modules imported next where there is no ROS 2)

from builtin_interfaces.msg import Time as TimeMessage  # isort: skip
from rclpy.clock import Clock, ClockChange, ClockType, JumpThreshold, ROSClock  # isort: skip
from rclpy.duration import Duration  # isort: skip
from rclpy.parameter import Parameter  # isort: skip
from rclpy.qos import QoSProfile  # isort: skip
from rclpy.time import Time  # isort: skip
from rosgraph_msgs.msg import Clock as ClockMessage  # isort: skip

SIMULATED = [Parameter("use_sim_time", value=True)]


def test_times_and_durations_calculate() -> None:
    stamp = TimeMessage(sec=5, nanosec=900_000_000)
    time = Time.from_msg(stamp)
    assert time.clock_type is ClockType.ROS_TIME
    assert time.to_msg() == stamp
    later = time + Duration(seconds=0.2)
    assert later.seconds_nanoseconds() == (6, 100_000_000)
    assert later - time == Duration(nanoseconds=200_000_000)
    assert time - later == Duration(seconds=-0.2)
    assert (later - Duration(seconds=0.2)) == time
    assert time < later
    assert time <= later
    assert later >= time
    assert Duration(seconds=-1.5).to_msg().sec == -2
    assert Duration.from_msg(Duration(seconds=-1.5).to_msg()) == Duration(seconds=-1.5)
    assert Time(seconds=1, nanoseconds=5).nanoseconds == 1_000_000_005
    with pytest.raises(TypeError, match="different clock types"):
        assert time < Time(seconds=1, clock_type=ClockType.STEADY_TIME)
    with pytest.raises(ValueError, match="negative"):
        Time(seconds=-1)
    with pytest.raises(OverflowError):
        Time(seconds=2**40)


def test_there_are_three_kinds_of_clock() -> None:
    assert isinstance(Clock(clock_type=ClockType.ROS_TIME), ROSClock)
    steady = Clock(clock_type=ClockType.STEADY_TIME)
    assert steady.now() <= steady.now()
    assert steady.now().clock_type is ClockType.STEADY_TIME
    wall = Clock()
    assert wall.now().nanoseconds > Time(seconds=1_600_000_000).nanoseconds
    with pytest.raises(NotImplementedError, match="sleep_for"):
        wall.sleep_for(Duration(seconds=1))


def test_timers_of_wall_time(ros: Any) -> None:
    node = ros.node("ticking")
    ticks: list[int] = []
    timer = node.create_timer(0.01, lambda: ticks.append(timer.time_since_last_call()))
    steady = node.create_timer(0.01, lambda: ticks.append(0), clock=Clock(clock_type=ClockType.STEADY_TIME))
    ros.spin_until(node, lambda: len(ticks) > 6)
    assert timer.timer_period_ns == 10_000_000
    timer.cancel()
    node.destroy_timer(steady)
    assert timer.is_canceled()
    assert timer.time_until_next_call() is None
    count = len(ticks)
    node.create_timer(0.05, lambda: ticks.append(-1))
    ros.spin_until(node, lambda: -1 in ticks)
    assert len(ticks) == count + 1
    timer.reset()
    ros.spin_until(node, lambda: ticks[-1] >= 0)


class Simulation:
    """Publishes /clock, and waits until it has arrived."""

    def __init__(self, ros: Any, node: Any) -> None:
        self._ros, self._node = ros, node
        self._source = ros.node("simulator")
        self._publisher = self._source.create_publisher(ClockMessage, "/clock", QoSProfile(depth=10))
        ros.spin_until(node, lambda: self._publisher.get_subscription_count() == 1)

    def set(self, seconds: float) -> None:
        now = Time(seconds=seconds, clock_type=ClockType.ROS_TIME)
        self._publisher.publish(ClockMessage(clock=now.to_msg()))
        self._ros.spin_until(self._node, lambda: self._node.get_clock().now() == now)


def test_simulated_time_moves_timers_and_tells_of_jumps(ros: Any) -> None:
    node = ros.node("simulated", parameter_overrides=SIMULATED)
    clock = node.get_clock()
    assert clock.ros_time_is_active
    assert clock.now().nanoseconds == 0
    ticks: list[float] = []
    simulation = Simulation(ros, node)
    simulation.set(100)
    timer = node.create_timer(1.0, lambda: ticks.append(clock.now().nanoseconds / 1e9))
    jumps: list[Any] = []
    threshold = JumpThreshold(Duration(seconds=10), Duration(seconds=-0.5))
    handle = clock.create_jump_callback(threshold, pre_callback=lambda: jumps.append("before"))
    clock.create_jump_callback(threshold, post_callback=jumps.append)
    simulation.set(100.9)
    assert ticks == []
    simulation.set(101)
    ros.spin_until(node, lambda: ticks == [101])
    simulation.set(100.6)  # less than the threshold, and the timer begins its period anew
    assert jumps == []
    assert not timer.is_ready()
    simulation.set(50)
    assert jumps[0] == "before"
    assert jumps[1].delta == Duration(seconds=-50.6)
    assert jumps[1].clock_change == ClockChange.ROS_TIME_NO_CHANGE
    simulation.set(51)
    ros.spin_until(node, lambda: ticks == [101, 51])
    handle.unregister()
    simulation.set(80)
    assert [jump.delta for jump in jumps[2:]] == [Duration(seconds=29)]


def test_simulated_time_can_be_switched_on_and_off(ros: Any) -> None:
    node = ros.node("switching")
    changes: list[Any] = []
    clock = node.get_clock()
    clock.create_jump_callback(JumpThreshold(None, None), post_callback=lambda jump: changes.append(jump.clock_change))
    assert node.count_subscribers("/clock") == 0
    assert node.set_parameters(SIMULATED)[0].successful
    assert node.count_subscribers("/clock") == 1
    assert clock.ros_time_is_active
    assert node.set_parameters([Parameter("use_sim_time", value=False)])[0].successful
    assert clock.now().nanoseconds > 10**18
    assert node.count_subscribers("/clock") == 0
    assert changes == [ClockChange.ROS_TIME_ACTIVATED, ClockChange.ROS_TIME_DEACTIVATED]


def test_impossible_thresholds_are_refused() -> None:
    with pytest.raises(ValueError, match="min_forward"):
        JumpThreshold(Duration(seconds=-1), None)
    with pytest.raises(ValueError, match="min_backward"):
        JumpThreshold(None, Duration(seconds=1))
    with pytest.raises(ValueError, match="callable"):
        Clock().create_jump_callback(JumpThreshold(None, None))
