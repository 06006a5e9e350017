# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""rclpy.duration: a span of time in nanoseconds."""

from __future__ import annotations

from functools import total_ordering
from typing import Any

from ghtt_ros.embedded.messages import message_class

_SECOND = 10**9
_LIMIT = 2**63
S_TO_NS = _SECOND


@total_ordering
class Duration:
    """A span of time; negative ones are allowed."""

    __slots__ = ("_nanoseconds",)

    def __init__(self, *, seconds: float = 0, nanoseconds: int = 0) -> None:
        """Add up whole and fractional seconds and nanoseconds.

        Raises:
            OverflowError: The sum does not fit into 64 bits.
        """
        whole = int(seconds)
        total = whole * _SECOND + round((seconds - whole) * _SECOND) + int(nanoseconds)
        if not -_LIMIT <= total < _LIMIT:
            raise OverflowError("A Duration holds at most 2**63 - 1 nanoseconds.")
        self._nanoseconds = total

    @property
    def nanoseconds(self) -> int:
        """All of it in nanoseconds."""
        return self._nanoseconds

    def to_msg(self) -> Any:
        """Make a builtin_interfaces/Duration."""
        seconds, nanoseconds = divmod(self._nanoseconds, _SECOND)
        return message_class("builtin_interfaces/msg/Duration")(sec=seconds, nanosec=nanoseconds)

    @classmethod
    def from_msg(cls, msg: Any) -> Duration:
        """Make it from a builtin_interfaces/Duration."""
        return cls(nanoseconds=msg.sec * _SECOND + msg.nanosec)

    def __repr__(self) -> str:
        """Show what it holds."""
        return f"Duration(nanoseconds={self._nanoseconds})"

    def __str__(self) -> str:
        """Show it for people."""
        return f"{self._nanoseconds} nanoseconds"

    def __eq__(self, other: object) -> bool:
        """Whether both are the same."""
        return self._nanoseconds == other._nanoseconds if isinstance(other, Duration) else NotImplemented

    def __hash__(self) -> int:
        """Allow it in sets and as a key."""
        return hash((Duration, self._nanoseconds))

    def __lt__(self, other: Duration) -> bool:
        """Whether it is less."""
        return self._nanoseconds < other._nanoseconds if isinstance(other, Duration) else NotImplemented
