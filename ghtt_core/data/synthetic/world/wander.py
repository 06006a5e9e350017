# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Free motion: whatever two hands can do, over a wide range of speeds, with pauses; nothing is labelled or held."""

from __future__ import annotations

from typing import Final

import numpy as np

from ghtt_core.data.synthetic.grasps import POSTURE_NAMES, POSTURES
from ghtt_core.data.synthetic.hand_model import NUM_ANGLES, Array
from ghtt_core.data.synthetic.world.acting import DEGREE
from ghtt_core.data.synthetic.world.anatomy import Performer, joints_of
from ghtt_core.data.synthetic.world.channel import Channel, Cycle, eased
from ghtt_core.data.synthetic.world.dice import Dice
from ghtt_core.data.synthetic.world.exact import exp
from ghtt_core.data.synthetic.world.pose import dot, track_of
from ghtt_core.data.synthetic.world.unrest import sway_of
from ghtt_core.hands.layout import FRAME_RATE

_HOME: Final[Array] = np.array([0.11, 0.24, 0.13])
_AZIMUTH, _ROLL = 108.0, 40.0
_REACH: Final = 0.30
"""Metres from home beyond which excursions are bent back."""


def wander(dice: Dice, performer: Performer, frames: int) -> Array:
    """Joints (T, 2, 21, 3) in the world's frame of a right-handed person, metres."""
    activity = dice.factor(0.8)
    first = _hand(dice, frames, activity)
    kind = dice.uniform()
    if kind < 0.25:
        # Both hands do much the same.
        share = dice.uniform(0.5, 1.0)
        second = _hand(dice, frames, activity)
        second = (share * first[0] + (1 - share) * second[0], share * first[1] + (1 - share) * second[1])
    else:
        second = _hand(dice, frames, activity * (0.15 if kind < 0.45 else dice.factor(0.4)))
    if dice.chance(0.35):
        _stay_close(dice, first[0], second[0])
    hands = (first, second) if dice.chance(0.5) else (second, first)
    joints = np.stack(
        [_joints(route + sway_of(dice, performer, frames), fingers, performer) for route, fingers in hands], axis=1
    )
    joints[:, 0, :, 0] *= -1.0
    return joints


def _joints(route: Array, fingers: Array, performer: Performer) -> Array:
    return joints_of(track_of(route[:, :3], route[:, 3:]), fingers, performer)


def _hand(dice: Dice, frames: int, activity: float) -> tuple[Array, Array]:
    """Route (T, 6) in the own side's frame and fingers (T, 22)."""
    mean = np.array([*_HOME, _AZIMUTH * DEGREE, 0.0, _ROLL * DEGREE])
    mean += dice.normals(6) * np.array([0.05, 0.05, 0.04, 0.3, 0.25, 0.6])
    if dice.chance(0.2):
        # Recordings come in any orientation, and some are of hands held up.
        mean[3:] += dice.normals(3) * np.array([0.8, 0.5, 0.8])
    clock = _clock(dice, frames)
    route = _noise_track(dice, frames, activity) * clock
    route += _reaches(dice, frames, activity)
    excursion = route[:, :3]
    distance = np.sqrt(dot(excursion, excursion))[:, None]
    route[:, :3] = excursion / (1.0 + np.maximum(distance - 0.12, 0.0) / _REACH)
    route[:, 3:] = _softly_bounded(route[:, 3:], np.array([0.9, 0.9, 1.7]))
    return route + mean, _fingers(dice, frames, activity, clock if dice.chance(0.5) else None)


def _softly_bounded(values: Array, bound: Array) -> Array:
    """Numbers that approach a bound but never pass it; small ones stay what they are."""
    ratio = np.abs(values) / bound
    value: Array = values / (1.0 + np.maximum(ratio - 0.5, 0.0))
    return value


def _clock(dice: Dice, frames: int) -> Array:
    """(T, 1) between 0 and 1: a hand at work stands still now and then."""
    wave = dice.noise(frames, 1, dice.uniform(0.5, 1.5)) + dice.uniform(-0.6, 1.4)
    return eased(0.5 + 0.9 * wave)


def _noise_track(dice: Dice, frames: int, activity: float) -> Array:
    """(T, 6) metres and radians; the speed is drawn first, for slow wide and fast narrow motion both occur."""
    rate = 0.5 * float(exp(np.array(dice.uniform(0.0, 2.6))))
    noise = dice.noise(frames, 6, rate)
    speed = min(0.13 * dice.factor(0.8) * activity / (1.4 * rate), 0.10)
    turning = min(1.6 * dice.factor(0.9) * activity / (1.4 * rate), 0.6)
    scale = np.array([speed, speed, speed, 0.6 * turning, 0.6 * turning, 1.2 * turning])
    value: Array = noise * (scale * (0.5 + dice.uniforms(6))) * dice.bursts(frames, 0.4, 0.5)
    return value


def _reaches(dice: Dice, frames: int, activity: float) -> Array:
    """(T, 6) reaches with rests between them, quick turns of the wrist, and bursts of rhythm."""
    seconds = frames / FRAME_RATE
    channel = Channel(np.zeros(6))
    rest = 0.9 * dice.factor(0.6)
    turning = dice.uniform(1.0, 5.0)
    now = -dice.uniform(0.0, 1.0)
    while now < seconds:
        duration = 0.2 * float(exp(np.array(dice.uniform(0.0, 2.2))))
        # Long reaches take longer.
        size = 0.11 * min(activity, 2.5) * (0.35 + duration) * dice.factor(0.5)
        step = dice.normals(6) * size * np.array([0.6, 0.6, 0.6, 0.5 * turning, 0.5 * turning, turning])
        channel.move(now, duration, 0.6 * channel.target + step)
        if dice.chance(0.4):
            # The quickest thing an arm does is to turn the palm over.
            goal = channel.target.copy()
            goal[5] += dice.choice((-1.0, 1.0)) * dice.uniform(0.5, 1.7)
            channel.move(now + 0.1, dice.uniform(0.15, 0.40), goal)
        now += 0.5 * duration + dice.wait(rest, 5.0)
    for _ in range(dice.below(2 + frames // 180)):
        begin = dice.uniform(0.0, seconds)
        hertz = float(exp(np.array(dice.uniform(-0.5, 1.5))))
        speed = 0.25 * dice.factor(0.6) * min(activity, 2.0)
        turn = 4.0 * dice.factor(0.7) * min(activity, 2.0)
        place, angle = min(speed / (6.28 * hertz), 0.08), min(turn / (6.28 * hertz), 0.8)
        amplitude = dice.normals(6) * np.array([place] * 3 + [0.6 * angle, 0.7 * angle, angle])
        channel.cycle(_burst(dice, begin, hertz, amplitude))
    return channel.render(frames)


def _burst(dice: Dice, begin: float, hertz: float, amplitude: Array) -> Cycle:
    wander = [dice.normal(0.0, 0.3) for _ in range(5)]
    end = begin + dice.uniform(1.0, 6.0)
    return Cycle(begin, end, hertz, amplitude, dice.uniform(0.0, 6.28), dice.uniform(-0.5, 0.6), wander)


def _fingers(dice: Dice, frames: int, activity: float, clock: Array | None) -> Array:
    """(T, 22) postures that change, breathe together, and move finger by finger."""
    seconds = frames / FRAME_RATE
    channel = Channel(_posture(dice))
    pace = 1.1 * dice.factor(0.6)
    # A hand at work keeps a grasp for long and varies it; a gesturing one jumps between postures.
    stay = dice.uniform(0.0, 0.9)
    now = -dice.uniform(0.0, 1.0)
    while now < seconds:
        duration = 0.18 * float(exp(np.array(dice.uniform(0.0, 2.0))))
        channel.move(now, duration, stay * channel.target + (1.0 - stay) * _posture(dice))
        now += dice.wait(pace, 6.0) + 0.1
    rate = 1.0 * float(exp(np.array(dice.uniform(0.0, 2.0))))
    strength = min(0.20 * dice.factor(0.8) * activity, 0.6) / max(0.4 * rate, 0.6)
    envelope = dice.bursts(frames, 0.6, 0.8) * strength
    modes = np.stack([POSTURES[dice.choice(POSTURE_NAMES)] - POSTURES[dice.choice(POSTURE_NAMES)] for _ in range(3)])
    together, alone = dice.noise(frames, 3, rate), dice.noise(frames, 5, rate)
    extra = 0.06 * dice.noise(frames, NUM_ANGLES, rate)
    for mode in range(3):
        extra = extra + 0.5 * together[:, mode, None] * modes[mode]
    for digit in range(5):
        flexion = np.zeros(NUM_ANGLES)
        if digit:
            flexion[4 * digit - 4 : 4 * digit] = [0.15, 1.0, dice.uniform(0.3, 1.2), dice.uniform(0.1, 0.7)]
        else:
            flexion[16:21] = 0.5 * dice.normals(5)
        extra = extra + alone[:, digit, None] * flexion
    extra = extra * envelope
    return channel.render(frames) + (extra if clock is None else extra * clock)


def _posture(dice: Dice) -> Array:
    """(22,) radians: somewhere between two prototypes, every finger with its own mind."""
    share = dice.uniform()
    posture = share * POSTURES[dice.choice(POSTURE_NAMES)] + (1.0 - share) * POSTURES[dice.choice(POSTURE_NAMES)]
    curl = 0.14 * dice.normals(4)
    for finger in range(4):
        posture[4 * finger : 4 * finger + 4] += curl[finger] * np.array([0.1, 1.0, 1.2, 0.7])
    value: Array = posture + 0.06 * dice.normals(NUM_ANGLES)
    return value


def _stay_close(dice: Dice, first: Array, second: Array) -> None:
    """Keep the second hand near the first, as when both hold one thing; in place."""
    gap, loose = dice.uniform(0.03, 0.10), dice.uniform(0.1, 0.5)
    own = second[:, :3] - second[:1, :3]
    second[:, :3] = first[:, :3] * np.array([-1.0, 1.0, 1.0]) + loose * own + np.array([2.0 * gap, 0.0, 0.0])
