# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The DDS types of ROS messages, whose samples are CDR bytes.

The types are true ones: the same members in the same order, final and without keys, under the name that ROS 2 uses.
But samples are not turned into Python objects by Cyclone DDS, which takes 30 ms for a picture: they carry the bytes
that rosbags makes in 0.02 ms.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from cyclonedds.idl import make_idl_struct
from cyclonedds.idl import types as cyclone_types
from rosbags.interfaces import Nodetype

from ghtt_core.bags.typestore import typestore
from ghtt_ros.embedded.messages import DUMMY_MEMBER, field_descriptions
from ghtt_ros.embedded.names import dds_type_name

idl: Any = cyclone_types  # its generic classes are made in a way that type checkers do not follow

_BASE: dict[str, Any] = {
    "bool": bool,
    "byte": idl.byte,
    "char": idl.uint8,
    "octet": idl.byte,
    **{name: getattr(idl, name) for name in ("int8", "uint8", "int16", "uint16", "int32", "uint32")},
    **{name: getattr(idl, name) for name in ("int64", "uint64", "float32", "float64")},
}


class CdrSample:
    """Mixed into a DDS type: what is written and read are bytes."""

    cdr: bytes

    def serialize(self, *_: Any, **__: Any) -> bytes:
        """Give the bytes to Cyclone DDS."""
        return self.cdr

    @classmethod
    def deserialize(cls, data: bytes, *_: Any, **__: Any) -> CdrSample:
        """Take the bytes from Cyclone DDS."""
        return cls.of(data)

    @classmethod
    def deserialize_key(cls, data: bytes, *_: Any, **__: Any) -> CdrSample:
        """Take what stands for a sample without data, such as when a writer has gone."""
        return cls.of(data)

    @classmethod
    def of(cls, data: bytes) -> CdrSample:
        """A sample of the given bytes."""
        sample = cls.__new__(cls)
        sample.cdr = data
        return sample


@cache
def cdr_type(ros_type: str, header: tuple[tuple[str, str], ...] = ()) -> Any:
    """The DDS type of a ROS message: a cyclonedds IdlStruct with the methods of CdrSample.

    Args:
        ros_type: Full name, e.g. ``std_msgs/msg/Header``.
        header: Names and types of members in front of the message's own, as service messages have.
    """
    struct = _make_struct(ros_type, {}, header)
    for method in ("serialize", "deserialize", "deserialize_key", "of"):
        setattr(struct, method, CdrSample.__dict__[method])
    return struct


def _make_struct(ros_type: str, known: dict[str, Any], header: tuple[tuple[str, str], ...] = ()) -> Any:
    if ros_type not in known:
        own = {name: _member(described, known) for name, described in field_descriptions(ros_type)}
        members = {name: _BASE[kind] for name, kind in header} | (own or {DUMMY_MEMBER: idl.uint8})
        name = f"{ros_type.rpartition('/')[2]}_"
        full = dds_type_name(ros_type).replace("::", ".")
        known[ros_type] = make_idl_struct(name, full, members)
    return known[ros_type]


def _member(described: Any, known: dict[str, Any]) -> Any:
    kind, detail = described
    if kind == Nodetype.NAME:
        return _make_struct(detail, known)
    if kind == Nodetype.BASE:
        name, bound = detail
        if name == "string":
            return idl.bounded_str[bound] if bound else str
        if name not in _BASE:
            raise NotImplementedError(f"messages with a member of type {name}")
        return _BASE[name]
    element, length = detail
    inner = _member(element, known)
    if kind == Nodetype.ARRAY:
        return idl.array[inner, length]
    return idl.sequence[inner, length] if length else idl.sequence[inner]


def type_hash(ros_type: str) -> str:
    """The hash by which ROS 2 checks that two processes mean the same type."""
    return typestore().hash_rihs01(ros_type)
