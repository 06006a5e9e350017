# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a parameter's descriptor allows: type, range, read-only; and the names a parameter can have."""

from __future__ import annotations

import math
import re
from typing import Any

from ghtt_ros.embedded.parameter import Parameter

_NAME = re.compile(r"[A-Za-z_/~{}0-9.\-]+")
# Floating-point ranges are compared with this relative tolerance, because 0.3 is not three times 0.1.
_RELATIVE_TOLERANCE = 1e-6


def is_valid_name(name: str) -> bool:
    """Whether this can be a parameter's name."""
    return bool(name) and _NAME.fullmatch(name) is not None


def refusal(parameter: Parameter, descriptor: Any, *, check_read_only: bool) -> str | None:
    """Why a descriptor does not allow a value, as a sentence; None when it does.

    Args:
        parameter: The new name and value.
        descriptor: rcl_interfaces/ParameterDescriptor of the declared parameter.
        check_read_only: False while the parameter is being declared.
    """
    if check_read_only and descriptor.read_only:
        return f"Trying to set a read-only parameter: {parameter.name}."
    if not descriptor.dynamic_typing and descriptor.type != parameter.type_.value:
        expected = Parameter.Type(descriptor.type)
        return f"Wrong parameter type, parameter '{parameter.name}' expects '{expected}' but got '{parameter.type_}'."
    if parameter.type_ is Parameter.Type.INTEGER and descriptor.integer_range:
        return _integer_refusal(parameter, descriptor.integer_range[0])
    if parameter.type_ is Parameter.Type.DOUBLE and descriptor.floating_point_range:
        return _floating_point_refusal(parameter, descriptor.floating_point_range[0])
    return None


def _integer_refusal(parameter: Parameter, limits: Any) -> str | None:
    low, high, step, value = limits.from_value, limits.to_value, limits.step, parameter.value
    if not min(low, high) <= value <= max(low, high):
        return _outside(parameter, limits)
    # The upper end is allowed even where the steps do not meet it.
    if step == 0 or value == high or (value - low) % step == 0:
        return None
    return f"The parameter value for {parameter.name} is not a valid step: {value} is not {low} + n * {step}."


def _floating_point_refusal(parameter: Parameter, limits: Any) -> str | None:
    low, high, step, value = limits.from_value, limits.to_value, limits.step, parameter.value
    at_an_end = any(math.isclose(value, end, rel_tol=_RELATIVE_TOLERANCE) for end in (low, high))
    # `not (a <= b)` also catches NaN, which is within no range.
    if not at_an_end and not min(low, high) <= value <= max(low, high):
        return _outside(parameter, limits)
    if step == 0.0 or at_an_end:
        return None
    steps = (value - low) / step
    if math.isclose(steps, round(steps), rel_tol=_RELATIVE_TOLERANCE, abs_tol=_RELATIVE_TOLERANCE):
        return None
    return f"The parameter value for {parameter.name} is not a valid step: {value} is not {low} + n * {step}."


def _outside(parameter: Parameter, limits: Any) -> str:
    return (
        f"Parameter {parameter.name} out of range. Min: {limits.from_value}, Max: {limits.to_value}, "
        f"value: {parameter.value}"
    )
