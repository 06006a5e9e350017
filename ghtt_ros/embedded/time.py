# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""rclpy.time: a point in time of some clock."""

from __future__ import annotations

from functools import total_ordering
from typing import Any

from ghtt_ros.embedded.clock_type import ClockType
from ghtt_ros.embedded.duration import Duration
from ghtt_ros.embedded.messages import message_class

_SECOND = 10**9
CONVERSION_CONSTANT = _SECOND


@total_ordering
class Time:
    """Nanoseconds since the epoch of a clock; only times of one kind of clock can be compared."""

    __slots__ = ("_clock_type", "_nanoseconds")

    def __init__(
        self, *, seconds: float = 0, nanoseconds: int = 0, clock_type: ClockType = ClockType.SYSTEM_TIME
    ) -> None:
        """Add up whole and fractional seconds and nanoseconds.

        Raises:
            ValueError: The time is before the epoch.
            OverflowError: It does not fit into 64 bits.
            TypeError: clock_type is not a ClockType.
        """
        if not isinstance(clock_type, ClockType):
            raise TypeError("Clock type must be a ClockType enum")
        if seconds < 0:
            raise ValueError("Seconds value must not be negative")
        if nanoseconds < 0:
            raise ValueError("Nanoseconds value must not be negative")
        whole = int(seconds)
        total = whole * _SECOND + round((seconds - whole) * _SECOND) + int(nanoseconds)
        if total >= 2**63:
            raise OverflowError("Total nanoseconds value is too large to store in C time point.")
        self._nanoseconds = total
        self._clock_type = clock_type

    @property
    def nanoseconds(self) -> int:
        """All of it in nanoseconds."""
        return self._nanoseconds

    @property
    def clock_type(self) -> ClockType:
        """Kind of clock that it is a time of."""
        return self._clock_type

    def seconds_nanoseconds(self) -> tuple[int, int]:
        """Whole seconds, and nanoseconds of the second."""
        return divmod(self._nanoseconds, _SECOND)

    def to_msg(self) -> Any:
        """Make a builtin_interfaces/Time."""
        seconds, nanoseconds = self.seconds_nanoseconds()
        return message_class("builtin_interfaces/msg/Time")(sec=seconds, nanosec=nanoseconds)

    @classmethod
    def from_msg(cls, msg: Any, clock_type: ClockType = ClockType.ROS_TIME) -> Time:
        """Make it from a builtin_interfaces/Time."""
        return cls(nanoseconds=msg.sec * _SECOND + msg.nanosec, clock_type=clock_type)

    def _same_clock(self, other: Time) -> None:
        if self._clock_type != other._clock_type:
            raise TypeError("Can't compare times with different clock types")

    def __add__(self, other: Duration) -> Time:
        """Later by a duration."""
        if not isinstance(other, Duration):
            return NotImplemented
        return Time(nanoseconds=self._nanoseconds + other.nanoseconds, clock_type=self._clock_type)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        """Earlier by a duration, or the duration since another time."""
        if isinstance(other, Time):
            self._same_clock(other)
            return Duration(nanoseconds=self._nanoseconds - other._nanoseconds)
        if isinstance(other, Duration):
            return Time(nanoseconds=self._nanoseconds - other.nanoseconds, clock_type=self._clock_type)
        return NotImplemented

    def __eq__(self, other: object) -> bool:
        """Whether both are the same."""
        if not isinstance(other, Time):
            return NotImplemented
        self._same_clock(other)
        return self._nanoseconds == other._nanoseconds

    def __hash__(self) -> int:
        """Allow it in sets and as a key."""
        return hash((self._clock_type, self._nanoseconds))

    def __lt__(self, other: Time) -> bool:
        """Whether it is less."""
        if not isinstance(other, Time):
            return NotImplemented
        self._same_clock(other)
        return self._nanoseconds < other._nanoseconds

    def __repr__(self) -> str:
        """Show what it holds."""
        return f"Time(nanoseconds={self._nanoseconds}, clock_type={self._clock_type.name})"
