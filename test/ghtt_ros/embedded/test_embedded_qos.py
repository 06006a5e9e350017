# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Profiles, and the events that tell of what goes wrong between them."""

from __future__ import annotations

from typing import Any

import pytest

import ghtt_ros  # noqa: F401  (provides the modules imported next where there is no ROS 2)

from rclpy.duration import Duration  # isort: skip
from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks  # isort: skip
from rclpy.qos import (  # isort: skip
    DurabilityPolicy,
    HistoryPolicy,
    InvalidQoSProfileException,
    LivelinessPolicy,
    QoSPolicyKind,
    QoSPresetProfiles,
    QoSProfile,
    ReliabilityPolicy,
    qos_profile_best_available,
    qos_profile_sensor_data,
)
from std_msgs.msg import Int32  # isort: skip


def test_a_profile_has_the_defaults_of_ros() -> None:
    profile = QoSProfile(depth=3)
    assert profile.history == HistoryPolicy.KEEP_LAST
    assert profile.reliability == ReliabilityPolicy.RELIABLE
    assert profile.durability == DurabilityPolicy.VOLATILE
    assert profile.deadline == profile.lifespan == Duration()
    assert profile == QoSProfile(depth=3)
    assert profile != QoSProfile(depth=3, lifespan=Duration(seconds=1))
    assert QoSPresetProfiles.get_from_short_key("sensor_data") is not None
    assert qos_profile_sensor_data.reliability == ReliabilityPolicy.BEST_EFFORT
    with pytest.raises(InvalidQoSProfileException):
        QoSProfile()
    with pytest.raises(InvalidQoSProfileException):
        QoSProfile(history=HistoryPolicy.KEEP_LAST)


def test_incompatible_profiles_are_told_to_both_sides(ros: Any, capfd: Any) -> None:
    node = ros.node("both")
    offered: list[Any] = []
    requested: list[Any] = []
    node.create_publisher(
        Int32, "n", qos_profile_sensor_data, event_callbacks=PublisherEventCallbacks(incompatible_qos=offered.append)
    )
    node.create_subscription(
        Int32, "n", print, 10, event_callbacks=SubscriptionEventCallbacks(incompatible_qos=requested.append)
    )
    ros.spin_until(node, lambda: offered and requested)
    assert offered[0].last_policy_kind == requested[0].last_policy_kind == QoSPolicyKind.RELIABILITY
    assert (requested[0].total_count, requested[0].total_count_change) == (1, 1)
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    node.create_publisher(Int32, "m", 1)
    node.create_subscription(Int32, "m", print, latched)
    said: list[str] = []

    def warned() -> bool:
        said.append(capfd.readouterr().err)
        return "requesting incompatible QoS" in "".join(said) and "offering incompatible QoS" in "".join(said)

    ros.spin_until(node, warned)  # without callbacks of one's own there is a line in the log
    assert "topic '/m'" in "".join(said)
    assert "policy: DURABILITY" in "".join(said)


def test_missed_deadlines_and_matches_are_told(ros: Any) -> None:
    node = ros.node("late")
    missed: list[Any] = []
    promised: list[Any] = []
    matched: list[Any] = []
    profile = QoSProfile(depth=1, deadline=Duration(seconds=0.05))
    publisher = node.create_publisher(
        Int32, "n", profile, event_callbacks=PublisherEventCallbacks(deadline=promised.append)
    )
    node.create_subscription(
        Int32,
        "n",
        lambda message: None,
        profile,
        event_callbacks=SubscriptionEventCallbacks(deadline=missed.append, matched=matched.append),
    )
    ros.spin_until(node, lambda: publisher.get_subscription_count() == 1)
    publisher.publish(Int32())
    ros.spin_until(node, lambda: missed and promised and matched)
    assert missed[-1].total_count >= 1
    assert promised[-1].total_count >= 1
    assert (matched[0].current_count, matched[0].total_count) == (1, 1)
    info = node.get_publishers_info_by_topic("n")[0]
    assert info.qos_profile.deadline == Duration(seconds=0.05)


def test_a_subscription_that_asks_for_a_shorter_deadline_is_refused(ros: Any) -> None:
    node = ros.node("impatient")
    told: list[Any] = []
    node.create_publisher(Int32, "n", QoSProfile(depth=1, deadline=Duration(seconds=1)))
    node.create_subscription(
        Int32,
        "n",
        print,
        QoSProfile(depth=1, deadline=Duration(seconds=0.5)),
        event_callbacks=SubscriptionEventCallbacks(incompatible_qos=told.append),
    )
    ros.spin_until(node, lambda: told)
    assert told[0].last_policy_kind == QoSPolicyKind.DEADLINE


def test_messages_older_than_their_lifespan_are_not_delivered(ros: Any) -> None:
    node, other = ros.node("source"), ros.node("sink")
    publisher = node.create_publisher(Int32, "n", QoSProfile(depth=5, lifespan=Duration(seconds=0.01)))
    lasting = node.create_publisher(Int32, "m", 5)
    got: list[int] = []
    waiting: list[int] = []
    other.create_subscription(Int32, "n", lambda message: got.append(message.data), 5)
    other.create_subscription(Int32, "m", lambda message: waiting.append(message.data), 5)
    ros.spin_until(other, lambda: publisher.get_subscription_count() == lasting.get_subscription_count() == 1)
    publisher.publish(Int32(data=1))
    expired = node.get_clock().now() + Duration(seconds=0.05)
    ros.spin_until(node, lambda: node.get_clock().now() > expired)
    lasting.publish(Int32(data=2))
    ros.spin_until(other, lambda: waiting)
    assert got == []


def test_all_profiles_travel_to_others(ros: Any) -> None:
    node = ros.node("telling")
    profile = QoSProfile(
        depth=1,
        reliability=ReliabilityPolicy.BEST_EFFORT,
        lifespan=Duration(seconds=0.5),
        liveliness=LivelinessPolicy.MANUAL_BY_TOPIC,
        liveliness_lease_duration=Duration(seconds=2),
    )
    node.create_publisher(Int32, "n", profile)
    (told,) = node.get_publishers_info_by_topic("n")
    assert told.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT
    assert told.qos_profile.lifespan == Duration(seconds=0.5)
    assert told.qos_profile.liveliness == LivelinessPolicy.MANUAL_BY_TOPIC
    assert told.qos_profile.liveliness_lease_duration == Duration(seconds=2)


def test_what_is_not_provided_is_named(ros: Any) -> None:
    node = ros.node("asking")
    with pytest.raises(NotImplementedError, match="reliability policy BEST_AVAILABLE"):
        node.create_publisher(Int32, "n", qos_profile_best_available)
    with pytest.raises(NotImplementedError, match="incompatible_type"):
        SubscriptionEventCallbacks(incompatible_type=print)
    with pytest.raises(TypeError, match="Expected QoSProfile or int"):
        node.create_publisher(Int32, "n", "reliable")
