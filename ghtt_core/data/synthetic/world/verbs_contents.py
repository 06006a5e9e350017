# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Take out, put in, pour."""

from __future__ import annotations

import math

from ghtt_core.data.synthetic.world.acting import DEGREE, Act
from ghtt_core.data.synthetic.world.cast import Cast, stand
from ghtt_core.data.synthetic.world.pose import Vector, pose_of
from ghtt_core.data.synthetic.world.scripts import HandScript, ThingScript

_TILT = 22.0
"""Degrees that a vessel leans towards the hand that reaches into it."""


def take_out(act: Act, cast: Cast, begin: float, length: float) -> None:
    """Reach in, feel for it, pull it out, lay it down in front."""
    hand, item, dice = _reaching_hand(act, cast, begin), _item(cast), act.dice
    first = act.reach_share(hand, item, length, 0.24)
    _, touch, found, out, down, end = act.beats(begin, length, first, 0.30, 0.16, 0.18, 0.12)
    _return_inside(cast)
    slide = (0.0, 0.0, dice.uniform(0.008, 0.02), dice.normal(0.0, 0.15))
    act.reach(hand, item, "pinch", begin, touch, found, slide=slide)
    _feel_around(act, hand, touch, found)
    hand.holds[-1].slide.move(found - 0.3, 0.3, [0.0, 0.0, 0.0, 0.0])
    item.show(found)
    height = item.kind.height
    start = item.channel.target
    item.channel.move(found, 0.75 * (out - found), [*start[:2], float(start[2]) + 0.9 * height, *start[3:]])
    item.fix_to(None, found + 0.75 * (out - found))
    _lay_down(act, hand, item, found + 0.7 * (out - found), down)
    act.let_go(hand, down, end)
    _drop(item, down + 0.3 * (end - down))
    cast.inside = False


def put_in(act: Act, cast: Cast, begin: float, length: float) -> None:
    """Pick it up, bring it over the opening, lower it in, push, draw the hand out."""
    hand, item = _reaching_hand(act, cast, begin), _item(cast)
    if cast.inside:
        _bring(act, cast, item)
    first = act.reach_share(hand, item, length, 0.22)
    _, touch, over, lowered, pushed, end = act.beats(begin, length, first, 0.24, 0.18, 0.20, 0.16)
    act.vacate(item)
    _prop_up(item, touch)
    act.reach(hand, item, "pinch", begin, touch, touch + 0.12)
    main = cast.main
    inside = main.kind.height - 0.82 * item.kind.height - 0.008
    mouth = hand.side(main.target.apply((0.0, 0.0, main.kind.height + 0.015)))
    lean = 0.6 * _TILT * DEGREE
    act.carry(hand, touch + 0.1, over - touch - 0.1, mouth, (-lean, 0.0), lift=0.04)
    item.fix_to(main, over)
    own = item.channel.target
    yaw = float(own[3] + own[6])
    item.channel.move(over - 0.02, 0.4 * (lowered - over), [0.0, 0.0, main.kind.height + 0.012, yaw, 0.0, 0.0, 0.0])
    item.channel.move(over + 0.3 * (lowered - over), 0.7 * (lowered - over), [0.0, 0.0, inside, yaw, 0.0, 0.0, 0.0])
    hold = hand.holds[-1]
    hand.shape(lowered, 0.25, act.opened(hand, 0.35))
    rate = act.rate(2.3)
    hold.slide.cycle(act.wave(lowered, pushed, rate, [0.002, 0.003, act.size(0.007), 0.06], skew=0.3))
    act.let_go(hand, pushed, end, (0.04, -0.04, 0.06))
    item.show(pushed, False)
    cast.inside = True


def pour(act: Act, cast: Cast, begin: float, length: float) -> None:
    """Lift over the cup that the other hand steadies, tilt, let it run, tilt back."""
    hand, dice, main = cast.holder, act.dice, cast.main
    other = act.other(hand)
    _, over, tilted, run, back, end = act.beats(begin, length, 0.20, 0.17, 0.32, 0.16, 0.15)
    cup = _cup(act, cast)
    if not cast.is_held:
        act.reach(hand, main, cast.grip, begin - 0.6, begin - 0.1, begin)
    steadies = dice.chance(0.65)
    if steadies:
        act.reach(other, cup, "wrap", begin, over + 0.1, over + 0.25, carries=False)
    mouth = hand.side(cup.target.apply((0.0, 0.0, cup.kind.height)))
    height = main.kind.height
    angles = [35.0 * DEGREE, act.size(98.0, 0.06) * DEGREE, act.size(116.0, 0.06) * DEGREE, 25.0 * DEGREE]

    def spot(angle: float, above: float) -> Vector:
        """Where the foot must be so that the spout is above the cup."""
        reach = pose_of((0.0, 0.0, 0.0), (0.0, angle, 0.0)).apply((-main.kind.radius, 0.0, height))
        return (mouth[0] - reach[0] + 0.012, mouth[1], mouth[2] - reach[2] + above)

    act.carry(hand, begin, over - begin, act.near(spot(angles[0], 0.06), 0.01), (angles[0], 0.0), lift=0.02)
    act.carry(hand, over - 0.1, tilted - over + 0.1, act.near(spot(angles[1], 0.035), 0.006), (angles[1], 0.0))
    act.carry(hand, tilted, run - tilted, act.near(spot(angles[2], 0.03), 0.006), (angles[2], 0.0))
    act.carry(hand, run, back - run, act.near(spot(angles[3], 0.06), 0.01), (angles[3], 0.0))
    x, y, z = cast.held_spot
    act.carry(hand, back - 0.1, end - back + 0.1, act.near((x, y, z), 0.02))
    if steadies:
        act.let_go(other, back, end)


def _cup(act: Act, cast: Cast) -> ThingScript:
    if cast.cup is None:
        cast.cup = stand(act, "cup", 0.0, 0.35, 0.035)
    return cast.cup


def _item(cast: Cast) -> ThingScript:
    assert cast.item is not None
    return cast.item


def _return_inside(cast: Cast) -> None:
    """An episode may take something out again: it was put back inside meanwhile."""
    cast.inside = True


def _bring(act: Act, cast: Cast, item: ThingScript) -> None:
    """The thing to put in lies ready on the table although nobody took it out before."""
    x, y = act.free_site(0.12, 0.24, item.kind.radius, 0.03)
    item.parents.append((act.now - 5.0, None))
    item.channel.jump(act.now - 5.0, [x, y, 0.0, 0.0, 0.0, 0.0, 0.0])
    _drop(item, act.now - 4.0)
    item.show(act.now - 5.0)


def _reaching_hand(act: Act, cast: Cast, begin: float) -> HandScript:
    """The hand that reaches in; the other one holds the vessel towards it, or steadies it on the table."""
    if not cast.is_held:
        worker = act.lead if cast.main.target.at[0] > -0.12 else act.aid
        act.reach(act.other(worker), cast.main, cast.grip, begin, begin + 0.6, begin + 0.75, carries=False)
        return worker
    spot = act.near((0.06, 0.24, max(0.12 - cast.grip_height, 0.03)), 0.012)
    act.carry(cast.holder, begin, 0.6, spot, (act.dice.normal(_TILT, 5.0) * DEGREE, act.dice.normal(6.0, 5.0) * DEGREE))
    return act.other(cast.holder)


def _feel_around(act: Act, hand: HandScript, begin: float, end: float) -> None:
    """Fingers that search in a narrow opening."""
    hold = hand.holds[-1]
    rate = act.rate(2.1)
    deep = act.size(0.010)
    hold.slide.cycle(act.wave(begin - 0.1, end, rate, [0.004, 0.006, deep, 0.20], skew=0.2))
    hold.slide.cycle(act.wave(begin, end, 0.63 * rate, [0.006, 0.003, 0.0, 0.12], phase=1.0))
    flex = 0.12 * (act.opened(hand, 1.0) - hand.fingers.target)
    hand.fingers.cycle(act.wave(begin, end, 1.4 * rate, flex, phase=0.5 * math.pi))


def _lay_down(act: Act, hand: HandScript, item: ThingScript, begin: float, end: float) -> None:
    """On the table in front, lying flat."""
    side = -1.0 if hand.aiding else 1.0
    x, y = act.free_site(side * 0.10, 0.20, item.kind.radius, 0.03)
    # It is leant away from the person, so that the hand that still holds it stays above the table.
    act.carry(hand, begin, end - begin, (side * x, y, 0.012), (0.0, _leaning(item)), lift=0.02)
    act.occupy(x, y, item.kind.radius)


def _leaning(item: ThingScript) -> float:
    """How a hand holds something that it lays down or picks up, radians towards the person."""
    return -55.0 * DEGREE if item.kind.height > 0.03 else -15.0 * DEGREE


def _drop(item: ThingScript, at: float) -> None:
    """Let go, it falls the last centimetre, onto its back."""
    values = item.channel.target.copy()
    flat = item.kind.height <= 0.03
    values[2:6] = [0.0 if flat else 0.5 * item.kind.parts[0].size[1], 0.0, 0.0, 0.0 if flat else -90.0 * DEGREE]
    item.channel.move(at, 0.12, values)


def _prop_up(item: ThingScript, at: float) -> None:
    """Fingers that close on a lying thing first tip it up."""
    values = item.channel.target.copy()
    values[2], values[5] = 0.012, _leaning(item)
    item.channel.move(at - 0.08, 0.2, values)
