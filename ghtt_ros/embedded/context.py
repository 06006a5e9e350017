# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""rclpy.context: what begins with rclpy.init and ends with rclpy.shutdown."""

from __future__ import annotations

import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any

from ghtt_ros.embedded import logging
from ghtt_ros.embedded.dds import Participant
from ghtt_ros.embedded.environment import domain_id as domain_of_environment
from ghtt_ros.embedded.exceptions import NotInitializedException
from ghtt_ros.embedded.graph import Graph
from ghtt_ros.embedded.ros_arguments import RosArguments, parse_arguments
from ghtt_ros.embedded.wake_up import WakeUp

_active: tuple[Context, ...] = ()  # replaced, never changed: signal handlers read it at any moment
_active_lock = threading.Lock()


class Context:
    """Holds the arguments, the domain, the nodes and the executors of one init-shutdown cycle."""

    def __init__(self) -> None:
        """Start uninitialised."""
        self._lock = threading.RLock()
        self._initialized = False
        self._interrupted = False
        self._participant: Participant | None = None
        self._graph: Graph | None = None
        self._nodes: list[Any] = []
        self._wake_ups: tuple[weakref.ref[WakeUp], ...] = ()  # replaced, never changed, for the same reason
        self._on_shutdown: list[Callable[[], Any]] = []
        self._domain_id = 0
        self.arguments = RosArguments()

    def init(
        self, args: list[str] | None = None, *, initialize_logging: bool = True, domain_id: int | None = None
    ) -> None:
        """Begin.

        Args:
            args: Command line; `sys.argv` if not given.
            initialize_logging: Whether to apply the log levels of the command line.
            domain_id: DDS domain; the one of ROS_DOMAIN_ID if not given.

        Raises:
            RuntimeError: It has begun already.
            InputError: An argument or an environment variable is unusable.
        """
        with self._lock:
            if self._initialized:
                raise RuntimeError("Context.init() must only be called once")
            self.arguments = parse_arguments(sys.argv if args is None else args)
            self._domain_id = domain_of_environment() if domain_id is None else domain_id
            if initialize_logging:
                if self.arguments.log_level is not None:
                    logging.set_default_level(self.arguments.log_level)
                for name, level in self.arguments.logger_levels.items():
                    logging.set_logger_level(name, level)
            self._initialized, self._interrupted = True, False
        _set_active(self, True)

    def ok(self) -> bool:
        """Whether it has begun and not ended."""
        return self._initialized and not self._interrupted

    def get_domain_id(self) -> int:
        """Number of the DDS domain."""
        return self._domain_id

    def shutdown(self) -> None:
        """End: the on_shutdown callbacks run, all nodes' publishers, subscriptions and the like are destroyed.

        Raises:
            RuntimeError: It has not begun, or has ended; also by a signal, but then all is destroyed before.
        """
        interrupted = self._interrupted
        if not self._end() or interrupted:
            raise RuntimeError("Context was not initialized or is shut down already; use try_shutdown")

    def try_shutdown(self) -> None:
        """End if it has begun and not ended; see `shutdown`."""
        self._end()

    def on_shutdown(self, callback: Callable[[], Any]) -> None:
        """Call a function when this ends.

        Raises:
            TypeError: It is no function.
        """
        if not callable(callback):
            raise TypeError(f"callback should be a callable, got {type(callback)}")
        self._on_shutdown.append(callback)

    def interrupt(self) -> None:
        """Called by signal handlers: let all executors end; what is held is given back by `shutdown`."""
        self._interrupted = True
        self.wake()

    def wake(self) -> None:
        """Let all executors look for work."""
        for reference in self._wake_ups:
            wake_up = reference()
            if wake_up is not None:
                wake_up.set()

    def track_wake_up(self, wake_up: WakeUp) -> None:
        """Have an executor woken by `wake`."""
        with self._lock:
            living = tuple(reference for reference in self._wake_ups if reference() is not None)
            self._wake_ups = (*living, weakref.ref(wake_up))

    def track_node(self, node: Any) -> None:
        """Take in a new node."""
        with self._lock:
            self._nodes.append(node)

    def untrack_node(self, node: Any) -> None:
        """Forget a destroyed node."""
        with self._lock:
            if node in self._nodes:
                self._nodes.remove(node)
                if self._graph is not None:
                    self._graph.announce(self._nodes)

    def announce(self) -> None:
        """Tell other processes of the nodes, after one of them has changed."""
        with self._lock:
            if self._graph is not None:
                self._graph.announce(self._nodes)

    @property
    def participant(self) -> Participant:
        """This process's place in the DDS domain; made with the first node.

        Raises:
            NotInitializedException: This has not begun, or has ended.
        """
        with self._lock:
            if not self._initialized:
                raise NotInitializedException
            if self._participant is None:
                self._participant = Participant(self._domain_id)
                self._graph = Graph(self._participant)
            return self._participant

    @property
    def graph(self) -> Graph:
        """What is known of all nodes and endpoints.

        Raises:
            NotInitializedException: This has not begun, or has ended.
        """
        with self._lock:
            _ = self.participant
            assert self._graph is not None
            return self._graph

    def _end(self) -> bool:
        with self._lock:
            if not self._initialized:
                return False
            self._initialized = False
            callbacks, self._on_shutdown = self._on_shutdown, []
            nodes, self._nodes = self._nodes, []
            participant, self._participant = self._participant, None
            graph, self._graph = self._graph, None
        _set_active(self, False)
        self.wake()
        for callback in callbacks:
            callback()
        for node in nodes:
            node._release()
        if graph is not None:
            graph.close()
        if participant is not None:
            participant.close()
        return True

    def __enter__(self) -> Context:
        """Enter a with statement."""
        if not self._initialized:
            self.init()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave it."""
        self.try_shutdown()


def all_contexts() -> tuple[Context, ...]:
    """Every context that has begun and not ended."""
    return _active


def _set_active(context: Context, active: bool) -> None:
    global _active
    with _active_lock:
        others = tuple(other for other in _active if other is not context)
        _active = (*others, context) if active else others
