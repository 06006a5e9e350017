# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`rclpy.lifecycle`: nodes with managed states, and their services and transition events."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Iterable
from typing import Any

from ghtt_ros.embedded.lifecycle_machine import (
    ACTIVATING,
    CLEANING_UP,
    CONFIGURING,
    DEACTIVATING,
    ERROR_PROCESSING,
    GRAPH,
    SHUTTING_DOWN,
    STATES,
    CallbackResult,
    LifecycleMachine,
    State,
    Transition,
    TransitionError,
)
from ghtt_ros.embedded.managed_entity import LifecyclePublisher, ManagedEntity, SimpleManagedEntity
from ghtt_ros.embedded.messages import message_class
from ghtt_ros.embedded.node import Node as PlainNode
from ghtt_ros.embedded.service_types import service_class

__all__ = [
    "LifecycleNode",
    "LifecycleNodeMixin",
    "LifecyclePublisher",
    "LifecycleState",
    "ManagedEntity",
    "Node",
    "Publisher",
    "SimpleManagedEntity",
    "State",
    "TransitionCallbackReturn",
]

TransitionCallbackReturn = CallbackResult
LifecycleState = State
Publisher = LifecyclePublisher

StateMessage = message_class("lifecycle_msgs/msg/State")
TransitionDescription = message_class("lifecycle_msgs/msg/TransitionDescription")
TransitionEvent = message_class("lifecycle_msgs/msg/TransitionEvent")


class LifecycleNodeMixin(ManagedEntity):
    """The lifecycle of a node; used together with `rclpy.node.Node`."""

    def __init__(self, *, enable_communication_interface: bool = True, callback_group: Any = None) -> None:
        """Start unconfigured.

        Args:
            enable_communication_interface: Whether to offer the services and the topic ~/transition_event.
            callback_group: Of the services; the node's default group when None.
        """
        self._lifecycle = LifecycleMachine()
        self._lifecycle_lock = threading.Lock()
        self._managed_entities: dict[int, ManagedEntity] = {}
        self._transition_event_publisher: Any = None
        if enable_communication_interface:
            node: Any = self
            self._transition_event_publisher = PlainNode.create_publisher(
                node, TransitionEvent, "~/transition_event", 10
            )
            for name, service, callback in (
                ("change_state", "ChangeState", self._on_change_state),
                ("get_state", "GetState", self._on_get_state),
                ("get_available_states", "GetAvailableStates", self._on_get_available_states),
                ("get_available_transitions", "GetAvailableTransitions", self._on_get_available_transitions),
                ("get_transition_graph", "GetAvailableTransitions", self._on_get_transition_graph),
            ):
                node.create_service(
                    service_class(f"lifecycle_msgs/srv/{service}"),
                    f"~/{name}",
                    callback,
                    callback_group=callback_group,
                )

    def trigger_configure(self) -> CallbackResult:
        """Unconfigured to inactive, through `on_configure`."""
        return self._change_state(lambda: self._lifecycle.by_label("configure"))

    def trigger_cleanup(self) -> CallbackResult:
        """Inactive to unconfigured, through `on_cleanup`."""
        return self._change_state(lambda: self._lifecycle.by_label("cleanup"))

    def trigger_activate(self) -> CallbackResult:
        """Inactive to active, through `on_activate`."""
        return self._change_state(lambda: self._lifecycle.by_label("activate"))

    def trigger_deactivate(self) -> CallbackResult:
        """Active to inactive, through `on_deactivate`."""
        return self._change_state(lambda: self._lifecycle.by_label("deactivate"))

    def trigger_shutdown(self) -> CallbackResult:
        """Unconfigured, inactive or active to finalized, through `on_shutdown`."""
        return self._change_state(lambda: self._lifecycle.by_label("shutdown"))

    def add_managed_entity(self, entity: ManagedEntity) -> None:
        """Tell an entity of every transition from now on."""
        self._managed_entities[id(entity)] = entity

    def on_configure(self, state: State) -> CallbackResult:
        """Called between unconfigured and inactive; this default tells the managed entities."""
        return self._tell_entities("on_configure", state)

    def on_cleanup(self, state: State) -> CallbackResult:
        """Called between inactive and unconfigured; this default tells the managed entities."""
        return self._tell_entities("on_cleanup", state)

    def on_shutdown(self, state: State) -> CallbackResult:
        """Called on the way to finalized; this default tells the managed entities."""
        return self._tell_entities("on_shutdown", state)

    def on_activate(self, state: State) -> CallbackResult:
        """Called between inactive and active; this default tells the managed entities."""
        return self._tell_entities("on_activate", state)

    def on_deactivate(self, state: State) -> CallbackResult:
        """Called between active and inactive; this default tells the managed entities."""
        return self._tell_entities("on_deactivate", state)

    def on_error(self, state: State) -> CallbackResult:
        """Called after an error in another callback; SUCCESS leads to unconfigured, all else to finalized."""
        return self._tell_entities("on_error", state)

    def create_lifecycle_publisher(self, *args: Any, **kwargs: Any) -> Any:
        """`create_publisher` for a publisher that is silent while the node is not active."""
        if "publisher_class" in kwargs:
            raise TypeError("create_lifecycle_publisher() got an unexpected keyword argument 'publisher_class'")
        node: Any = self
        publisher = PlainNode.create_publisher(node, *args, **kwargs, publisher_class=LifecyclePublisher)
        self.add_managed_entity(publisher)
        return publisher

    def destroy_lifecycle_publisher(self, publisher: LifecyclePublisher) -> bool:
        """Destroy a lifecycle publisher."""
        self._managed_entities.pop(id(publisher), None)
        node: Any = self
        return bool(PlainNode.destroy_publisher(node, publisher))

    def _tell_entities(self, callback: str, state: State) -> CallbackResult:
        for entity in list(self._managed_entities.values()):
            result: CallbackResult = getattr(entity, callback)(state)
            if result is not CallbackResult.SUCCESS:
                return result
        return CallbackResult.SUCCESS

    def _change_state(self, choose: Callable[[], Transition]) -> CallbackResult:
        """Follow a transition, run its callback and follow what the callback decides.

        Raises:
            TransitionError: The current state has no such transition; nothing has happened then.
        """
        initial = self._follow(choose)
        result = self._run_callback(initial)
        self._follow(lambda: self._lifecycle.by_label(result.to_label()))
        if result is CallbackResult.ERROR:
            # The node now processes the error; what on_error returns decides where it ends up.
            outcome = self._run_callback(initial)
            self._follow(lambda: self._lifecycle.by_label(outcome.to_label()))
        return result

    def _follow(self, choose: Callable[[], Transition]) -> State:
        """Follow one edge and announce it; returns the state before."""
        with self._lifecycle_lock:
            transition = choose()
            self._lifecycle.follow(transition)
        if self._transition_event_publisher is not None:
            event = TransitionEvent()
            node: Any = self
            event.timestamp = node.get_clock().now().nanoseconds
            _fill(event, transition)
            self._transition_event_publisher.publish(event)
        return transition.start

    def _run_callback(self, initial: State) -> CallbackResult:
        """Run the callback that belongs to the current state; an exception in it counts as ERROR."""
        name = _CALLBACKS[self._lifecycle.current]
        node: Any = self
        try:
            result = getattr(self, name)(initial)
        except Exception:
            node.get_logger().error(f"Exception in {name}, which counts as an error:\n{traceback.format_exc()}")
            return CallbackResult.ERROR
        if not isinstance(result, CallbackResult):
            node.get_logger().error(
                f"{name} returned {result!r} instead of a TransitionCallbackReturn; taken as an error"
            )
            return CallbackResult.ERROR
        return result

    def _on_change_state(self, request: Any, response: Any) -> Any:
        wanted = request.transition

        def choose() -> Transition:
            return self._lifecycle.by_label(wanted.label) if wanted.label else self._lifecycle.by_id(wanted.id)

        try:
            response.success = self._change_state(choose) is CallbackResult.SUCCESS
        except TransitionError as error:
            node: Any = self
            node.get_logger().warning(f"Refused to change state: {error}")
            response.success = False
        return response

    def _on_get_state(self, request: Any, response: Any) -> Any:
        response.current_state = _message(self._lifecycle.current)
        return response

    def _on_get_available_states(self, request: Any, response: Any) -> Any:
        response.available_states = [_message(state) for state in STATES]
        return response

    def _on_get_available_transitions(self, request: Any, response: Any) -> Any:
        response.available_transitions = _descriptions(self._lifecycle.available())
        return response

    def _on_get_transition_graph(self, request: Any, response: Any) -> Any:
        response.available_transitions = _descriptions(GRAPH)
        return response


_CALLBACKS = {
    CONFIGURING: "on_configure",
    CLEANING_UP: "on_cleanup",
    SHUTTING_DOWN: "on_shutdown",
    ACTIVATING: "on_activate",
    DEACTIVATING: "on_deactivate",
    ERROR_PROCESSING: "on_error",
}


def _message(state: State) -> Any:
    return StateMessage(id=state.state_id, label=state.label)


def _fill(message: Any, transition: Transition) -> Any:
    message.transition.id, message.transition.label = transition.transition_id, transition.label
    message.start_state, message.goal_state = _message(transition.start), _message(transition.goal)
    return message


def _descriptions(transitions: Iterable[Transition]) -> list[Any]:
    return [_fill(TransitionDescription(), transition) for transition in transitions]


class LifecycleNode(LifecycleNodeMixin, PlainNode):
    """A node with a lifecycle."""

    def __init__(self, node_name: str, *, enable_communication_interface: bool = True, **kwargs: Any) -> None:
        """Create the node, unconfigured.

        Args:
            node_name: Name.
            enable_communication_interface: See `LifecycleNodeMixin`.
            **kwargs: For `rclpy.node.Node`.
        """
        PlainNode.__init__(self, node_name, **kwargs)
        LifecycleNodeMixin.__init__(self, enable_communication_interface=enable_communication_interface)


Node = LifecycleNode
