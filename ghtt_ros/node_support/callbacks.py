# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""No exception leaves a callback: it becomes a line in the log, and the next message is treated as usual."""

from __future__ import annotations

import functools
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any, Final, ParamSpec, TypeVar

from ghtt_core.errors import GhttError

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
REPEAT_AFTER_S: Final = 10.0
"""A message that is said again and again appears this often."""
_MOST_MESSAGES: Final = 200


class ErrorLog:
    """Logs what goes wrong in a node; repetitions of a sentence only now and then, nothing while shutting down."""

    def __init__(self, node: Any) -> None:
        """Log through the node's logger."""
        self._node = node
        self._said: dict[str, float] = {}
        self._lock = threading.Lock()
        self.last = ""
        self.count = 0

    def error(self, error: BaseException) -> None:
        """Count and log an exception: the sentence of a `GhttError`, a traceback of anything else."""
        if not self._node.context.ok():
            return  # everything fails while the process is ending
        self.count += 1
        self.last = str(error) or type(error).__name__
        if not self._is_new(f"{type(error).__name__} {error}"):
            return
        if isinstance(error, GhttError):
            self._node.get_logger().error(str(error))
        else:
            lines = "".join(traceback.format_exception(error)).rstrip()
            self._node.get_logger().error(f"Unexpected error, this input is skipped: {error}\n{lines}")

    def warn(self, sentence: str, *, key: str = "") -> None:
        """Log a warning unless it (or one with the same key) was logged a moment ago."""
        if self._is_new(key or sentence):
            self._node.get_logger().warning(sentence)

    def _is_new(self, key: str) -> bool:
        now = time.monotonic()
        with self._lock:
            if now - self._said.get(key, -REPEAT_AFTER_S) < REPEAT_AFTER_S:
                return False
            if len(self._said) >= _MOST_MESSAGES:
                self._said.clear()
            self._said[key] = now
            return True


def guarded(function: Callable[Arguments, Result], errors: ErrorLog) -> Callable[Arguments, Result | None]:
    """Wrap a callback so that an exception is logged instead of ending the executor.

    Args:
        function: The callback.
        errors: Where its exceptions go; the wrapped callback then returns None.
    """

    @functools.wraps(function)
    def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result | None:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            errors.error(error)
            return None

    return call
