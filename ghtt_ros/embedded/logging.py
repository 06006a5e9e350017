# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""rclpy.logging: log lines on standard error, in the form that ROS 2 gives them."""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from enum import IntEnum
from typing import Any, TextIO

from ghtt_ros.embedded.clock_type import ClockType

_DEFAULT_FORMAT = "[{severity}] [{time}] [{name}]: {message}"
_COLOURS = {"DEBUG": "\x1b[32m", "INFO": "\x1b[0m", "WARN": "\x1b[33m", "ERROR": "\x1b[31m", "FATAL": "\x1b[31m"}
_FILTERS = ("throttle_duration_sec", "throttle_time_source_type", "skip_first", "once")


class LoggingSeverity(IntEnum):
    """How grave a log line is."""

    UNSET = 0
    DEBUG = 10
    INFO = 20
    WARN = 30
    ERROR = 40
    FATAL = 50


def get_logging_severity_from_string(log_severity: str) -> LoggingSeverity:
    """The severity with a name, e.g. `info`.

    Raises:
        RuntimeError: There is none with that name.
    """
    try:
        return LoggingSeverity[log_severity.upper()]
    except KeyError:
        raise RuntimeError(f"'{log_severity}' is no severity") from None


class _Levels:
    """Severity below which nothing is written, for each logger that has its own, and for all others."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        self.default = LoggingSeverity.INFO
        self.own: dict[str, LoggingSeverity] = {}

    def effective(self, name: str) -> LoggingSeverity:
        while name:
            if own := self.own.get(name):
                return own
            name = name.rpartition(".")[0]
        return self.default


_levels = _Levels()


def set_default_level(level: int) -> None:
    """Set the severity for all loggers that have none of their own."""
    _levels.default = LoggingSeverity(level)


def set_logger_level(name: str, level: int, detailed_error: bool = False) -> None:
    """Set a logger's own severity; UNSET takes it back."""
    _levels.own[name] = LoggingSeverity(level)


def get_logger_effective_level(name: str) -> LoggingSeverity:
    """The severity that decides for a logger: its own, else that of the logger above it."""
    return _levels.effective(name)


def clear_config() -> None:
    """Forget all severities that were set."""
    _levels.clear()


def initialize() -> None:
    """Nothing to prepare here."""


class RcutilsLogger:
    """Writes log lines under a name."""

    def __init__(self, name: str = "") -> None:
        """Take a name, such as `left_camera.hand_estimator`."""
        self.name = name
        self._seen: dict[tuple[str, int], float] = {}

    def get_child(self, name: str) -> RcutilsLogger:
        """A logger below this one.

        Raises:
            ValueError: The name is empty.
        """
        if not name:
            raise ValueError("Child logger name must not be empty.")
        return get_logger(f"{self.name}.{name}" if self.name else name)

    def set_level(self, level: int) -> None:
        """Set this logger's own severity."""
        set_logger_level(self.name, level)

    def get_effective_level(self) -> LoggingSeverity:
        """The severity that decides for this logger."""
        return _levels.effective(self.name)

    def is_enabled_for(self, severity: int) -> bool:
        """Whether a line of this severity would be written."""
        return severity >= _levels.effective(self.name)

    def log(self, message: Any, severity: int, *, stacklevel: int = 1, **filters: Any) -> bool:
        """Write a line, unless its severity or one of the filters forbids it.

        Args:
            message: Text.
            severity: One of LoggingSeverity.
            stacklevel: Which caller the filters take for the origin of the line.
            filters: `once`, `skip_first`, `throttle_duration_sec` (with `throttle_time_source_type`), each for
                lines from the same place in the code.

        Returns:
            Whether it was written.

        Raises:
            TypeError: A filter does not exist.
        """
        for name in filters:
            if name not in _FILTERS:
                raise TypeError(f"log() got an unexpected keyword argument '{name}'")
        if not self.is_enabled_for(severity):
            return False
        caller = sys._getframe(stacklevel)
        if filters and not self._passes((caller.f_code.co_filename, caller.f_lineno), **filters):
            return False
        _write(LoggingSeverity(severity), self.name, str(message), caller)
        return True

    def _passes(
        self,
        origin: tuple[str, int],
        *,
        once: bool = False,
        skip_first: bool = False,
        throttle_duration_sec: float | None = None,
        throttle_time_source_type: Any = None,
    ) -> bool:
        clock = throttle_time_source_type
        if clock is not None and not isinstance(clock, ClockType):
            now = clock.now().nanoseconds / 1e9  # a clock, which may be a simulated one
        else:
            now = time.monotonic()
        with _levels.lock:
            last = self._seen.get(origin)
            if last is None:
                self._seen[origin] = float("-inf") if skip_first else now
                return not skip_first
            if once and last != float("-inf"):
                return False
            if throttle_duration_sec is not None and last <= now < last + throttle_duration_sec:
                return False
            self._seen[origin] = now
            return True

    def debug(self, message: Any, **filters: Any) -> bool:
        """Write a line of severity DEBUG; see `log`."""
        return self.log(message, LoggingSeverity.DEBUG, stacklevel=2, **filters)

    def info(self, message: Any, **filters: Any) -> bool:
        """Write a line of severity INFO; see `log`."""
        return self.log(message, LoggingSeverity.INFO, stacklevel=2, **filters)

    def warning(self, message: Any, **filters: Any) -> bool:
        """Write a line of severity WARN; see `log`."""
        return self.log(message, LoggingSeverity.WARN, stacklevel=2, **filters)

    def error(self, message: Any, **filters: Any) -> bool:
        """Write a line of severity ERROR; see `log`."""
        return self.log(message, LoggingSeverity.ERROR, stacklevel=2, **filters)

    def fatal(self, message: Any, **filters: Any) -> bool:
        """Write a line of severity FATAL; see `log`."""
        return self.log(message, LoggingSeverity.FATAL, stacklevel=2, **filters)

    warn = warning


_loggers: dict[str, RcutilsLogger] = {}


def get_logger(name: str) -> RcutilsLogger:
    """The logger with a name; the same one each time."""
    with _levels.lock:
        return _loggers.setdefault(name, RcutilsLogger(name))


def _write(severity: LoggingSeverity, name: str, message: str, caller: Any) -> None:
    now = time.time_ns()
    values = {
        "severity": severity.name,
        "name": name,
        "message": message,
        "time": f"{now // 10**9}.{now % 10**9:09d}",
        "time_as_nanoseconds": str(now),
        "file_name": caller.f_code.co_filename,
        "function_name": caller.f_code.co_name,
        "line_number": str(caller.f_lineno),
    }
    form = os.environ.get("RCUTILS_CONSOLE_OUTPUT_FORMAT") or _DEFAULT_FORMAT
    line = re.sub(r"{(\w+)}", lambda found: values.get(found[1], found[0]), form)
    stream = sys.stdout if os.environ.get("RCUTILS_LOGGING_USE_STDOUT") == "1" else sys.stderr
    if _coloured(stream):
        line = f"{_COLOURS[severity.name]}{line}\x1b[0m"
    try:
        stream.write(line + "\n")  # one call, so that lines of several threads do not mix
        stream.flush()
    except (OSError, ValueError):
        pass  # nobody reads it any more; that must not end the node


def _coloured(stream: TextIO) -> bool:
    wish = os.environ.get("RCUTILS_COLORIZED_OUTPUT")
    return wish == "1" if wish in ("0", "1") else stream.isatty()
