# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""rclpy.publisher."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ghtt_ros.embedded.cdr import serialize
from ghtt_ros.embedded.dds import Participant, RawWriter, user_data
from ghtt_ros.embedded.event_handler import EventHandler, PublisherEventCallbacks
from ghtt_ros.embedded.exceptions import InvalidHandle
from ghtt_ros.embedded.idl_types import cdr_type, type_hash
from ghtt_ros.embedded.logging import get_logger
from ghtt_ros.embedded.names import dds_topic_name
from ghtt_ros.embedded.qos import QoSProfile
from ghtt_ros.embedded.qos_mapping import to_dds


class Publisher:
    """Publishes messages of one type on one topic."""

    def __init__(
        self,
        participant: Participant,
        msg_type: type[Any],
        topic: str,
        qos_profile: QoSProfile,
        event_callbacks: PublisherEventCallbacks,
        callback_group: Any,
        *,
        logger_name: str,
        wake: Callable[[], Any],
    ) -> None:
        """Create the writer; use `Node.create_publisher`.

        Args:
            participant: Where.
            msg_type: Message class.
            topic: Absolute name, after remapping.
            qos_profile: Profile.
            event_callbacks: What to run when something happens to the writer.
            callback_group: Group of the events.
            logger_name: Of the node.
            wake: Wakes the node's executor.
        """
        self.msg_type = msg_type
        self.topic = topic
        self.qos_profile = qos_profile
        self.callback_group = callback_group
        self.event_handlers: list[EventHandler] = event_callbacks.create_event_handlers(
            callback_group, logger_name, topic
        )
        self._logger_name = logger_name
        self._wake = wake
        ros_type = msg_type.ros_type
        self._writer: RawWriter | None = RawWriter(
            participant,
            dds_topic_name(topic),
            cdr_type(ros_type),
            to_dds(qos_profile, "writer", user_data(type_hash(ros_type))),
        )
        self.guid = self._writer.guid
        mask = 0
        for handler in self.event_handlers:
            handler.endpoint = self._writer.dds
            mask |= handler.kind.bit
        if mask:
            self._writer.watch(mask, self._on_status)

    def publish(self, msg: Any) -> None:
        """Publish a message, or the bytes of one.

        Raises:
            TypeError: The message is of another type, or a field holds what its type cannot.
            InvalidHandle: The publisher was destroyed.
        """
        if isinstance(msg, bytes):
            data = msg
        elif isinstance(msg, self.msg_type):
            data = serialize(msg)
        else:
            raise TypeError(f"Expected {self.msg_type}, got {type(msg)}")
        writer = self._writer
        if writer is None:
            raise InvalidHandle(f"the publisher of {self.topic} was destroyed")
        if not writer.write(data):
            get_logger(self._logger_name).warning(
                f"A message on {self.topic} was dropped: a reliable subscription does not keep up.",
                throttle_duration_sec=5.0,
            )

    def get_subscription_count(self) -> int:
        """How many subscriptions receive from this publisher."""
        writer = self._writer
        return 0 if writer is None else writer.reader_count()

    @property
    def topic_name(self) -> str:
        """Absolute name of the topic."""
        return self.topic

    def assert_liveliness(self) -> None:
        """Not provided: the nodes leave it to the automatic kind."""
        raise NotImplementedError("rclpy.publisher.Publisher.assert_liveliness needs an installation of ROS 2")

    def wait_for_all_acked(self, timeout: Any = None) -> bool:
        """Not provided: the nodes never wait for readers."""
        raise NotImplementedError("rclpy.publisher.Publisher.wait_for_all_acked needs an installation of ROS 2")

    def destroy(self) -> None:
        """End; use `Node.destroy_publisher`."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def _on_status(self, bits: int) -> None:
        if any([handler.tell(bits) for handler in self.event_handlers]):
            self._wake()
