# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The service types that a node with parameters and a lifecycle answers; the store of message types has none."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from rosbags.typesys import get_types_from_msg

from ghtt_core.bags.typestore import typestore
from ghtt_ros.embedded.messages import message_class

# Service -> (request, response), in the notation of .msg files.
_DEFINITIONS: Final[dict[str, tuple[str, str]]] = {
    "rcl_interfaces/srv/DescribeParameters": (
        "string[] names",
        "rcl_interfaces/ParameterDescriptor[] descriptors",
    ),
    "rcl_interfaces/srv/GetParameterTypes": ("string[] names", "uint8[] types"),
    "rcl_interfaces/srv/GetParameters": ("string[] names", "rcl_interfaces/ParameterValue[] values"),
    "rcl_interfaces/srv/ListParameters": (
        "uint64 DEPTH_RECURSIVE=0\nstring[] prefixes\nuint64 depth",
        "rcl_interfaces/ListParametersResult result",
    ),
    "rcl_interfaces/srv/SetParameters": (
        "rcl_interfaces/Parameter[] parameters",
        "rcl_interfaces/SetParametersResult[] results",
    ),
    "rcl_interfaces/srv/SetParametersAtomically": (
        "rcl_interfaces/Parameter[] parameters",
        "rcl_interfaces/SetParametersResult result",
    ),
    "lifecycle_msgs/srv/ChangeState": ("lifecycle_msgs/Transition transition", "bool success"),
    "lifecycle_msgs/srv/GetState": ("", "lifecycle_msgs/State current_state"),
    "lifecycle_msgs/srv/GetAvailableStates": ("", "lifecycle_msgs/State[] available_states"),
    "lifecycle_msgs/srv/GetAvailableTransitions": (
        "",
        "lifecycle_msgs/TransitionDescription[] available_transitions",
    ),
}


def service_names(package: str) -> list[str]:
    """Names of the services of a package, such as `GetState` of `lifecycle_msgs`."""
    return [name.split("/")[-1] for name in _DEFINITIONS if name.startswith(f"{package}/")]


@cache
def register_service_types() -> None:
    """Add `<service>_Request` and `<service>_Response` of every service to the store of message types."""
    store = typestore()
    for service, halves in _DEFINITIONS.items():
        for suffix, text in zip(("Request", "Response"), halves, strict=True):
            name = f"{service}_{suffix}"
            if name not in store.fielddefs:
                # The parser inserts "msg" into the name, which a service's halves do not have.
                (definition,) = get_types_from_msg(text, name).values()
                store.register({name: definition})


class Service:
    """Base of the classes that stand for a service: `Request` and `Response` are message classes."""

    ros_type = ""
    Request: type[Any]
    Response: type[Any]


@cache
def service_class(ros_type: str) -> type[Service]:
    """The class of a service, such as ``lifecycle_msgs/srv/GetState``; the same one each time.

    Raises:
        KeyError: No such service is known.
    """
    register_service_types()
    package, kind, name = ros_type.split("/")
    halves = {half: message_class(f"{ros_type}_{half}") for half in ("Request", "Response")}
    described = {"__module__": f"{package}.{kind}", "__doc__": f"The service {ros_type}.", "ros_type": ros_type}
    return type(name, (Service,), {**described, **halves})
