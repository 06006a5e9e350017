# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Untrimmed streams: episodes of what people do with one thing, with pauses, idle moments and things put away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ghtt_core.data.sequence import ActionSegment
from ghtt_core.data.synthetic.world.acting import AT_REST, REST, Act
from ghtt_core.data.synthetic.world.anatomy import Performer
from ghtt_core.data.synthetic.world.cast import Cast, enter, stand
from ghtt_core.data.synthetic.world.dice import Dice
from ghtt_core.data.synthetic.world.gestures import idle
from ghtt_core.data.synthetic.world.grips import SHAPES
from ghtt_core.data.synthetic.world.h2o_vocabulary import CHAINS, NOUNS, SPREAD, typical_pause, typical_seconds
from ghtt_core.data.synthetic.world.pose import Vector
from ghtt_core.data.synthetic.world.scripts import HandScript
from ghtt_core.data.synthetic.world.verbs import PROGRAMS
from ghtt_core.data.synthetic.world.verbs_book import close_book
from ghtt_core.hands.layout import FRAME_RATE

_AWAY: Final = (0.46, 0.12, 0.06)
"""Where things come from and go to, own side's frame, metres: beside the table."""
_SHORTEST, _LONGEST = 0.62, 1.75
"""Bounds of a duration, relative to the typical one."""


def play(
    dice: Dice, performer: Performer, frames: int, nouns: Sequence[str] | None = None
) -> tuple[Act, tuple[ActionSegment, ...]]:
    """Write a stream of T frames.

    Args:
        dice: Source of every variation.
        performer: Who acts.
        frames: T at 30 frames/s; an action cut off by the end stays unlabelled, for it would be half a one.
        nouns: What the episodes are about, again and again in this order; drawn at random when None.

    Returns:
        The scripts of hands and things, and the labelled actions.
    """
    lead, aid = (_resting_hand(dice, aiding) for aiding in (False, True))
    # The stream begins somewhere in the middle of things.
    act = Act(dice, performer, lead, aid, -dice.uniform(1.0, 3.2))
    act.thread = -1.0 if performer.left_handed else 1.0
    for _ in range(dice.below(3)):
        side = dice.choice((-1.0, 1.0))
        stand(act, dice.choice((*NOUNS[1:], "cup")), 0.29 * side, 0.38)
    segments: list[ActionSegment] = []
    seconds = frames / FRAME_RATE
    episode, before = 0, ""
    while act.now < seconds - 0.3:
        noun = nouns[episode % len(nouns)] if nouns else dice.choice([noun for noun in NOUNS if noun != before])
        _episode(act, noun, seconds, frames, segments)
        episode, before = episode + 1, noun
    return act, tuple(segments)


def _resting_hand(dice: Dice, aiding: bool) -> HandScript:
    place: Vector = (dice.normal(REST[0], 0.03), dice.normal(REST[1], 0.03), dice.normal(REST[2], 0.01))
    azimuth, elevation, roll = (dice.normal(angle, 9.0) * 0.017453292519943295 for angle in AT_REST)
    return HandScript(aiding, place, (azimuth, elevation, roll), SHAPES["relaxed"])


def _episode(act: Act, noun: str, seconds: float, frames: int, segments: list[ActionSegment]) -> None:
    dice = act.dice
    weights, chains = zip(*CHAINS[noun], strict=True)
    verbs = [verb.replace("_", " ") for verb in dice.choice(chains, weights).split()]
    cast = enter(act, noun)
    _fetch(act, cast, in_front=verbs[0] != "place")
    for position, verb in enumerate(verbs):
        if act.now > seconds:
            return
        factor = min(max(1.08 * dice.factor(SPREAD) / act.performer.tempo, _SHORTEST), _LONGEST)
        begin, length = act.now, typical_seconds(verb, noun) * factor
        PROGRAMS[verb, noun if (verb, noun) in PROGRAMS else ""](act, cast, begin, length)
        act.now = begin + length
        start, end = max(round(begin * FRAME_RATE), 0), round(act.now * FRAME_RATE)
        if end <= frames and end - start >= 8 and begin > -0.3:
            segments.append(ActionSegment(start, end, f"{verb} {noun}", verb, noun))
        if position + 1 < len(verbs):
            _pause(act, typical_pause(verb, verbs[position + 1]))
    _put_away(act, cast)
    _break(act)


def _pause(act: Act, typical: float) -> None:
    """Between two actions of an episode: often nothing, sometimes a look or a shift of the hands."""
    wait = act.dice.wait(typical, 6.0)
    act.release_supports(act.now, act.now + min(max(wait, 0.35), 0.7))
    if wait > 0.5:
        idle(act, act.now + 0.2, wait - 0.2)
        for hand in (act.lead, act.aid):
            if hand.held is not None:
                x, y, z = hand.held.thing.target.at
                act.carry(hand, act.now, 0.7 * wait, hand.side(act.near((x, y, max(z, 0.02)), 0.015)))
    act.now += wait


def _fetch(act: Act, cast: Cast, in_front: bool) -> None:
    """The holder gets the thing from beside the table, unlabelled."""
    hand, dice = cast.holder, act.dice
    begin, touch = act.now, act.now + dice.uniform(0.65, 1.05)
    x, y, z = act.near(_AWAY, 0.02)
    sign = -1.0 if hand.aiding else 1.0
    cast.main.channel.jump(begin - 0.5, [sign * x, y, z, 0.0, 0.0, 0.0, -0.6 * sign])
    act.reach(hand, cast.main, cast.grip, begin, touch, touch + 0.15)
    # It appears under the hand that takes it.
    cast.main.show(touch - 0.1)
    if cast.lid is not None:
        cast.lid.shown[:] = [(touch - 0.1, True)]
    act.now = touch + 0.2
    other = act.other(hand)
    if other.held is None and dice.chance(0.6):
        idle(act, begin, act.now - begin)
    if in_front:
        ready = act.carry(hand, act.now, 0.8, act.near(cast.held_spot, 0.02), lift=0.02)
        act.now = ready


def _put_away(act: Act, cast: Cast) -> None:
    """What is still in the hand at the end goes back beside the table; what stands on the table stays."""
    act.release_supports(act.now, act.now + 0.5)
    act.now = close_book(act, cast, act.now)
    hand = cast.holder
    if hand.held is None:
        return
    begin = act.now + act.dice.wait(0.5, 2.0)
    arrived = begin + act.dice.uniform(0.7, 1.15)
    act.carry(hand, begin, arrived - begin, act.near(_AWAY, 0.02), lift=0.02)
    things = [thing for thing in (cast.main, cast.lid, cast.item) if thing is not None]
    for thing in things:
        if thing is cast.main or thing.parent is cast.main:
            thing.show(arrived, False)
    act.let_go(hand, arrived, arrived + 0.5, (-0.10, 0.04, 0.04))
    act.now = arrived + 0.3


def _break(act: Act) -> None:
    """Between episodes hands rest or play, for a moment or for seconds."""
    length = act.dice.wait(0.9, 4.5)
    if length > 0.3:
        idle(act, act.now, length)
    act.now += length
