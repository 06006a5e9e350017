# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Open and close. Screwed lids turn step by step, a pressed one is pried off; closing runs the way of opening back."""

from __future__ import annotations

from itertools import pairwise

from ghtt_core.data.synthetic.world.acting import DEGREE, Act
from ghtt_core.data.synthetic.world.cast import Cast
from ghtt_core.data.synthetic.world.pose import Vector
from ghtt_core.data.synthetic.world.scripts import HandScript, ThingScript


def open_(act: Act, cast: Cast, begin: float, length: float) -> None:
    """Hold with one hand, loosen with the other, take off, lay down."""
    hand, lid = _operator(act, cast, begin), _lid(cast)
    first = act.reach_share(hand, lid, length, 0.20)
    _, touch, loose, off, down, end = act.beats(begin, length, first, 0.42, 0.13, 0.15, 0.10)
    if cast.noun == "chips":
        act.reach(hand, lid, "top", begin, touch, touch + 0.1)
        _wiggle(act, hand, lid, touch, loose)
    else:
        _screw(act, hand, lid, begin, touch, loose, act.thread)
    lid.fix_to(None, loose)
    top = hand.side(lid.target.at)
    tilt = (18.0 * DEGREE if cast.noun == "chips" else 0.0, 0.0)
    act.carry(hand, loose, off - loose, (top[0] + 0.02, top[1] - 0.01, top[2] + 0.045), tilt)
    _lay_down(act, hand, lid, off - 0.1, down)
    act.let_go(hand, down, end)
    cast.closed = False


def close(act: Act, cast: Cast, begin: float, length: float) -> None:
    """Pick the lid up, bring it over, press it on, tighten, let go."""
    hand, lid = _operator(act, cast, begin), _lid(cast)
    first = act.reach_share(hand, lid, length, 0.17)
    _, touch, over, on, tight, end = act.beats(begin, length, first, 0.19, 0.10, 0.42, 0.12)
    chips = cast.noun == "chips"
    spin = 0.0 if chips else 0.5 * _step(act, hand) * act.thread
    act.vacate(lid)
    act.reach(hand, lid, "top", begin, touch, touch + 0.12, slide=(0.0, 0.0, 0.0, _own(hand, spin)))
    top = hand.side(cast.main.target.apply((0.0, 0.0, cast.main.kind.height)))
    act.carry(hand, touch + 0.1, over - touch - 0.1, (top[0], top[1], top[2] + 0.035), lift=0.03)
    lid.fix_to(cast.main, over)
    height = cast.main.kind.height
    azimuth = float(lid.channel.target[3]) + float(lid.channel.target[6])
    lid.move(over, on - over, (0.0, 0.0, height), (azimuth, 0.0, 0.0, 0.0))
    if chips:
        _press(act, hand, on, tight)
    else:
        _turn_steps(act, hand, lid, on, tight, -act.thread)
    act.let_go(hand, tight, end)
    cast.closed = True


def _lid(cast: Cast) -> ThingScript:
    assert cast.lid is not None
    return cast.lid


def _own(hand: HandScript, spin: float) -> float:
    """A spin of the world in the hand's own side's frame, or back."""
    return -spin if hand.aiding else spin


def _operator(act: Act, cast: Cast, begin: float) -> HandScript:
    """The hand that works on the lid; the other holds the thing up, or steadies it on the table."""
    if cast.is_held:
        spot = act.near((0.035, 0.24, max(0.13 - cast.grip_height, 0.03)), 0.015)
        act.carry(cast.holder, begin, 0.6, spot, (act.dice.normal(0.0, 0.06), act.dice.normal(0.05, 0.06)))
        return act.other(cast.holder)
    worker = act.lead if cast.main.target.at[0] > -0.1 else act.aid
    act.reach(act.other(worker), cast.main, cast.grip, begin, begin + 0.6, begin + 0.75, carries=False)
    return worker


def _step(act: Act, hand: HandScript) -> float:
    return act.size(62.0, 0.15) * DEGREE


def _screw(
    act: Act, hand: HandScript, lid: ThingScript, begin: float, touch: float, end: float, direction: float
) -> None:
    ready = -0.5 * _step(act, hand) * direction
    act.reach(hand, lid, "top", begin, touch, touch + 0.12, slide=(0.0, 0.0, 0.0, _own(hand, ready)))
    _turn_steps(act, hand, lid, touch + 0.1, end, direction)


def _turn_steps(act: Act, hand: HandScript, lid: ThingScript, begin: float, end: float, direction: float) -> None:
    """Grip and turn, let go and turn back, several times; the lid rises or sinks a little."""
    dice, hold = act.dice, hand.holds[-1]
    count = max(1, round((end - begin) * act.rate(1.35)))
    instants = act.beats(begin, end - begin, *[1.0] * count)
    closed = hand.fingers.target
    opened = act.opened(hand, 0.3)
    for k, (since, until) in enumerate(pairwise(instants)):
        turn = _step(act, hand) * direction
        length = until - since
        turning = length * dice.uniform(0.48, 0.6) if k + 1 < count else length
        values = lid.channel.target
        lid.channel.move(since, turning, [*values[:2], float(values[2]) + 0.0015 * direction * act.thread, *values[3:6],
                                          float(values[6]) + turn])  # fmt: skip
        if k + 1 < count:
            # Turning back is quicker than turning, with fingers that do not quite let go.
            back = float(hold.slide.target[3]) - _own(hand, turn)
            hold.slide.move(since + turning, length - turning, [0.0, 0.0, 0.0, back])
            hand.shape(since + turning - 0.06, 0.45 * (length - turning), opened)
            hand.shape(until - 0.5 * (length - turning), 0.5 * (length - turning) + 0.04, closed)
            hold.slide.move(until - 0.02, 0.05, [0.0, 0.0, 0.0, back])


def _wiggle(act: Act, hand: HandScript, lid: ThingScript, begin: float, end: float) -> None:
    """Pry: rock the lid until it gives, higher on one side every time."""
    amplitude = act.size(5.0) * DEGREE
    lid.channel.cycle(
        act.wave(begin + 0.15, end, act.rate(2.6), [0.0, 0.0, 0.002, 0.0, amplitude, 0.5 * amplitude, 0.0])
    )
    values = lid.channel.target
    sign = -1.0 if hand.aiding else 1.0
    lid.channel.move(end - 0.3, 0.3, [*values[:2], float(values[2]) + 0.006, 0.0, sign * 8.0 * DEGREE, 0.0, values[6]])


def _press(act: Act, hand: HandScript, begin: float, end: float) -> None:
    """Push the rim down, here and there, with stiff fingers."""
    hold = hand.holds[-1]
    count = max(2, round((end - begin) * act.rate(1.9)))
    instants = act.beats(begin, end - begin, *[1.0] * count)
    radius = 0.6 * hold.thing.kind.radius
    stiff = act.opened(hand, 0.35)
    hand.shape(begin, 0.3, stiff)
    for k, (since, until) in enumerate(pairwise(instants)):
        side = radius if k % 2 else -radius
        length = until - since
        hold.slide.move(since, 0.5 * length, [side, act.dice.normal(0.0, 0.008), 0.012, act.dice.normal(0.0, 0.12)])
        hold.slide.move(since + 0.45 * length, 0.3 * length, [side, 0.0, 0.0, 0.0])
    hold.slide.move(end - 0.15, 0.15, [0.0, 0.0, 0.004, 0.0])


def _lay_down(act: Act, hand: HandScript, lid: ThingScript, begin: float, end: float) -> None:
    side = -1.0 if hand.aiding else 1.0
    x, y = act.free_site(side * 0.14, 0.24, lid.kind.radius, 0.03)
    spot: Vector = (side * x, y, 0.0)
    act.carry(hand, begin, end - begin, spot, lift=0.015)
    act.occupy(x, y, lid.kind.radius)
