# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Squeeze, spray, apply: what ends up on the hands."""

from __future__ import annotations

import math
from itertools import pairwise

from ghtt_core.data.synthetic.world.acting import DEGREE, Act
from ghtt_core.data.synthetic.world.cast import Cast
from ghtt_core.data.synthetic.world.grips import SHAPES
from ghtt_core.data.synthetic.world.pose import pose_of
from ghtt_core.data.synthetic.world.scripts import HandScript


def squeeze(act: Act, cast: Cast, begin: float, length: float) -> None:
    """Turn it upside down over the other palm and press, again and again."""
    hand, main = cast.holder, cast.main
    _, over, pressed, end = act.beats(begin, length, 0.28, 0.46, 0.26)
    palm = _offer_palm(act, act.other(hand), begin, over, 0.10)
    angle = act.size(132.0, 0.06) * DEGREE
    reach = pose_of((0.0, 0.0, 0.0), (0.0, angle, 0.0)).apply((0.0, 0.0, main.kind.height))
    spot = (-palm[0] - reach[0] + 0.01, palm[1] - reach[1], palm[2] - reach[2] + 0.075)
    act.carry(hand, begin, over - begin, act.near(spot, 0.008), (angle, 0.0), lift=0.02)
    closed = hand.fingers.target
    press = 0.10 * (SHAPES["fist"] - closed)
    hand.fingers.cycle(act.wave(over, pressed, act.rate(1.1), press, skew=0.3))
    main.channel.cycle(act.wave(over, pressed, act.rate(1.1), [0.0, 0.0, -0.004, 0.0, 0.03, 0.02, 0.0]))
    x, y, z = cast.held_spot
    act.carry(hand, pressed, end - pressed, act.near((x, y, z), 0.02))


def spray(act: Act, cast: Cast, begin: float, length: float) -> None:
    """Hold it up towards the other palm; the index finger pulls, the wrist kicks back."""
    hand, main = cast.holder, cast.main
    _, aimed, done, end = act.beats(begin, length, 0.30, 0.48, 0.22)
    palm = _offer_palm(act, act.other(hand), begin, aimed, 0.16)
    spot = (0.095, palm[1] - 0.02, palm[2] - 0.75 * main.kind.height + 0.05)
    act.carry(hand, begin, aimed - begin, act.near(spot, 0.012), (0.24, 0.05), lift=0.02)
    hold = hand.held
    if hold is not None:
        lift = main.kind.grips["trigger"].point[2] - main.kind.grips["wrap"].point[2]
        hold.slide.move(begin + 0.1, 0.4, [0.0, 0.0, lift, 0.0])
    pulled = hand.fingers.target
    straight = pulled.copy()
    straight[1:4] = pulled[1:4] * 0.45
    hand.shape(begin + 0.2, 0.35, straight)
    flex = 0.5 * (pulled - straight)
    rate = act.rate(2.2)
    hand.shape(aimed - 0.1, 0.2, straight + flex)
    hand.fingers.cycle(act.wave(aimed, done, rate, flex, skew=0.5))
    kick = [0.002, -0.004, 0.0, 0.0, act.size(0.05), act.size(0.05), 0.0]
    main.channel.cycle(act.wave(aimed, done, rate, kick, phase=0.6, skew=0.5))
    x, y, z = cast.held_spot
    act.carry(hand, done, end - done, act.near((x, y, z), 0.02))
    hand.shape(done, 0.4, pulled)
    if hold is not None:
        hold.slide.move(done, 0.4, [0.0, 0.0, 0.0, 0.0])


def apply_lotion(act: Act, cast: Cast, begin: float, length: float) -> None:
    """One palm strokes the other hand's back, slowly and far; then they change places."""
    count = max(2, round(length / (2.3 * act.dice.factor(0.15))))
    instants = act.beats(begin, length, *[1.0] * count)
    over = act.lead if act.dice.chance(0.5) else act.aid
    for since, until in pairwise(instants):
        under = act.other(over)
        ready = min(0.55, 0.4 * (until - since))
        height = act.dice.normal(0.15, 0.01)
        forward = act.dice.normal(0.25, 0.015)
        under.leave(since)
        over.leave(since)
        under.go(since, ready, (0.02, forward, height), act.turned((128.0, 4.0, 18.0), 6.0))
        under.shape(since, ready, act.posture("flat", 0.06))
        over.go(since, ready, (0.015, forward - 0.02, height + 0.055), act.turned((150.0, -4.0, 12.0), 6.0), lift=0.03)
        over.shape(since, ready, act.posture("loose", 0.06))
        rate, far = act.rate(1.25), act.size(0.045)
        along = [0.55 * far, -0.8 * far, 0.006, 0.10, 0.04, 0.16]
        over.wave(act.wave(since + 0.8 * ready, until, rate, along))
        under.wave(act.wave(since + 0.8 * ready, until, 0.5 * rate, [0.008, 0.012, 0.006, 0.05, 0.06, 0.22]))
        curl = 0.10 * (SHAPES["fist"] - SHAPES["flat"])
        over.fingers.cycle(act.wave(since + ready, until, rate, curl, phase=1.2))
        over = under


def apply_spray(act: Act, cast: Cast, begin: float, length: float) -> None:
    """Palms together, rubbed quickly, round and round; then shaken dry."""
    instants = act.beats(begin, length, 0.10, 0.38, 0.34, 0.18)
    forward, height = act.dice.normal(0.25, 0.015), act.dice.normal(0.17, 0.012)
    rate, far = act.rate(2.7), act.size(0.028)
    for hand, phase in ((act.lead, 0.0), (act.aid, math.pi)):
        hand.leave(begin)
        ready = instants[1] - begin
        hand.go(begin, ready, (-0.012, forward, height), act.turned((96.0, 12.0, 88.0), 4.0))
        hand.shape(begin, ready, act.posture("flat", 0.05))
        rub = [0.0, far, 0.5 * far, 0.05, 0.08, 0.10]
        hand.wave(act.wave(instants[1] - 0.1, instants[2], rate, rub, phase=phase))
        # Then across each other, fingers wrapping around.
        hand.go(instants[2] - 0.1, 0.45, (-0.006, forward, height), act.turned((120.0, 5.0, 62.0), 6.0))
        hand.shape(instants[2] - 0.1, 0.4, act.posture("loose", 0.08))
        wring = [0.004, 0.6 * far, 0.4 * far, 0.12, 0.10, act.size(0.42)]
        hand.wave(act.wave(instants[2] + 0.2, instants[3], 0.8 * rate, wring, phase=phase))
        hand.fingers.cycle(
            act.wave(instants[2] + 0.2, instants[3], 0.8 * rate, 0.09 * (SHAPES["fist"] - SHAPES["flat"]), phase=phase)
        )
        apart = act.near((0.09, forward - 0.02, height + 0.02), 0.02)
        hand.go(instants[3] - 0.1, 0.4, apart, act.turned((108.0, 6.0, 24.0), 8.0))
        hand.shape(instants[3], 0.3, act.posture("open", 0.08))
        flick = [0.006, 0.004, 0.010, 0.10, act.size(0.30), act.size(0.55)]
        hand.wave(act.wave(instants[3] + 0.1, instants[4], act.rate(3.6), flick, phase=0.7 * phase))


def _offer_palm(act: Act, hand: HandScript, begin: float, ready: float, height: float) -> tuple[float, float, float]:
    """The empty hand turns its palm up in the middle. Returns where the palm is, own side's frame, metres."""
    if hand.held is not None:
        act.let_go(hand, begin, begin + 0.5)
    place = act.near((0.025, 0.26, height), 0.012)
    hand.go(begin + 0.05, 0.9 * (ready - begin), place, act.turned((140.0, 6.0, 172.0), 7.0), lift=0.01)
    hand.shape(begin + 0.1, 0.6, act.posture("loose", 0.06))
    return place
