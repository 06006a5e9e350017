# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A forecast as a planner holds it: samples of future hands at absolute times (numpy only, no deep-learning import)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self, get_args

import numpy as np
from numpy.typing import NDArray

from ghtt_core.errors import InputError
from ghtt_core.hands.layout import HAND_NAMES, NUM_HANDS, NUM_JOINTS
from ghtt_core.streaming.envelope import Envelope, Part, bound_normal, bound_samples
from ghtt_core.streaming.forecast_message import NoForecastError, forecast_fields
from ghtt_core.streaming.status import Status

__all__ = ["Envelope", "Forecast", "NoForecastError", "Part"]


@dataclass(frozen=True, eq=False)
class Forecast:
    """Samples of where two hands will be, indexed by absolute time so that pipeline delay cancels.

    A forecast may make a robot slower or plan earlier; it is not a safety function.

    Attributes:
        samples: (S, T, 2, 21, 3) float32, metres, in ``frame_id``; sample 0 is the deterministic one. Zero for hands
            that ``hands`` says are not there.
        t0_ns: Acquisition time of the newest input used.
        step_ns: Time between steps.
        first_offset_ns: Time of step 0 after ``t0_ns``.
        hands: (2,) bool, hands that are forecast.
        status: What may be believed.
        weights: (S,) float32, sum 1; equal when not given.
        origin: (2, 21, 3) refined joints at ``t0_ns``, so that times before step 0 can be asked for, or None.
        frame_id: Name of the coordinate frame.
        method: How it was made, e.g. ``action`` (P.b) or ``pose`` (P.a).
        seed: Seed of the samples.
        covariance: (T, 2, 21, 6) square metres (xx xy xz yy yz zz) of the samples, or None where nobody computed it.
        light: The samples were left out to save bandwidth: ``samples`` holds their mean alone, and ``covariance`` says
            how they spread.
        radius: (T, 2, 21) metres, calibrated: holds a joint about ``mean`` with probability ``coverage``; None
            without a calibration.
        coverage: Of ``radius``; 0 without.
        calibration_id: What ``radius`` was calibrated on.
        person_id: Whose hands.
        model_id: Checkpoint that made the forecast.
        actions: The most probable actions with their probabilities, best first.
    """

    samples: NDArray[np.float32]
    t0_ns: int
    step_ns: int
    first_offset_ns: int
    hands: NDArray[np.bool_]
    status: Status = Status.OK
    weights: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    origin: NDArray[np.float32] | None = None
    frame_id: str = "camera"
    method: str = ""
    seed: int = 0
    covariance: NDArray[np.float32] | None = None
    light: bool = False
    radius: NDArray[np.float32] | None = None
    coverage: float = 0.0
    calibration_id: str = ""
    person_id: str = ""
    model_id: str = ""
    actions: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        """Check shapes and give equal weights where none were given.

        Raises:
            InputError: If a shape, a weight, a time or a value is impossible.
        """
        shape = self.samples.shape
        if len(shape) != 5 or shape[2:] != (NUM_HANDS, NUM_JOINTS, 3) or 0 in shape:
            raise InputError(f"Forecast samples must have the shape (S, T, 2, 21, 3) with S, T >= 1, not {shape}.")
        if self.hands.shape != (NUM_HANDS,):
            raise InputError(f"A forecast says for each of two hands whether it has it; got {self.hands.shape}.")
        if self.step_ns <= 0:
            raise InputError(f"The step of a forecast must be positive, not {self.step_ns} ns.")
        if self.origin is not None and self.origin.shape != shape[2:]:
            raise InputError(f"The origin of a forecast must have the shape (2, 21, 3), not {self.origin.shape}.")
        if not np.isfinite(self.samples).all():
            raise InputError("A forecast has a joint that is NaN or infinite.")
        if self.weights.size == 0:
            object.__setattr__(self, "weights", np.full(shape[0], 1.0 / shape[0], np.float32))
        elif (
            self.weights.shape != shape[:1]
            or (self.weights < 0).any()
            or not np.isclose(self.weights.sum(), 1, atol=1e-3)
        ):
            raise InputError("The weights of a forecast must be one per sample, not negative, with the sum 1.")
        for name, values, wanted in (
            ("covariance", self.covariance, (*shape[1:4], 6)),
            ("radius", self.radius, shape[1:4]),
        ):
            if values is not None and (values.shape != wanted or not np.isfinite(values).all()):
                raise InputError(f"The {name} of a forecast must be finite and of shape {wanted}, not {values.shape}.")
        if self.light and (self.covariance is None or shape[0] != 1):
            raise InputError("A light forecast has the mean as its only sample, and a covariance.")

    @classmethod
    def from_message(cls, message: Any) -> Self:
        """Read a ``ghtt_ros/PredictedMotion``, of whichever library (rclpy, its stand-in, rosbags).

        A message has a forecast whatever its status, or none whatever its status: read ``status`` and ``frame_id``
        before believing the positions.

        Args:
            message: The message; its arrays are not copied where that can be avoided.

        Returns:
            The forecast; a light one where the message has no samples.

        Raises:
            NoForecastError: If there is no forecast; the error's ``status`` says why.
            InputError: If the message contradicts itself.
        """
        return cls(**forecast_fields(message))

    @cached_property
    def stamps_ns(self) -> NDArray[np.int64]:
        """(T,) absolute time of each step in nanoseconds."""
        steps = np.arange(self.samples.shape[1], dtype=np.int64)
        return self.t0_ns + self.first_offset_ns + steps * self.step_ns

    @property
    def start_ns(self) -> int:
        """First time that can be asked for: ``t0_ns`` where the origin is known, else the first step."""
        return self.t0_ns if self.origin is not None and self.first_offset_ns > 0 else int(self.stamps_ns[0])

    @property
    def end_ns(self) -> int:
        """Last time that can be asked for."""
        return int(self.stamps_ns[-1])

    @cached_property
    def mean(self) -> NDArray[np.float32]:
        """(T, 2, 21, 3) weighted mean of the samples, metres."""
        mean: NDArray[np.float32] = np.tensordot(self.weights, self.samples, axes=1).astype(np.float32)
        return mean

    def at(self, time_ns: int) -> NDArray[np.float32]:
        """Give all samples at one time, linear between steps.

        Args:
            time_ns: Absolute time in nanoseconds, in ``[start_ns, end_ns]``.

        Returns:
            (S, 2, 21, 3) metres.

        Raises:
            InputError: If the time is outside the forecast; nothing is extrapolated.
        """
        if not self.start_ns <= time_ns <= self.end_ns:
            raise InputError(
                f"The forecast covers {self.start_ns} to {self.end_ns} ns; {time_ns} ns is outside, take a newer one."
            )
        first = int(self.stamps_ns[0])
        if time_ns < first:
            assert self.origin is not None
            share = np.float32((time_ns - self.t0_ns) / self.first_offset_ns)
            before, after = self.origin[None], self.samples[:, 0]
        else:
            step, rest = divmod(time_ns - first, self.step_ns)
            share = np.float32(rest / self.step_ns)
            before, after = self.samples[:, step], self.samples[:, min(step + 1, self.samples.shape[1] - 1)]
        joints: NDArray[np.float32] = (1 - share) * before + share * after
        return joints

    def slice(self, now_ns: int, horizon_ns: int) -> Forecast:
        """Keep the steps from ``now_ns`` to ``now_ns + horizon_ns``, both included.

        Args:
            now_ns: Absolute time in nanoseconds.
            horizon_ns: Length in nanoseconds.

        Returns:
            A forecast with the same ``t0_ns`` and fewer steps; its origin is kept only where no step was cut before.

        Raises:
            InputError: If no step lies in that time.
        """
        inside = np.flatnonzero((self.stamps_ns >= now_ns) & (self.stamps_ns <= now_ns + horizon_ns))
        if inside.size == 0:
            raise InputError(
                f"No step of the forecast ({self.stamps_ns[0]} to {self.end_ns} ns) lies in the {horizon_ns} ns after "
                f"{now_ns} ns."
            )
        low, high = int(inside[0]), int(inside[-1]) + 1
        return replace(
            self,
            samples=self.samples[:, low:high],
            first_offset_ns=self.first_offset_ns + low * self.step_ns,
            origin=self.origin if low == 0 else None,
            covariance=None if self.covariance is None else self.covariance[low:high],
            radius=None if self.radius is None else self.radius[low:high],
        )

    def thinned(self, stride: int) -> Self:
        """Keep every ``stride``-th step, the first one included; the step grows with it.

        Raises:
            InputError: If the stride is not positive.
        """
        if stride < 1:
            raise InputError(f"A forecast is thinned by a stride from 1, not {stride}.")
        return replace(
            self,
            samples=self.samples[:, ::stride],
            step_ns=self.step_ns * stride,
            covariance=None if self.covariance is None else self.covariance[::stride],
            radius=None if self.radius is None else self.radius[::stride],
        )

    def envelope(self, coverage: float = 0.9, part: Part = "hand") -> Envelope:
        """Bound the samples by spheres.

        Each sphere stands on the mean of its part over samples; its radius is the smallest that holds the part of
        samples worth at least ``coverage``. It bounds the samples as they are; only a calibration relates them to what
        will happen. A light forecast is taken as normally distributed, with spheres rather too large than too small.

        Args:
            coverage: Share of the samples, in (0, 1].
            part: One sphere per ``joint``, per ``finger`` (and palm), or per ``hand``.

        Returns:
            The spheres.

        Raises:
            InputError: If coverage or part is impossible; a light forecast cannot be covered wholly.
        """
        if not 0 < coverage <= 1:
            raise InputError(f"The coverage of an envelope must be in (0, 1], not {coverage}.")
        if part not in get_args(Part):
            raise InputError(f"An envelope is made per 'joint', 'finger' or 'hand', not per {part!r}.")
        if self.light:
            assert self.covariance is not None
            centres, radii = bound_normal(self.mean, self.covariance, coverage, part)
        else:
            centres, radii = bound_samples(self.samples, self.weights, coverage, part)
        return Envelope(self.stamps_ns, centres, radii, coverage, part, self.hands, self.status, self.frame_id)

    def __repr__(self) -> str:
        """Summarise instead of printing a megabyte of numbers."""
        hands = "+".join(name for name, there in zip(HAND_NAMES, self.hands, strict=True) if there) or "no hand"
        seconds = (self.end_ns - self.t0_ns) / 1e9
        samples = "light" if self.light else f"{len(self.samples)} samples"
        return f"Forecast({hands}, {samples}, {seconds:.2f} s after {self.t0_ns} ns, {self.status})"
