# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Two smoothing filters a user would reach for instead of a learned refinement (numpy only).

One-Euro is causal, so it is what a robot could run online; Savitzky-Golay looks both ways, so it is for whole
recordings. Both take absolute joints in metres and a mask of hand-frames, work on every coordinate by itself, and
always return finite joints. Their default parameters were chosen by ``python -m ghtt_core.evaluation.filter_tuning``:
a grid over both filters, scored by the root-relative error (MPJPE-RA) of moving hands on synthetic motion with
``detector`` noise. No real recording was used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ghtt_core.hands.layout import FRAME_RATE, WRIST

Joints = NDArray[np.float64]
Mask = NDArray[np.bool_]

_INTERPOLATED_WEIGHT = 1e-3
"""Weight of an interpolated frame in a polynomial fit: too small to move a fit that has measurements, enough to make
one without them follow the interpolation."""


@dataclass(frozen=True)
class OneEuroFilter:
    """A first-order low-pass per coordinate whose cut-off rises with speed (Casiez, Roussel and Vogel, CHI 2012).

    Attributes:
        minimum_cutoff: Hz, cut-off at rest; lower is smoother.
        speed_coefficient: Hz per (m/s), how fast the cut-off rises with the filtered speed (the paper's beta).
        derivative_cutoff: Hz, cut-off of the speed itself.
        wrist_relative: Filter the wrist, and the other joints relative to it, instead of absolute joints. The cut-off
            of a finger then follows the finger's own motion, not the noise in the depth of the hand as a whole.
        longest_gap: Seconds a hand may be missing before the filter starts afresh from the next measurement.
    """

    minimum_cutoff: float = 3.0
    speed_coefficient: float = 40.0
    derivative_cutoff: float = 4.0
    wrist_relative: bool = True
    longest_gap: float = 0.5

    def __call__(self, joints: Joints, valid: Mask, frame_rate: float = FRAME_RATE) -> Joints:
        """Filter a whole sequence causally.

        Where a hand is missing the last output is held; its next measurement is weighted by the time that has passed.

        Args:
            joints: (T, H, 21, 3) metres, evenly spaced.
            valid: (T, H) bool; joints of invalid hand-frames are not read.
            frame_rate: Frames per second.

        Returns:
            (T, H, 21, 3) float64 metres; zero before a hand is first seen.
        """
        if self.wrist_relative:
            wrist = joints[:, :, WRIST : WRIST + 1]
            split = np.concatenate([wrist, np.delete(joints - wrist, WRIST, axis=2)], axis=2)
            filtered = self._filter(split, valid, frame_rate)
            filtered[:, :, 1:] += filtered[:, :, :1]
            return filtered
        return self._filter(joints, valid, frame_rate)

    def _filter(self, values: Joints, valid: Mask, frame_rate: float) -> Joints:
        """The filter proper on (T, H, N, 3), one step per frame, all coordinates at once."""
        output = np.zeros(values.shape, np.float64)
        position = np.zeros(values.shape[1:], np.float64)  # (H, N, 3), last output
        raw = position.copy()
        speed = position.copy()
        elapsed = np.full(valid.shape[1], np.inf)  # seconds since each hand was last seen
        for frame, seen in enumerate(valid):
            elapsed = elapsed + 1.0 / frame_rate
            fresh = seen & (elapsed > self.longest_gap)
            tracked = seen & ~fresh
            step = elapsed[tracked][:, None, None]
            value = values[frame]
            change = (value[tracked] - raw[tracked]) / step
            speed[tracked] += _smoothing(self.derivative_cutoff, step) * (change - speed[tracked])
            cutoff = self.minimum_cutoff + self.speed_coefficient * np.abs(speed[tracked])
            position[tracked] += _smoothing(cutoff, step) * (value[tracked] - position[tracked])
            position[fresh], speed[fresh] = value[fresh], 0.0
            raw[seen], elapsed[seen] = value[seen], 0.0
            output[frame] = position
        return output


@dataclass(frozen=True)
class SavitzkyGolayFilter:
    """A least-squares polynomial fitted to a window around each frame, evaluated at that frame.

    Missing hand-frames are left out of the fit, so where all are there this is the classic filter, and the first and
    last half windows are read off the polynomial of the first and last whole window.

    Attributes:
        window: Frames, odd; a shorter sequence is fitted as a whole.
        order: Degree of the polynomial.
    """

    window: int = 11
    order: int = 3

    def __post_init__(self) -> None:
        """Refuse windows that have no centre or do not determine the polynomial."""
        if self.window % 2 == 0 or self.window <= self.order:
            raise ValueError(f"window must be odd and greater than order, got {self.window} and {self.order}")

    def __call__(self, joints: Joints, valid: Mask) -> Joints:
        """Filter a whole sequence, looking both ways.

        Args:
            joints: (T, H, 21, 3) metres, evenly spaced.
            valid: (T, H) bool; joints of invalid hand-frames are not read.

        Returns:
            (T, H, 21, 3) float64 metres; zero for a hand that is never seen.
        """
        frames, hands = valid.shape
        width = min(self.window, frames)
        order = min(self.order, width - 1)
        start = np.clip(np.arange(frames) - self.window // 2, 0, frames - width)  # (T,)
        index = start[:, None] + np.arange(width)  # (T, W)
        offset = (index - np.arange(frames)[:, None]) / max(width, 1)  # scaled: well-conditioned normal equations
        powers = offset[..., None] ** np.arange(order + 1)  # (T, W, order + 1)
        output = np.zeros(joints.shape, np.float64)
        for hand in range(hands):
            if not valid[:, hand].any():
                continue
            values = interpolate_missing(joints[:, hand].reshape(frames, -1), valid[:, hand])
            weighted = powers * np.where(valid[:, hand], 1.0, _INTERPOLATED_WEIGHT)[index][..., None]
            normal = np.einsum("twi,twj->tij", weighted, powers)
            # Evaluated at offset 0 the polynomial is its constant term: one row of weights per frame.
            unit = np.zeros((frames, order + 1, 1))
            unit[:, 0] = 1.0
            kernel = (weighted @ np.linalg.solve(normal, unit))[..., 0]  # (T, W)
            output[:, hand] = np.einsum("tw,twc->tc", kernel, values[index]).reshape(frames, *joints.shape[2:])
        return output


def interpolate_missing(values: NDArray[np.float64], valid: Mask) -> NDArray[np.float64]:
    """Fill missing frames linearly between neighbours and hold the ends.

    Args:
        values: (T, C) anything.
        valid: (T,) bool with at least one True.

    Returns:
        (T, C) float64.
    """
    seen = np.flatnonzero(valid)
    frames = np.arange(len(valid))
    after = np.clip(np.searchsorted(seen, frames), 0, len(seen) - 1)
    before = np.clip(np.searchsorted(seen, frames, side="right") - 1, 0, len(seen) - 1)
    gap = np.maximum(seen[after] - seen[before], 1)
    share = np.clip((frames - seen[before]) / gap, 0.0, 1.0)[:, None]
    known = np.asarray(values, np.float64)
    return np.asarray((1.0 - share) * known[seen[before]] + share * known[seen[after]])


def hold_missing(joints: Joints, valid: Mask) -> Joints:
    """The newest measurement of each hand at every frame: what a user without any filter has when a hand is missing.

    Args:
        joints: (T, H, 21, 3) metres.
        valid: (T, H) bool.

    Returns:
        (T, H, 21, 3) float64 metres; zero before a hand is first seen.
    """
    frames = np.arange(len(valid))[:, None]
    newest = np.maximum.accumulate(np.where(valid, frames, -1), axis=0)  # (T, H)
    held = np.take_along_axis(np.asarray(joints, np.float64), np.maximum(newest, 0)[:, :, None, None], axis=0)
    return np.where((newest >= 0)[:, :, None, None], held, 0.0)


def _smoothing(cutoff: NDArray[np.float64] | float, step: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weight of the newest value in a first-order low-pass with this cut-off (Hz) and time step (s)."""
    product = 2.0 * np.pi * np.asarray(cutoff) * step
    return np.asarray(product / (1.0 + product))
