# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The ROS 2 lifecycle state machine (design.ros2.org/articles/node_lifecycle.html), without any communication."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


class State(NamedTuple):
    """A state's label and number; the field names are those of `rclpy.lifecycle.LifecycleState`."""

    label: str
    state_id: int


class CallbackResult(Enum):
    """What a transition callback reports; named `TransitionCallbackReturn` in rclpy."""

    SUCCESS = 97
    FAILURE = 98
    ERROR = 99

    def to_label(self) -> str:
        """Label of the transition that follows a callback with this result."""
        return f"transition_{self.name.lower()}"


@dataclass(frozen=True)
class Transition:
    """One edge of the graph: number and label as in lifecycle_msgs/Transition, start and goal."""

    transition_id: int
    label: str
    start: State
    goal: State


class TransitionError(RuntimeError):
    """A transition was asked for that the current state does not have."""


UNKNOWN = State("unknown", 0)
UNCONFIGURED = State("unconfigured", 1)
INACTIVE = State("inactive", 2)
ACTIVE = State("active", 3)
FINALIZED = State("finalized", 4)
CONFIGURING = State("configuring", 10)
CLEANING_UP = State("cleaningup", 11)
SHUTTING_DOWN = State("shuttingdown", 12)
ACTIVATING = State("activating", 13)
DEACTIVATING = State("deactivating", 14)
ERROR_PROCESSING = State("errorprocessing", 15)

STATES = (
    UNKNOWN,
    UNCONFIGURED,
    INACTIVE,
    ACTIVE,
    FINALIZED,
    CONFIGURING,
    CLEANING_UP,
    SHUTTING_DOWN,
    ACTIVATING,
    DEACTIVATING,
    ERROR_PROCESSING,
)


def _outcomes(first_id: int, during: State, success: State, failure: State, error: State) -> tuple[Transition, ...]:
    """The three transitions out of a transition state; their numbers follow each other."""
    goals = zip(CallbackResult, (success, failure, error), strict=True)
    return tuple(Transition(first_id + i, result.to_label(), during, goal) for i, (result, goal) in enumerate(goals))


GRAPH: tuple[Transition, ...] = (
    Transition(1, "configure", UNCONFIGURED, CONFIGURING),
    *_outcomes(10, CONFIGURING, INACTIVE, UNCONFIGURED, ERROR_PROCESSING),
    Transition(2, "cleanup", INACTIVE, CLEANING_UP),
    *_outcomes(20, CLEANING_UP, UNCONFIGURED, INACTIVE, ERROR_PROCESSING),
    Transition(3, "activate", INACTIVE, ACTIVATING),
    *_outcomes(30, ACTIVATING, ACTIVE, INACTIVE, ERROR_PROCESSING),
    Transition(4, "deactivate", ACTIVE, DEACTIVATING),
    *_outcomes(40, DEACTIVATING, INACTIVE, ACTIVE, ERROR_PROCESSING),
    Transition(5, "shutdown", UNCONFIGURED, SHUTTING_DOWN),
    Transition(6, "shutdown", INACTIVE, SHUTTING_DOWN),
    Transition(7, "shutdown", ACTIVE, SHUTTING_DOWN),
    *_outcomes(50, SHUTTING_DOWN, FINALIZED, FINALIZED, ERROR_PROCESSING),
    *_outcomes(60, ERROR_PROCESSING, UNCONFIGURED, FINALIZED, FINALIZED),
)


class LifecycleMachine:
    """Where one node stands in the graph; starts unconfigured."""

    def __init__(self) -> None:
        """Start in the state `unconfigured`."""
        self.current = UNCONFIGURED

    def available(self) -> list[Transition]:
        """Transitions out of the current state, in the order of the graph."""
        return [transition for transition in GRAPH if transition.start == self.current]

    def by_id(self, transition_id: int) -> Transition:
        """The available transition with this number.

        Raises:
            TransitionError: The current state has no such transition.
        """
        for transition in self.available():
            if transition.transition_id == transition_id:
                return transition
        raise TransitionError(self._refusal(str(transition_id)))

    def by_label(self, label: str) -> Transition:
        """The available transition with this label.

        Raises:
            TransitionError: The current state has no such transition.
        """
        for transition in self.available():
            if transition.label == label:
                return transition
        raise TransitionError(self._refusal(f"'{label}'"))

    def follow(self, transition: Transition) -> None:
        """Go where an available transition leads.

        Raises:
            TransitionError: The transition does not start in the current state.
        """
        if transition.start != self.current:
            raise TransitionError(self._refusal(f"'{transition.label}'"))
        self.current = transition.goal

    def _refusal(self, wanted: str) -> str:
        known = ", ".join(f"{t.label} ({t.transition_id})" for t in self.available()) or "none"
        return f"transition {wanted} is not available in state '{self.current.label}'; available are: {known}"
