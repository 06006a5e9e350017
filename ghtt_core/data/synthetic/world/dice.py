# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Random numbers made from the raw bits of PCG64 alone, so that they never depend on machine or version."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, TypeVar

import numpy as np

from ghtt_core.data.synthetic.hand_model import Array
from ghtt_core.data.synthetic.world.exact import exp, exp_of, sincos
from ghtt_core.hands.layout import FRAME_RATE

T = TypeVar("T")

_UNIT: Final = 2.0**-53
_SPREAD: Final = math.sqrt(3.0)
"""Four uniform numbers have the variance 1/3."""
_SPLINE_GAIN: Final = 1.4449
"""A cubic B-spline through independent knots of unit variance has on average the variance 151/315."""


class Dice:
    """A stream of random numbers.

    "Normal" numbers are sums of four uniform ones: a bell of unit variance that ends at 3.5, since no subject is five
    standard deviations from another.
    """

    def __init__(self, seed: int, *key: int) -> None:
        """Stream of a seed and, within it, of a key."""
        self._bits = np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key))

    def uniforms(self, *shape: int) -> Array:
        """Numbers in [0, 1) of the given shape."""
        raw = self._bits.random_raw(math.prod(shape))
        values: Array = (raw >> np.uint64(11)).astype(np.float64).reshape(shape) * _UNIT
        return values

    def normals(self, *shape: int) -> Array:
        """Normal numbers of the given shape."""
        four = self.uniforms(4, *shape)
        values: Array = (((four[0] + four[1]) + (four[2] + four[3])) - 2.0) * _SPREAD
        return values

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """One number in [low, high)."""
        return low + (high - low) * ((self._bits.random_raw() >> 11) * _UNIT)

    def normal(self, mean: float = 0.0, deviation: float = 1.0) -> float:
        """One normal number."""
        four = [self.uniform() for _ in range(4)]
        return mean + deviation * ((((four[0] + four[1]) + (four[2] + four[3])) - 2.0) * _SPREAD)

    def factor(self, spread: float) -> float:
        """A positive factor around 1, log-normal with the given standard deviation of its logarithm."""
        return exp_of(self.normal(0.0, spread))

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self.uniform() < probability

    def below(self, count: int) -> int:
        """A whole number in [0, count)."""
        return int(self.uniform() * count)

    def choice(self, options: Sequence[T], weights: Sequence[float] | None = None) -> T:
        """One of the options, with probabilities in the ratio of the weights."""
        if weights is None:
            return options[self.below(len(options))]
        left = self.uniform() * sum(weights)
        for option, weight in zip(options, weights, strict=True):
            left -= weight
            if left < 0:
                return option
        return options[-1]

    def wait(self, mean: float, longest: float) -> float:
        """A waiting time: short ones are frequent, none is longer than the longest; seconds."""
        u = self.uniform()
        return min(mean * (u + u * u + 1.75 * u * u * u * u * u), longest)

    def noise(self, frames: int, channels: int, rate: float) -> Array:
        """Smooth noise of unit variance: B-splines through knots drawn ``rate`` times a second.

        Args:
            frames: T at 30 frames/s.
            channels: Independent signals.
            rate: Knots per second; most of the power lies below a third of it.

        Returns:
            (T, channels).
        """
        place = np.arange(frames) * (rate / FRAME_RATE) + self.uniform()
        knot = np.floor(place)
        s = (place - knot)[:, None]
        index = knot.astype(np.int64)
        knots = self.normals(int(index[-1]) + 4, channels) * (_SPLINE_GAIN / 6.0)
        r = 1.0 - s
        near = knots[index + 1] * (4.0 - 6.0 * (s * s) + 3.0 * (s * s * s))
        far = knots[index + 2] * (4.0 - 6.0 * (r * r) + 3.0 * (r * r * r))
        value: Array = (knots[index] * (r * r * r) + near) + (far + knots[index + 3] * (s * s * s))
        return value

    def tremor(self, frames: int, channels: int, hertz: float) -> Array:
        """(T, channels) noise of unit variance around one frequency: a carrier whose size and phase wander."""
        sine, cosine = sincos(np.arange(frames, dtype=float) * (2.0 * math.pi * hertz / FRAME_RATE))
        wander = self.noise(frames, 2 * channels, 2.5)
        value: Array = sine[:, None] * wander[:, :channels] + cosine[:, None] * wander[:, channels:]
        return value

    def bursts(self, frames: int, rate: float, depth: float) -> Array:
        """(T, 1) positive factor around 1 that comes and goes ``rate`` times a second."""
        return exp(depth * self.noise(frames, 1, rate))
