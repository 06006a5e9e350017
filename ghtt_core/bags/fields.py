# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Set and read message fields, whichever library made the message.

rclpy keeps unbounded arrays of numbers as `array.array`, fixed ones as numpy arrays and arrays of truth values as
lists; rosbags keeps all of them as numpy arrays. What a field holds before it is set says which it is, so one
function fills either.
"""

from __future__ import annotations

from array import array
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ghtt_core.errors import InputError

NANOSECONDS: Final = 1_000_000_000
_SECONDS_RANGE: Final = range(-(2**31), 2**31)


def put(message: Any, name: str, values: ArrayLike) -> None:
    """Set an array field of numbers or truth values, whatever container the message uses.

    Args:
        message: A message with the field at its default value.
        name: Of the field.
        values: Any shape; stored flat in C order, in the field's own number type.
    """
    present = getattr(message, name)
    if isinstance(present, array):
        filled = array(present.typecode)
        flat = np.ascontiguousarray(values, present.typecode)
        filled.frombytes(flat.reshape(-1).view(np.uint8).data)
        setattr(message, name, filled)
    elif isinstance(present, np.ndarray):
        setattr(message, name, np.ascontiguousarray(values, present.dtype).reshape(-1))
    else:
        setattr(message, name, np.ravel(values).tolist())


def numbers(message: Any, name: str, *shape: int) -> NDArray[np.float32]:
    """Read an array field of numbers.

    Args:
        message: Any message.
        name: Of the field.
        *shape: Shape to give it; -1 once for what follows from the length.

    Returns:
        A float32 copy.

    Raises:
        InputError: If the length does not fit the shape.
    """
    flat = np.array(getattr(message, name), np.float32).reshape(-1)
    try:
        return flat.reshape(shape)
    except ValueError as error:
        raise InputError(
            f"The field {name} of a {type(message).__name__} has {flat.size} numbers, which do not fit {shape}."
        ) from error


def put_time(time: Any, stamp_ns: int) -> None:
    """Set a builtin_interfaces/Time or Duration.

    Raises:
        InputError: If the message cannot hold the time (before 1901 or after 2038).
    """
    seconds, rest = divmod(int(stamp_ns), NANOSECONDS)
    if seconds not in _SECONDS_RANGE:
        raise InputError(f"The time {stamp_ns} ns does not fit a ROS message, whose seconds end in 2038.")
    time.sec, time.nanosec = seconds, rest


def time_ns(time: Any) -> int:
    """Read a builtin_interfaces/Time or Duration as nanoseconds."""
    return int(time.sec) * NANOSECONDS + int(time.nanosec)


def put_header(header: Any, stamp_ns: int, frame_id: str) -> None:
    """Set a std_msgs/Header.

    Raises:
        InputError: If the header cannot hold the time.
    """
    put_time(header.stamp, stamp_ns)
    header.frame_id = frame_id
