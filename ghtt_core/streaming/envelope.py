# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Spheres that bound a forecast, made from its samples or, where they were left out, from their covariance (numpy)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ghtt_core.errors import InputError
from ghtt_core.hands.layout import HAND_PARTS
from ghtt_core.streaming.forecast_message import envelope_fields
from ghtt_core.streaming.status import Status

Part = Literal["joint", "finger", "hand"]


@dataclass(frozen=True, eq=False)
class Envelope:
    """Spheres that hold a share of the samples, per step, hand and part.

    Attributes:
        stamps_ns: (T,) int64 absolute times.
        centres: (T, 2, P, 3) metres; zero for hands the forecast does not have.
        radii: (T, 2, P) metres; a joint is a point, so add the thickness of a finger to keep clear of it.
        coverage: Share of the samples' weight whose part lies wholly inside, for each sphere on its own.
        part: ``joint`` (P = 21), ``finger`` (palm and five fingers, P = 6) or ``hand`` (P = 1).
        hands: (2,) bool, hands the forecast has.
        status: What may be believed.
        frame_id: Name of the coordinate frame.
    """

    stamps_ns: NDArray[np.int64]
    centres: NDArray[np.float32]
    radii: NDArray[np.float32]
    coverage: float
    part: Part
    hands: NDArray[np.bool_]
    status: Status = Status.OK
    frame_id: str = "camera"

    @classmethod
    def from_message(cls, message: Any) -> Self:
        """Read a ``ghtt_ros/MotionEnvelope``, of whichever library.

        Raises:
            NoForecastError: If there is no forecast; the error's ``status`` says why.
            InputError: If the message contradicts itself.
        """
        return cls(**envelope_fields(message))

    def clearance(self, points: ArrayLike) -> NDArray[np.float32]:
        """Return how far points are from the nearest sphere of each step.

        Args:
            points: (N, 3) metres in ``frame_id``, N >= 1, for example along a robot's arm.

        Returns:
            (T,) metres, negative inside a sphere; infinite where the forecast has no hand.
        """
        where = np.asarray(points, np.float32).reshape(-1, 1, 1, 1, 3)
        gap = np.linalg.norm(where - self.centres, axis=-1) - self.radii  # (N, T, 2, P)
        gap = np.where(self.hands[:, None], gap, np.inf)
        nearest: NDArray[np.float32] = gap.min(axis=(0, 2, 3)).astype(np.float32)
        return nearest


def bound_samples(
    samples: NDArray[np.float32], weights: NDArray[np.float32], coverage: float, part: Part
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Bound samples by spheres on their mean, each as small as the coverage allows.

    Args:
        samples: (S, T, 2, 21, 3) metres.
        weights: (S,), sum 1.
        coverage: Share of the weight, in (0, 1].
        part: What one sphere holds.

    Returns:
        Centres (T, 2, P, 3) and radii (T, 2, P), metres.
    """
    centres, radii = [], []
    for group in HAND_PARTS[part]:
        points = samples[:, :, :, list(group)]  # (S, T, 2, G, 3)
        centre = np.tensordot(weights, points.sum(axis=3), axes=1) / len(group)
        away = points - centre[None, :, :, None]
        distance = np.sqrt(np.square(away).sum(-1).max(-1))  # (S, T, 2)
        centres.append(centre)
        radii.append(_weighted_quantile(distance, weights, coverage))
    return np.stack(centres, axis=2).astype(np.float32), np.stack(radii, axis=2).astype(np.float32)


def bound_normal(
    mean: NDArray[np.float32], covariance: NDArray[np.float32], coverage: float, part: Part
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Bound joints of which only mean and covariance are known, taking them as normally distributed.

    The spheres err on the large side: every joint counts as spread in all directions as far as in its widest, and the
    joints of a part as independent of each other.

    Args:
        mean: (T, 2, 21, 3) metres.
        covariance: (T, 2, 21, 6) square metres: xx xy xz yy yz zz.
        coverage: Share of the probability, in (0, 1).
        part: What one sphere holds.

    Returns:
        Centres (T, 2, P, 3) and radii (T, 2, P), metres.
    """
    full = covariance.astype(np.float64)[..., [0, 1, 2, 1, 3, 4, 2, 4, 5]].reshape(*covariance.shape[:-1], 3, 3)
    widest = np.sqrt(np.linalg.eigvalsh(full)[..., -1].clip(min=0.0))  # (T, 2, 21)
    centres, radii = [], []
    for group in HAND_PARTS[part]:
        points = mean[:, :, list(group)]
        centre = points.mean(axis=2)
        reach = normal_radius(1 - (1 - coverage) / len(group)) * widest[:, :, list(group)]
        centres.append(centre)
        radii.append((np.linalg.norm(points - centre[:, :, None], axis=-1) + reach).max(axis=-1))
    return np.stack(centres, axis=2).astype(np.float32), np.stack(radii, axis=2).astype(np.float32)


def normal_radius(share: float) -> float:
    """Return the radius, in standard deviations, of a ball that holds a share of a 3D normal distribution.

    Raises:
        InputError: If the share is not inside (0, 1); no ball holds all of it.
    """
    if not 0 < share < 1:
        raise InputError(f"A ball holds a share inside (0, 1) of a normal distribution, not {share}.")
    low, high = 0.0, 40.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        inside = math.erf(middle / math.sqrt(2)) - math.sqrt(2 / math.pi) * middle * math.exp(-(middle**2) / 2)
        low, high = (middle, high) if inside < share else (low, middle)
    return high


def _weighted_quantile(values: NDArray[np.float32], weights: ArrayLike, share: float) -> NDArray[np.float32]:
    """Smallest value along axis 0 (S, ...) that at least ``share`` of the weight does not exceed."""
    order = np.argsort(values, axis=0, kind="stable")
    total = np.cumsum(np.asarray(weights, np.float64)[order], axis=0)
    index = (total < share - 1e-6).sum(axis=0, keepdims=True).clip(max=len(values) - 1)
    result: NDArray[np.float32] = np.take_along_axis(np.take_along_axis(values, order, 0), index, 0)[0]
    return result
