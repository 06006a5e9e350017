# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C and `kill` between two training steps instead of inside one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def stop_signals() -> Iterator[list[int]]:
    """Catch the first SIGINT and the first SIGTERM of the block; a second one acts as it would have without.

    Each has its own second chance, because torchrun answers a Ctrl-C that its workers also got by sending them SIGTERM.

    Yields:
        A list that is empty until a signal has come.
    """
    received: list[int] = []
    earlier: dict[int, Any] = {}

    def note(number: int, frame: FrameType | None) -> None:
        received.append(number)
        signal.signal(number, earlier[number])

    if threading.current_thread() is threading.main_thread():  # no other thread may, nor needs to, handle signals
        for number in (signal.SIGINT, signal.SIGTERM):
            earlier[number] = signal.signal(number, note)
    try:
        yield received
    finally:
        for caught, handler in earlier.items():
            signal.signal(caught, handler)
