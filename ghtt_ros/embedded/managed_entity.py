# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a lifecycle node takes along through its transitions, publishers above all."""

from __future__ import annotations

from typing import Any

from ghtt_ros.embedded.lifecycle_machine import CallbackResult, State
from ghtt_ros.embedded.publisher import Publisher


class ManagedEntity:
    """Told of every transition of the node it was added to."""

    def on_configure(self, state: State) -> CallbackResult:
        """From unconfigured to inactive."""
        return CallbackResult.SUCCESS

    def on_cleanup(self, state: State) -> CallbackResult:
        """From inactive to unconfigured."""
        return CallbackResult.SUCCESS

    def on_shutdown(self, state: State) -> CallbackResult:
        """To finalized."""
        return CallbackResult.SUCCESS

    def on_activate(self, state: State) -> CallbackResult:
        """From inactive to active."""
        return CallbackResult.SUCCESS

    def on_deactivate(self, state: State) -> CallbackResult:
        """From active to inactive."""
        return CallbackResult.SUCCESS

    def on_error(self, state: State) -> CallbackResult:
        """After an error in another transition."""
        return CallbackResult.SUCCESS


class SimpleManagedEntity(ManagedEntity):
    """An entity that is switched on by activate and off by deactivate."""

    _enabled = False

    def on_activate(self, state: State) -> CallbackResult:
        """Switch on."""
        self._enabled = True
        return CallbackResult.SUCCESS

    def on_deactivate(self, state: State) -> CallbackResult:
        """Switch off."""
        self._enabled = False
        return CallbackResult.SUCCESS

    @property
    def is_activated(self) -> bool:
        """Whether it is on."""
        return self._enabled


class LifecyclePublisher(SimpleManagedEntity, Publisher):
    """A publisher that drops what is published while its node is not active."""

    def publish(self, msg: Any) -> None:
        """Publish a message or its serialised bytes, while active."""
        if self._enabled:
            Publisher.publish(self, msg)
