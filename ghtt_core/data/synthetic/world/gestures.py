# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What hands do when they do nothing: rest, shift, drum, flip, shake, stretch. Never labelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from ghtt_core.data.synthetic.world.acting import DEGREE, Act
from ghtt_core.data.synthetic.world.grips import SHAPES
from ghtt_core.data.synthetic.world.scripts import HandScript

_POSTURES: Final = ("relaxed", "open", "flat", "fist", "point", "pinch", "hook", "claw", "sphere", "loose")


def idle(act: Act, begin: float, length: float) -> None:
    """Fill the time from ``begin`` for ``length`` seconds with hands that have nothing to do."""
    free = [hand for hand in (act.lead, act.aid) if hand.held is None]
    for hand in free:
        now = begin
        while begin + length - now > 0.25:
            kind = act.dice.choice(_GESTURES, _WEIGHTS)
            span = min(act.dice.uniform(0.5, 1.8), begin + length - now)
            kind(act, hand, now, span)
            now += span * act.dice.uniform(0.9, 1.3)


def _rest(act: Act, hand: HandScript, begin: float, length: float) -> None:
    act.rest(hand, begin, min(length, 1.0))


def _shift(act: Act, hand: HandScript, begin: float, length: float) -> None:
    """A little somewhere else, a little differently turned."""
    x, y, z = hand.place
    place = act.near((min(max(x, 0.0), 0.25), min(max(y, 0.12), 0.34), min(max(z, 0.05), 0.25)), 0.05)
    hand.go(begin, 0.7 * length, place, act.turned((108.0, 0.0, 30.0), 22.0))
    hand.shape(begin, 0.6 * length, act.posture(act.dice.choice(_POSTURES), 0.1))


def _flip(act: Act, hand: HandScript, begin: float, length: float) -> None:
    """Turn the palm over, as quickly as one does, and often back again."""
    quick = act.dice.uniform(0.16, 0.40)
    now, side = begin, 1.0
    while begin + length - now > quick:
        goal = hand.route.target.copy()
        goal[5] = (30.0 + 65.0 * side + act.dice.normal(0.0, 20.0)) * DEGREE
        goal[2] += 0.02 * side
        hand.route.move(now, quick, goal)
        now += quick * act.dice.uniform(0.9, 1.6)
        side = -side
    hand.shape(begin, 0.4, act.posture(act.dice.choice(("open", "relaxed", "flat", "loose")), 0.08))


def _shake(act: Act, hand: HandScript, begin: float, length: float) -> None:
    """Shake the wrist loose."""
    amplitude = [0.004, 0.004, 0.008, act.size(0.10), act.size(0.20), act.size(0.45)]
    hand.wave(act.wave(begin, begin + length, act.rate(4.0), amplitude))
    hand.shape(begin, 0.3, act.posture("loose", 0.1))


def _drum(act: Act, hand: HandScript, begin: float, length: float) -> None:
    """Drum with the fingers, one after the other."""
    rate = act.rate(2.4)
    for finger in range(4):
        flex = np.zeros(len(SHAPES["relaxed"]))
        flex[4 * finger + 1 : 4 * finger + 4] = np.array([16.0, 8.0, 4.0]) * DEGREE
        hand.fingers.cycle(act.wave(begin, begin + length, rate, flex, phase=0.9 * finger, skew=0.4))


def _stretch(act: Act, hand: HandScript, begin: float, length: float) -> None:
    """Spread, make a fist, relax."""
    hand.shape(begin, 0.3 * length, act.posture("open"))
    hand.shape(begin + 0.35 * length, 0.3 * length, act.posture("fist"))
    hand.shape(begin + 0.7 * length, 0.3 * length, act.posture("relaxed"))


def _beckon(act: Act, hand: HandScript, begin: float, length: float) -> None:
    """Talk with the hand: small strokes in the air with the wrist leading."""
    x, y, z = hand.place
    hand.go(begin, 0.35, act.near((min(x, 0.2), y + 0.02, max(z, 0.12)), 0.03), act.turned((100.0, 15.0, 80.0), 15.0))
    stroke = [0.02, 0.025, 0.03, act.size(0.22), act.size(0.22), act.size(0.30)]
    hand.wave(act.wave(begin + 0.1, begin + length, act.rate(1.8), stroke, skew=0.4))
    hand.shape(begin, 0.4, act.posture(act.dice.choice(_POSTURES), 0.1))


_GESTURES: Final[tuple[Callable[[Act, HandScript, float, float], None], ...]] = (
    _rest, _shift, _flip, _shake, _drum, _stretch, _beckon,
)  # fmt: skip
_WEIGHTS: Final = (3.5, 3.0, 2.4, 1.2, 1.4, 1.2, 1.8)
