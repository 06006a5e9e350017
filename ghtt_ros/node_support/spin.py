# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The main loop of every node."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor

from ghtt_core.errors import GhttError
from ghtt_ros.node_support.lifecycle import PipelineNode
from ghtt_ros.node_support.log_bridge import library_logs_to

BAD_CONFIGURATION: Final = 2
"""Exit code where starting again would fail again: a parameter, a model or a package has to be put right first."""


def run_node(factory: Callable[[], PipelineNode[Any]], args: Sequence[str] | None = None) -> int:
    """Run one node until it is interrupted.

    One executor thread is enough: callbacks only hand over to the node's worker.

    Args:
        factory: Makes the node; called after `rclpy.init`.
        args: Command line; that of the process when not given.

    Returns:
        Exit code: 0 after Ctrl-C, `kill` or `rclpy.shutdown`, 2 where the node cannot start as it is configured.
    """
    rclpy.init(args=args)
    node: PipelineNode[Any] | None = None
    try:
        node = factory()
        with library_logs_to(node):
            if not node.start_alone():
                return BAD_CONFIGURATION if node.context.ok() else 0
            executor = SingleThreadedExecutor()
            executor.add_node(node)
            executor.spin()
    except GhttError as error:
        print(error, file=sys.stderr)
        return BAD_CONFIGURATION
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        with _uninterrupted():
            if node is not None:
                node.release()
                node.destroy_node()
            rclpy.try_shutdown()
    return 0


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Keep a second Ctrl-C from cutting the tidying up short."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
