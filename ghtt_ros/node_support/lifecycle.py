# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The base of all nodes: a lifecycle node that says why it cannot start and frees what it held."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Generic

from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn

from ghtt_ros.node_support.callbacks import ErrorLog
from ghtt_ros.node_support.diagnostics import Diagnostics, Report
from ghtt_ros.node_support.parameters import NodeParameters, Settings


class Stage(StrEnum):
    """Primary states of a lifecycle node."""

    UNCONFIGURED = "unconfigured"
    INACTIVE = "inactive"
    ACTIVE = "active"
    FINALIZED = "finalized"


class PipelineNode(LifecycleNode, Generic[Settings]):
    """A lifecycle node with parameters and diagnostics.

    A node overrides `load` (configure: models, warm-up, publishers), `begin` (activate: subscriptions, threads),
    `halt` (deactivate) and `unload` (cleanup), and `report`. `halt` and `unload` also undo what a failed `begin` or
    `load` got done, so they must bear being called with any part missing. Its parameters include `autostart`.
    """

    def __init__(self, name: str, settings: type[Settings], **options: Any) -> None:
        """Declare parameters and start the diagnostics.

        Args:
            name: Of the node.
            settings: Frozen dataclass of its parameters.
            **options: For `rclpy.lifecycle.LifecycleNode`.

        Raises:
            InputError: If a parameter given at start-up cannot be used.
        """
        super().__init__(name, **options)
        self.stage = Stage.UNCONFIGURED
        self.failure = ""
        self.errors = ErrorLog(self)
        self._declared = NodeParameters(self, settings, lambda: self.stage in (Stage.INACTIVE, Stage.ACTIVE))
        self._diagnostics = Diagnostics(self, self._full_report, self.errors)

    @property
    def settings(self) -> Settings:
        """The parameters in force: a frozen dataclass, replaced as a whole when one is set."""
        return self._declared.current

    def load(self) -> None:
        """Get ready for work: models, warm-up, publishers. A `GhttError` keeps the node unconfigured."""

    def begin(self) -> None:
        """Start working: threads, subscriptions. A `GhttError` keeps the node inactive."""

    def halt(self) -> None:
        """Undo `begin`."""

    def unload(self) -> None:
        """Undo `load`: free all memory."""

    def report(self) -> Report:
        """Say how the work goes; asked once a second while active."""
        return Report("OK", "active")

    def start_alone(self) -> bool:
        """Configure and activate where nobody else will; returns False where that failed."""
        if not getattr(self.settings, "autostart", True):
            return True
        done = TransitionCallbackReturn.SUCCESS
        if self.trigger_configure() != done or not self.context.ok():
            return False
        return bool(self.trigger_activate() == done)

    def release(self) -> None:
        """Stop and free everything, whatever the state; for the end of the process."""
        self._try(self.halt)
        self._try(self.unload)
        self.stage = Stage.FINALIZED

    def on_configure(self, state: Any) -> Any:
        """Lifecycle transition: unconfigured to inactive."""
        if not self._advance(self.load, undo=self.unload):
            return TransitionCallbackReturn.FAILURE
        self.stage = Stage.INACTIVE
        return TransitionCallbackReturn.SUCCESS

    def on_activate(self, state: Any) -> Any:
        """Lifecycle transition: inactive to active."""
        if not self._advance(self.begin, undo=self.halt):
            return TransitionCallbackReturn.FAILURE
        self.stage = Stage.ACTIVE
        return super().on_activate(state)

    def on_deactivate(self, state: Any) -> Any:
        """Lifecycle transition: active to inactive."""
        if self._try(self.halt):
            return TransitionCallbackReturn.FAILURE
        self.stage = Stage.INACTIVE
        return super().on_deactivate(state)

    def on_cleanup(self, state: Any) -> Any:
        """Lifecycle transition: inactive to unconfigured."""
        if self._try(self.unload):
            return TransitionCallbackReturn.FAILURE
        self.stage = Stage.UNCONFIGURED
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: Any) -> Any:
        """Lifecycle transition: any state to finalized."""
        self.release()
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: Any) -> Any:
        """Lifecycle transition: after an error, back to unconfigured with everything freed."""
        self._try(self.halt)
        self._try(self.unload)
        self.stage = Stage.UNCONFIGURED
        return TransitionCallbackReturn.SUCCESS

    def _advance(self, step: Callable[[], None], undo: Callable[[], None]) -> bool:
        """Run a step that may fail for reasons a user has to hear about, and undo what it got done."""
        self.failure = self._try(step)
        if self.failure:
            self._try(undo)
        return not self.failure

    def _try(self, step: Callable[[], None]) -> str:
        """Run a step and return what went wrong; rclpy would swallow the exception without a word."""
        try:
            step()
        except Exception as error:
            self.errors.error(error)
            return str(error) or type(error).__name__
        return ""

    def _full_report(self) -> Report:
        state = {"lifecycle": self.stage.value}
        if self.stage is not Stage.ACTIVE:
            return Report("ERROR" if self.failure else "OK", self.failure or self.stage.value, state)
        report = self.report()
        return Report(report.level, report.message, {**state, **report.values, "errors": self.errors.count})
