# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""rclpy.node: what has a name, publishers, subscriptions, timers, services and parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ghtt_ros.embedded.callback_groups import CallbackGroup, MutuallyExclusiveCallbackGroup
from ghtt_ros.embedded.client import Client
from ghtt_ros.embedded.clock import Clock, ROSClock
from ghtt_ros.embedded.context import Context
from ghtt_ros.embedded.default_context import default_context
from ghtt_ros.embedded.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from ghtt_ros.embedded.exceptions import NotInitializedException
from ghtt_ros.embedded.logging import RcutilsLogger, get_logger
from ghtt_ros.embedded.messages import message_class
from ghtt_ros.embedded.names import check_namespace, check_node_name
from ghtt_ros.embedded.node_graph import NodeGraph
from ghtt_ros.embedded.node_parameters import NodeParameters
from ghtt_ros.embedded.not_provided import NotProvided
from ghtt_ros.embedded.parameter_services import ParameterServices
from ghtt_ros.embedded.publisher import Publisher
from ghtt_ros.embedded.qos import QoSProfile, as_profile, qos_profile_parameter_events, qos_profile_services_default
from ghtt_ros.embedded.ros_arguments import RosArguments, parse_arguments
from ghtt_ros.embedded.service import Service
from ghtt_ros.embedded.subscription import Subscription
from ghtt_ros.embedded.time_source import TimeSource
from ghtt_ros.embedded.timer import Timer
from ghtt_ros.embedded.waitable import Waitable


class Node(NodeGraph, NodeParameters, NotProvided):
    """A node. Its callbacks run in the executor that it is added to."""

    def __init__(
        self,
        node_name: str,
        *,
        context: Context | None = None,
        cli_args: list[str] | None = None,
        namespace: str | None = None,
        use_global_arguments: bool = True,
        enable_rosout: bool = True,
        start_parameter_services: bool = True,
        parameter_overrides: list[Any] | None = None,
        allow_undeclared_parameters: bool = False,
        automatically_declare_parameters_from_overrides: bool = False,
        enable_logger_service: bool = False,
    ) -> None:
        """Create a node.

        Args:
            node_name: Name, which the command line may change.
            context: Context; the default one if not given.
            cli_args: The node's own command line, before that of the process.
            namespace: Namespace, which the command line may change.
            use_global_arguments: Whether the command line of the process counts.
            enable_rosout: Accepted; log lines go to standard error only.
            start_parameter_services: Whether other processes may read and set the parameters.
            parameter_overrides: Parameters whose values come before those of the command line.
            allow_undeclared_parameters: Whether unknown parameters may be set and read.
            automatically_declare_parameters_from_overrides: Whether all given values are declared.
            enable_logger_service: Not provided.

        Raises:
            NotInitializedException: rclpy.init was not called.
            NameValidationException: The name or the namespace is not allowed.
        """
        if enable_logger_service:
            raise NotImplementedError("Node(enable_logger_service=True) needs an installation of ROS 2")
        self._context = default_context() if context is None else context
        if not self._context.ok():
            raise NotInitializedException("cannot create node")
        arguments = parse_arguments(cli_args or [])
        self._arguments: RosArguments = (
            self._context.arguments.merged_under(arguments) if use_global_arguments else arguments
        )
        self._name = check_node_name(self._arguments.node_name(node_name))
        self._namespace = check_namespace(self._arguments.namespace(node_name, check_namespace(namespace or "/")))
        self._logger = get_logger(self.get_fully_qualified_name().strip("/").replace("/", "."))
        self._default_group = MutuallyExclusiveCallbackGroup()
        self._clock = ROSClock()
        self._publishers: list[Publisher] = []
        self._subscriptions: list[Subscription] = []
        self._timers: list[Timer] = []
        self._services: list[Service] = []
        self._clients: list[Client] = []
        self._waitables: tuple[Waitable, ...] = ()
        self._released = False
        self._participant = self._context.participant
        self.executor: Any = None
        self._context.track_node(self)
        overrides = self._arguments.parameters_of(self.get_fully_qualified_name())
        overrides.update({parameter.name: parameter.value for parameter in parameter_overrides or []})
        self._setup_parameters(overrides, allow_undeclared=allow_undeclared_parameters)
        event_type = message_class("rcl_interfaces/msg/ParameterEvent")
        self._event_publisher: Publisher | None = self.create_publisher(
            event_type, "/parameter_events", qos_profile_parameter_events
        )
        if automatically_declare_parameters_from_overrides:
            self.declare_parameters("", [(name, value) for name, value in overrides.items()], ignore_override=True)
        self._time_source = TimeSource(self, self._clock)
        self._parameter_services = ParameterServices(self) if start_parameter_services else None
        self._changed()

    @property
    def context(self) -> Context:
        """Context of this node."""
        return self._context

    @property
    def default_callback_group(self) -> CallbackGroup:
        """Group of everything that is created without one; one callback at a time."""
        return self._default_group

    def get_logger(self) -> RcutilsLogger:
        """The logger under the node's name."""
        return self._logger

    def get_clock(self) -> ROSClock:
        """The node's clock: wall time, or that of /clock."""
        return self._clock

    def create_publisher(
        self,
        msg_type: type[Any],
        topic: str,
        qos_profile: QoSProfile | int,
        *,
        callback_group: CallbackGroup | None = None,
        event_callbacks: PublisherEventCallbacks | None = None,
        qos_overriding_options: Any = None,
        publisher_class: type[Publisher] = Publisher,
    ) -> Any:
        """Create a publisher.

        Args:
            msg_type: Message class.
            topic: Relative, private or absolute name.
            qos_profile: Profile, or the depth of the default one.
            callback_group: Group of the events.
            event_callbacks: What to run when something happens to the publisher.
            qos_overriding_options: Not provided.
            publisher_class: Class to make it of.
        """
        self._refuse_overriding(qos_overriding_options)
        publisher = publisher_class(
            self._participant,
            msg_type,
            self.resolve_topic_name(topic),
            as_profile(qos_profile),
            event_callbacks or PublisherEventCallbacks(),
            callback_group or self._default_group,
            logger_name=self._logger.name,
            wake=self.wake,
        )
        self._publishers.append(publisher)
        self._changed()
        return publisher

    def create_subscription(
        self,
        msg_type: type[Any],
        topic: str,
        callback: Callable[..., Any],
        qos_profile: QoSProfile | int,
        *,
        callback_group: CallbackGroup | None = None,
        event_callbacks: SubscriptionEventCallbacks | None = None,
        qos_overriding_options: Any = None,
        raw: bool = False,
        content_filter_options: Any = None,
    ) -> Subscription:
        """Create a subscription.

        Args:
            msg_type: Message class.
            topic: Relative, private or absolute name.
            callback: Called with each message.
            qos_profile: Profile, or the depth of the default one.
            callback_group: Group of the callback and the events.
            event_callbacks: What to run when something happens to the subscription.
            qos_overriding_options: Not provided.
            raw: Whether the callback gets the bytes of messages.
            content_filter_options: Not provided.
        """
        self._refuse_overriding(qos_overriding_options)
        if content_filter_options is not None:
            raise NotImplementedError("content_filter_options need an installation of ROS 2")
        subscription = Subscription(
            self._participant,
            msg_type,
            self.resolve_topic_name(topic),
            callback,
            callback_group or self._default_group,
            as_profile(qos_profile),
            event_callbacks or SubscriptionEventCallbacks(),
            raw=raw,
            logger_name=self._logger.name,
            wake=self.wake,
        )
        self._subscriptions.append(subscription)
        self._changed()
        return subscription

    def create_timer(
        self,
        timer_period_sec: float,
        callback: Callable[[], Any] | None,
        callback_group: CallbackGroup | None = None,
        clock: Clock | None = None,
        autostart: bool = True,
    ) -> Timer:
        """Create a timer.

        Args:
            timer_period_sec: Period in seconds of the clock.
            callback: Called at each period.
            callback_group: Its group.
            clock: The node's own if not given.
            autostart: Whether the first period begins now.
        """
        group = callback_group or self._default_group
        period = round(timer_period_sec * 1e9)
        timer = Timer(callback, group, period, clock or self._clock, wake=self.wake, autostart=autostart)
        self._timers.append(timer)
        self._changed(graph=False)
        return timer

    def create_service(
        self,
        srv_type: type[Any],
        srv_name: str,
        callback: Callable[[Any, Any], Any],
        *,
        qos_profile: QoSProfile = qos_profile_services_default,
        callback_group: CallbackGroup | None = None,
    ) -> Service:
        """Create a service; the callback fills in and returns the response."""
        service = Service(
            self._participant,
            srv_type,
            self.resolve_service_name(srv_name),
            callback,
            callback_group or self._default_group,
            qos_profile,
            logger_name=self._logger.name,
            wake=self.wake,
        )
        self._services.append(service)
        self._changed()
        return service

    def create_client(
        self,
        srv_type: type[Any],
        srv_name: str,
        *,
        qos_profile: QoSProfile = qos_profile_services_default,
        callback_group: CallbackGroup | None = None,
    ) -> Client:
        """Create a client of a service."""
        client = Client(
            self._participant,
            srv_type,
            self.resolve_service_name(srv_name),
            callback_group or self._default_group,
            qos_profile,
            is_alive=self._context.ok,
            logger_name=self._logger.name,
            wake=self.wake,
        )
        self._clients.append(client)
        self._changed()
        return client

    def create_guard_condition(self, *args: Any, **kwargs: Any) -> Any:
        """Not provided."""
        raise NotImplementedError("rclpy.node.Node.create_guard_condition needs an installation of ROS 2")

    def create_rate(self, *args: Any, **kwargs: Any) -> Any:
        """Not provided."""
        raise NotImplementedError("rclpy.node.Node.create_rate needs an installation of ROS 2")

    def destroy_publisher(self, publisher: Publisher) -> bool:
        """End a publisher; whether it was this node's."""
        return self._destroy(self._publishers, publisher)

    def destroy_subscription(self, subscription: Subscription) -> bool:
        """End a subscription; whether it was this node's."""
        return self._destroy(self._subscriptions, subscription)

    def destroy_timer(self, timer: Timer) -> bool:
        """End a timer; whether it was this node's."""
        return self._destroy(self._timers, timer)

    def destroy_service(self, service: Service) -> bool:
        """End a service; whether it was this node's."""
        return self._destroy(self._services, service)

    def destroy_client(self, client: Client) -> bool:
        """End a client; whether it was this node's."""
        return self._destroy(self._clients, client)

    def destroy_node(self) -> None:
        """End the node with everything in it."""
        if not self._released:
            self._release()
            self._context.untrack_node(self)

    def _release(self) -> None:
        """End everything in the node; what `destroy_node` and the end of the context have in common."""
        if self._released:
            return
        self._released = True
        if self.executor is not None:
            self.executor.remove_node(self)
        self._waitables = ()
        for entities in self._all_entities():
            while entities:
                entities.pop().destroy()

    def waitables(self) -> tuple[Waitable, ...]:
        """What the executor runs."""
        return self._waitables

    def endpoint_guids(self) -> tuple[list[bytes], list[bytes]]:
        """GUIDs of the node's DDS readers, and of its writers."""
        readers = [subscription.guid for subscription in list(self._subscriptions)]
        writers = [publisher.guid for publisher in list(self._publishers)]
        pairs: list[Service | Client] = [*self._services, *self._clients]
        for pair in pairs:
            readers.append(pair.reader_guid)
            writers.append(pair.writer_guid)
        return readers, writers

    def wake(self) -> None:
        """Let the executor look for work; called from any thread."""
        executor = self.executor
        if executor is not None:
            executor.wake()

    def _all_entities(self) -> tuple[list[Any], ...]:
        return (self._timers, self._subscriptions, self._services, self._clients, self._publishers)

    def _destroy(self, entities: list[Any], entity: Any) -> bool:
        if entity not in entities:
            return False
        entities.remove(entity)
        self._changed()
        entity.destroy()
        return True

    def _changed(self, *, graph: bool = True) -> None:
        """Let the executor and, unless only timers have changed, other processes know."""
        endpoints: list[Subscription | Publisher] = [*self._subscriptions, *self._publishers]
        events = [handler for endpoint in endpoints for handler in endpoint.event_handlers]
        self._waitables = (*self._timers, *self._subscriptions, *self._services, *self._clients, *events)
        self.wake()
        if graph:
            self._context.announce()

    def _publish_parameter_event(self, event: Any) -> None:
        event.node = self.get_fully_qualified_name()
        event.stamp = self._clock.now().to_msg()
        if self._event_publisher is not None and not self._released:
            self._event_publisher.publish(event)

    @staticmethod
    def _refuse_overriding(options: Any) -> None:
        if options is not None:
            raise NotImplementedError("qos_overriding_options need an installation of ROS 2")
