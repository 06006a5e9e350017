# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Topics between two processes: the messages, and who is seen."""

from __future__ import annotations

import array
import signal
import time
from typing import Any

import numpy as np
import pytest

import ghtt_ros  # noqa: F401  (provides the modules imported next where there is no ROS 2)

from ghtt_ros.msg import HandObservation, SkeletonLayout  # isort: skip
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy, qos_profile_sensor_data  # isort: skip
from sensor_msgs.msg import Image  # isort: skip
from std_msgs.msg import Int32, String  # isort: skip

PUBLISH = """
    import sys
    import ghtt_ros
    import rclpy
    from rclpy.executors import ExternalShutdownException
    from std_msgs.msg import Int32

    rclpy.init(args=["--ros-args", "-r", "__ns:=/left"])
    node = rclpy.create_node("counting")
    publisher = node.create_publisher(Int32, "count", 10)
    number = int(sys.argv[1])

    def count():
        global number
        publisher.publish(Int32(data=number))
        number += 1

    node.create_timer(0.02, count)
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
"""


def test_messages_arrive_in_order_and_the_publisher_is_known(ros: Any, program: Any) -> None:
    node = ros.node("listening")
    got: list[int] = []
    subscription = node.create_subscription(Int32, "/left/count", lambda message: got.append(message.data), 10)
    other = program(PUBLISH, "0")
    ros.spin_until(node, lambda: len(got) >= 20)
    assert got == list(range(got[0], got[0] + len(got)))
    assert subscription.get_publisher_count() == node.count_publishers("/left/count") == 1
    (publisher,) = node.get_publishers_info_by_topic("/left/count")
    assert (publisher.node_name, publisher.node_namespace) == ("counting", "/left")
    assert publisher.topic_type == "std_msgs/msg/Int32"
    assert publisher.qos_profile.reliability == ReliabilityPolicy.RELIABLE
    assert publisher.topic_type_hash == "RIHS01_b6578ded3c58c626cfe8d1a6fb6e04f706f97e9f03d2727c9ff4e74b1cef0deb"
    assert {"/left/counting", "/listening"} <= set(node.get_fully_qualified_node_names())
    assert ("/left/count", ["std_msgs/msg/Int32"]) in node.get_topic_names_and_types()
    assert other.end() == 0
    ros.spin_until(node, lambda: node.count_publishers("/left/count") == 0)
    assert "counting" not in node.get_node_names()


def test_a_killed_publisher_that_starts_again_is_found_again(ros: Any, program: Any) -> None:
    node = ros.node("listening")
    got: list[int] = []
    node.create_subscription(Int32, "/left/count", lambda message: got.append(message.data), 10)
    first = program(PUBLISH, "0")
    ros.spin_until(node, lambda: got)
    first.end(signal.SIGKILL)
    program(PUBLISH, "1000000")
    ros.spin_until(node, lambda: got[-1] >= 1_000_000)


def test_a_late_subscription_gets_all_messages_that_are_kept(ros: Any, program: Any) -> None:
    latched = QoSProfile(depth=5, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    node = ros.node("early")
    publisher = node.create_publisher(SkeletonLayout, "layout", latched)
    for number in range(7):
        publisher.publish(SkeletonLayout(hand_names=[str(number)], parents=[-1, number]))
    late = program(
        """
        import ghtt_ros
        import rclpy
        from ghtt_ros.msg import SkeletonLayout
        from rclpy.qos import DurabilityPolicy, QoSProfile

        rclpy.init()
        node = rclpy.create_node("late")
        names = []
        node.create_subscription(
            SkeletonLayout,
            "layout",
            lambda message: names.append((message.hand_names, message.parents.tolist())),
            QoSProfile(depth=5, durability=DurabilityPolicy.TRANSIENT_LOCAL),
        )
        while len(names) < 5:
            rclpy.spin_once(node)
        print(names, "end")
        """
    )
    late.expect("end")
    assert str([([str(number)], [-1, number]) for number in range(2, 7)]) in late.output


def test_a_message_of_a_megabyte_arrives_whole(ros: Any, program: Any) -> None:
    node = ros.node("watching")
    got: list[Any] = []
    node.create_subscription(Image, "big", got.append, 5)
    program(
        """
        import ghtt_ros
        import rclpy
        import numpy as np
        from sensor_msgs.msg import Image

        rclpy.init()
        node = rclpy.create_node("camera")
        publisher = node.create_publisher(Image, "big", 5)
        while publisher.get_subscription_count() == 0:
            rclpy.spin_once(node, timeout_sec=0.05)
        picture = np.random.default_rng(7).integers(0, 256, 1_200_003, dtype=np.uint8)
        publisher.publish(Image(height=1, width=400_001, encoding="bgr8", step=1_200_003, data=picture))
        rclpy.spin(node)
        """
    )
    ros.spin_until(node, lambda: got)
    assert isinstance(got[0].data, array.array)
    expected = np.random.default_rng(7).integers(0, 256, 1_200_003, dtype=np.uint8)
    assert np.array_equal(np.frombuffer(got[0].data, np.uint8), expected)
    assert (got[0].width, got[0].encoding, got[0].step) == (400_001, "bgr8", 1_200_003)


def test_pictures_of_a_camera_do_not_wait_for_a_slow_reader(ros: Any) -> None:
    node = ros.node("camera")
    publisher = node.create_publisher(Image, "stream", qos_profile_sensor_data)
    got: list[int] = []
    node.create_subscription(Image, "stream", lambda message: got.append(message.header.stamp.sec), 1)
    assert not got
    slow: list[int] = []
    node.create_subscription(
        Image, "stream", lambda message: slow.append(message.header.stamp.sec), qos_profile_sensor_data
    )
    ros.spin_until(node, lambda: publisher.get_subscription_count() == 1)  # the reliable one does not match
    for number in range(20):
        message = Image(data=bytes(1000))
        message.header.stamp.sec = number
        publisher.publish(message)
    ros.spin_until(node, lambda: slow and slow[-1] == 19)
    assert slow == [15, 16, 17, 18, 19]  # the newest five, as the profile says
    assert not got


def test_raw_bytes_can_be_received_and_published(ros: Any) -> None:
    node = ros.node("relay")
    raw: list[bytes] = []
    whole: list[Any] = []
    publisher = node.create_publisher(HandObservation, "hands", 10)
    node.create_subscription(HandObservation, "hands", raw.append, 10, raw=True)
    node.create_subscription(HandObservation, "hands", lambda message, info: whole.append((message, info)), 10)
    ros.spin_until(node, lambda: publisher.get_subscription_count() == 2)
    message = HandObservation(score=[0.5, 0.25], object_encoder="b")
    before = time.time_ns()
    publisher.publish(message)
    ros.spin_until(node, lambda: raw and whole)
    publisher.publish(raw[0])
    ros.spin_until(node, lambda: len(whole) == 2)
    assert whole[0][0] == whole[1][0] == message
    assert abs(whole[0][1]["source_timestamp"] - before) < 60 * 10**9


def test_a_damaged_message_is_left_out_with_a_line_in_the_log(ros: Any, capfd: Any) -> None:
    node = ros.node("careful")
    got: list[Any] = []
    publisher = node.create_publisher(String, "words", 10)
    node.create_subscription(String, "words", got.append, 10)
    ros.spin_until(node, lambda: publisher.get_subscription_count() == 1)
    with pytest.raises(TypeError, match=r"are not a std_msgs\.msg\.dds_\.String_"):
        publisher.publish(b"\x00\x01\x00\x00" + bytes([9, 0, 0, 0, 65]))
    publisher.publish(b"\x00\x01\x00\x00" + bytes([2, 0, 0, 0, 0xFF, 0]))  # no UTF-8
    publisher.publish(String(data="good"))
    ros.spin_until(node, lambda: got)
    assert [message.data for message in got] == ["good"]
    assert "/words is damaged or of another type" in capfd.readouterr().err


def test_what_is_destroyed_is_gone_for_all(ros: Any) -> None:
    node, other = ros.node("one"), ros.node("two")
    publisher = node.create_publisher(Int32, "number", 10)
    assert other.count_publishers("number") == 1
    assert node.destroy_publisher(publisher)
    assert not node.destroy_publisher(publisher)
    ros.spin_until(other, lambda: other.count_publishers("number") == 0)
    node.destroy_node()
    node.destroy_node()
    ros.spin_until(other, lambda: "one" not in other.get_node_names())
