# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A forecast as a planner holds it: samples of future hands at absolute times (numpy only, no deep-learning import)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ghtt_core.errors import InputError
from ghtt_core.hands.layout import HAND_NAMES, NUM_HANDS, NUM_JOINTS
from ghtt_core.streaming.status import Status

Part = Literal["joint", "finger", "hand"]
_GROUPS: dict[str, tuple[tuple[int, ...], ...]] = {
    "joint": tuple((joint,) for joint in range(NUM_JOINTS)),
    "finger": ((0, 1, 5, 9, 13, 17), (2, 3, 4), (5, 6, 7, 8), (9, 10, 11, 12), (13, 14, 15, 16), (17, 18, 19, 20)),
    "hand": (tuple(range(NUM_JOINTS)),),
}


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
    """

    stamps_ns: NDArray[np.int64]
    centres: NDArray[np.float32]
    radii: NDArray[np.float32]
    coverage: float
    part: Part
    hands: NDArray[np.bool_]


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
        )

    def envelope(self, coverage: float = 0.9, part: Part = "hand") -> Envelope:
        """Bound the samples by spheres.

        Each sphere stands on the mean of its part over samples; its radius is the smallest that holds the part of
        samples worth at least ``coverage``. It bounds the samples as they are; only a calibration relates them to what
        will happen.

        Args:
            coverage: Share of the samples, in (0, 1].
            part: One sphere per ``joint``, per ``finger`` (and palm), or per ``hand``.

        Returns:
            The spheres.

        Raises:
            InputError: If coverage or part is impossible.
        """
        if not 0 < coverage <= 1:
            raise InputError(f"The coverage of an envelope must be in (0, 1], not {coverage}.")
        if part not in get_args(Part):
            raise InputError(f"An envelope is made per 'joint', 'finger' or 'hand', not per {part!r}.")
        centres, radii = [], []
        for group in _GROUPS[part]:
            points = self.samples[:, :, :, list(group)]  # (S, T, 2, G, 3)
            centre = np.einsum("s,sthgc->thc", self.weights, points) / len(group)
            distance = np.linalg.norm(points - centre[None, :, :, None], axis=-1).max(-1)  # (S, T, 2)
            centres.append(centre)
            radii.append(_weighted_quantile(distance, self.weights, coverage))
        return Envelope(
            self.stamps_ns,
            np.stack(centres, axis=2).astype(np.float32),
            np.stack(radii, axis=2).astype(np.float32),
            coverage,
            part,
            self.hands,
        )

    def __repr__(self) -> str:
        """Summarise instead of printing a megabyte of numbers."""
        hands = "+".join(name for name, there in zip(HAND_NAMES, self.hands, strict=True) if there) or "no hand"
        seconds = (self.end_ns - self.t0_ns) / 1e9
        return f"Forecast({hands}, {len(self.samples)} samples, {seconds:.2f} s after {self.t0_ns} ns, {self.status})"


def _weighted_quantile(values: NDArray[np.float32], weights: ArrayLike, share: float) -> NDArray[np.float32]:
    """Smallest value along axis 0 (S, ...) that at least ``share`` of the weight does not exceed."""
    order = np.argsort(values, axis=0, kind="stable")
    total = np.cumsum(np.asarray(weights, np.float64)[order], axis=0)
    index = (total < share - 1e-6).sum(axis=0, keepdims=True).clip(max=len(values) - 1)
    result: NDArray[np.float32] = np.take_along_axis(np.take_along_axis(values, order, 0), index, 0)[0]
    return result
