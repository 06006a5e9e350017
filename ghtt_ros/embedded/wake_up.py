# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What lets an executor sleep until something happens."""

from __future__ import annotations

import contextlib
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
        closing = weakref.finalize(self, os.close, self._descriptor)
        closing.atexit = False  # what runs at exit still sets it

    def set(self) -> None:
        """End the sleep, or the next one if there is none now."""
        with contextlib.suppress(BlockingIOError):  # it has been set very often
            os.eventfd_write(self._descriptor, 1)

    def clear(self) -> None:
        """Be unset."""
        with contextlib.suppress(BlockingIOError):  # it is unset
            os.eventfd_read(self._descriptor)

    def wait(self, seconds: float | None) -> None:
        """Sleep until set, at most as long as given and never long."""
        limit = _LONGEST_SLEEP_MS
        if seconds is not None:
            limit = min(limit, max(int(seconds * 1000 + 0.999), 0))
        self._poll.poll(limit)
