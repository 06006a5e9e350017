# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What our messages are on the wire, as seen by readers that share no code with the package."""

from __future__ import annotations

import array
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ghtt_ros  # noqa: F401  (provides the modules imported next where there is no ROS 2)
from ghtt_core.bags.typestore import own_message_files, typestore
from ghtt_core.resources import find_resource
from ghtt_ros.embedded.idl_types import cdr_type
from ghtt_ros.embedded.messages import message_class

from rclpy.qos import DurabilityPolicy, QoSProfile  # isort: skip
from rclpy.serialization import deserialize_message, serialize_message  # isort: skip

READER = Path(__file__).with_name("plain_dds_reader.py")
OWN = sorted(own_message_files())
FIXED = {"joints": 126, "confidence": 42, "standard_deviation": 42, "score": 2}


def content(ros_type: str, seed: int) -> dict[str, Any]:
    """Every field of a message with some value of its type, as what JSON can hold."""
    random = np.random.default_rng(seed)
    values: dict[str, Any] = {}
    for field, spelled in message_class(ros_type).get_fields_and_field_types().items():
        base = spelled.removeprefix("sequence<").partition(">")[0].partition("[")[0]
        many = spelled != base
        count = int(spelled[:-1].partition("[")[2]) if spelled.endswith("]") else int(random.integers(1, 30))

        def one(base: str = base) -> Any:
            if "/" in base:
                package, name = base.split("/")
                return content(f"{package}/msg/{name}", int(random.integers(1 << 30)))
            if base == "string":
                return "".join(random.choice(list("abc äあ"), 5))
            if base == "boolean":
                return bool(random.integers(2))
            if base == "float":
                return float(np.float32(random.normal()))
            if base == "double":
                return float(random.normal())
            limits = np.iinfo(base)
            return int(random.integers(limits.min, limits.max, endpoint=True, dtype=base))

        values[field] = [one() for _ in range(count)] if many else one()
    return values


def fill(ros_type: str, values: dict[str, Any]) -> Any:
    """Our message with that content."""
    made = message_class(ros_type)()
    types = made.get_fields_and_field_types()
    for field, value in values.items():
        base = types[field].partition("[")[0]
        if "/" in base:
            package, name = base.split("/")
            inner = f"{package}/msg/{name}"
            value = [fill(inner, item) for item in value] if isinstance(value, list) else fill(inner, value)
        setattr(made, field, value)
    return made


def fill_rosbags(ros_type: str, values: dict[str, Any]) -> Any:
    """The message of rosbags with that content."""
    store = typestore()
    types = message_class(ros_type).get_fields_and_field_types()
    kept = {}
    numbers = {"float": "f4", "double": "f8", "boolean": "?"}
    for field, value in values.items():
        base = types[field].removeprefix("sequence<").partition(">")[0].partition("[")[0]
        if "/" in base:
            package, name = base.split("/")
            inner = f"{package}/msg/{name}"
            if isinstance(value, list):
                kept[field] = [fill_rosbags(inner, item) for item in value]
            else:
                kept[field] = fill_rosbags(inner, value)
        elif isinstance(value, list) and base != "string":
            kept[field] = np.array(value, numbers.get(base, base))
        else:
            kept[field] = value
    return store.types[ros_type](**kept)


def as_plain(values: Any) -> Any:
    """The content after a round trip through JSON."""
    return json.loads(json.dumps(values))


@pytest.mark.parametrize("ros_type", OWN)
def test_the_bytes_are_those_of_rosbags(ros_type: str) -> None:
    for seed in range(5):
        values = content(ros_type, seed)
        data = serialize_message(fill(ros_type, values))
        assert data == bytes(typestore().serialize_cdr(fill_rosbags(ros_type, values), ros_type))
        assert data[:4] == b"\x00\x01\x00\x00"
        assert deserialize_message(data, message_class(ros_type)) == fill(ros_type, values)
    empty = message_class(ros_type)()
    assert deserialize_message(serialize_message(empty), message_class(ros_type)) == empty


@pytest.mark.parametrize("ros_type", OWN)
def test_the_type_names_and_fields_are_those_of_ros(ros_type: str) -> None:
    struct = cdr_type(ros_type)
    assert struct.__idl_typename__ == f"ghtt_ros.msg.dds_.{ros_type.split('/')[-1]}_"
    assert list(struct.__annotations__) == list(message_class(ros_type).get_fields_and_field_types())


def test_a_plain_dds_reader_decodes_all_our_topics(ros: Any) -> None:
    pairs = [item for name in OWN for item in (f"rt/{name.split('/')[-1].lower()}", name.replace("/msg/", "/"))]
    reader = subprocess.Popen(
        [sys.executable, str(READER), str(find_resource("msg")), os.environ["ROS_DOMAIN_ID"], *pairs],
        stdout=subprocess.PIPE,
        text=True,
    )
    node = ros.node("source")
    expected = {}
    for seed, ros_type in enumerate(OWN):
        values = content(ros_type, seed)
        name = ros_type.split("/")[-1]
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        publisher = node.create_publisher(message_class(ros_type), name.lower(), latched)
        publisher.publish(fill(ros_type, values))
        expected[f"ghtt_ros/{name}"] = as_plain(values)
    output, _ = reader.communicate(timeout=120)
    found, missing = output.splitlines()[-2:]
    assert missing == "missing: []"
    assert json.loads(found) == expected


def test_numbers_arrive_as_in_rclpy(ros: Any) -> None:
    message = fill("ghtt_ros/msg/HandObservation", content("ghtt_ros/msg/HandObservation", 3))
    back = deserialize_message(serialize_message(message), type(message))
    assert isinstance(back.joints, np.ndarray)
    assert back.joints.dtype == np.float32
    back.joints[0] = 1.0  # its own memory, not the received bytes
    assert isinstance(back.object_feature, array.array)
    assert back.object_feature.typecode == "f"
    assert isinstance(back.valid, list)
    assert isinstance(back.header.stamp.sec, int)
