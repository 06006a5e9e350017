# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The default context and executor of a process, which rclpy's functions use when they are given none."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ghtt_ros.embedded.context import Context

if TYPE_CHECKING:
    from ghtt_ros.embedded.executors import Executor

_lock = threading.Lock()
_context: Context | None = None
_executor: Executor | None = None


def default_context(*, renew: bool = False) -> Context:
    """The process's context.

    Args:
        renew: Make a new one if the present one has ended, as each rclpy.init does.
    """
    global _context
    with _lock:
        if _context is None or (renew and not _context.ok()):
            if _context is not None:
                _context.try_shutdown()
            _context = Context()
        return _context


def global_executor() -> Executor:
    """The executor of rclpy.spin."""
    from ghtt_ros.embedded.executors import SingleThreadedExecutor

    global _executor
    if _executor is None or _executor.context is not default_context():
        _executor = SingleThreadedExecutor()
    return _executor


def drop_global_executor() -> None:
    """Forget the executor when its context ends."""
    global _executor
    executor, _executor = _executor, None
    if executor is not None:
        executor.shutdown()
