# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`rclpy.client`: the side of a service that asks."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from typing import Any

from rosbags.serde import SerdeError

from ghtt_ros.embedded.cdr import deserialize
from ghtt_ros.embedded.dds import Participant
from ghtt_ros.embedded.exceptions import InvalidHandle
from ghtt_ros.embedded.logging import get_logger
from ghtt_ros.embedded.qos import QoSProfile
from ghtt_ros.embedded.service_channel import ServiceChannel
from ghtt_ros.embedded.service_wire import RequestId
from ghtt_ros.embedded.task import Future
from ghtt_ros.embedded.waitable import Waitable, Work

_POLL_S = 0.02
# Requests of one process are numbered together, as rmw_cyclonedds_cpp does.
_sequence = itertools.count(1)


class Client(Waitable):
    """Sends requests; the executor completes their futures."""

    def __init__(
        self,
        participant: Participant,
        srv_type: Any,
        srv_name: str,
        callback_group: Any,
        qos_profile: QoSProfile,
        *,
        is_alive: Callable[[], bool],
        logger_name: str,
        wake: Callable[[], Any],
    ) -> None:
        """Create the endpoints; use `Node.create_client`.

        Args:
            participant: Where.
            srv_type: Class of the service.
            srv_name: Absolute name, after remapping.
            callback_group: Group of what runs when a reply comes.
            qos_profile: Profile.
            is_alive: Whether the context is still running; ends waiting.
            logger_name: Of the node.
            wake: Wakes the node's executor.
        """
        self.srv_type = srv_type
        self.srv_name = srv_name
        self.callback_group = callback_group
        self.qos_profile = qos_profile
        self._is_alive = is_alive
        self._logger_name = logger_name
        self._lock = threading.Lock()
        self._pending: dict[int, Future] = {}
        self._destroyed = False
        self._channel = ServiceChannel(participant, "clientid", srv_type, srv_name, qos_profile, wake)
        self.reader_guid, self.writer_guid = self._channel.reader_guid, self._channel.writer_guid

    @property
    def service_name(self) -> str:
        """Absolute name."""
        return self.srv_name

    def service_is_ready(self) -> bool:
        """Whether some service would receive a request and could answer it."""
        requests, replies = self._channel.reader_marks("serviceid"), self._channel.writer_marks("serviceid")
        return bool(requests & replies)

    def wait_for_service(self, timeout_sec: float | None = None) -> bool:
        """Wait until the service is there; False if it is not in time."""
        deadline = None if timeout_sec is None else time.monotonic() + timeout_sec
        while not self.service_is_ready():
            if not self._is_alive() or (deadline is not None and time.monotonic() >= deadline):
                return False
            time.sleep(_POLL_S)
        return True

    def call_async(self, request: Any) -> Future:
        """Send a request; the future gets the response once an executor spins this client's node.

        Raises:
            TypeError: The request is of another type.
            InvalidHandle: The client was destroyed.
        """
        if not isinstance(request, self.srv_type.Request):
            raise TypeError(f"Expected {self.srv_type.Request}, got {type(request)}")
        if self._destroyed:
            raise InvalidHandle(f"the client of {self.srv_name} was destroyed")
        number = next(_sequence)
        future = Future()
        with self._lock:
            self._pending[number] = future
        future.add_done_callback(self.remove_pending_request)
        if not self._channel.send(request, RequestId(self._channel.client, number)):
            self.remove_pending_request(future)
            future.set_exception(RuntimeError(f"the service {self.srv_name} does not keep up with requests"))
        return future

    def call(self, request: Any, timeout_sec: float | None = None) -> Any:
        """Send a request and wait for the response; another thread must spin the node.

        Returns:
            The response; None if it did not come in time.
        """
        done = threading.Event()
        future = self.call_async(request)
        future.add_done_callback(lambda _: done.set())
        if not done.wait(timeout_sec):
            self.remove_pending_request(future)
            return None
        return future.result()

    def remove_pending_request(self, future: Future) -> None:
        """Forget a request; its response will be left out."""
        with self._lock:
            self._pending = {number: known for number, known in self._pending.items() if known is not future}

    def is_ready(self) -> bool:
        """Whether responses may wait."""
        return self._channel.pending

    def take(self) -> Work | None:
        """Take the oldest response; those to other clients, which DDS delivers too, are left out."""
        try:
            taken = self._channel.take()
            if taken is None:
                return None
            request, data, _ = taken
            if request.client != self._channel.client:
                return None
            with self._lock:
                future = self._pending.get(request.sequence)
            if future is None:
                return None
            response = deserialize(data, self._channel.incoming_type)
        except (ValueError, SerdeError) as error:
            get_logger(self._logger_name).warning(
                f"Left out a damaged response of {self.srv_name}: {error}", throttle_duration_sec=5.0
            )
            return None
        return lambda: future.set_result(response)

    def destroy(self) -> None:
        """End; use `Node.destroy_client`. Futures without a response are cancelled."""
        self._destroyed = True
        with self._lock:
            left = list(self._pending.values())
        for future in left:
            future.cancel()
        self._channel.close()
