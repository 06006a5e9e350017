# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The pair of a DDS reader and a DDS writer that a service or a client consists of."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable
from typing import Any, Literal

from cyclonedds.core import DDSException
from cyclonedds.qos import Policy

from ghtt_ros.embedded.cdr import serialize
from ghtt_ros.embedded.dds import Participant, RawReader, RawWriter
from ghtt_ros.embedded.idl_types import cdr_type, type_hash
from ghtt_ros.embedded.qos import QoSProfile
from ghtt_ros.embedded.qos_mapping import to_dds
from ghtt_ros.embedded.service_wire import RequestId, add_header, identity, reply_topic, request_topic, split_header

# Part of the type: Cyclone DDS compares what is sent with it.
_HEADER = (("request_client", "uint64"), ("request_sequence", "int64"))
_numbers = itertools.count(1)

Kind = Literal["clientid", "serviceid"]


class ServiceChannel:
    """Sends requests and receives replies, or the other way round."""

    def __init__(
        self,
        participant: Participant,
        kind: Kind,
        service_type: Any,
        name: str,
        qos_profile: QoSProfile,
        wake: Callable[[], Any],
    ) -> None:
        """Create both endpoints.

        Args:
            participant: Where.
            kind: `serviceid` for the side that answers, `clientid` for the side that asks.
            service_type: Class of the service.
            name: Absolute name of the service, after remapping.
            qos_profile: Of both endpoints.
            wake: Called from another thread when something came.
        """
        topics = [request_topic(name), reply_topic(name)]
        types = [f"{service_type.ros_type}_Request", f"{service_type.ros_type}_Response"]
        incoming = 0 if kind == "serviceid" else 1
        self.incoming_type, outgoing_type = types[incoming], types[1 - incoming]
        self._wake = wake
        self._lock = threading.Lock()
        self.pending = False
        mark = identity(kind, participant.guid, next(_numbers))
        self._writer: RawWriter | None = RawWriter(
            participant,
            topics[1 - incoming],
            cdr_type(outgoing_type, _HEADER),
            to_dds(qos_profile, "writer", _user_data(mark, outgoing_type)),
        )
        self._reader: RawReader | None = RawReader(
            participant,
            topics[incoming],
            cdr_type(self.incoming_type, _HEADER),
            to_dds(qos_profile, "reader", _user_data(mark, self.incoming_type)),
            self._on_data,
        )
        self.reader_guid, self.writer_guid = self._reader.guid, self._writer.guid
        # cyclonedds gives it as a signed number.
        self.client = int(self._writer.dds.get_instance_handle()) & 0xFFFFFFFFFFFFFFFF

    def take(self) -> tuple[RequestId, bytes, int] | None:
        """Take the oldest message: its request, its CDR, and the handle of the writer it came from.

        Raises:
            ValueError: The message has no header; it is taken all the same.
        """
        with self._lock:
            self.pending = False  # before taking: what comes meanwhile sets it again
            if self._reader is None:
                return None
            try:
                taken = self._reader.take()
            except DDSException:
                return None  # everything was shut down meanwhile
            if taken is None:
                return None
            self.pending = True  # there may be more
        data, info = taken
        return (*split_header(data), int(info.publication_handle))

    def send(self, message: Any, request: RequestId) -> bool:
        """Send a request or a response; False if the other side does not keep up, or after `close`."""
        writer = self._writer
        return writer is not None and writer.write(add_header(serialize(message), request))

    def mark_of_writer(self, handle: int, kind: Kind) -> str | None:
        """The identity that a matched writer tells; None for one that has gone or tells none."""
        reader = self._reader
        return None if reader is None else _mark(_described(reader.dds.get_matched_publication_data, handle), kind)

    def reader_marks(self, kind: Kind) -> set[str]:
        """The identities of the readers that receive what this side sends."""
        writer = self._writer
        if writer is None:
            return set()
        return _marks(writer.dds.get_matched_subscriptions(), writer.dds.get_matched_subscription_data, kind)

    def writer_marks(self, kind: Kind) -> set[str]:
        """The identities of the writers that this side receives from."""
        reader = self._reader
        if reader is None:
            return set()
        return _marks(reader.dds.get_matched_publications(), reader.dds.get_matched_publication_data, kind)

    def close(self) -> None:
        """Delete both endpoints."""
        with self._lock:
            reader, self._reader = self._reader, None
            writer, self._writer = self._writer, None
        if reader is not None:
            reader.close()
        if writer is not None:
            writer.close()

    def _on_data(self, _: int) -> None:
        self.pending = True
        self._wake()


def _user_data(mark: str, ros_type: str) -> bytes:
    return f"{mark}typehash={type_hash(ros_type)};".encode()


def _marks(handles: Iterable[int], describe: Callable[[int], Any], kind: Kind) -> set[str]:
    found = (_mark(_described(describe, handle), kind) for handle in handles)
    return {mark for mark in found if mark is not None}


def _described(describe: Callable[[int], Any], handle: int) -> Any:
    try:
        return describe(handle)
    except DDSException:
        return None  # it has gone meanwhile


def _mark(endpoint: Any, kind: Kind) -> str | None:
    data = endpoint.qos[Policy.Userdata] if endpoint is not None else None
    for item in (data.data if data else b"").split(b";"):
        key, _, value = item.partition(b"=")
        if key == kind.encode():
            return value.decode("ascii", "replace")
    return None
