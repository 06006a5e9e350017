# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The parameters of a node: the part of `rclpy.node.Node` that declares, gets, sets and announces them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ghtt_ros.embedded.messages import message_class
from ghtt_ros.embedded.parameter import Parameter, parameter_value_to_python
from ghtt_ros.embedded.parameter_exceptions import (
    InvalidParameterException,
    InvalidParameterTypeException,
    InvalidParameterValueException,
    ParameterAlreadyDeclaredException,
    ParameterImmutableException,
    ParameterNotDeclaredException,
    ParameterUninitializedException,
)
from ghtt_ros.embedded.parameter_queries import ParameterQueries, copy_of
from ghtt_ros.embedded.parameter_rules import is_valid_name, refusal

ParameterDescriptor = message_class("rcl_interfaces/msg/ParameterDescriptor")
ParameterEvent = message_class("rcl_interfaces/msg/ParameterEvent")
ParameterValue = message_class("rcl_interfaces/msg/ParameterValue")
SetParametersResult = message_class("rcl_interfaces/msg/SetParametersResult")

OnSetCallback = Callable[[list[Parameter]], Any]


class NodeParameters(ParameterQueries):
    """Mixed into the node; the node supplies the overrides and publishes the events."""

    def _setup_parameters(self, overrides: dict[str, Any], *, allow_undeclared: bool = False) -> None:
        """Start with no parameters.

        Args:
            overrides: Values from the command line, from parameter files and from the caller, by name.
            allow_undeclared: Whether unknown parameters may be set and read.
        """
        self._parameter_overrides = {name: Parameter(name, value=value) for name, value in overrides.items()}
        self._allow_undeclared_parameters = allow_undeclared
        self._parameters: dict[str, Parameter] = {}
        self._descriptors: dict[str, Any] = {}
        self._parameters_lock = threading.RLock()  # one change at a time; reading needs no lock
        self._on_set_parameters_callbacks: list[OnSetCallback] = []
        self._post_set_parameters_callbacks: list[Callable[[list[Parameter]], None]] = []

    def _publish_parameter_event(self, event: Any) -> None:
        """Publish on /parameter_events; the node fills in its name and the time."""
        raise NotImplementedError

    def declare_parameter(
        self, name: str, value: Any = None, descriptor: Any = None, ignore_override: bool = False
    ) -> Parameter:
        """Declare one parameter and give its value: from the command line or files, else the default.

        Args:
            name: Name, with dots between its parts.
            value: Default, or a `Parameter.Type` for a parameter without one.
            descriptor: rcl_interfaces/ParameterDescriptor.
            ignore_override: Take the default whatever the command line says.

        Raises:
            ParameterAlreadyDeclaredException: The name is taken.
            InvalidParameterException: The name is not a parameter's name.
            InvalidParameterTypeException: The overriding value is of another type.
            InvalidParameterValueException: The value is out of range or refused by a callback.
            ValueError: There is neither a default nor a type.
        """
        entry = (name, value) if descriptor is None else (name, value, descriptor)
        return self.declare_parameters("", [entry], ignore_override)[0]

    def declare_parameters(
        self, namespace: str, parameters: Iterable[Sequence[Any]], ignore_override: bool = False
    ) -> list[Parameter]:
        """Declare several parameters, each a tuple of name, value and descriptor; see `declare_parameter`."""
        declared = []
        with self._parameters_lock:
            for name, *rest in parameters:
                value = rest[0] if rest else None
                descriptor = copy_of(rest[1]) if len(rest) > 1 else ParameterDescriptor()
                full = f"{namespace}.{name}" if namespace else name
                declared.append(self._declare(full, value, descriptor, ignore_override))
        return declared

    def _declare(self, name: str, value: Any, descriptor: Any, ignore_override: bool) -> Parameter:
        if not isinstance(name, str):
            raise TypeError(f"a parameter's name is a string, not {name!r}")
        if not is_valid_name(name):
            raise InvalidParameterException(name)
        if name in self._descriptors:
            raise ParameterAlreadyDeclaredException(name)
        default = parameter_value_to_python(value) if isinstance(value, ParameterValue) else value
        if isinstance(default, Parameter.Type):
            if default is Parameter.Type.NOT_SET or descriptor.dynamic_typing:
                raise ValueError(
                    f"parameter {name}: give a default, or a type other than NOT_SET without dynamic typing"
                )
            descriptor.type, default = default.value, None
        elif not descriptor.dynamic_typing:
            if default is None:
                raise ValueError(f"parameter {name}: give a default value, a Parameter.Type, or allow dynamic typing")
            descriptor.type = Parameter.Type.from_parameter_value(default).value
        descriptor.name = name
        chosen = default
        if not ignore_override and name in self._parameter_overrides:
            chosen = self._parameter_overrides[name].value
        if chosen is None:
            self._descriptors[name] = descriptor
            return Parameter(name, Parameter.Type.NOT_SET)
        parameter = self._typed(name, chosen, descriptor)
        if not descriptor.dynamic_typing and descriptor.type != parameter.type_.value:
            raise InvalidParameterTypeException(parameter, refusal(parameter, descriptor, check_read_only=False) or "")
        reason = refusal(parameter, descriptor, check_read_only=False) or self._ask_callbacks([parameter])
        if reason is not None:
            raise InvalidParameterValueException(name, parameter.value, reason)
        self._descriptors[name] = descriptor
        self._store([parameter])
        return self._parameters[name]

    @staticmethod
    def _typed(name: str, value: Any, descriptor: Any) -> Parameter:
        """A parameter of the declared type; an empty list from YAML has no type of its own."""
        if isinstance(value, list | tuple) and not value and not descriptor.dynamic_typing:
            kind = Parameter.Type(descriptor.type)
            if kind.check(value):
                return Parameter(name, kind, value)
        return Parameter(name, value=value)

    def undeclare_parameter(self, name: str) -> None:
        """Forget a parameter.

        Raises:
            ParameterNotDeclaredException: It was never declared.
            ParameterImmutableException: It is read-only.
        """
        with self._parameters_lock:
            if name not in self._descriptors:
                raise ParameterNotDeclaredException(name)
            if self._descriptors[name].read_only:
                raise ParameterImmutableException(name)
            del self._descriptors[name]
            self._parameters.pop(name, None)

    def set_parameters(self, parameter_list: list[Parameter]) -> list[Any]:
        """Set parameters one after the other; one SetParametersResult for each.

        Raises:
            ParameterNotDeclaredException: One was never declared; then none is set.
        """
        self._require_declared(parameter_list)
        return [self.set_parameters_atomically([parameter]) for parameter in parameter_list]

    def set_parameters_atomically(self, parameter_list: list[Parameter]) -> Any:
        """Set all parameters or none; a SetParametersResult says why not.

        Raises:
            ParameterNotDeclaredException: One was never declared.
        """
        self._require_declared(parameter_list)
        with self._parameters_lock:
            typed = []
            for parameter in parameter_list:
                descriptor = self._descriptors.get(parameter.name)
                if descriptor is None:
                    descriptor = ParameterDescriptor(name=parameter.name, dynamic_typing=True)
                fitting = self._typed(parameter.name, parameter.value, descriptor)
                reason = refusal(fitting, descriptor, check_read_only=True)
                if reason is not None:
                    return SetParametersResult(successful=False, reason=reason)
                typed.append(fitting)
            reason = self._ask_callbacks(typed)
            if reason is not None:
                return SetParametersResult(successful=False, reason=reason)
            for parameter in typed:
                if parameter.name not in self._descriptors:
                    self._descriptors[parameter.name] = ParameterDescriptor(name=parameter.name, dynamic_typing=True)
            self._store(typed)
        for callback in list(self._post_set_parameters_callbacks):
            callback(typed)
        return SetParametersResult(successful=True)

    def _require_declared(self, parameter_list: Iterable[Parameter]) -> None:
        parameters = list(parameter_list)
        if not all(isinstance(parameter, Parameter) for parameter in parameters):
            raise TypeError("parameters to set are instances of rclpy.parameter.Parameter")
        unknown = [parameter.name for parameter in parameters if parameter.name not in self._descriptors]
        if unknown and not self._allow_undeclared_parameters:
            raise ParameterNotDeclaredException(unknown)

    def _ask_callbacks(self, parameters: list[Parameter]) -> str | None:
        """The reason of the first callback that refuses; None when all agree."""
        for callback in list(self._on_set_parameters_callbacks):
            result = callback(parameters)
            if not result.successful:
                return str(result.reason) or "refused by the node"
        return None

    def _store(self, parameters: list[Parameter]) -> None:
        event = ParameterEvent()
        new: list[Any] = []
        changed: list[Any] = []
        deleted: list[Any] = []
        for parameter in parameters:
            known = parameter.name in self._parameters
            if parameter.type_ is Parameter.Type.NOT_SET:
                if known:
                    deleted.append(Parameter(parameter.name, Parameter.Type.NOT_SET).to_parameter_msg())
                    del self._parameters[parameter.name]
                continue
            (changed if known else new).append(parameter.to_parameter_msg())
            self._parameters[parameter.name] = parameter
            descriptor = self._descriptors[parameter.name]
            if descriptor.dynamic_typing:
                descriptor.type = parameter.type_.value
        event.new_parameters, event.changed_parameters, event.deleted_parameters = new, changed, deleted
        self._publish_parameter_event(event)

    def add_on_set_parameters_callback(self, callback: OnSetCallback) -> None:
        """Call before parameters change, the newest callback first; its SetParametersResult decides."""
        self._on_set_parameters_callbacks.insert(0, callback)

    def remove_on_set_parameters_callback(self, callback: OnSetCallback) -> None:
        """No longer ask this callback."""
        self._on_set_parameters_callbacks.remove(callback)

    def add_post_set_parameters_callback(self, callback: Callable[[list[Parameter]], None]) -> None:
        """Call after parameters have changed."""
        self._post_set_parameters_callbacks.insert(0, callback)

    def remove_post_set_parameters_callback(self, callback: Callable[[list[Parameter]], None]) -> None:
        """No longer tell this callback."""
        self._post_set_parameters_callbacks.remove(callback)

    def get_parameter(self, name: str) -> Parameter:
        """One parameter.

        Raises:
            ParameterNotDeclaredException: It was never declared.
            ParameterUninitializedException: It was declared with a type only and has no value.
        """
        parameter = self._parameters.get(name)
        if parameter is not None:
            return parameter
        descriptor = self._descriptors.get(name)
        if descriptor is None:
            if self._allow_undeclared_parameters:
                return Parameter(name, Parameter.Type.NOT_SET)
            raise ParameterNotDeclaredException(name)
        if descriptor.dynamic_typing:
            return Parameter(name, Parameter.Type.NOT_SET)
        raise ParameterUninitializedException(name)
