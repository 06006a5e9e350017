# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What lets an executor sleep until something happens."""

from __future__ import annotations

import os
import select
import weakref

_LONGEST_SLEEP_MS = 500
"""A signal that comes in the instant before the sleep begins is seen no later than this."""


class WakeUp:
    """Set by other threads and by signal handlers, which must never meet a lock that their own thread holds.

    A file descriptor is used for that reason: setting it takes no lock, and a sleep on it lets Python's signal
    handlers run.
    """

    def __init__(self) -> None:
        """Start unset."""
        self._descriptor = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)
        weakref.finalize(self, os.close, self._descriptor)

    def set(self) -> None:
        """End the sleep, or the next one if there is none now."""
        try:
            os.eventfd_write(self._descriptor, 1)
        except BlockingIOError:
            pass  # it is set already, very often

    def clear(self) -> None:
        """Be unset."""
        try:
            os.eventfd_read(self._descriptor)
        except BlockingIOError:
            pass

    def wait(self, seconds: float | None) -> None:
        """Sleep until set, at most as long as given and never long."""
        limit = _LONGEST_SLEEP_MS
        if seconds is not None:
            limit = min(limit, max(int(seconds * 1000 + 0.999), 0))
        # One poll object serves one thread at a time; several executor threads never sleep on the same object.
        self._poll.poll(limit)
