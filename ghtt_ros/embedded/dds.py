# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One process's place in a DDS domain, and the writers and readers in it, which carry CDR bytes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from cyclonedds.core import DDSException, DDSStatus, Entity
from cyclonedds.domain import Domain, DomainParticipant
from cyclonedds.pub import DataWriter
from cyclonedds.qos import Policy, Qos
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic

from ghtt_core.errors import MissingDependencyError
from ghtt_ros.embedded.environment import PROCESSES_PER_MACHINE, cyclonedds_configuration
from ghtt_ros.embedded.exceptions import InvalidHandle
from ghtt_ros.embedded.waiter import Waiter

_domains: dict[int, tuple[Domain, int]] = {}
_domains_lock = threading.Lock()


class Participant:
    """A participant that other ROS 2 processes take for one of theirs."""

    def __init__(self, domain_id: int) -> None:
        """Join a domain, in the way the environment variables say.

        Raises:
            InputError: An environment variable has a value that does not exist.
            MissingDependencyError: The machine has no interface or no port left for it.
        """
        self.domain_id = domain_id
        self._domain_held = False
        try:
            _hold_domain(domain_id)
            self._domain_held = True
            # Without an enclave the ROS side does not believe that this is one of its own.
            self.dds = DomainParticipant(domain_id, qos=Qos(Policy.Userdata(b"enclave=/;")))
        except DDSException as error:
            if self._domain_held:
                _release_domain(domain_id)
            raise MissingDependencyError(
                f"DDS domain {domain_id} cannot be joined ({error}). Look whether a network interface is up, whether "
                f"CYCLONEDDS_URI is valid, and whether more than {PROCESSES_PER_MACHINE} processes use the domain."
            ) from error
        self.waiter = Waiter(self.dds)
        self.guid: bytes = self.dds.guid.bytes

    def close(self) -> None:
        """Leave the domain; all readers and writers end."""
        if self._domain_held:
            self.waiter.close()
            delete(self.dds)
            self._domain_held = False
            _release_domain(self.domain_id)


class RawWriter:
    """Writes CDR bytes on one DDS topic."""

    def __init__(self, participant: Participant, topic: str, cdr_type: Any, qos: Qos) -> None:
        """Create the DDS writer; it is matched with readers in the background."""
        self._participant = participant
        self._type = cdr_type
        self._name = topic
        self._closed = False
        self._topic = Topic(participant.dds, topic, cdr_type)
        self.dds: DataWriter[Any] = DataWriter(participant.dds, self._topic, qos)
        self.guid: bytes = self.dds.guid.bytes

    def write(self, cdr: bytes) -> bool:
        """Send bytes with their encapsulation header; False if readers did not keep up and it was given up.

        Raises:
            TypeError: The bytes are not a message of the writer's type.
            InvalidHandle: Another thread has closed the writer.
        """
        try:
            self.dds.write(self._type.of(cdr))
        except DDSException as error:
            if self._closed:
                raise InvalidHandle(f"the writer of {self._name} was closed meanwhile") from error
            if error.code == DDSException.DDS_RETCODE_TIMEOUT:
                return False
            if error.code == DDSException.DDS_RETCODE_BAD_PARAMETER and len(cdr) > 0:
                raise TypeError(f"The {len(cdr)} bytes are not a {self._type.__idl_typename__}.") from error
            raise
        return True

    def reader_count(self) -> int:
        """How many readers are matched."""
        return len(self.dds.get_matched_subscriptions())

    def watch(self, mask: int, notify: Callable[[int], None]) -> None:
        """Call back from the waiter's thread when a status in the mask changes."""
        self._participant.waiter.attach(self.dds, mask, notify)

    def close(self) -> None:
        """Delete the DDS writer."""
        self._closed = True
        self._participant.waiter.detach(self.dds)
        delete(self.dds)
        delete(self._topic)


class RawReader:
    """Takes CDR bytes from one DDS topic."""

    def __init__(
        self,
        participant: Participant,
        topic: str,
        cdr_type: Any,
        qos: Qos,
        notify: Callable[[int], None],
        mask: int = DDSStatus.DataAvailable,
    ) -> None:
        """Create the DDS reader.

        Args:
            participant: Where.
            topic: DDS name of the topic.
            cdr_type: Its type.
            qos: Policies of the reader.
            notify: Called from the waiter's thread with the bits of `mask` that changed.
            mask: Statuses to be told of.
        """
        self._participant = participant
        self._topic = Topic(participant.dds, topic, cdr_type)
        self.dds: DataReader[Any] = DataReader(participant.dds, self._topic, qos)
        self.guid: bytes = self.dds.guid.bytes
        participant.waiter.attach(self.dds, mask, notify)

    def take(self) -> tuple[bytes, Any] | None:
        """Take the oldest sample: its CDR bytes and cyclonedds' sample info; None if there is none."""
        while True:
            samples = self.dds.take(1)
            if not samples:
                return None
            if samples[0].sample_info.valid_data:  # else it only says that a writer has gone
                return samples[0].cdr, samples[0].sample_info

    def writer_count(self) -> int:
        """How many writers are matched."""
        return len(self.dds.get_matched_publications())

    def close(self) -> None:
        """Delete the DDS reader."""
        self._participant.waiter.detach(self.dds)
        delete(self.dds)
        delete(self._topic)


def delete(entity: Entity) -> None:
    """End a DDS entity now, not when Python forgets it."""
    entity.__del__()


def user_data(type_hash: str) -> bytes:
    """What an endpoint says about its type; ROS processes warn of endpoints that do not."""
    return f"typehash={type_hash};".encode()


def _hold_domain(domain_id: int) -> None:
    """Configure the domain for its first participant in this process."""
    with _domains_lock:
        domain, holders = _domains.get(domain_id, (None, 0))
        if domain is None:
            domain = Domain(domain_id, cyclonedds_configuration())
        _domains[domain_id] = (domain, holders + 1)


def _release_domain(domain_id: int) -> None:
    with _domains_lock:
        domain, holders = _domains.pop(domain_id)
        if holders > 1:
            _domains[domain_id] = (domain, holders - 1)
        else:
            delete(domain)
