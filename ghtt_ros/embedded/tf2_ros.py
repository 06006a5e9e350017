# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`tf2_ros`: buffer, listener and broadcasters for /tf and /tf_static."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

from ghtt_ros.embedded.callback_groups import ReentrantCallbackGroup
from ghtt_ros.embedded.executors import ExternalShutdownException, SingleThreadedExecutor
from ghtt_ros.embedded.messages import message_class
from ghtt_ros.embedded.qos import DurabilityPolicy, HistoryPolicy, QoSProfile
from ghtt_ros.embedded.tf2_buffer import Buffer
from ghtt_ros.embedded.tf2_exceptions import (
    ConnectivityException,
    ExtrapolationException,
    InvalidArgumentException,
    LookupException,
    TimeoutException,
    TransformException,
)

TFMessage = message_class("tf2_msgs/msg/TFMessage")

__all__ = [
    "Buffer",
    "ConnectivityException",
    "ExtrapolationException",
    "InvalidArgumentException",
    "LookupException",
    "StaticTransformBroadcaster",
    "TimeoutException",
    "TransformBroadcaster",
    "TransformException",
    "TransformListener",
]

_DEPTH = 100


class TransformListener:
    """Feeds a buffer from /tf and /tf_static."""

    def __init__(
        self, buffer: Buffer, node: Any, *, spin_thread: bool = False, qos: Any = None, static_qos: Any = None
    ) -> None:
        """Subscribe.

        Args:
            buffer: Where the transforms go.
            node: The node that subscribes; somebody has to spin it.
            spin_thread: Spin the node here, in a thread of its own.
            qos: Of /tf; keep last 100, volatile when None.
            static_qos: Of /tf_static; keep last 100, transient local when None.
        """
        self.buffer = buffer
        self.node = node
        self.group = ReentrantCallbackGroup()
        if qos is None:
            qos = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=_DEPTH, durability=DurabilityPolicy.VOLATILE)
        if static_qos is None:
            static_qos = QoSProfile(
                history=HistoryPolicy.KEEP_LAST, depth=_DEPTH, durability=DurabilityPolicy.TRANSIENT_LOCAL
            )
        self.tf_sub = node.create_subscription(TFMessage, "/tf", self.callback, qos, callback_group=self.group)
        self.tf_static_sub = node.create_subscription(
            TFMessage, "/tf_static", self.static_callback, static_qos, callback_group=self.group
        )
        self.executor: Any = None
        self.dedicated_listener_thread: threading.Thread | None = None
        if spin_thread:
            self.executor = SingleThreadedExecutor()
            self.executor.add_node(node)
            self.dedicated_listener_thread = threading.Thread(target=self._spin, name="tf2_listener", daemon=True)
            self.dedicated_listener_thread.start()

    def callback(self, data: Any) -> None:
        """Take over a message of /tf."""
        for transform in data.transforms:
            self.buffer.set_transform(transform, "default_authority")

    def static_callback(self, data: Any) -> None:
        """Take over a message of /tf_static."""
        for transform in data.transforms:
            self.buffer.set_transform_static(transform, "default_authority")

    def unregister(self) -> None:
        """Unsubscribe."""
        if self.executor is not None:
            self.executor.shutdown()
        self.node.destroy_subscription(self.tf_sub)
        self.node.destroy_subscription(self.tf_static_sub)

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            self.executor.spin()


class TransformBroadcaster:
    """Publishes moving transforms on /tf."""

    def __init__(self, node: Any, qos: Any = None) -> None:
        """Create the publisher; keep last 100 when no QoS is given."""
        self.pub_tf = node.create_publisher(TFMessage, "/tf", QoSProfile(depth=_DEPTH) if qos is None else qos)

    def sendTransform(self, transform: Any) -> None:
        """Publish one geometry_msgs/TransformStamped or a list of them."""
        self.pub_tf.publish(TFMessage(transforms=_as_list(transform)))


class StaticTransformBroadcaster:
    """Publishes fixed transforms on /tf_static, where whoever comes later gets them too."""

    def __init__(self, node: Any, qos: Any = None) -> None:
        """Create the publisher; keep last 1, transient local when no QoS is given."""
        if qos is None:
            qos = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL, history=HistoryPolicy.KEEP_LAST)
        self.pub_tf = node.create_publisher(TFMessage, "/tf_static", qos)
        self._transforms: dict[str, Any] = {}

    def sendTransform(self, transform: Any) -> None:
        """Publish these and all earlier ones, because latecomers only get the last message."""
        self._transforms.update({one.child_frame_id: one for one in _as_list(transform)})
        self.pub_tf.publish(TFMessage(transforms=list(self._transforms.values())))


def _as_list(transform: Any) -> list[Any]:
    return list(transform) if isinstance(transform, list | tuple) else [transform]
