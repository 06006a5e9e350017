# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Read forecasts from messages, by the names of their fields and with numpy alone.

So the same reader takes messages of rclpy, of its stand-in and of rosbags, and a planner's process needs neither torch
nor the model. Whoever sent the message is not trusted: sizes are compared before anything is reshaped.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.errors import InputError
from ghtt_core.hands.layout import HAND_PARTS, NUM_HANDS, NUM_JOINTS
from ghtt_core.streaming.status import Status

_NS: Final = 1_000_000_000
_LEFT_RIGHT_BITS: Final = (1, 2)
_WHOLE_HAND: Final = 6
"""MotionEnvelope.HAND; the palm and the fingers are 0 to 5."""


class NoForecastError(InputError):
    """A message says that there is no forecast: the planner has to do without one.

    Attributes:
        status: Why; ``warming_up``, ``stale_input`` or ``hands_lost``.
    """

    def __init__(self, status: Status) -> None:
        """Remember the status."""
        super().__init__(f"There is no forecast ({status}); act as without one until the next message.")
        self.status = status


def nanoseconds(moment: Any) -> int:
    """Return a builtin_interfaces Time or Duration in nanoseconds."""
    return int(moment.sec) * _NS + int(moment.nanosec)


def read_status(code: int) -> Status:
    """Return the status of a number in a message.

    Raises:
        InputError: If the number is none that this version knows.
    """
    statuses = tuple(Status)
    if not 0 <= code < len(statuses):
        raise InputError(f"The message has the status {code}, which this version does not know; update ghtt_ros.")
    return statuses[code]


def forecast_fields(message: Any) -> dict[str, Any]:
    """Read a PredictedMotion.

    Args:
        message: The message.

    Returns:
        Arguments of `ghtt_core.streaming.forecast.Forecast`.

    Raises:
        NoForecastError: If there is no forecast.
        InputError: If the message contradicts itself.
    """
    status = read_status(int(message.status))
    steps = int(message.step_count)
    if steps == 0:
        raise NoForecastError(status)
    if int(message.joint_count) != NUM_HANDS * NUM_JOINTS:
        raise InputError(f"The forecast has {message.joint_count} joints, two hands have {NUM_HANDS * NUM_JOINTS}.")
    samples = int(message.sample_count)
    grid = (steps, NUM_HANDS, NUM_JOINTS)
    light = samples == 0
    positions = _array(message, "mean", (1, *grid, 3)) if light else _array(message, "positions", (samples, *grid, 3))
    labels = [str(label) for label in message.action_labels]
    probabilities = _array(message, "action_probabilities", (len(labels),))
    return {
        "samples": positions,
        "t0_ns": nanoseconds(message.header.stamp),
        "step_ns": nanoseconds(message.step),
        "first_offset_ns": nanoseconds(message.first_offset),
        "hands": np.array([bool(int(message.hands) & bit) for bit in _LEFT_RIGHT_BITS]),
        "status": status,
        "weights": np.ones(1, np.float32) if light else _array(message, "weights", (samples,)),
        "origin": _optional(message, "origin", (NUM_HANDS, NUM_JOINTS, 3)),
        "frame_id": str(message.header.frame_id),
        "method": str(message.method),
        "seed": int(message.seed),
        "covariance": _optional(message, "covariance", (*grid, 6)),
        "light": light,
        "radius": _optional(message, "radius", grid),
        "coverage": float(message.coverage),
        "calibration_id": str(message.calibration_id),
        "person_id": str(message.person_id),
        "model_id": str(message.model_id),
        "actions": tuple(zip(labels, probabilities.tolist(), strict=True)),
    }


def envelope_fields(message: Any) -> dict[str, Any]:
    """Read a MotionEnvelope.

    Args:
        message: The message.

    Returns:
        Arguments of `ghtt_core.streaming.envelope.Envelope`.

    Raises:
        NoForecastError: If there is no forecast.
        InputError: If the message contradicts itself.
    """
    status = read_status(int(message.status))
    steps, spheres = int(message.step_count), int(message.sphere_count)
    if steps == 0 or spheres == 0:
        raise NoForecastError(status)
    hand = _array(message, "hand", (spheres,), np.uint8)
    part = _array(message, "part", (spheres,), np.uint8)
    centres = _array(message, "centres", (steps, spheres, 3))
    radii = _array(message, "radii", (steps, spheres))
    whole = bool((part == _WHOLE_HAND).all())
    slot = np.zeros_like(part) if whole else part
    width = len(HAND_PARTS["hand" if whole else "finger"])
    cells = {(int(side), int(place)) for side, place in zip(hand, slot, strict=True)}
    complete = len(cells) == spheres and spheres == width * len(set(hand.tolist()))
    if not complete or hand.max() >= NUM_HANDS or slot.max() >= width:
        raise InputError("The envelope's spheres must be one per hand, or one per palm and finger of every hand.")
    placed = np.zeros((steps, NUM_HANDS, width, 3), np.float32)
    reach = np.zeros((steps, NUM_HANDS, width), np.float32)
    placed[:, hand, slot], reach[:, hand, slot] = centres, radii
    start = nanoseconds(message.header.stamp) + nanoseconds(message.first_offset)
    return {
        "stamps_ns": start + np.arange(steps, dtype=np.int64) * nanoseconds(message.step),
        "centres": placed,
        "radii": reach,
        "coverage": float(message.coverage),
        "part": "hand" if whole else "finger",
        "hands": np.isin(np.arange(NUM_HANDS), hand),
        "status": status,
        "frame_id": str(message.header.frame_id),
    }


def _optional(message: Any, name: str, shape: tuple[int, ...]) -> NDArray[Any] | None:
    return _array(message, name, shape) if len(getattr(message, name)) else None


def _array(message: Any, name: str, shape: tuple[int, ...], dtype: Any = np.float32) -> NDArray[Any]:
    """Return a flat field in its shape.

    Raises:
        InputError: If it has another number of values, or one that is not finite.
    """
    values = np.asarray(getattr(message, name), dtype)
    if values.size != np.prod(shape, dtype=np.int64):
        raise InputError(f"The message's {name} has {values.size} values, its counts say {np.prod(shape)}.")
    if not np.isfinite(values).all():
        raise InputError(f"The message's {name} has a value that is NaN or infinite.")
    return values.reshape(shape)
