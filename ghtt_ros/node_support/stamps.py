# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Order in the stamps of a stream: what is a duplicate, what is late, and when time has started over."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

JUMP_BACK_NS: Final = 500_000_000
"""An older stamp than this is a new beginning (a bag that loops), a younger one a message that came late."""


class Arrival(StrEnum):
    """What a stamp says about its message."""

    NEXT = "next"
    DUPLICATE = "duplicate"
    LATE = "late"
    RESTART = "restart"


class StampGate:
    """Compares every stamp with the newest one before."""

    def __init__(self) -> None:
        """Start with no stamp."""
        self._newest_ns: int | None = None
        self.duplicates = 0
        self.late = 0
        self.restarts = 0

    def judge(self, stamp_ns: int) -> Arrival:
        """Say what a message with this stamp is; only ``NEXT`` and ``RESTART`` are to be used."""
        newest = self._newest_ns
        if newest is None or stamp_ns > newest:
            self._newest_ns = stamp_ns
            return Arrival.NEXT
        if stamp_ns == newest:
            self.duplicates += 1
            return Arrival.DUPLICATE
        if newest - stamp_ns <= JUMP_BACK_NS:
            self.late += 1
            return Arrival.LATE
        self._newest_ns = stamp_ns
        self.restarts += 1
        return Arrival.RESTART

    def reset(self) -> None:
        """Forget the newest stamp; the counts stay."""
        self._newest_ns = None
