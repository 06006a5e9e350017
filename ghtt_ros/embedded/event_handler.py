# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""rclpy.event_handler: callbacks for missed deadlines, incompatible profiles, matches and the like."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cyclonedds.core import DDSException, DDSStatus

from ghtt_ros.embedded.logging import get_logger
from ghtt_ros.embedded.qos import QoSPolicyKind, qos_policy_name_from_kind
from ghtt_ros.embedded.qos_mapping import policy_kind
from ghtt_ros.embedded.waitable import Waitable, Work


class UnsupportedEventTypeError(RuntimeError):
    """The event does not exist for this kind of endpoint."""


@dataclass(frozen=True)
class DeadlineMissedInfo:
    """How often a deadline was missed, all in all and since the last event."""

    total_count: int
    total_count_change: int


@dataclass(frozen=True)
class IncompatibleQoSInfo:
    """How many endpoints of the topic have incompatible profiles, and which policy the last one stumbled over."""

    total_count: int
    total_count_change: int
    last_policy_kind: QoSPolicyKind


@dataclass(frozen=True)
class LivelinessChangedInfo:
    """How many writers are alive and not."""

    alive_count: int
    not_alive_count: int
    alive_count_change: int
    not_alive_count_change: int


@dataclass(frozen=True)
class LivelinessLostInfo:
    """How often this writer failed to show that it is alive."""

    total_count: int
    total_count_change: int


@dataclass(frozen=True)
class MessageLostInfo:
    """How many messages were lost."""

    total_count: int
    total_count_change: int


@dataclass(frozen=True)
class MatchedInfo:
    """How many endpoints are matched."""

    total_count: int
    total_count_change: int
    current_count: int
    current_count_change: int


QoSRequestedDeadlineMissedInfo = QoSOfferedDeadlineMissedInfo = DeadlineMissedInfo
QoSRequestedIncompatibleQoSInfo = QoSOfferedIncompatibleQoSInfo = IncompatibleQoSInfo
QoSLivelinessChangedInfo = LivelinessChangedInfo
QoSLivelinessLostInfo = LivelinessLostInfo
QoSMessageLostInfo = MessageLostInfo


@dataclass(frozen=True)
class _Kind:
    """One DDS status: its bit, how to read it, and what the callback gets."""

    bit: int
    read: str
    info: type[Any]

    def fetch(self, entity: Any) -> Any:
        status = getattr(entity, self.read)()
        values = {name: getattr(status, name) for name in self.info.__dataclass_fields__ if name != "last_policy_kind"}
        if self.info is IncompatibleQoSInfo:
            values["last_policy_kind"] = policy_kind(status.last_policy_id)
        return self.info(**values)


_WRITER_KINDS = {
    "deadline": _Kind(DDSStatus.OfferedDeadlineMissed, "get_offered_deadline_missed_status", DeadlineMissedInfo),
    "liveliness": _Kind(DDSStatus.LivelinessLost, "get_liveliness_lost_status", LivelinessLostInfo),
    "incompatible_qos": _Kind(
        DDSStatus.OfferedIncompatibleQos, "get_offered_incompatible_qos_status", IncompatibleQoSInfo
    ),
    "matched": _Kind(DDSStatus.PublicationMatched, "get_publication_matched_status", MatchedInfo),
}
_READER_KINDS = {
    "deadline": _Kind(DDSStatus.RequestedDeadlineMissed, "get_requested_deadline_missed_status", DeadlineMissedInfo),
    "liveliness": _Kind(DDSStatus.LivelinessChanged, "get_liveliness_changed_status", LivelinessChangedInfo),
    "message_lost": _Kind(DDSStatus.SampleLost, "get_sample_lost_status", MessageLostInfo),
    "incompatible_qos": _Kind(
        DDSStatus.RequestedIncompatibleQos, "get_requested_incompatible_qos_status", IncompatibleQoSInfo
    ),
    "matched": _Kind(DDSStatus.SubscriptionMatched, "get_subscription_matched_status", MatchedInfo),
}


class EventHandler(Waitable):
    """Runs one callback when one status of an endpoint changes."""

    def __init__(self, kind: _Kind, callback: Callable[[Any], Any], callback_group: Any) -> None:
        """Take the callback; `endpoint` is set when the endpoint exists."""
        self.kind = kind
        self.callback = callback
        self.callback_group = callback_group
        self.endpoint: Any = None
        self._changed = False

    def tell(self, bits: int) -> bool:
        """Take over what changed; whether it concerns this event."""
        if bits & self.kind.bit:
            self._changed = True
            return True
        return False

    def is_ready(self) -> bool:
        """Whether the status has changed since the last call."""
        return self._changed

    def take(self) -> Work | None:
        """Read the status."""
        if not self._changed or self.endpoint is None:
            return None
        self._changed = False
        try:
            info = self.kind.fetch(self.endpoint)
        except DDSException:
            return None  # the endpoint was destroyed meanwhile
        return lambda: self.callback(info)


class _EventCallbacks:
    """What publishers and subscriptions have in common: a callback per event."""

    _kinds: dict[str, _Kind]

    def __init__(self, use_default_callbacks: bool, **callbacks: Callable[[Any], Any] | None) -> None:
        self.use_default_callbacks = use_default_callbacks
        for name, callback in callbacks.items():
            setattr(self, name, callback)

    def create_event_handlers(self, callback_group: Any, logger_name: str, topic_name: str) -> list[EventHandler]:
        """What executors run for the events that have a callback."""
        given = {name: getattr(self, name) for name in self._kinds}
        if given["incompatible_qos"] is None and self.use_default_callbacks:
            given["incompatible_qos"] = self._warning(logger_name, topic_name)
        return [
            EventHandler(self._kinds[name], callback, callback_group)
            for name, callback in given.items()
            if callback is not None
        ]

    def _warning(self, logger_name: str, topic_name: str) -> Callable[[Any], None]:
        raise NotImplementedError(type(self).__name__)


class PublisherEventCallbacks(_EventCallbacks):
    """Callbacks for what happens to a publisher."""

    _kinds = _WRITER_KINDS

    def __init__(
        self,
        *,
        deadline: Callable[[Any], Any] | None = None,
        liveliness: Callable[[Any], Any] | None = None,
        incompatible_qos: Callable[[Any], Any] | None = None,
        incompatible_type: Callable[[Any], Any] | None = None,
        matched: Callable[[Any], Any] | None = None,
        use_default_callbacks: bool = True,
    ) -> None:
        """Take the callbacks; without one for incompatible profiles these are logged.

        Raises:
            NotImplementedError: incompatible_type, which Cyclone DDS does not report, is given.
        """
        _refuse_type_event(incompatible_type)
        super().__init__(
            use_default_callbacks,
            deadline=deadline,
            liveliness=liveliness,
            incompatible_qos=incompatible_qos,
            matched=matched,
        )

    def _warning(self, logger_name: str, topic_name: str) -> Callable[[Any], None]:
        return lambda info: _warn(
            logger_name,
            f"New subscription discovered on topic '{topic_name}', requesting incompatible QoS. No messages will be "
            f"sent to it. Last incompatible policy: {qos_policy_name_from_kind(info.last_policy_kind)}",
        )


class SubscriptionEventCallbacks(_EventCallbacks):
    """Callbacks for what happens to a subscription."""

    _kinds = _READER_KINDS

    def __init__(
        self,
        *,
        deadline: Callable[[Any], Any] | None = None,
        liveliness: Callable[[Any], Any] | None = None,
        message_lost: Callable[[Any], Any] | None = None,
        incompatible_qos: Callable[[Any], Any] | None = None,
        incompatible_type: Callable[[Any], Any] | None = None,
        matched: Callable[[Any], Any] | None = None,
        use_default_callbacks: bool = True,
    ) -> None:
        """Take the callbacks; without one for incompatible profiles these are logged.

        Raises:
            NotImplementedError: incompatible_type, which Cyclone DDS does not report, is given.
        """
        _refuse_type_event(incompatible_type)
        super().__init__(
            use_default_callbacks,
            deadline=deadline,
            liveliness=liveliness,
            message_lost=message_lost,
            incompatible_qos=incompatible_qos,
            matched=matched,
        )

    def _warning(self, logger_name: str, topic_name: str) -> Callable[[Any], None]:
        return lambda info: _warn(
            logger_name,
            f"New publisher discovered on topic '{topic_name}', offering incompatible QoS. No messages will be "
            f"received from it. Last incompatible policy: {qos_policy_name_from_kind(info.last_policy_kind)}",
        )


def _refuse_type_event(callback: Any) -> None:
    if callback is not None:
        raise NotImplementedError("incompatible_type events need an installation of ROS 2")


def _warn(logger_name: str, text: str) -> None:
    get_logger(logger_name).warning(text)
