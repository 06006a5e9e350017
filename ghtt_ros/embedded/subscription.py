# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""rclpy.subscription."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from typing import Any

from cyclonedds.core import DDSException, DDSStatus
from rosbags.serde import SerdeError

from ghtt_ros.embedded.cdr import deserialize
from ghtt_ros.embedded.dds import Participant, RawReader, user_data
from ghtt_ros.embedded.event_handler import EventHandler, SubscriptionEventCallbacks
from ghtt_ros.embedded.idl_types import cdr_type, type_hash
from ghtt_ros.embedded.logging import get_logger
from ghtt_ros.embedded.names import dds_topic_name
from ghtt_ros.embedded.qos import QoSProfile
from ghtt_ros.embedded.qos_mapping import to_dds
from ghtt_ros.embedded.waitable import Waitable, Work


class Subscription(Waitable):
    """Receives the messages of one topic; the executor runs its callback."""

    def __init__(
        self,
        participant: Participant,
        msg_type: type[Any],
        topic: str,
        callback: Callable[..., Any],
        callback_group: Any,
        qos_profile: QoSProfile,
        event_callbacks: SubscriptionEventCallbacks,
        *,
        raw: bool,
        logger_name: str,
        wake: Callable[[], Any],
    ) -> None:
        """Create the reader; use `Node.create_subscription`.

        Args:
            participant: Where.
            msg_type: Message class.
            topic: Absolute name, after remapping.
            callback: Called with each message, and with a dict about it if it has a second parameter.
            callback_group: Group of the callback.
            qos_profile: Profile.
            event_callbacks: What to run when something happens to the reader.
            raw: Whether the callback gets bytes instead of messages.
            logger_name: Of the node.
            wake: Wakes the node's executor.
        """
        self.msg_type = msg_type
        self.topic = topic
        self.callback = callback
        self.callback_group = callback_group
        self.qos_profile = qos_profile
        self.raw = raw
        self.event_handlers: list[EventHandler] = event_callbacks.create_event_handlers(
            callback_group, logger_name, topic
        )
        self._with_info = _wants_info(callback)
        self._logger_name = logger_name
        self._wake = wake
        self._pending = False
        self._lock = threading.Lock()
        mask = DDSStatus.DataAvailable
        for handler in self.event_handlers:
            mask |= handler.kind.bit
        ros_type = msg_type.ros_type
        qos = to_dds(qos_profile, "reader", user_data(type_hash(ros_type)))
        self._reader: RawReader | None = RawReader(
            participant, dds_topic_name(topic), cdr_type(ros_type), qos, self._on_status, mask
        )
        self.guid = self._reader.guid
        for handler in self.event_handlers:
            handler.endpoint = self._reader.dds

    @property
    def topic_name(self) -> str:
        """Absolute name of the topic."""
        return self.topic

    def get_publisher_count(self) -> int:
        """How many publishers this subscription receives from."""
        reader = self._reader
        return 0 if reader is None else reader.writer_count()

    def is_ready(self) -> bool:
        """Whether messages may wait."""
        return self._pending

    def take(self) -> Work | None:
        """Take the oldest message that waits."""
        with self._lock:
            reader = self._reader
            self._pending = False  # before taking: a message that comes meanwhile sets it again
            if reader is None:
                return None
            try:
                taken = reader.take()
            except DDSException:
                return None  # everything was shut down meanwhile
            if taken is None:
                return None
            self._pending = True  # there may be more
        data, info = taken
        return lambda: self._call(data, info)

    def destroy(self) -> None:
        """End; use `Node.destroy_subscription`."""
        with self._lock:
            reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    def _call(self, data: bytes, info: Any) -> Any:
        if self.raw:
            message: Any = data
        else:
            try:
                message = deserialize(data, self.msg_type.ros_type)
            except SerdeError as error:
                get_logger(self._logger_name).error(
                    f"A message on {self.topic} is damaged or of another type, and is left out: {error}",
                    throttle_duration_sec=5.0,
                )
                return None
        if self._with_info:
            return self.callback(message, {"source_timestamp": info.source_timestamp})
        return self.callback(message)

    def _on_status(self, bits: int) -> None:
        if bits & DDSStatus.DataAvailable:
            self._pending = True
        for handler in self.event_handlers:
            handler.tell(bits)
        self._wake()


def _wants_info(callback: Callable[..., Any]) -> bool:
    if inspect.iscoroutinefunction(callback):
        raise NotImplementedError("coroutine functions as callbacks need an installation of ROS 2")
    try:
        inspect.signature(callback).bind(object())
    except TypeError:
        return True
    except ValueError:
        pass  # a built-in function without a signature takes the message alone
    return False
