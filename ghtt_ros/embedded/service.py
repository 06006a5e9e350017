# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`rclpy.service`: the side of a service that answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rosbags.serde import SerdeError

from ghtt_ros.embedded.cdr import deserialize
from ghtt_ros.embedded.dds import Participant
from ghtt_ros.embedded.logging import get_logger
from ghtt_ros.embedded.qos import QoSProfile
from ghtt_ros.embedded.service_channel import ServiceChannel
from ghtt_ros.embedded.service_wire import RequestId
from ghtt_ros.embedded.waitable import Waitable, Work

# A request can arrive before DDS has found the client's reader; a reply sent then would be lost.
_READER_WAIT_S = 0.1
_READER_POLL_S = 0.005


class Service(Waitable):
    """Answers requests; the executor runs its callback."""

    def __init__(
        self,
        participant: Participant,
        srv_type: Any,
        srv_name: str,
        callback: Callable[[Any, Any], Any],
        callback_group: Any,
        qos_profile: QoSProfile,
        *,
        logger_name: str,
        wake: Callable[[], Any],
    ) -> None:
        """Create the endpoints; use `Node.create_service`.

        Args:
            participant: Where.
            srv_type: Class of the service.
            srv_name: Absolute name, after remapping.
            callback: Called with the request and an empty response; returns the response.
            callback_group: Group of the callback.
            qos_profile: Profile.
            logger_name: Of the node.
            wake: Wakes the node's executor.
        """
        self.srv_type = srv_type
        self.srv_name = srv_name
        self.callback = callback
        self.callback_group = callback_group
        self.qos_profile = qos_profile
        self._logger_name = logger_name
        self._channel = ServiceChannel(participant, "serviceid", srv_type, srv_name, qos_profile, wake)
        self.reader_guid, self.writer_guid = self._channel.reader_guid, self._channel.writer_guid

    @property
    def service_name(self) -> str:
        """Absolute name."""
        return self.srv_name

    def is_ready(self) -> bool:
        """Whether requests may wait."""
        return self._channel.pending

    def take(self) -> Work | None:
        """Take the oldest request."""
        try:
            taken = self._channel.take()
            if taken is None:
                return None
            request_id, data, writer = taken
            client = self._channel.mark_of_writer(writer, "clientid")
            if client is None:
                self._warn("from a client that has gone or is not of Cyclone DDS")
                return None
            request = deserialize(data, self._channel.incoming_type)
        except (ValueError, SerdeError) as error:
            self._warn(f"that is damaged: {error}")
            return None
        return lambda: self._answer(request, request_id, client)

    def destroy(self) -> None:
        """End; use `Node.destroy_service`."""
        self._channel.close()

    def _answer(self, request: Any, request_id: RequestId, client: str) -> None:
        response = self.callback(request, self.srv_type.Response())
        if not isinstance(response, self.srv_type.Response):
            raise TypeError(f"The callback of {self.srv_name} returned {response!r}, not a {self.srv_type.Response}.")
        deadline = time.monotonic() + _READER_WAIT_S
        while client not in self._channel.reader_marks("clientid"):
            if time.monotonic() > deadline:
                break  # most likely it has gone
            time.sleep(_READER_POLL_S)
        self._channel.send(response, request_id)

    def _warn(self, what: str) -> None:
        get_logger(self._logger_name).warning(
            f"Left out a request to {self.srv_name} {what}", throttle_duration_sec=5.0
        )
