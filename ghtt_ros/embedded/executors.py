# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""rclpy.executors: they wait until a callback of one of their nodes is due, and run it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from ghtt_ros.embedded.context import Context
from ghtt_ros.embedded.default_context import default_context
from ghtt_ros.embedded.task import Future
from ghtt_ros.embedded.waitable import Waitable, Work
from ghtt_ros.embedded.wake_up import WakeUp


class TimeoutException(Exception):
    """Nothing became ready in time."""


class ShutdownException(Exception):
    """The executor was shut down."""


class ExternalShutdownException(Exception):
    """The context was shut down, for instance by SIGTERM."""

    def __init__(self, *args: object) -> None:
        """Say what ended."""
        super().__init__("The context has been shut down", *args)


class ConditionReachedException(Exception):
    """What was waited for is so."""


class Executor:
    """Base of the executors: chooses the next work that may run."""

    def __init__(self, *, context: Context | None = None) -> None:
        """Start without nodes.

        Raises:
            TypeError: context is not a Context.
        """
        self._context = context or default_context()
        self._nodes: list[Any] = []
        self._lock = threading.RLock()
        self._wake_up = WakeUp()
        self._is_shutdown = False
        self._offset = 0
        self._context.track_wake_up(self._wake_up)

    @property
    def context(self) -> Context:
        """Context whose end ends this executor."""
        return self._context

    def add_node(self, node: Any) -> bool:
        """Run the callbacks of a node; whether it was not here before. A node has one executor at a time."""
        with self._lock:
            if node in self._nodes:
                return False
            self._nodes.append(node)
        node.executor = self
        self.wake()
        return True

    def remove_node(self, node: Any) -> None:
        """Run the callbacks of a node no more."""
        with self._lock:
            if node in self._nodes:
                self._nodes.remove(node)
                node.executor = None
        self.wake()

    def get_nodes(self) -> list[Any]:
        """The nodes."""
        with self._lock:
            return list(self._nodes)

    def wake(self) -> None:
        """Look for work again, from any thread."""
        self._wake_up.set()

    def spin(self) -> None:
        """Run callbacks until the context or this executor is shut down.

        Raises:
            ExternalShutdownException: The context was shut down.
        """
        while self._context.ok() and not self._is_shutdown:
            self.spin_once()

    def spin_once(self, timeout_sec: float | None = None) -> None:
        """Run one callback; returns without one when the time is over.

        Args:
            timeout_sec: Longest wait; None or a negative one for ever.

        Raises:
            ExternalShutdownException: The context was shut down.
        """
        self._spin_once(timeout_sec, lambda: False)

    def spin_until_future_complete(self, future: Future, timeout_sec: float | None = None) -> None:
        """Run callbacks until a future is done, everything is shut down, or the time is over."""
        future.add_done_callback(lambda _: self.wake())
        end = None if timeout_sec is None or timeout_sec < 0 else time.monotonic() + timeout_sec
        while self._context.ok() and not self._is_shutdown and not (future.done() or future.cancelled()):
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return
            self._spin_once(left, lambda: future.done() or future.cancelled())

    def spin_once_until_future_complete(self, future: Future, timeout_sec: float | None = None) -> None:
        """Run one callback, or return when a future is done or the time is over."""
        future.add_done_callback(lambda _: self.wake())
        self._spin_once(timeout_sec, lambda: future.done() or future.cancelled())

    def create_task(self, callback: Any, *args: Any, **kwargs: Any) -> Any:
        """Not provided: the nodes have worker threads."""
        raise NotImplementedError("rclpy.executors.Executor.create_task needs an installation of ROS 2")

    def shutdown(self, timeout_sec: float | None = None) -> bool:
        """Run no more callbacks; whether all that were running have ended."""
        self._is_shutdown = True
        self.wake()
        for node in self.get_nodes():
            self.remove_node(node)
        return True

    def __enter__(self) -> Executor:
        """Enter a with statement."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave it."""
        self.shutdown()

    def _spin_once(self, timeout_sec: float | None, reached: Callable[[], bool]) -> None:
        found = self._wait_for_work(timeout_sec, reached)
        if found is not None:
            self._run(*found)

    def _run(self, waitable: Waitable, work: Work) -> None:
        """Do a piece of work whose group is claimed."""
        try:
            result = work()
        finally:
            waitable.callback_group.ending_execution(waitable)
        if hasattr(result, "__await__"):
            result.close()
            raise NotImplementedError("coroutine functions as callbacks need an installation of ROS 2")

    def _wait_for_work(self, timeout_sec: float | None, reached: Callable[[], bool]) -> tuple[Waitable, Work] | None:
        """Wait for a waitable that may run; its group is claimed then."""
        end = None if timeout_sec is None or timeout_sec < 0 else time.monotonic() + timeout_sec
        while True:
            self._wake_up.clear()
            if self._is_shutdown:
                return None  # as in rclpy, where only the end of the context is an exception
            if not self._context.ok():
                raise ExternalShutdownException
            if reached():
                return None
            found = self._claim()
            if found is not None:
                return found
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return None
            due = self._seconds_until_timer()
            self._wake_up.wait(due if left is None else left if due is None else min(left, due))

    def _waitables(self) -> Iterator[Waitable]:
        for node in self.get_nodes():
            yield from node.waitables()

    def _claim(self) -> tuple[Waitable, Work] | None:
        """The next work in turn, so that no busy subscription keeps others waiting."""
        waitables = list(self._waitables())
        count = len(waitables)
        for step in range(count):
            index = (self._offset + step) % count
            waitable = waitables[index]
            if not waitable.is_ready() or not waitable.callback_group.beginning_execution(waitable):
                continue
            work = None
            try:
                work = waitable.take()
            finally:
                if work is None:
                    waitable.callback_group.ending_execution(waitable)
            if work is not None:
                self._offset = index + 1
                return waitable, work
        return None

    def _seconds_until_timer(self) -> float | None:
        times = [
            nanoseconds
            for waitable in self._waitables()
            if (nanoseconds := waitable.nanoseconds_until_ready()) is not None
            and waitable.callback_group.can_execute(waitable)
        ]
        return min(times) / 1e9 if times else None


class SingleThreadedExecutor(Executor):
    """Runs callbacks in the thread that spins."""
