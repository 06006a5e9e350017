# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From forecasts to PredictedMotion and MotionEnvelope, and back."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.bags.convert import STATUS_CODES
from ghtt_core.bags.fields import put, put_header, put_time
from ghtt_core.errors import InputError
from ghtt_core.hands.layout import NUM_HANDS, NUM_JOINTS
from ghtt_core.streaming.forecast import Forecast, Part
from ghtt_core.streaming.status import Status
from ghtt_core.streaming.update import ActionEstimate

JOINTS: Final = NUM_HANDS * NUM_JOINTS
_PART_CODES: Final = {"finger": (0, 1, 2, 3, 4, 5), "hand": (6,)}
_PAIRS: Final = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
"""Order of a covariance: xx xy xz yy yz zz."""
_NOTHING: Final = np.empty(0, np.float32)


def fill_predicted_motion(
    message: Any,
    forecast: Forecast,
    *,
    model_id: str,
    person_id: str = "",
    action: ActionEstimate | None = None,
    samples: bool = True,
    status: Status | None = None,
    radius: NDArray[np.floating] | None = None,
    coverage: float = 0.0,
    calibration_id: str = "",
    latency_s: float = 0.0,
) -> None:
    """Fill a ghtt_ros/PredictedMotion with a forecast.

    Args:
        message: To fill.
        forecast: Already in the frame it says it is in.
        model_id: Checkpoint that made it.
        person_id: Whose hands.
        action: What is going on, for the message's ranking, or None.
        samples: Whether to put the samples in (1 MB), or only mean, covariance and radius (the light variant).
        status: Instead of the forecast's own.
        radius: (T, 2, 21) calibrated metres about the mean, or None.
        coverage: Of the radius.
        calibration_id: What the radius was calibrated on.
        latency_s: From t0 to publication.
    """
    count, steps = forecast.samples.shape[:2]
    flat = forecast.samples.reshape(count, steps * JOINTS, 3)
    mean, covariance = moments(flat, forecast.weights)
    put_header(message.header, forecast.t0_ns, forecast.frame_id)
    message.person_id = person_id
    message.status = STATUS_CODES[forecast.status if status is None else status]
    message.hands = sum(1 << hand for hand in range(NUM_HANDS) if forecast.hands[hand])
    message.method = forecast.method
    put_time(message.step, forecast.step_ns)
    put_time(message.first_offset, forecast.first_offset_ns)
    message.sample_count = count if samples else 0
    message.step_count = steps
    message.joint_count = JOINTS
    put(message, "positions", flat if samples else _NOTHING)
    put(message, "weights", forecast.weights if samples else _NOTHING)
    put(message, "origin", _NOTHING if forecast.origin is None else forecast.origin)
    put(message, "mean", mean)
    put(message, "covariance", covariance)
    calibrated = radius is not None
    put(message, "radius", _NOTHING if radius is None else radius)
    message.coverage = float(coverage) if calibrated else 0.0
    message.calibration_id = calibration_id if calibrated else ""
    message.model_id = model_id
    top = () if action is None else action.top
    message.action_labels = [label for label, _ in top]
    put(message, "action_probabilities", np.array([share for _, share in top], np.float32))
    message.seed = int(forecast.seed)
    message.latency = float(latency_s)


def fill_no_motion(
    message: Any,
    *,
    stamp_ns: int,
    frame_id: str,
    status: Status,
    model_id: str = "",
    person_id: str = "",
    latency_s: float = 0.0,
) -> None:
    """Fill a ghtt_ros/PredictedMotion that says why there is no forecast.

    Args:
        message: To fill.
        stamp_ns: Acquisition time of the newest input used.
        frame_id: Frame in which positions would be.
        status: Why.
        model_id: Checkpoint.
        person_id: Whose hands.
        latency_s: From the stamp to publication.
    """
    put_header(message.header, stamp_ns, frame_id)
    message.person_id, message.method = person_id, ""
    message.status, message.hands = STATUS_CODES[status], 0
    put_time(message.step, 0)
    put_time(message.first_offset, 0)
    message.sample_count, message.step_count, message.joint_count = 0, 0, JOINTS
    for name in ("positions", "weights", "origin", "mean", "covariance", "radius", "action_probabilities"):
        put(message, name, _NOTHING)
    message.coverage, message.calibration_id = 0.0, ""
    message.model_id = model_id
    message.action_labels = []
    message.seed = 0
    message.latency = float(latency_s)


def fill_motion_envelope(
    message: Any,
    forecast: Forecast,
    *,
    coverage: float,
    model_id: str,
    part: Part = "hand",
    stride: int = 1,
    person_id: str = "",
    status: Status | None = None,
) -> None:
    """Fill a ghtt_ros/MotionEnvelope from a forecast's samples.

    Args:
        message: To fill.
        forecast: In the frame it says it is in.
        coverage: Share of the samples inside each sphere, in (0, 1].
        model_id: Checkpoint that made the forecast.
        part: ``finger``: palm and five fingers; ``hand``: one sphere.
        stride: Keep every this many steps; the step of the message grows with it.
        person_id: Whose hands.
        status: Instead of the forecast's own.

    Raises:
        InputError: If the coverage, the part or the stride is impossible.
    """
    if part not in _PART_CODES or stride < 1:
        raise InputError(f"An envelope message holds parts 'finger' or 'hand' at a stride from 1, not {part!r}.")
    envelope = forecast.thinned(stride).envelope(coverage, part)
    there = np.flatnonzero(forecast.hands)
    codes = _PART_CODES[part]
    _fill_envelope_head(message, forecast.t0_ns, forecast.frame_id, forecast.status if status is None else status)
    message.person_id, message.model_id = person_id, model_id
    put_time(message.step, forecast.step_ns * stride)
    put_time(message.first_offset, forecast.first_offset_ns)
    message.step_count = len(envelope.stamps_ns)
    message.sphere_count = len(there) * len(codes)
    put(message, "hand", np.repeat(there, len(codes)))
    put(message, "part", np.tile(codes, len(there)))
    put(message, "centres", envelope.centres[:, there])
    put(message, "radii", envelope.radii[:, there])
    message.coverage = float(coverage)


def fill_no_envelope(
    message: Any, *, stamp_ns: int, frame_id: str, status: Status, model_id: str = "", person_id: str = ""
) -> None:
    """Fill a ghtt_ros/MotionEnvelope that says why there is no forecast; arguments as `fill_no_motion`."""
    _fill_envelope_head(message, stamp_ns, frame_id, status)
    message.person_id, message.model_id = person_id, model_id
    put_time(message.step, 0)
    put_time(message.first_offset, 0)
    message.step_count = message.sphere_count = 0
    for name in ("hand", "part", "centres", "radii"):
        put(message, name, _NOTHING)
    message.coverage = 0.0


def moments(
    samples: NDArray[np.float32], weights: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the weighted mean and covariance of samples.

    Args:
        samples: (S, N, 3) metres.
        weights: (S,), sum 1.

    Returns:
        Mean (N, 3) in metres and covariance (N, 6) in square metres: xx xy xz yy yz zz.
    """
    weights = weights.astype(np.float32)
    flat = samples.reshape(len(samples), -1)
    mean = (weights @ flat).astype(np.float32)
    # Axes first and samples last, so that each of the six products runs along memory.
    spread = np.ascontiguousarray((flat - mean).reshape(len(samples), -1, 3).transpose(2, 0, 1))  # (3, S, N)
    weighted = spread * weights[:, None]
    covariance = np.empty((spread.shape[2], len(_PAIRS)), np.float32)
    for column, (a, b) in enumerate(_PAIRS):
        covariance[:, column] = np.einsum("sn,sn->n", weighted[a], spread[b])
    return mean.reshape(-1, 3), covariance


def _fill_envelope_head(message: Any, stamp_ns: int, frame_id: str, status: Status) -> None:
    put_header(message.header, stamp_ns, frame_id)
    message.status = STATUS_CODES[status]
