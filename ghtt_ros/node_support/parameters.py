# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One frozen dataclass per node becomes its ROS parameters: described, bounded, and checked whenever they are set."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Final, Generic, Literal, Protocol, TypeVar, cast

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.parameter import Parameter

from ghtt_core.errors import InputError

Changes = Literal["live", "configure", "never"]
_KEY: Final = "ros_parameter"
_INT64_MAX: Final = 2**63 - 1
_KIND_NAMES: Final = {bool: "true or false", int: "a whole number", float: "a number like 1.0", str: "a text"}


@dataclass(frozen=True)
class _Spec:
    """What a parameter says about itself."""

    description: str
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...]
    changes: Changes


def parameter(
    default: bool | int | float | str,
    description: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: Sequence[str] = (),
    changes: Changes = "live",
) -> Any:
    """Describe one parameter, as the value of a field of a frozen dataclass.

    Args:
        default: Its value unless somebody sets it; its type is the parameter's.
        description: One line for `ros2 param describe`.
        minimum: Least number allowed; give both bounds or none.
        maximum: Greatest number allowed.
        choices: Texts allowed; empty for any.
        changes: When it can be set: `live` takes effect with the next message, `configure` is read while the node is
            configured and refused until it is cleaned up, `never` only counts at start-up.
    """
    if (minimum is None) != (maximum is None):
        raise ValueError("a bounded parameter needs both bounds")
    spec = _Spec(description, minimum, maximum, tuple(choices), changes)
    return field(default=default, metadata={_KEY: spec})


class DataclassInstance(Protocol):
    """Anything `dataclasses.fields` works on."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


Settings = TypeVar("Settings", bound=DataclassInstance)


class NodeParameters(Generic[Settings]):
    """The parameters of one node; `current` is always a complete and checked dataclass."""

    def __init__(self, node: Any, kind: type[Settings], is_configured: Callable[[], bool]) -> None:
        """Declare every field on the node and check what was given at start-up.

        Args:
            node: The rclpy node.
            kind: Frozen dataclass whose fields were all made with `parameter`; its `__post_init__` may raise
                `InputError` for values that do not go together.
            is_configured: Whether parameters that change on configure are in use now.

        Raises:
            InputError: If a value given at start-up cannot be used.
        """
        self._is_configured = is_configured
        self._specs: dict[str, _Spec] = {item.name: item.metadata[_KEY] for item in fields(kind)}
        self._kinds: dict[str, type] = {item.name: type(item.default) for item in fields(kind)}
        given: dict[str, Any] = {}
        for item in fields(kind):
            name, spec = item.name, self._specs[item.name]
            try:
                node.declare_parameter(name, item.default, _descriptor(name, self._kinds[name], spec))
                value = node.get_parameter(name).value
            except Exception as error:
                raise InputError(f"Parameter {name} must be {self._allowed(name)}. ({error})") from error
            given[name] = self._checked(name, value)
        self._current = kind(**given)
        node.add_on_set_parameters_callback(self._on_set)

    @property
    def current(self) -> Settings:
        """The values in force; take it once per message, because it may be another one the next moment."""
        return self._current

    def _on_set(self, changed: list[Parameter]) -> SetParametersResult:
        """Accept a set of changes as a whole or refuse it with a sentence; others' parameters pass."""
        try:
            mine = {item.name: self._checked(item.name, item.value) for item in changed if item.name in self._specs}
            for name, value in mine.items():
                if value != getattr(self._current, name):
                    self._refuse_fixed(name)
            self._current = cast(Any, replace)(self._current, **mine)
        except InputError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _refuse_fixed(self, name: str) -> None:
        changes = self._specs[name].changes
        if changes == "never":
            raise InputError(f"Parameter {name} is read-only; give it when the node is started.")
        if changes == "configure" and self._is_configured():
            raise InputError(
                f"Parameter {name} is read-only while the node is configured; clean the node up "
                "(ros2 lifecycle set NODE cleanup) or restart it with the new value."
            )

    def _checked(self, name: str, value: Any) -> Any:
        spec, kind = self._specs[name], self._kinds[name]
        usable = type(value) is kind and not (isinstance(value, float) and not math.isfinite(value))
        if usable and spec.minimum is not None and spec.maximum is not None:
            usable = spec.minimum <= value <= spec.maximum
        if usable and spec.choices:
            usable = value in spec.choices
        if not usable:
            raise InputError(f"Parameter {name} must be {self._allowed(name)}, not {value!r}.")
        return value

    def _allowed(self, name: str) -> str:
        spec = self._specs[name]
        if spec.choices:
            return f"one of {', '.join(choice or repr(choice) for choice in spec.choices)}"
        allowed = _KIND_NAMES[self._kinds[name]]
        if spec.minimum is not None:
            allowed += f" from {spec.minimum:g} to {spec.maximum:g}"
        return allowed


def _descriptor(name: str, kind: type, spec: _Spec) -> ParameterDescriptor:
    note = {"live": "", "configure": " Read while the node is configured.", "never": " Read at start-up."}[spec.changes]
    descriptor = ParameterDescriptor(
        name=name, description=spec.description + note, read_only=spec.changes == "never", dynamic_typing=False
    )
    if spec.choices:
        descriptor.additional_constraints = f"One of: {', '.join(spec.choices)}"
    if spec.minimum is not None and spec.maximum is not None:
        if kind is int:
            bound = IntegerRange(from_value=int(spec.minimum), to_value=min(int(spec.maximum), _INT64_MAX), step=1)
            descriptor.integer_range = [bound]
        else:
            span = FloatingPointRange(from_value=float(spec.minimum), to_value=float(spec.maximum), step=0.0)
            descriptor.floating_point_range = [span]
    return descriptor
