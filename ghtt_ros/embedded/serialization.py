# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""rclpy.serialization."""

from __future__ import annotations

from typing import Any

from ghtt_ros.embedded.cdr import deserialize, serialize


def serialize_message(message: Any) -> bytes:
    """CDR bytes of a message."""
    return serialize(message)


def deserialize_message(serialized_message: bytes, message_type: type[Any]) -> Any:
    """The message of a type in CDR bytes."""
    return deserialize(bytes(serialized_message), message_type.ros_type)
