# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tell observations that were held up on their way from those that only come with another clock's stamps."""

from __future__ import annotations

from collections import deque
from typing import Final

_USUAL_OVER: Final = 8
"""Messages over which the usual age is taken: more than a reader's queue can hold back at once."""


class FreshnessGate:
    """Compares the age of every observation with the usual one.

    A process that was stopped for seconds, or a network that was away, delivers old observations all at once; nothing
    may be forecast from them as if they were new. The age alone does not tell: stamps of a replayed bag are days old.
    """

    def __init__(self) -> None:
        """Start without a past."""
        self._ages: deque[int] = deque(maxlen=_USUAL_OVER)
        self.held_up = 0

    def is_fresh(self, age_ns: int, limit_ns: int) -> bool:
        """Take the next observation.

        Args:
            age_ns: Time from its stamp to now; may be negative where clocks disagree.
            limit_ns: How much older than usual it may be.
        """
        usual = min(self._ages, default=age_ns)
        self._ages.append(age_ns)
        fresh = age_ns - usual <= limit_ns
        self.held_up += not fresh
        return fresh

    def reset(self) -> None:
        """Forget the usual age: the stamps have started over."""
        self._ages.clear()
