# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The executor that runs callbacks in several threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future as PoolFuture
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ghtt_ros.embedded.context import Context
from ghtt_ros.embedded.executors import Executor


class MultiThreadedExecutor(Executor):
    """Runs callbacks in a pool of threads, as far as their callback groups allow."""

    def __init__(self, num_threads: int | None = None, *, context: Context | None = None) -> None:
        """Start without nodes.

        Args:
            num_threads: Threads that run callbacks; as many as cores, at least two, if not given.
            context: Context whose end ends this executor.
        """
        super().__init__(context=context)
        threads = num_threads or max(len(os.sched_getaffinity(0)), 2)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="ghtt_ros executor")
        self._running: list[PoolFuture[None]] = []

    def _spin_once(self, timeout_sec: float | None, reached: Callable[[], bool]) -> None:
        found = self._wait_for_work(timeout_sec, lambda: reached() or self._has_failed())
        if found is not None:
            future = self._pool.submit(self._run, *found)
            future.add_done_callback(lambda _: self.wake())  # its group may let others run now
            self._running.append(future)
        ended = [future for future in self._running if future.done()]
        self._running = [future for future in self._running if not future.done()]
        for future in ended:
            future.result()  # raises here what a callback raised there

    def _has_failed(self) -> bool:
        return any(future.done() and future.exception() is not None for future in self._running)

    def shutdown(self, timeout_sec: float | None = None) -> bool:
        """Run no more callbacks and wait for those that are running; whether all have ended."""
        super().shutdown(timeout_sec)
        self._pool.shutdown(wait=timeout_sec is None or timeout_sec > 0)
        return all(future.done() for future in self._running)

    def __exit__(self, *_: Any) -> None:
        """Leave it."""
        self.shutdown()
