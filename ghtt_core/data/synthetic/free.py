# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Free motion without labels: whatever hands can do, over a wide range of speeds, with pauses.

It teaches the pose block what hands look like when they move, independently of any vocabulary of actions.
"""

from __future__ import annotations

import numpy as np

from ghtt_core.data.synthetic.body import WORKSPACE, HandMotion
from ghtt_core.data.synthetic.grasps import POSTURE_TABLE, random_posture
from ghtt_core.data.synthetic.hand_model import NUM_ANGLES, Array
from ghtt_core.data.synthetic.tracks import burst, random_pauses, resample_track, smooth_noise, submovements
from ghtt_core.hands.layout import FRAME_RATE

_WRIST = 9
"""Channels of a hand besides its fingers: position, forearm-relative angles, free rotation."""


def free_stream(rng: np.random.Generator, frames: int) -> tuple[HandMotion, HandMotion]:
    """Motion of both hands over T frames: (left, right)."""
    activity = float(np.exp(rng.normal(0.1, 0.9)))
    first = _one_hand(rng, frames, activity)
    kind = rng.random()
    if kind < 0.25:
        second = _blend(first, _one_hand(rng, frames, activity), rng.uniform(0.5, 1.0))
    elif kind < 0.5:
        second = _one_hand(rng, frames, 0.15 * activity)
    else:
        second = _one_hand(rng, frames, activity * float(np.exp(rng.normal(0.0, 0.4))))
    if rng.random() < 0.35:
        second = _follow(rng, first, second)
    return (first, second) if rng.random() < 0.5 else (second, first)


def _one_hand(rng: np.random.Generator, frames: int, activity: float) -> HandMotion:
    """A hand that wanders, reaches, and repeats things."""
    clock = random_pauses(rng, frames, rng.uniform(0.0, 0.6))
    wrist = _wander(rng, frames, activity)
    wrist = resample_track(wrist, clock)
    wrist += _reaches(rng, frames, activity)
    _add_rhythms(rng, wrist, activity)
    centre = WORKSPACE + rng.normal((0.10, 0.0, 0.02), 0.05)
    wrist[:, :3] += centre
    # The usual palm-down posture, any roll, and sometimes an orientation no forearm explains (a rotated recording).
    wrist[:, 3:6] += np.deg2rad([rng.uniform(-30.0, 110.0), rng.normal(0.0, 15.0), rng.normal(0.0, 8.0)])
    if rng.random() < 0.3:
        wrist[:, 6:9] += rng.normal(0.0, 0.8, 3)
    # Hands do not pass through the chest or out of reach: bend large excursions back.
    excursion = wrist[:, :3] - WORKSPACE
    distance = np.linalg.norm(excursion, axis=1, keepdims=True)
    wrist[:, :3] = WORKSPACE + excursion * (0.45 * np.tanh(distance / 0.45) / np.maximum(distance, 1e-9))
    fingers = _fingers(rng, frames, activity, clock if rng.random() < 0.5 else None)
    return HandMotion(wrist[:, :3], wrist[:, 3:6], wrist[:, 6:9], fingers)


def _wander(rng: np.random.Generator, frames: int, activity: float) -> Array:
    """(T, 9) band-limited motion; a speed is drawn first, since slow wide and fast narrow motion both occur."""
    high = float(np.exp(rng.uniform(np.log(0.12), np.log(1.6))))
    noise = smooth_noise(rng, frames, _WRIST, 0.0, high)
    speed = np.exp(rng.normal(np.log(0.12), 0.9)) * activity
    turning = np.exp(rng.normal(np.log(0.8), 0.9)) * activity
    # A Gaussian signal below f has a rate of change of about 2 pi f / sqrt(3) per unit of standard deviation.
    per_rate = np.sqrt(3.0) / (2 * np.pi * high)
    scale = np.empty(_WRIST)
    scale[:3] = min(speed * per_rate, 0.12) / np.sqrt(3) * np.exp(rng.normal(0.0, 0.3, 3))
    scale[3:6] = min(turning * per_rate, 0.7) * np.array([1.0, 0.6, 0.4])
    scale[6:] = min(turning * per_rate, 0.5) * rng.uniform(0.0, 0.8)
    track: Array = noise * scale * np.exp(0.5 * smooth_noise(rng, frames, 1, 0.0, 0.15))
    return track


def _reaches(rng: np.random.Generator, frames: int, activity: float) -> Array:
    """(T, 9) minimum-jerk reaches of 0.2 to 2 s with rests between them."""
    seconds = frames / FRAME_RATE
    rest = float(np.exp(rng.normal(np.log(1.0), 0.7)))
    count = max(int(seconds / (0.8 + rest)), 1)
    onset = np.sort(rng.uniform(-0.5, seconds, count))
    duration = np.exp(rng.uniform(np.log(0.2), np.log(2.0), count))
    # Long reaches take longer: the size follows the duration, with much scatter.
    reach = 0.14 * min(activity, 3.0) * duration**0.8 * np.exp(rng.normal(0.0, 0.5, count))
    targets = np.zeros((count + 1, _WRIST))
    steps = rng.normal(0.0, 1.0, (count, _WRIST)) * reach[:, None] / np.sqrt(3)
    steps[:, 3:] *= rng.uniform(1.0, 9.0) * np.array([1.0, 0.6, 0.3, 0.3, 0.3, 0.3])
    for k in range(count):
        targets[k + 1] = 0.6 * targets[k] + steps[k]
    times = np.arange(frames) / FRAME_RATE
    return submovements(times, np.zeros(_WRIST), onset, duration, targets[1:])


def _add_rhythms(rng: np.random.Generator, wrist: Array, activity: float) -> None:
    """Add bursts of cyclic motion (stirring, shaking, waving...) in place."""
    frames = len(wrist)
    times = np.arange(frames) / FRAME_RATE
    for _ in range(rng.poisson(frames / FRAME_RATE / 12.0)):
        begin = rng.uniform(0.0, times[-1])
        end = begin + rng.uniform(1.0, 5.0)
        frequency = float(np.exp(rng.uniform(np.log(0.5), np.log(4.5))))
        first, last = np.searchsorted(times, [begin, end])
        t = times[first:last]
        if len(t) < 4:
            continue
        # Fast rhythms are small: the peak speed is what the arm limits.
        size = min(np.exp(rng.normal(np.log(0.3), 0.6)) * min(activity, 3.0) / (2 * np.pi * frequency), 0.12)
        amplitude = rng.normal(0.0, 1.0, _WRIST) * size / np.sqrt(3)
        amplitude[3:] *= rng.uniform(0.0, 14.0) * np.array([1.0, 0.6, 0.4, 0.3, 0.3, 0.3])
        phases = rng.uniform(0.0, 2 * np.pi) + rng.normal(0.0, 0.5, _WRIST) * rng.integers(2)
        wander = np.interp(t, np.linspace(begin, end, 5), rng.normal(0.0, 0.4, 5))
        angle = (2 * np.pi * frequency * (t - begin) + wander)[:, None] + phases
        skew = rng.uniform(-0.6, 0.6)
        wave = np.sin(angle + skew * np.sin(angle))
        wrist[first:last] += wave * amplitude * burst(t, begin, end, 0.35)[:, None]


def _fingers(rng: np.random.Generator, frames: int, activity: float, clock: Array | None) -> Array:
    """(T, 22) postures that change now and then, breathe together, and move finger by finger."""
    seconds = frames / FRAME_RATE
    times = np.arange(frames) / FRAME_RATE
    pace = float(np.exp(rng.normal(np.log(1.6), 0.7)))
    count = max(int(seconds / pace), 1)
    onset = np.sort(rng.uniform(-0.5, seconds, count))
    duration = np.exp(rng.uniform(np.log(0.2), np.log(1.5), count))
    postures = random_posture(rng, count + 1)
    # A hand at work keeps a grasp for long and varies it; a gesturing one jumps between postures.
    stay = rng.uniform(0.0, 0.95)
    for k in range(count):
        postures[k + 1] = stay * postures[k] + (1 - stay) * postures[k + 1]
    track = submovements(times, postures[0], onset, duration, postures[1:])
    high = float(np.exp(rng.uniform(np.log(0.3), np.log(3.0))))
    modes = POSTURE_TABLE[rng.integers(len(POSTURE_TABLE), size=3)] - POSTURE_TABLE[rng.integers(len(POSTURE_TABLE))]
    strength = min(np.exp(rng.normal(np.log(0.12), 0.7)) * activity, 0.5) / max(high, 0.5)
    envelope = np.exp(0.8 * smooth_noise(rng, frames, 1, 0.0, 0.2))
    together = smooth_noise(rng, frames, 3, 0.0, high) @ modes * strength
    alone = smooth_noise(rng, frames, 5, 0.0, high)
    flexion = np.zeros((5, NUM_ANGLES))
    for finger in range(4):
        flexion[finger, 4 * finger : 4 * finger + 4] = [0.15, 1.0, rng.uniform(0.3, 1.2), rng.uniform(0.1, 0.7)]
    flexion[4, 16:21] = rng.normal(0.0, 0.5, 5)
    alone = alone @ flexion * min(np.exp(rng.normal(np.log(0.10), 0.8)) * activity, 0.5) / max(high, 0.5)
    joints = smooth_noise(rng, frames, NUM_ANGLES, 0.0, high) * np.exp(rng.normal(np.log(0.02), 0.6))
    extra = (together + alone + joints) * envelope
    fingers: Array = track + (extra if clock is None else resample_track(extra, clock))
    return fingers


def _blend(a: HandMotion, b: HandMotion, share: float) -> HandMotion:
    """Mostly the first hand's motion: bimanual symmetry."""
    return HandMotion(*(share * x + (1 - share) * y for x, y in zip(a, b, strict=True)))


def _follow(rng: np.random.Generator, first: HandMotion, second: HandMotion) -> HandMotion:
    """Keep the second hand near the first, as when both hold one thing."""
    gap = rng.uniform(0.04, 0.15)
    mirrored = first.position * [-1.0, 1.0, 1.0]
    own = second.position - second.position.mean(axis=0)
    return second._replace(position=mirrored + rng.uniform(0.1, 0.5) * own + [2 * gap, 0.0, 0.0])
