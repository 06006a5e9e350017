# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""rclpy.signals: Ctrl-C and SIGTERM end all executors."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from enum import IntFlag
from types import FrameType
from typing import Any

from ghtt_ros.embedded.context import all_contexts


class SignalHandlerOptions(IntFlag):
    """Which signals are handled."""

    NO = 0
    SIGINT = 1
    SIGTERM = 2
    ALL = 3


_SIGNALS = {SignalHandlerOptions.SIGINT: signal.SIGINT, SignalHandlerOptions.SIGTERM: signal.SIGTERM}
_previous: dict[int, Any] = {}


def install_signal_handlers(options: SignalHandlerOptions = SignalHandlerOptions.ALL) -> None:
    """Handle the signals from now on; outside of the main thread nothing happens, Python cannot do it there."""
    if threading.current_thread() is not threading.main_thread():
        return
    for option, number in _SIGNALS.items():
        if options & option and number not in _previous:
            _previous[number] = signal.signal(number, _handle)


def uninstall_signal_handlers() -> None:
    """Put back what handled the signals before."""
    if threading.current_thread() is not threading.main_thread():
        return
    while _previous:
        number, handler = _previous.popitem()
        if signal.getsignal(number) is _handle:
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)


def get_current_signal_handlers_options() -> SignalHandlerOptions:
    """Which signals are handled now."""
    return SignalHandlerOptions(sum(option for option, number in _SIGNALS.items() if number in _previous))


def _handle(number: int, frame: FrameType | None) -> None:
    for context in all_contexts():
        context.interrupt()
    previous: Callable[[int, FrameType | None], Any] | Any = _previous.get(number)
    if callable(previous):
        previous(number, frame)  # of SIGINT it is the one that raises KeyboardInterrupt
