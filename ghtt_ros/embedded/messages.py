# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Message classes that behave as those rclpy programs import, made from the store of message types."""

from __future__ import annotations

import array
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from rosbags.interfaces import Nodetype
from rosbags.typesys.base import normalize_fieldname

from ghtt_core.bags.typestore import typestore

TYPECODES = {
    "int8": "b",
    "uint8": "B",
    "char": "B",
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "float32": "f",
    "float64": "d",
}
"""Element types whose sequences are array.array, as in rclpy, and whose fixed arrays are numpy arrays."""

DTYPES = {name: np.dtype(code) for name, code in TYPECODES.items()}
DUMMY_MEMBER = "structure_needs_at_least_one_member"

_SPELLED = {"float64": "double", "float32": "float", "bool": "boolean", "byte": "octet", "char": "uint8"}
# The store keeps no default values; this is the only one that the messages of the provided packages have.
_DEFAULTS = {("geometry_msgs/msg/Quaternion", "w"): 1.0}

_classes: dict[str, type[Message]] = {}
_lock = threading.RLock()


class Message:
    """Base of all message classes: fields are attributes, all of them may be given by keyword."""

    __slots__: tuple[str, ...] = ()
    ros_type = ""
    _factories: dict[str, Callable[[], Any]]
    _setters: dict[str, Callable[[Any], Any]]
    _fields_and_field_types: dict[str, str]

    def __init__(self, **fields: Any) -> None:
        """Set the given fields, and all others to their default values.

        Raises:
            AttributeError: A name is not a field of the message.
        """
        for name, factory in self._factories.items():
            setattr(self, name, fields.pop(name) if name in fields else factory())
        if fields:
            raise AttributeError(f"{type(self).__name__} has no field {', '.join(map(repr, fields))}")

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a field, converted to what it is kept as."""
        convert = self._setters.get(name)
        object.__setattr__(self, name, value if convert is None else convert(value))

    @classmethod
    def get_fields_and_field_types(cls) -> dict[str, str]:
        """Names of the fields with their types, spelled as rclpy spells them."""
        return dict(cls._fields_and_field_types)

    def __eq__(self, other: object) -> bool:
        """Whether both are the same."""
        if type(other) is not type(self):
            return False
        return all(_equal(getattr(self, name), getattr(other, name)) for name in self._factories)

    __hash__ = None  # type: ignore[assignment]  # fields can change, as in rclpy

    def __repr__(self) -> str:
        """Show what it holds."""
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._factories)
        return f"{self.ros_type.replace('/', '.')}({fields})"


def message_class(ros_type: str) -> type[Any]:
    """The class of a message, such as ``sensor_msgs/msg/Image``; the same one each time.

    Raises:
        KeyError: No such message is known.
    """
    found = _classes.get(ros_type)
    if found is None:
        with _lock:
            found = _classes.get(ros_type)
            if found is None:
                found = _classes[ros_type] = _make_class(ros_type)
    return found


def field_descriptions(ros_type: str) -> list[tuple[str, Any]]:
    """Names and rosbags descriptions of a message's fields; none for an empty message."""
    fields = typestore().fielddefs[ros_type][1]
    return [(normalize_fieldname(name), described) for name, described in fields if name != DUMMY_MEMBER]


def is_numeric(description: Any) -> bool:
    """Whether an array's element is a number that array.array and numpy can hold."""
    return description[0] == Nodetype.BASE and description[1][0] in TYPECODES


def _make_class(ros_type: str) -> type[Message]:
    package, kind, name = ros_type.split("/")
    constants = typestore().fielddefs[ros_type][0]
    fields = field_descriptions(ros_type)
    namespace: dict[str, Any] = {
        "__slots__": tuple(field for field, _ in fields),
        "__module__": f"{package}.{kind}",
        "__doc__": f"The message {ros_type}.",
        "ros_type": ros_type,
        "_factories": {field: _default(ros_type, field, described) for field, described in fields},
        "_setters": {field: setter for field, described in fields if (setter := _setter(field, described))},
        "_fields_and_field_types": {field: _spell(described) for field, described in fields},
    }
    # rclpy's `byte` is a bytes object of length one, in constants too.
    namespace.update({key: bytes([int(value)]) if spelled == "byte" else value for key, spelled, value in constants})
    return type(name, (Message,), namespace)


def _default(ros_type: str, field: str, described: Any) -> Callable[[], Any]:
    given = _DEFAULTS.get((ros_type, field))
    if given is not None:
        return lambda: given
    return _default_of(described)


def _default_of(described: Any) -> Callable[[], Any]:
    kind, detail = described
    if kind == Nodetype.NAME:
        return message_class(detail)
    if kind == Nodetype.BASE:
        name = detail[0]
        if name == "byte":
            return lambda: b"\x00"
        return {"bool": bool, "string": str, "float32": float, "float64": float}.get(name, int)
    element, length = detail
    if kind == Nodetype.SEQUENCE:
        if is_numeric(element):
            code = TYPECODES[element[1][0]]
            return lambda: array.array(code)
        return list
    if is_numeric(element):
        dtype = DTYPES[element[1][0]]
        return lambda: np.zeros(length, dtype)
    of_element = _default_of(element)
    return lambda: [of_element() for _ in range(length)]


def _setter(field: str, described: Any) -> Callable[[Any], Any] | None:
    """What turns an assigned value into the one that is kept; None where any value is kept as it is."""
    kind, detail = described
    if kind not in (Nodetype.ARRAY, Nodetype.SEQUENCE):
        return None
    element, length = detail
    if is_numeric(element):
        name = element[1][0]
        if kind == Nodetype.ARRAY:
            return _to_fixed_array(field, DTYPES[name], length)
        return _to_sequence(field, TYPECODES[name], length)
    if kind == Nodetype.ARRAY:
        return _to_fixed_list(field, length)
    return None


def _to_fixed_array(field: str, dtype: np.dtype[Any], length: int) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if isinstance(value, np.ndarray) and value.dtype != dtype:
            raise TypeError(f"The field '{field}' needs a numpy array of {dtype}, not of {value.dtype}.")
        kept = np.asarray(value, dtype)
        if kept.shape != (length,):
            raise ValueError(f"The field '{field}' needs {length} values, not the shape {kept.shape}.")
        return kept

    return convert


def _to_sequence(field: str, code: str, limit: int) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if isinstance(value, array.array):
            if value.typecode != code:
                raise TypeError(f"The field '{field}' needs an array of typecode '{code}', not '{value.typecode}'.")
            kept = value
        elif isinstance(value, np.ndarray):
            if value.ndim != 1:
                raise ValueError(f"The field '{field}' needs one dimension, not {value.ndim}.")
            kept = array.array(code)
            kept.frombytes(np.ascontiguousarray(value, code).view(np.uint8).data)
        else:
            kept = array.array(code, value)
        if limit and len(kept) > limit:
            raise ValueError(f"The field '{field}' holds at most {limit} values, not {len(kept)}.")
        return kept

    return convert


def _to_fixed_list(field: str, length: int) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if len(value) != length:
            raise ValueError(f"The field '{field}' needs {length} values, not {len(value)}.")
        return value

    return convert


def _spell(described: Any) -> str:
    kind, detail = described
    if kind == Nodetype.NAME:
        package, _, name = detail.split("/")
        return f"{package}/{name}"
    if kind == Nodetype.BASE:
        name, bound = detail
        return f"string<{bound}>" if name == "string" and bound else _SPELLED.get(name, name)
    element, length = detail
    if kind == Nodetype.ARRAY:
        return f"{_spell(element)}[{length}]"
    return f"sequence<{_spell(element)}, {length}>" if length else f"sequence<{_spell(element)}>"


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return bool(np.array_equal(one, other))
    return bool(one == other)
