# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Messages as bags hold them: empty ones to fill, bytes from them and back."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
from rosbags.interfaces import Nodetype
from rosbags.interfaces.typing import FieldDesc
from rosbags.serde import SerdeError

from ghtt_core.bags.typestore import typestore
from ghtt_core.errors import InputError

_NUMPY_NAMES: Final = {"byte": "uint8", "octet": "uint8", "char": "uint8", "bool": "bool"}


def new_message(typename: str) -> Any:
    """Make a message with every field at its default: zero, empty, or such a message.

    Args:
        typename: Full name, such as ``ghtt_ros/msg/PredictedMotion``.

    Raises:
        InputError: If there is no such type.
    """
    if typename not in typestore().fielddefs:
        raise InputError(f"There is no message type {typename!r}; it has the form package/msg/Name.")
    _, fields = typestore().fielddefs[typename]
    values = {name: _default(description) for name, description in fields}
    return typestore().types[typename](**values)


def encode(message: Any, typename: str) -> bytes:
    """Return the CDR bytes of a message, encapsulation header included, as they go over the wire and into bags."""
    return bytes(typestore().serialize_cdr(message, typename))


def decode(data: bytes, typename: str) -> Any:
    """Make a message of CDR bytes.

    Raises:
        InputError: If the bytes are not such a message.
    """
    try:
        return typestore().deserialize_cdr(data, typename)
    except (SerdeError, ValueError, IndexError, OverflowError, MemoryError) as error:
        raise InputError(f"{len(data)} bytes are not a {typename}: {error}.") from error
    except Exception as error:
        # struct.error and whatever else a cut or hostile buffer brings the generated code to.
        raise InputError(f"{len(data)} bytes are not a {typename} ({type(error).__name__}).") from error


@cache
def type_hash(typename: str) -> str:
    """Return the RIHS01 hash that ROS 2 knows a type by."""
    return str(typestore().hash_rihs01(typename))


def _default(description: FieldDesc) -> Any:
    kind: Any = description[0]
    content: Any = description[1]
    if kind == Nodetype.NAME:
        return new_message(content)
    if kind == Nodetype.BASE:
        name = content[0]
        if name in ("string", "wstring"):
            return ""
        return False if name == "bool" else 0.0 if name.startswith("float") else 0
    inner, length = content
    length = length if kind == Nodetype.ARRAY else 0
    if inner[0] == Nodetype.BASE and inner[1][0] not in ("string", "wstring"):
        return np.zeros(length, _NUMPY_NAMES.get(inner[1][0], inner[1][0]))
    return [_default(inner) for _ in range(length)]
