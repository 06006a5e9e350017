# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Questions about a node's parameters that change nothing."""

from __future__ import annotations

from typing import Any

from ghtt_ros.embedded.cdr import deserialize, serialize
from ghtt_ros.embedded.messages import message_class
from ghtt_ros.embedded.parameter import PARAMETER_SEPARATOR_STRING, Parameter
from ghtt_ros.embedded.parameter_exceptions import ParameterNotDeclaredException

ListParametersResult = message_class("rcl_interfaces/msg/ListParametersResult")
ParameterDescriptor = message_class("rcl_interfaces/msg/ParameterDescriptor")


def copy_of(message: Any) -> Any:
    """A copy of a message that shares nothing with it."""
    return deserialize(serialize(message), message.ros_type)


class ParameterQueries:
    """Reads what `NodeParameters` keeps; without a lock, so that a worker may ask while a callback decides."""

    _parameters: dict[str, Parameter]
    _descriptors: dict[str, Any]
    _allow_undeclared_parameters: bool

    def get_parameter(self, name: str) -> Parameter:
        """One parameter."""
        raise NotImplementedError

    def has_parameter(self, name: str) -> bool:
        """Whether the parameter is declared."""
        return name in self._descriptors

    def get_parameters(self, names: list[str]) -> list[Parameter]:
        """Several parameters; see `get_parameter`."""
        return [self.get_parameter(name) for name in names]

    def get_parameter_or(self, name: str, alternative_value: Parameter | None = None) -> Parameter:
        """The parameter, or the alternative where it has no value."""
        if alternative_value is None:
            alternative_value = Parameter(name, Parameter.Type.NOT_SET)
        return self._parameters.get(name, alternative_value)

    def get_parameters_by_prefix(self, prefix: str) -> dict[str, Parameter]:
        """Parameters whose names start with `prefix.`, by the rest of their names."""
        start = f"{prefix}{PARAMETER_SEPARATOR_STRING}" if prefix else ""
        return {name[len(start) :]: value for name, value in list(self._parameters.items()) if name.startswith(start)}

    def get_parameter_type(self, name: str) -> int:
        """The number of the parameter's type (rcl_interfaces/ParameterType)."""
        return int(self.describe_parameter(name).type)

    def get_parameter_types(self, names: list[str]) -> list[int]:
        """The numbers of several parameters' types."""
        return [self.get_parameter_type(name) for name in names]

    def describe_parameter(self, name: str) -> Any:
        """A copy of the parameter's rcl_interfaces/ParameterDescriptor.

        Raises:
            ParameterNotDeclaredException: It was never declared.
        """
        descriptor = self._descriptors.get(name)
        if descriptor is not None:
            return copy_of(descriptor)
        if self._allow_undeclared_parameters:
            return ParameterDescriptor()
        raise ParameterNotDeclaredException(name)

    def describe_parameters(self, names: list[str]) -> list[Any]:
        """Copies of several parameters' descriptors."""
        return [self.describe_parameter(name) for name in names]

    def list_parameters(self, prefixes: list[str], depth: int = 0) -> Any:
        """Names under prefixes, as rcl_interfaces/ListParametersResult.

        Args:
            prefixes: `a` stands for everything that starts with `a.`; none for all parameters.
            depth: How many dots a name may have beyond its prefix, plus one; 0 for any number.
        """
        if depth < 0:
            raise ValueError("The parameter depth must not be negative")
        names = [name for name in list(self._descriptors) if _is_listed(name, prefixes, depth)]
        parents = [name.rpartition(PARAMETER_SEPARATOR_STRING)[0] for name in names]
        return ListParametersResult(names=names, prefixes=list(dict.fromkeys(parent for parent in parents if parent)))


def _is_listed(name: str, prefixes: list[str], depth: int) -> bool:
    if not prefixes:
        return depth == 0 or name.count(PARAMETER_SEPARATOR_STRING) < depth
    for prefix in prefixes:
        if name == prefix:
            return True
        start = prefix + PARAMETER_SEPARATOR_STRING
        if name.startswith(start) and (depth == 0 or name[len(start) :].count(PARAMETER_SEPARATOR_STRING) < depth):
            return True
    return False
