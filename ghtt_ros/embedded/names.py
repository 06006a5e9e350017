# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Names of nodes and topics: which are allowed, and how DDS spells them."""

from __future__ import annotations

import re

from ghtt_ros.embedded.exceptions import InvalidTopicNameException, NameValidationException

_NODE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TOPIC = re.compile(r"(~(?=/|$)|/?[A-Za-z_][A-Za-z0-9_]*)(/[A-Za-z_][A-Za-z0-9_]*)*")
_NAMESPACE = re.compile(r"/|(/[A-Za-z_][A-Za-z0-9_]*)+")
_LETTERS = "letters, digits and underscores, each part beginning with no digit"


def check_node_name(name: str) -> str:
    """Return the name of a node.

    Raises:
        NameValidationException: It is none.
    """
    if not isinstance(name, str) or not _NODE.fullmatch(name):
        raise NameValidationException("node name", name, f"a node name has {_LETTERS}")
    return name


def check_namespace(namespace: str) -> str:
    """Return a namespace with its leading slash, `/` for the empty one.

    Raises:
        NameValidationException: It is none.
    """
    absolute = namespace if namespace.startswith("/") else f"/{namespace}"
    if not _NAMESPACE.fullmatch(absolute):
        raise NameValidationException("namespace", namespace, f"a namespace has {_LETTERS}")
    return absolute


def check_topic_name(name: str) -> str:
    """Return a relative (`image`), private (`~/state`) or absolute topic name.

    Raises:
        InvalidTopicNameException: It is none.
    """
    if not isinstance(name, str) or not _TOPIC.fullmatch(name):
        raise InvalidTopicNameException(name, f"a topic name has {_LETTERS}, and slashes between them")
    return name


def dds_topic_name(full_name: str, prefix: str = "rt") -> str:
    """What DDS calls a topic: `rt/left_camera/image`; services have the prefixes rq and rr."""
    return f"{prefix}{full_name}"


def ros_topic_name(dds_name: str) -> str | None:
    """What ROS calls a DDS topic; None for one that is not a ROS topic."""
    return dds_name[2:] if dds_name.startswith("rt/") else None


def dds_type_name(ros_type: str) -> str:
    """What DDS calls a type: `std_msgs::msg::dds_::Header_`."""
    package, kind, name = ros_type.split("/")
    return f"{package}::{kind}::dds_::{name}_"


def ros_type_name(dds_name: str) -> str:
    """What ROS calls a type; a name that is not of ROS is returned as it is."""
    parts = dds_name.split("::")
    if len(parts) == 4 and parts[2] == "dds_" and parts[3].endswith("_"):
        return f"{parts[0]}/{parts[1]}/{parts[3][:-1]}"
    return dds_name
