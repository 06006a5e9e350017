# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""rclpy.task: a result that comes later."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class Future:
    """The result of a service call; its callbacks run in the thread that sets the result."""

    def __init__(self, *, executor: Any = None) -> None:
        """Start without a result."""
        self._lock = threading.RLock()
        self._done = False
        self._cancelled = False
        self._result: Any = None
        self._exception: BaseException | None = None
        self._callbacks: list[Callable[[Future], Any]] = []

    def done(self) -> bool:
        """Whether there is a result or an exception."""
        return self._done

    def cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self._cancelled

    def result(self) -> Any:
        """The result; None while there is none. Raises the exception if there is one instead."""
        if self._exception is not None:
            raise self._exception
        return self._result

    def exception(self) -> BaseException | None:
        """The exception, or None."""
        return self._exception

    def set_result(self, result: Any) -> None:
        """Give the result."""
        self._finish(result=result)

    def set_exception(self, exception: BaseException) -> None:
        """Give an exception instead of a result."""
        self._finish(exception=exception)

    def cancel(self) -> None:
        """Say that nobody waits any more."""
        self._finish(cancelled=True)

    def add_done_callback(self, callback: Callable[[Future], Any]) -> None:
        """Call a function with this future when it is done, now if it is."""
        with self._lock:
            if not self._done and not self._cancelled:
                self._callbacks.append(callback)
                return
        callback(self)

    def remove_done_callback(self, callback: Callable[[Future], Any]) -> bool:
        """Forget a callback; whether there was one."""
        with self._lock:
            if callback in self._callbacks:
                self._callbacks.remove(callback)
                return True
            return False

    def __await__(self) -> Any:
        """Not provided: the nodes have no coroutines."""
        raise NotImplementedError("awaiting an rclpy.task.Future needs an installation of ROS 2")

    def _finish(self, *, result: Any = None, exception: BaseException | None = None, cancelled: bool = False) -> None:
        with self._lock:
            if self._done or self._cancelled:
                return
            self._result, self._exception, self._cancelled = result, exception, cancelled
            self._done = not cancelled
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback(self)
