# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The services behind `ros2 param`: every node answers them for its own parameters."""

from __future__ import annotations

import traceback
import weakref
from typing import Any

from ghtt_ros.embedded.messages import message_class
from ghtt_ros.embedded.parameter import Parameter
from ghtt_ros.embedded.parameter_exceptions import ParameterException
from ghtt_ros.embedded.qos import qos_profile_parameters
from ghtt_ros.embedded.service_types import service_class

SetParametersResult = message_class("rcl_interfaces/msg/SetParametersResult")


class ParameterServices:
    """Offers describe, get, get types, list, set and set atomically under the node's name."""

    def __init__(self, node: Any) -> None:
        """Create the services.

        Args:
            node: The node whose parameters these are; not kept alive by this.
        """
        self._reference = weakref.ref(node)
        for service, name, callback in (
            ("DescribeParameters", "describe_parameters", self._describe),
            ("GetParameters", "get_parameters", self._get),
            ("GetParameterTypes", "get_parameter_types", self._get_types),
            ("ListParameters", "list_parameters", self._list),
            ("SetParameters", "set_parameters", self._set),
            ("SetParametersAtomically", "set_parameters_atomically", self._set_atomically),
        ):
            kind = service_class(f"rcl_interfaces/srv/{service}")
            node.create_service(kind, f"~/{name}", callback, qos_profile=qos_profile_parameters)

    @property
    def _node(self) -> Any:
        node = self._reference()
        if node is None:
            raise ReferenceError("the node of these parameter services is gone")
        return node

    def _describe(self, request: Any, response: Any) -> Any:
        # As in rclpy, one unknown name makes the whole answer empty.
        if all(self._node.has_parameter(name) for name in request.names):
            response.descriptors = self._node.describe_parameters(request.names)
        return response

    def _get(self, request: Any, response: Any) -> Any:
        try:
            response.values = [self._node.get_parameter(name).get_parameter_value() for name in request.names]
        except ParameterException:
            response.values = []
        return response

    def _get_types(self, request: Any, response: Any) -> Any:
        if all(self._node.has_parameter(name) for name in request.names):
            response.types = self._node.get_parameter_types(request.names)
        return response

    def _list(self, request: Any, response: Any) -> Any:
        response.result = self._node.list_parameters(request.prefixes, request.depth)
        return response

    def _set(self, request: Any, response: Any) -> Any:
        response.results = [self._try_set([message]) for message in request.parameters]
        return response

    def _set_atomically(self, request: Any, response: Any) -> Any:
        response.result = self._try_set(request.parameters)
        return response

    def _try_set(self, messages: list[Any]) -> Any:
        """Set all or none; whatever goes wrong becomes a refusal, because a client must not be able to end a node."""
        try:
            parameters = [Parameter.from_parameter_msg(message) for message in messages]
            return self._node.set_parameters_atomically(parameters)
        except (ParameterException, ValueError, TypeError) as error:
            return SetParametersResult(successful=False, reason=str(error))
        except Exception as error:
            self._node.get_logger().error(f"Exception in a parameter callback:\n{traceback.format_exc()}")
            return SetParametersResult(
                successful=False, reason=f"{type(error).__name__} in a parameter callback: {error}"
            )
