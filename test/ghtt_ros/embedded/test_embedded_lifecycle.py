# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Lifecycle nodes: transitions, errors, publishers, and nothing left behind after many cycles."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ghtt_ros  # noqa: F401  (makes the next imports work where there is no ROS 2)

import rclpy  # isort: skip
from lifecycle_msgs.msg import TransitionEvent  # isort: skip
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn  # isort: skip
from std_msgs.msg import String  # isort: skip

Return = TransitionCallbackReturn
SUCCESS, FAILURE, ERROR = Return.SUCCESS, Return.FAILURE, Return.ERROR


class Recorder(LifecycleNode):
    """Answers each transition as it is told and notes what was asked."""

    def __init__(self, name: str = "recorder", **answers: Any) -> None:
        super().__init__(name)
        self.answers = answers
        self.asked: list[tuple[str, str]] = []
        self.events: list[tuple[str, str, str]] = []

    def _answer(self, what: str, state: LifecycleState) -> Any:
        self.asked.append((what, state.label))
        answer = self.answers.get(what, SUCCESS)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def on_configure(self, state: Any) -> Any:
        return self._answer("configure", state)

    def on_activate(self, state: Any) -> Any:
        answer = self._answer("activate", state)
        return super().on_activate(state) if answer is SUCCESS else answer

    def on_deactivate(self, state: Any) -> Any:
        answer = self._answer("deactivate", state)
        return super().on_deactivate(state) if answer is SUCCESS else answer

    def on_cleanup(self, state: Any) -> Any:
        return self._answer("cleanup", state)

    def on_shutdown(self, state: Any) -> Any:
        return self._answer("shutdown", state)

    def on_error(self, state: Any) -> Any:
        return self._answer("error", state)


MakeNode = Callable[..., Any]
DEADLINE_S = 60.0


@pytest.fixture
def make_node() -> Iterator[MakeNode]:
    rclpy.init()
    nodes: list[Any] = []

    def make(**answers: Any) -> Any:
        nodes.append(Recorder(**answers))
        return nodes[-1]

    yield make
    for node in nodes:
        node.destroy_node()
    rclpy.try_shutdown()


def state_of(node: Any) -> str:
    """The state that the node tells a client of ~/get_state."""
    return str(ask(node, "GetState", "get_state").current_state.label)


def ask(node: Any, kind: str, service: str, **fields: Any) -> Any:
    import lifecycle_msgs.srv

    service_type = getattr(lifecycle_msgs.srv, kind)
    client = node.create_client(service_type, f"/{node.get_name()}/{service}")
    future = client.call_async(service_type.Request(**fields))
    deadline = time.monotonic() + DEADLINE_S
    while not future.done() and time.monotonic() < deadline:
        rclpy.spin_once(node, timeout_sec=0.1)
    node.destroy_client(client)
    return future.result()


def test_the_way_through_all_primary_states(make_node: MakeNode) -> None:
    node = make_node()
    assert state_of(node) == "unconfigured"
    assert node.trigger_configure() is SUCCESS
    assert state_of(node) == "inactive"
    assert node.trigger_activate() is SUCCESS
    assert state_of(node) == "active"
    assert node.trigger_deactivate() is SUCCESS
    assert node.trigger_cleanup() is SUCCESS
    assert state_of(node) == "unconfigured"
    assert node.trigger_shutdown() is SUCCESS
    assert state_of(node) == "finalized"
    assert node.asked == [
        ("configure", "unconfigured"),
        ("activate", "inactive"),
        ("deactivate", "active"),
        ("cleanup", "inactive"),
        ("shutdown", "unconfigured"),
    ]


@pytest.mark.parametrize("before", [[], ["configure"], ["configure", "activate"]])
def test_shutdown_from_every_primary_state(make_node: MakeNode, before: list[str]) -> None:
    node = make_node()
    for step in before:
        getattr(node, f"trigger_{step}")()
    assert node.trigger_shutdown() is SUCCESS
    assert state_of(node) == "finalized"


@pytest.mark.parametrize(
    ("answers", "steps", "end"),
    [
        ({"configure": FAILURE}, ["configure"], "unconfigured"),
        ({"activate": FAILURE}, ["configure", "activate"], "inactive"),
        ({"deactivate": FAILURE}, ["configure", "activate", "deactivate"], "active"),
        ({"cleanup": FAILURE}, ["configure", "cleanup"], "inactive"),
        ({"shutdown": FAILURE}, ["shutdown"], "finalized"),
        ({"configure": ERROR}, ["configure"], "unconfigured"),
        ({"configure": ERROR, "error": FAILURE}, ["configure"], "finalized"),
        ({"configure": ERROR, "error": ERROR}, ["configure"], "finalized"),
        ({"activate": ERROR}, ["configure", "activate"], "unconfigured"),
        ({"deactivate": ERROR}, ["configure", "activate", "deactivate"], "unconfigured"),
        ({"shutdown": ERROR}, ["shutdown"], "unconfigured"),
        ({"activate": RuntimeError("camera")}, ["configure", "activate"], "unconfigured"),
        ({"activate": RuntimeError("camera"), "error": RuntimeError("again")}, ["configure", "activate"], "finalized"),
        ({"configure": None}, ["configure"], "unconfigured"),
    ],
)
def test_where_failures_and_errors_lead(make_node: MakeNode, answers: Any, steps: list[str], end: str) -> None:
    node = make_node(**answers)
    results = [getattr(node, f"trigger_{step}")() for step in steps]
    assert results[:-1] == [SUCCESS] * (len(steps) - 1)
    assert results[-1] is (FAILURE if FAILURE in list(answers.values())[:1] else ERROR)
    assert state_of(node) == end
    assert (node.asked[-1][0] == "error") is (results[-1] is ERROR)


def test_a_transition_that_the_state_does_not_have_changes_nothing(make_node: MakeNode) -> None:
    node = make_node()
    with pytest.raises(RuntimeError, match=r"activate.*not available in state 'unconfigured'"):
        node.trigger_activate()
    assert state_of(node) == "unconfigured"
    assert node.asked == []


def test_the_services_of_a_lifecycle_node(make_node: MakeNode) -> None:
    from lifecycle_msgs.msg import Transition

    node = make_node()
    states = ask(node, "GetAvailableStates", "get_available_states").available_states
    assert {state.label: state.id for state in states} == {
        "unknown": 0,
        "unconfigured": 1,
        "inactive": 2,
        "active": 3,
        "finalized": 4,
        "configuring": 10,
        "cleaningup": 11,
        "shuttingdown": 12,
        "activating": 13,
        "deactivating": 14,
        "errorprocessing": 15,
    }
    found = ask(node, "GetAvailableTransitions", "get_available_transitions").available_transitions
    assert [(one.transition.label, one.transition.id) for one in found] == [("configure", 1), ("shutdown", 5)]
    graph = ask(node, "GetAvailableTransitions", "get_transition_graph").available_transitions
    assert len(graph) == 25
    by_id = {one.transition.id: (one.start_state.label, one.goal_state.label) for one in graph}
    assert by_id[Transition.TRANSITION_ACTIVATE] == ("inactive", "activating")
    assert by_id[Transition.TRANSITION_ON_ACTIVATE_ERROR] == ("activating", "errorprocessing")
    assert by_id[Transition.TRANSITION_ON_ERROR_SUCCESS] == ("errorprocessing", "unconfigured")

    assert ask(node, "ChangeState", "change_state", transition=Transition(id=1)).success
    assert ask(node, "ChangeState", "change_state", transition=Transition(label="activate")).success
    assert not ask(node, "ChangeState", "change_state", transition=Transition(id=1)).success
    assert not ask(node, "ChangeState", "change_state", transition=Transition(label="fly")).success
    assert state_of(node) == "active"


def test_every_transition_is_announced(make_node: MakeNode) -> None:
    node = make_node(activate=ERROR)
    heard: list[Any] = []
    node.create_subscription(TransitionEvent, "~/transition_event", heard.append, 10)
    deadline = time.monotonic() + DEADLINE_S
    while not node.count_subscribers("~/transition_event") and time.monotonic() < deadline:
        rclpy.spin_once(node, timeout_sec=0.05)
    node.trigger_configure()
    node.trigger_activate()
    while len(heard) < 5 and time.monotonic() < deadline:
        rclpy.spin_once(node, timeout_sec=0.1)
    assert [(one.transition.label, one.start_state.label, one.goal_state.label) for one in heard] == [
        ("configure", "unconfigured", "configuring"),
        ("transition_success", "configuring", "inactive"),
        ("activate", "inactive", "activating"),
        ("transition_error", "activating", "errorprocessing"),
        ("transition_success", "errorprocessing", "unconfigured"),
    ]
    assert all(one.timestamp > 0 for one in heard)


def test_a_lifecycle_publisher_is_silent_while_its_node_is_not_active(make_node: MakeNode) -> None:
    node = make_node()
    publisher = node.create_lifecycle_publisher(String, "words", 10)
    heard: list[str] = []
    node.create_subscription(String, "words", lambda message: heard.append(message.data), 10)
    deadline = time.monotonic() + DEADLINE_S
    while not publisher.get_subscription_count() and time.monotonic() < deadline:
        rclpy.spin_once(node, timeout_sec=0.05)
    node.trigger_configure()
    publisher.publish(String(data="inactive"))
    assert not publisher.is_activated
    node.trigger_activate()
    assert publisher.is_activated
    publisher.publish(String(data="active"))
    node.trigger_deactivate()
    publisher.publish(String(data="again inactive"))
    node.trigger_activate()
    publisher.publish(String(data="again active"))
    while "again active" not in heard and time.monotonic() < deadline:
        rclpy.spin_once(node, timeout_sec=0.1)
    assert heard == ["active", "again active"]
    assert node.destroy_lifecycle_publisher(publisher)


def test_fifty_cycles_leave_nothing_behind(make_node: MakeNode) -> None:
    """Configure makes what a node makes, cleanup destroys it; threads, files and DDS entities must not add up."""
    node = make_node()
    made: list[Any] = []

    def configure(state: Any) -> Any:
        made.append(node.create_lifecycle_publisher(String, "out", 10))
        made.append(node.create_subscription(String, "in", lambda message: None, 10))
        made.append(node.create_timer(0.01, lambda: made[0].publish(String(data="tick"))))
        made.append(node.create_client(_get_state(), "/recorder/get_state"))
        return SUCCESS

    def cleanup(state: Any) -> Any:
        publisher, subscription, timer, client = made
        made.clear()
        assert node.destroy_lifecycle_publisher(publisher)
        assert node.destroy_subscription(subscription)
        assert node.destroy_timer(timer)
        assert node.destroy_client(client)
        return SUCCESS

    node.on_configure, node.on_cleanup = configure, cleanup

    def cycle() -> None:
        assert node.trigger_configure() is SUCCESS
        assert node.trigger_activate() is SUCCESS
        for _ in range(3):
            rclpy.spin_once(node, timeout_sec=0.02)
        assert node.trigger_deactivate() is SUCCESS
        assert node.trigger_cleanup() is SUCCESS

    for _ in range(3):
        cycle()
    before = _resources(node)
    for _ in range(50):
        cycle()
    assert _resources(node) == before


def _get_state() -> Any:
    from lifecycle_msgs.srv import GetState

    return GetState


def _resources(node: Any) -> dict[str, int]:
    """Threads, open files and DDS entities of this process, after what is being deleted has gone."""
    gc.collect()
    return {
        "threads": threading.active_count(),
        "native threads": len(list(Path("/proc/self/task").iterdir())),
        "files": len(list(Path("/proc/self/fd").iterdir())),
        "DDS entities": len(node.context.participant.dds.get_children()),
        "readers": len(node.endpoint_guids()[0]),
        "writers": len(node.endpoint_guids()[1]),
        "waitables": len(node.waitables()),
    }
