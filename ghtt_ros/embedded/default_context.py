# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The default context of a process, which rclpy's functions use when they are given none."""

from __future__ import annotations

import threading

from ghtt_ros.embedded.context import Context

_lock = threading.Lock()
_context: Context | None = None


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
