# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One thread that waits for whatever happens on DDS entities.

A waitset is used rather than listeners, because listeners run Python in Cyclone DDS's receiving threads: these would
wait for the interpreter while a writer that holds the interpreter waits for them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from cyclonedds.core import DDSException, Entity, WaitSet
from cyclonedds.domain import DomainParticipant
from cyclonedds.internal import dds_infinity

Notify = Callable[[int], None]


class Waiter:
    """Calls back, in its own thread, when a status of an attached entity changes."""

    def __init__(self, participant: DomainParticipant) -> None:
        """Start the thread."""
        self._waitset = WaitSet(participant)
        self._attached: dict[Entity, tuple[int, Notify]] = {}
        self._lock = threading.Lock()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="ghtt_ros dds waiter", daemon=True)
        self._thread.start()

    def attach(self, entity: Entity, mask: int, notify: Notify) -> None:
        """Call `notify` with the status bits that changed; it must be quick and must not raise."""
        entity.set_status_mask(mask)
        with self._lock:
            self._attached[entity] = (mask, notify)
        self._waitset.attach(entity)

    def detach(self, entity: Entity) -> None:
        """Stop calling back for the entity; one call may still be under way."""
        with self._lock:
            if self._attached.pop(entity, None) is None:
                return
        self._waitset.detach(entity)

    def close(self) -> None:
        """End the thread."""
        self._closing = True
        self._waitset.set_trigger(True)
        if self._thread is not threading.current_thread():
            self._thread.join(timeout=5)
        for entity in list(self._attached):
            self.detach(entity)

    def _run(self) -> None:
        while not self._closing:
            try:
                self._waitset.wait(dds_infinity)
            except DDSException:
                return  # the participant has gone
            with self._lock:
                attached = list(self._attached.items())
            for entity, (mask, notify) in attached:
                try:
                    changed = entity.take_status(mask)
                except DDSException:
                    continue  # deleted meanwhile
                if changed:
                    notify(changed)
