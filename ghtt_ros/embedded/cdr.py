# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Messages to and from the bytes that ROS 2 sends: CDR, by rosbags."""

from __future__ import annotations

import array
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from rosbags.interfaces import Nodetype
from rosbags.serde import SerdeError

from ghtt_core.bags.typestore import typestore
from ghtt_ros.embedded.messages import DUMMY_MEMBER, TYPECODES, field_descriptions, is_numeric, message_class

Convert = Callable[[Any], Any]


def serialize(message: Any) -> bytes:
    """CDR bytes of a message, with the four bytes of header that say little endian.

    Raises:
        TypeError: A field holds something that its type cannot.
    """
    ros_type = message.ros_type
    try:
        return bytes(typestore().serialize_cdr(_to_store(ros_type)(message), ros_type))
    except (SerdeError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise TypeError(f"A {ros_type} cannot be sent: {error}") from error
    except Exception as error:  # struct.error is not a subclass of any of the above
        if type(error).__module__ != "struct":
            raise
        raise TypeError(f"A {ros_type} cannot be sent: {error}") from error


def deserialize(data: bytes, ros_type: str) -> Any:
    """The message of the given type in CDR bytes of either byte order.

    Raises:
        SerdeError: The bytes are not such a message.
    """
    return _from_store(ros_type)(typestore().deserialize_cdr(data, ros_type))


@cache
def _to_store(ros_type: str) -> Convert:
    """Makes rosbags' object, whose number arrays are all numpy, from one of our messages."""
    made = typestore().types[ros_type]
    steps = [(name, _outward(described)) for name, described in field_descriptions(ros_type)]
    if not steps:
        return lambda _: made(**{DUMMY_MEMBER: 0})

    def convert(message: Any) -> Any:
        return made(*[step(getattr(message, name)) if step else getattr(message, name) for name, step in steps])

    return convert


@cache
def _from_store(ros_type: str) -> Convert:
    cls = message_class(ros_type)
    steps = [(name, _inward(described)) for name, described in field_descriptions(ros_type)]
    assign = object.__setattr__  # what comes from the wire needs none of the checks

    def convert(stored: Any) -> Any:
        message: Any = object.__new__(cls)
        for name, step in steps:
            value = getattr(stored, name)
            assign(message, name, step(value) if step else value)
        return message

    return convert


def _outward(described: Any) -> Convert | None:
    kind, detail = described
    if kind == Nodetype.NAME:
        return _to_store(detail)
    if kind == Nodetype.BASE:
        return {"byte": _byte_to_int, "string": _check_string}.get(detail[0])
    element, _ = detail
    if is_numeric(element):
        dtype = np.dtype(TYPECODES[element[1][0]])
        return lambda value: np.frombuffer(value, dtype) if isinstance(value, array.array) else value
    if element[0] == Nodetype.BASE and element[1][0] != "string":
        if element[1][0] == "byte":
            return lambda value: np.frombuffer(b"".join(value), np.uint8)
        return lambda value: np.asarray(value, np.bool_)
    step = _outward(element)
    return (lambda value: [step(item) for item in value]) if step else None


def _inward(described: Any) -> Convert | None:
    kind, detail = described
    if kind == Nodetype.NAME:
        return _from_store(detail)
    if kind == Nodetype.BASE:
        return _int_to_byte if detail[0] == "byte" else None
    element, _ = detail
    if is_numeric(element):
        if kind == Nodetype.ARRAY:
            return lambda value: value.copy()  # the store's is a read-only view of the received bytes
        code = TYPECODES[element[1][0]]
        return lambda value: _to_array(code, value)
    if element[0] == Nodetype.BASE and element[1][0] != "string":
        if element[1][0] == "byte":
            return lambda value: [_int_to_byte(item) for item in value.tolist()]
        return lambda value: value.tolist()
    step = _inward(element)
    return (lambda value: [step(item) for item in value]) if step else None


def _to_array(code: str, value: np.ndarray[Any, Any]) -> array.array[Any]:
    made = array.array(code)
    if len(value):
        made.frombytes(value.view(np.uint8).data)
    return made


def _byte_to_int(value: bytes) -> int:
    return value[0]


def _int_to_byte(value: int) -> bytes:
    return bytes((value & 0xFF,))  # rosbags takes a byte for a signed number


def _check_string(value: Any) -> Any:
    if not isinstance(value, str):
        raise TypeError(f"a string field holds {value!r}")
    return value
