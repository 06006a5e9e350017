# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Grab, place, and look at from all sides. Every verb fills the time from ``begin`` for ``length`` seconds."""

from __future__ import annotations

from itertools import pairwise

from ghtt_core.data.synthetic.world.acting import DEGREE, Act
from ghtt_core.data.synthetic.world.cast import Cast


def grab(act: Act, cast: Cast, begin: float, length: float) -> None:
    """Reach, close, lift and bring close."""
    hand, dice = cast.holder, act.dice
    first = act.reach_share(hand, cast.main, length, 0.42)
    _, touch, closed, end = act.beats(begin, length, first, 0.13, 0.45)
    act.vacate(cast.main)
    act.reach(hand, cast.main, cast.grip, begin, touch, closed)
    height = max(0.17 - cast.grip_height, 0.05)
    cast.held_spot = act.liked((0.07 + dice.normal(0.0, 0.025), 0.23 + dice.normal(0.0, 0.03), height))
    spot = act.near((cast.held_spot[0], cast.held_spot[1], cast.held_spot[2] + dice.uniform(-0.02, 0.05)))
    tilt = (dice.normal(0.0, 0.10), dice.normal(0.12, 0.10))
    act.carry(hand, closed - 0.05, end - closed + 0.05, spot, tilt, lift=0.01)


def place(act: Act, cast: Cast, begin: float, length: float) -> None:
    """Carry to a spot, lower, let go, draw back (starts with the thing in the hand)."""
    hand, dice = cast.holder, act.dice
    _, above, down, end = act.beats(begin, length, 0.46, 0.22, 0.32)
    side = -1.0 if hand.aiding else 1.0
    cast.site = act.free_site(side * 0.09, 0.29, cast.main.kind.radius)
    x, y = side * cast.site[0], cast.site[1]
    act.carry(hand, begin, above - begin, (x, y, dice.uniform(0.03, 0.07)), lift=0.02)
    act.carry(hand, above - 0.12 * (above - begin), down - above + 0.12 * (above - begin), (x, y, 0.0))
    act.let_go(hand, down + 0.02, end)
    act.occupy(*cast.site, cast.main.kind.radius)


def read_label(act: Act, cast: Cast, begin: float, length: float) -> None:
    """Bring it before the eyes and turn it, side after side, with looks in between."""
    hand, dice = cast.holder, act.dice
    other = act.other(hand)
    sides = max(2, round(length / (1.6 * dice.factor(0.2))))
    instants = act.beats(begin, length, 0.8, *[1.0] * sides)
    eye = act.near((0.05, 0.20, 0.27 - cast.grip_height), 0.015)
    helps = dice.chance(0.45)
    act.carry(hand, begin, instants[1] - begin, eye, (0.0, 25.0 * DEGREE), lift=0.01)
    if helps:
        touch = act.size(0.05)
        place = act.near((-eye[0] + 0.03 + touch, eye[1] + 0.01, eye[2] + 0.05))
        other.go(begin + 0.2, instants[1] - begin, place, act.turned((100.0, 20.0, 95.0), 8.0), lift=0.02)
        other.shape(begin + 0.2, 0.5, act.posture("loose"))
    turned = 1.0
    for since, until in pairwise(instants[1:]):
        angle = turned * act.size(60.0, 0.3) * DEGREE
        tilt = (dice.normal(0.0, 14.0) * DEGREE, dice.normal(30.0, 14.0) * DEGREE)
        act.carry(hand, since, min(0.65 * (until - since), 0.7), act.near(eye, 0.015), tilt, twist=angle)
        turned = -turned if dice.chance(0.8) else 0.0
        if helps and other.held is None:
            nudge = other.place
            other.go(since, 0.5, act.near(nudge, 0.015), act.turned((100.0, 20.0, 95.0), 15.0))
    if helps:
        act.rest(other, instants[-1] - 0.3, 0.8)
