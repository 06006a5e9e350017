# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Message classes behave as those of rclpy."""

from __future__ import annotations

import array
import copy
import math

import numpy as np
import pytest

import ghtt_ros  # noqa: F401  (provides the modules imported next where there is no ROS 2)

import geometry_msgs.msg  # isort: skip
from ghtt_ros.msg import HandObservation, PredictedMotion  # isort: skip
from rcl_interfaces.msg import ParameterDescriptor, ParameterType  # isort: skip
from rclpy.serialization import deserialize_message, serialize_message  # isort: skip
from sensor_msgs.msg import CameraInfo, Image, PointField  # isort: skip
from std_msgs.msg import ByteMultiArray, Empty, Header, String  # isort: skip


def test_fields_have_the_defaults_of_ros() -> None:
    message = PredictedMotion()
    assert message.header.stamp.sec == 0
    assert message.person_id == ""
    assert message.positions == array.array("f")
    assert message.action_labels == []
    assert geometry_msgs.msg.Quaternion().w == 1.0
    assert geometry_msgs.msg.TransformStamped().transform.rotation.w == 1.0
    assert CameraInfo().k.shape == (9,)
    assert CameraInfo().k.dtype == np.float64
    assert HandObservation().valid == [False, False]
    assert ParameterDescriptor().dynamic_typing is False


def test_two_messages_share_nothing() -> None:
    one, other = PredictedMotion(), PredictedMotion()
    one.header.frame_id = "camera"
    one.positions.append(1.0)
    one.action_labels.append("pour")
    assert other == PredictedMotion()
    deep = copy.deepcopy(one)
    deep.header.frame_id = "robot"
    assert one.header.frame_id == "camera"


def test_keywords_and_nested_messages() -> None:
    header = Header(frame_id="camera")
    image = Image(header=header, height=2, width=3, data=[1, 2, 3])
    assert image.header is header
    assert image.data == array.array("B", [1, 2, 3])
    with pytest.raises(AttributeError, match="no field 'hight'"):
        Image(hight=2)
    with pytest.raises(AttributeError):
        image.hight = 2


def test_constants() -> None:
    assert (PredictedMotion.OK, PredictedMotion.NO_TRANSFORM, PredictedMotion().RIGHT) == (0, 5, 2)
    assert (PointField.FLOAT32, ParameterType.PARAMETER_STRING) == (7, 4)


def test_equality_compares_content() -> None:
    one = HandObservation(score=[0.5, 1.0], object_feature=[1.0])
    assert one == HandObservation(score=np.array([0.5, 1.0], np.float32), object_feature=array.array("f", [1.0]))
    assert one != HandObservation(score=[0.5, 0.9], object_feature=[1.0])
    assert one != HandObservation(score=[0.5, 1.0], object_feature=[1.0, 2.0])
    assert String(data="a") != Header(frame_id="a")


def test_field_types_are_spelled_as_in_rclpy() -> None:
    types = HandObservation.get_fields_and_field_types()
    assert types["header"] == "std_msgs/Header"
    assert types["valid"] == "boolean[2]"
    assert types["joints"] == "float[126]"
    assert types["object_feature"] == "sequence<float>"
    assert CameraInfo.get_fields_and_field_types()["k"] == "double[9]"
    assert PredictedMotion.get_fields_and_field_types()["action_labels"] == "sequence<string>"
    assert Empty.get_fields_and_field_types() == {}


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("joints", [0.0] * 125, ValueError),
        ("joints", np.zeros(126), TypeError),
        ("joints", np.zeros((2, 63), np.float32), ValueError),
        ("object_feature", array.array("d", [1.0]), TypeError),
        ("object_feature", ["a"], TypeError),
        ("object_feature", np.zeros((2, 2), np.float32), ValueError),
        ("valid", [True], ValueError),
    ],
)
def test_what_does_not_fit_is_refused_at_once(field: str, value: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        setattr(HandObservation(), field, value)


@pytest.mark.parametrize(
    "message",
    [
        String(data=7),
        Image(height=-1),
        Image(height=2**32),
        Image(header=None),
        PredictedMotion(action_labels=[1]),
        PredictedMotion(latency="soon"),
    ],
)
def test_what_cannot_be_sent_is_said_with_the_type(message: object) -> None:
    with pytest.raises(TypeError, match="cannot be sent"):
        serialize_message(message)


def test_bytes_booleans_and_not_a_number_survive() -> None:
    message = ByteMultiArray(data=[b"\x01", b"\xff"])
    assert deserialize_message(serialize_message(message), ByteMultiArray).data == [b"\x01", b"\xff"]
    assert deserialize_message(serialize_message(Empty()), Empty) == Empty()
    back = deserialize_message(serialize_message(PredictedMotion(latency=math.nan)), PredictedMotion)
    assert math.isnan(back.latency)


def test_the_other_byte_order_is_read() -> None:
    big_endian = b"\x00\x00\x00\x00" + b"\x00\x00\x00\x03" + b"hi\x00"
    assert deserialize_message(big_endian, String).data == "hi"
