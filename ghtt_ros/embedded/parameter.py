# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`rclpy.parameter`: a named value with one of the ten parameter types."""

from __future__ import annotations

import array
from collections.abc import Sequence
from enum import Enum
from typing import Any

import numpy as np

from ghtt_ros.embedded.messages import message_class
from ghtt_ros.embedded.parameter_files import parse_value

ParameterMessage = message_class("rcl_interfaces/msg/Parameter")
ParameterValue = message_class("rcl_interfaces/msg/ParameterValue")

PARAMETER_SEPARATOR_STRING = "."


def _is_array(value: Any) -> bool:
    return isinstance(value, list | tuple | array.array | np.ndarray)


class _Type(Enum):
    """Types of parameters; the numbers are those of rcl_interfaces/ParameterType."""

    NOT_SET = 0
    BOOL = 1
    INTEGER = 2
    DOUBLE = 3
    STRING = 4
    BYTE_ARRAY = 5
    BOOL_ARRAY = 6
    INTEGER_ARRAY = 7
    DOUBLE_ARRAY = 8
    STRING_ARRAY = 9

    @classmethod
    def from_parameter_value(cls, value: Any) -> _Type:
        """The type that a Python value has as a parameter.

        Raises:
            TypeError: No parameter can have this value.
        """
        for kind in cls:
            if kind.check(value):
                return kind
        raise TypeError(f"{value!r} is of a type that a parameter cannot have")

    def check(self, value: Any) -> bool:
        """Whether a Python value is of this type; an empty list is of every array type."""
        scalar = _SCALARS.get(self.name)
        if self is _Type.NOT_SET:
            return value is None
        if scalar is not None:
            return _is(value, scalar)
        element = _ELEMENTS[self.name]
        return _is_array(value) and all(_is(v, element) for v in _plain_list(value))


_SCALARS: dict[str, type] = {"BOOL": bool, "INTEGER": int, "DOUBLE": float, "STRING": str}
_ELEMENTS: dict[str, type] = {
    "BYTE_ARRAY": bytes,
    "BOOL_ARRAY": bool,
    "INTEGER_ARRAY": int,
    "DOUBLE_ARRAY": float,
    "STRING_ARRAY": str,
}
_FIELDS = {kind: f"{kind.name.lower()}_value" for kind in _Type if kind is not _Type.NOT_SET}


def _is(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def _plain_list(value: Sequence[Any]) -> list[Any]:
    """A list of Python scalars; numpy's and array's own scalars are not parameters' values."""
    return value.tolist() if isinstance(value, np.ndarray | array.array) else list(value)


class Parameter:
    """A parameter's name, type and value; an array's value is a list."""

    Type = _Type

    def __init__(self, name: str, type_: _Type | None = None, value: Any = None) -> None:
        """Check that type and value agree; without a type it follows from the value.

        Raises:
            TypeError: The type is not a `Parameter.Type`, or no parameter can have the value.
            ValueError: Type and value do not agree.
        """
        if type_ is None:
            type_ = _Type.from_parameter_value(value)
        if not isinstance(type_, _Type):
            raise TypeError("type must be an instance of Parameter.Type")
        if not type_.check(value):
            raise ValueError(f"Type '{type_}' and value '{value}' do not agree")
        self._name = name
        self._type = type_
        self._value = _plain_list(value) if _is_array(value) else value

    @property
    def name(self) -> str:
        """Name, with dots between its parts."""
        return self._name

    @property
    def type_(self) -> _Type:
        """Type."""
        return self._type

    @property
    def value(self) -> Any:
        """Value as a plain Python object; None when not set."""
        return self._value

    def get_parameter_value(self) -> Any:
        """The value as rcl_interfaces/ParameterValue."""
        message = ParameterValue(type=self._type.value)
        if self._type is not _Type.NOT_SET:
            setattr(message, _FIELDS[self._type], self._value)
        return message

    def to_parameter_msg(self) -> Any:
        """Name and value as rcl_interfaces/Parameter."""
        return ParameterMessage(name=self._name, value=self.get_parameter_value())

    @classmethod
    def from_parameter_msg(cls, message: Any) -> Parameter:
        """Take over a rcl_interfaces/Parameter."""
        kind = _Type(message.value.type)
        return cls(message.name, kind, parameter_value_to_python(message.value))

    def __repr__(self) -> str:
        """Name, type and value."""
        return f"Parameter({self._name!r}, {self._type.name}, {self._value!r})"


def parameter_value_to_python(parameter_value: Any) -> Any:
    """The Python value inside a rcl_interfaces/ParameterValue; None when not set."""
    kind = _Type(parameter_value.type)
    if kind is _Type.NOT_SET:
        return None
    value = getattr(parameter_value, _FIELDS[kind])
    if not _is_array(value):
        return bytes(value) if isinstance(value, bytearray) else value
    if kind is _Type.BYTE_ARRAY:
        return [v if isinstance(v, bytes) else bytes([v]) for v in _plain_list(value)]
    return _plain_list(value)


def get_parameter_value(string_value: str) -> Any:
    """A rcl_interfaces/ParameterValue from text as on a command line, e.g. `[1, 2]` or `fast`."""
    return Parameter("value", value=parse_value(string_value, "parameter value")).get_parameter_value()
