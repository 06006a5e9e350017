# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A node that looks at the topics of others: which there are, of what type, and their messages."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from ghtt_core.errors import InputError
from ghtt_ros.cli.pipeline_topics import message_type

DISCOVERY_S: Final = 2.0
"""By then a process usually knows all others; there is no telling when it knows all."""
_STEP_S: Final = 0.1
_NAME: Final = re.compile(r"/?[A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)*")


class TopicGraph:
    """The topics around, seen by a node of our own."""

    def __init__(self, node: Any) -> None:
        """Watch with a node."""
        self.node = node
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(node)

    def spin(self, until: Callable[[], bool], timeout_s: float | None = None) -> bool:
        """Handle messages until a condition holds; returns whether it does."""
        ends = None if timeout_s is None else time.monotonic() + timeout_s
        while not until():
            if ends is not None and time.monotonic() >= ends:
                return False
            self._executor.spin_once(timeout_sec=_STEP_S)
        return True

    def topics(self) -> dict[str, list[str]]:
        """Return the types of every topic that others publish or subscribe to, by name."""
        return {
            name: list(kinds)
            for name, kinds in self.node.get_topic_names_and_types()
            if self.endpoints(name, publishers=True) or self.endpoints(name, publishers=False)
        }

    def endpoints(self, topic: str, *, publishers: bool) -> list[Any]:
        """Return the publishers or the subscriptions of a topic in other nodes."""
        node = self.node
        find = node.get_publishers_info_by_topic if publishers else node.get_subscriptions_info_by_topic
        return [endpoint for endpoint in find(topic) if endpoint.node_name != node.get_name()]

    def wait_for_type(self, topic: str, timeout_s: float | None, tell: Callable[[str], None]) -> str:
        """Return the type of a topic, once it has a publisher.

        Args:
            topic: Absolute name.
            timeout_s: Longest wait; None waits for ever.
            tell: Told that we are waiting.

        Raises:
            InputError: If there is still no publisher then.
        """
        if not self.spin(lambda: bool(self.endpoints(topic, publishers=True)), DISCOVERY_S):
            tell(f"Nobody publishes {topic} yet; waiting.")
            if not self.spin(lambda: bool(self.endpoints(topic, publishers=True)), timeout_s):
                known = ", ".join(sorted(self.topics())) or "none at all"
                raise InputError(f"Nobody publishes {topic}. There are the topics: {known}.")
        return str(self.endpoints(topic, publishers=True)[0].topic_type)

    def subscribe(self, topic: str, kind: str, callback: Callable[[Any], None], *, raw: bool = False) -> None:
        """Subscribe in a way that fits the publishers there are.

        Raises:
            InputError: If the type of the messages is not known here.
        """
        try:
            type_ = message_type(kind)
        except KeyError:
            raise InputError(
                f"{topic} has messages of the type {kind}, which this installation does not know. It knows the common "
                "packages of ROS 2 and ghtt_ros; for others use `ros2 topic` where their package is installed."
            ) from None
        profiles = [endpoint.qos_profile for endpoint in self.endpoints(topic, publishers=True)]
        reliable = bool(profiles) and all(item.reliability == ReliabilityPolicy.RELIABLE for item in profiles)
        latched = bool(profiles) and all(item.durability == DurabilityPolicy.TRANSIENT_LOCAL for item in profiles)
        profile = QoSProfile(
            depth=10,
            reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
            durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
        )
        self.node.create_subscription(type_, topic, callback, profile, raw=raw)


@contextmanager
def topic_graph() -> Iterator[TopicGraph]:
    """Join the graph for the body of a `with`."""
    rclpy.init(args=[])
    try:
        node = rclpy.create_node(f"ghtt_topic_{os.getpid()}", start_parameter_services=False)
        yield TopicGraph(node)
        node.destroy_node()
    finally:
        with suppress(KeyboardInterrupt):
            rclpy.try_shutdown()


def absolute(topic: str) -> str:
    """Return a topic's name with its leading slash.

    Raises:
        InputError: If it cannot be a topic's name.
    """
    if not _NAME.fullmatch(topic):
        raise InputError(f"{topic!r} cannot be the name of a topic; `ghtt topic list` lists those there are.")
    return topic if topic.startswith("/") else f"/{topic}"
