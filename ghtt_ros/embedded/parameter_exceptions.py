# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The exceptions of parameters, under the names they have in `rclpy.exceptions`."""

from __future__ import annotations

from typing import Any


class ParameterException(Exception):
    """Base of all parameter exceptions; knows which parameters it is about."""

    def __init__(self, message: str, parameters: str | list[str], *extra: Any) -> None:
        """Append the names to the message."""
        names = [parameters] if isinstance(parameters, str) else list(parameters)
        super().__init__(f"{message}: {', '.join(names)}", *extra)
        self.parameters = names


class ParameterNotDeclaredException(ParameterException):
    """A parameter is used before it was declared."""

    def __init__(self, parameters: str | list[str]) -> None:
        """Name the parameters."""
        super().__init__("Invalid access to undeclared parameter(s)", parameters)


class ParameterAlreadyDeclaredException(ParameterException):
    """A parameter is declared twice."""

    def __init__(self, parameters: str | list[str]) -> None:
        """Name the parameters."""
        super().__init__("Parameter(s) already declared", parameters)


class ParameterUninitializedException(ParameterException):
    """A parameter was declared with a type only and has no value yet."""

    def __init__(self, parameter: str) -> None:
        """Name the parameter."""
        super().__init__("The parameter is not initialized", parameter)


class ParameterImmutableException(ParameterException):
    """A read-only parameter cannot be undeclared."""

    def __init__(self, parameter: str) -> None:
        """Name the parameter."""
        super().__init__("Attempted to modify read-only parameter", parameter)


class InvalidParameterException(ParameterException):
    """A parameter's name is not a name that a parameter can have."""

    def __init__(self, parameter: str) -> None:
        """Name the parameter."""
        super().__init__("Invalid parameter name", parameter)


class InvalidParameterTypeException(ParameterException):
    """A value, e.g. one from the command line, has another type than the parameter was declared with."""

    def __init__(self, parameter: Any, reason: str) -> None:
        """Name the parameter and both types."""
        super().__init__(
            f"Trying to set parameter to '{parameter.value}' of type '{parameter.type_.name}', "
            f"which is refused: {reason}",
            parameter.name,
        )


class InvalidParameterValueException(ParameterException):
    """A value is out of range or refused by a callback."""

    def __init__(self, parameter: str, value: Any, reason: str) -> None:
        """Name the parameter, the value and why it was refused."""
        super().__init__(f"Invalid parameter value ({value!r}), which is refused: {reason}", parameter)
