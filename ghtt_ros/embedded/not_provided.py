# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What `rclpy.node.Node` has and the embedded node has not: asking for it says so."""

from __future__ import annotations

from typing import Any, Final

_NAMES: Final = frozenset(
    {
        "add_pre_set_parameters_callback",
        "add_waitable",
        "clients",
        "count_clients",
        "count_services",
        "destroy_guard_condition",
        "destroy_rate",
        "get_client_names_and_types_by_node",
        "get_clients_info_by_service",
        "get_node_names_and_namespaces_with_enclaves",
        "get_publisher_names_and_types_by_node",
        "get_servers_info_by_service",
        "get_service_names_and_types",
        "get_service_names_and_types_by_node",
        "get_subscriber_names_and_types_by_node",
        "guards",
        "handle",
        "publishers",
        "remove_pre_set_parameters_callback",
        "remove_waitable",
        "services",
        "set_descriptor",
        "subscriptions",
        "timers",
        "wait_for_node",
    }
)


class NotProvided:
    """Mixed into the node."""

    def __getattr__(self, name: str) -> Any:
        """Called for names that the node has not.

        Raises:
            NotImplementedError: rclpy's node has it.
            AttributeError: Nobody has it.
        """
        if name in _NAMES:
            raise NotImplementedError(f"rclpy.node.Node.{name} needs an installation of ROS 2; the node is a stand-in.")
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
