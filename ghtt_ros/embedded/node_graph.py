# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The part of `rclpy.node.Node` that knows its own name and asks about the nodes and topics of all processes."""

from __future__ import annotations

from ghtt_ros.embedded.context import Context
from ghtt_ros.embedded.graph import TopicEndpointInfo
from ghtt_ros.embedded.names import check_topic_name, dds_topic_name, ros_topic_name, ros_type_name
from ghtt_ros.embedded.ros_arguments import RosArguments, expand_name


class NodeGraph:
    """Mixed into the node."""

    _context: Context
    _arguments: RosArguments
    _name: str
    _namespace: str

    def get_name(self) -> str:
        """Name without the namespace."""
        return self._name

    def get_namespace(self) -> str:
        """Namespace with its leading slash."""
        return self._namespace

    def get_fully_qualified_name(self) -> str:
        """Namespace and name."""
        return f"{self._namespace.rstrip('/')}/{self._name}"

    def resolve_topic_name(self, topic: str, *, only_expand: bool = False) -> str:
        """A topic's absolute name, remapped unless only its expansion is wanted.

        Raises:
            InvalidTopicNameException: The name is not allowed.
        """
        full = expand_name(check_topic_name(topic), self._name, self._namespace)
        return full if only_expand else self._arguments.remap_name(full, self._name, self._namespace)

    resolve_service_name = resolve_topic_name

    def count_publishers(self, topic_name: str) -> int:
        """How many publishers a topic has, in all processes."""
        return self._context.graph.count(dds_topic_name(self.resolve_topic_name(topic_name)), publishers=True)

    def count_subscribers(self, topic_name: str) -> int:
        """How many subscriptions a topic has, in all processes."""
        return self._context.graph.count(dds_topic_name(self.resolve_topic_name(topic_name)), publishers=False)

    def get_publishers_info_by_topic(self, topic_name: str, no_mangle: bool = False) -> list[TopicEndpointInfo]:
        """The publishers of a topic, in all processes."""
        return self._endpoints(topic_name, no_mangle, publishers=True)

    def get_subscriptions_info_by_topic(self, topic_name: str, no_mangle: bool = False) -> list[TopicEndpointInfo]:
        """The subscriptions of a topic, in all processes."""
        return self._endpoints(topic_name, no_mangle, publishers=False)

    def get_topic_names_and_types(self, no_demangle: bool = False) -> list[tuple[str, list[str]]]:
        """All topics with the types that are published or subscribed to."""
        if no_demangle:
            raise NotImplementedError("get_topic_names_and_types(no_demangle=True) needs an installation of ROS 2")
        topics: dict[str, set[str]] = {}
        for publishers in (True, False):
            for endpoint in self._context.graph.endpoints(publishers):
                name = ros_topic_name(endpoint.topic_name)
                if name is not None:
                    topics.setdefault(name, set()).add(ros_type_name(endpoint.type_name))
        return [(name, sorted(types)) for name, types in sorted(topics.items())]

    def get_node_names_and_namespaces(self) -> list[tuple[str, str]]:
        """Name and namespace of every node."""
        return self._context.graph.nodes()

    def get_node_names(self) -> list[str]:
        """Name of every node."""
        return [name for name, _ in self._context.graph.nodes()]

    def get_fully_qualified_node_names(self) -> list[str]:
        """Namespace and name of every node."""
        return [f"{namespace.rstrip('/')}/{name}" for name, namespace in self._context.graph.nodes()]

    def _endpoints(self, topic_name: str, no_mangle: bool, *, publishers: bool) -> list[TopicEndpointInfo]:
        topic = topic_name if no_mangle else dds_topic_name(self.resolve_topic_name(topic_name))
        return self._context.graph.endpoint_infos(topic, publishers)
