# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The executor of rclpy.spin, one per process."""

from __future__ import annotations

from ghtt_ros.embedded.default_context import default_context
from ghtt_ros.embedded.executors import Executor, SingleThreadedExecutor

_executor: Executor | None = None


def global_executor() -> Executor:
    """The executor of rclpy.spin."""
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
