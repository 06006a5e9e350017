# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""rclpy.callback_groups: which callbacks of a node may run at the same time."""

from __future__ import annotations

from threading import Lock
from typing import Any
from weakref import WeakSet


class CallbackGroup:
    """Base of the two kinds of group; executors ask it before they run a callback."""

    def __init__(self) -> None:
        """Start without members."""
        self.entities: WeakSet[Any] = WeakSet()

    def add_entity(self, entity: Any) -> None:
        """Make a publisher's, subscription's, timer's or service's callbacks subject to this group."""
        self.entities.add(entity)

    def has_entity(self, entity: Any) -> bool:
        """Whether the entity belongs to this group."""
        return entity in self.entities

    def can_execute(self, entity: Any) -> bool:
        """Whether a callback of the entity may start now."""
        raise NotImplementedError("CallbackGroup.can_execute: use one of its subclasses")

    def beginning_execution(self, entity: Any) -> bool:
        """Take the right to run; False if another thread has it."""
        raise NotImplementedError("CallbackGroup.beginning_execution: use one of its subclasses")

    def ending_execution(self, entity: Any) -> None:
        """Give the right to run back."""
        raise NotImplementedError("CallbackGroup.ending_execution: use one of its subclasses")


class ReentrantCallbackGroup(CallbackGroup):
    """Its callbacks may all run at the same time."""

    def can_execute(self, entity: Any) -> bool:
        """Always."""
        return True

    def beginning_execution(self, entity: Any) -> bool:
        """Always."""
        return True

    def ending_execution(self, entity: Any) -> None:
        """Nothing to give back."""


class MutuallyExclusiveCallbackGroup(CallbackGroup):
    """At most one of its callbacks runs at a time."""

    def __init__(self) -> None:
        """Start idle."""
        super().__init__()
        self._active: Any = None
        self._lock = Lock()

    def can_execute(self, entity: Any) -> bool:
        """Whether none of its callbacks is running."""
        return self._active is None

    def beginning_execution(self, entity: Any) -> bool:
        """Take the only place, unless it is taken."""
        with self._lock:
            if self._active is not None:
                return False
            self._active = entity
            return True

    def ending_execution(self, entity: Any) -> None:
        """Free the only place."""
        with self._lock:
            self._active = None
