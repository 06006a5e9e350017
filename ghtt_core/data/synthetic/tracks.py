# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Smooth signals over time: superposed minimum-jerk submovements, bursts of oscillation, band-limited noise."""

from __future__ import annotations

import numpy as np

from ghtt_core.data.synthetic.hand_model import Array
from ghtt_core.hands.layout import FRAME_RATE


def min_jerk(progress: Array) -> Array:
    """Minimum-jerk progress from 0 to 1, clipped outside."""
    s = np.clip(progress, 0.0, 1.0)
    value: Array = s * s * s * (10.0 + s * (6.0 * s - 15.0))
    return value


def submovements(times: Array, start: Array, onset: Array, duration: Array, targets: Array) -> Array:
    """Superpose minimum-jerk submovements: each adds its own step, so overlapping ones blend without a stop.

    Args:
        times: (T,) seconds.
        start: (D,) value before the first submovement.
        onset: (K,) seconds, in order.
        duration: (K,) seconds, above zero.
        targets: (K, D) value after each submovement.

    Returns:
        (T, D).
    """
    steps = np.diff(np.concatenate([start[None], targets]), axis=0)  # (K, D)
    progress = min_jerk((times[:, None] - onset) / duration)  # (T, K)
    value: Array = start + progress @ steps
    return value


def burst(times: Array, begin: float, end: float, ramp: float) -> Array:
    """(T,) envelope: 1 between begin and end, smooth ramps of the given length inside, 0 outside."""
    ramp = max(min(ramp, (end - begin) / 2), 1e-3)
    envelope: Array = min_jerk((times - begin) / ramp) * min_jerk((end - times) / ramp)
    return envelope


def smooth_noise(rng: np.random.Generator, frames: int, channels: int, low: float, high: float) -> Array:
    """Stationary Gaussian noise of unit variance with its power between two frequencies.

    Args:
        rng: Source of randomness.
        frames: T at 30 frames/s.
        channels: Independent signals.
        low: Lower edge in Hz; 0 keeps slow drift.
        high: Upper edge in Hz, with a Gaussian roll-off above it.

    Returns:
        (T, channels).
    """
    length = 1 << (frames + 63).bit_length()
    frequency = np.fft.rfftfreq(length, 1.0 / FRAME_RATE)
    gain = np.exp(-0.5 * (np.maximum(frequency - high, 0.0) / (0.15 * high + 0.02)) ** 2)
    if low > 0:
        gain *= 1.0 - np.exp(-0.5 * (frequency / low) ** 4)
    else:
        gain[0] = 0.0
    spectrum = rng.standard_normal((len(gain), channels)) + 1j * rng.standard_normal((len(gain), channels))
    signal = np.fft.irfft(spectrum * gain[:, None], n=length, axis=0)[:frames]
    power = np.sqrt(2.0 * (gain**2).sum() * 2.0) / length
    value: Array = signal / max(float(power), 1e-12)
    return value


def resample_track(track: Array, positions: Array) -> Array:
    """Read (T, D) at fractional frame positions (N,) by Catmull-Rom interpolation: keeps velocity continuous."""
    frames = len(track)
    positions = np.clip(positions, 0.0, frames - 1.0)
    base = np.minimum(positions.astype(np.int64), frames - 2)
    s = (positions - base)[:, None]
    before, after = np.maximum(base - 1, 0), np.minimum(base + 2, frames - 1)
    p0, p1, p2, p3 = track[before], track[base], track[base + 1], track[after]
    value: Array = p1 + 0.5 * s * (p2 - p0 + s * (2 * p0 - 5 * p1 + 4 * p2 - p3 + s * (3 * (p1 - p2) + p3 - p0)))
    return value


def random_pauses(rng: np.random.Generator, frames: int, pause_fraction: float) -> Array:
    """Clock of a hand that sometimes stands still: (T,) fractional frames whose rate moves between 0 and 1."""
    count = max(int(frames / FRAME_RATE / 1.2), 2)
    onset = np.sort(rng.uniform(0.0, frames / FRAME_RATE, count))
    rate = np.where(rng.random(count) < pause_fraction, 0.0, rng.uniform(0.4, 1.0, count))
    times = np.arange(frames) / FRAME_RATE
    speed = submovements(times, np.ones(1), onset, rng.uniform(0.2, 0.7, count), rate[:, None])[:, 0]
    clock: Array = np.cumsum(np.clip(speed, 0.0, 1.0))
    return clock
