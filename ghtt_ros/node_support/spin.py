# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The main loop of every node."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Sequence
from types import FrameType, TracebackType
from typing import Any, Final

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor

from ghtt_core.errors import GhttError
from ghtt_core.memory import keep_freed_memory
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
    keep_freed_memory()
    with _Interrupts() as interrupts:
        rclpy.init(args=args)
        node: PipelineNode[Any] | None = None
        try:
            node = factory()
            with library_logs_to(node):
                if not node.start_alone():
                    return BAD_CONFIGURATION if rclpy.ok() else 0
                executor = SingleThreadedExecutor()
                executor.add_node(node)
                executor.spin()
        except GhttError as error:
            print(error, file=sys.stderr)
            return BAD_CONFIGURATION
        except (KeyboardInterrupt, ExternalShutdownException):
            pass
        except Exception:
            if rclpy.ok():
                raise
            # Interrupted on the way: anything fails once the context is gone.
        finally:
            interrupts.tidying = True
            if node is not None:
                node.release()
                node.destroy_node()
            rclpy.try_shutdown()
    return 0


class _Interrupts:
    """Lets the first Ctrl-C end the executor, as `kill` does, instead of raising wherever the program happens to be.

    A second one raises KeyboardInterrupt; none cuts the tidying up short.
    """

    def __init__(self) -> None:
        self.tidying = False
        self._count = 0
        self._before: Any = None

    def __enter__(self) -> _Interrupts:
        # Set before rclpy.init, which shuts its context down and then calls this one.
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._on_interrupt)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _on_interrupt(self, number: int, frame: FrameType | None) -> None:
        self._count += 1
        if self._count > 1 and not self.tidying:
            raise KeyboardInterrupt
