# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C between two frames instead of inside one, so that results can be completed."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class InterruptGuard:
    """While active, the first Ctrl-C (or `kill`) only sets `requested`; a second one interrupts at once."""

    def __init__(self) -> None:
        """Prepare; nothing changes before the guard is entered."""
        self.requested = False
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> InterruptGuard:
        """Take over SIGINT and SIGTERM; threads other than the main one cannot and go unguarded."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._previous[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the signals back."""
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
