# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Read a book: open it, hold it with both hands, turn pages."""

from __future__ import annotations

from itertools import pairwise

from ghtt_core.data.synthetic.world.acting import DEGREE, Act
from ghtt_core.data.synthetic.world.cast import Cast
from ghtt_core.data.synthetic.world.grips import SHAPES
from ghtt_core.data.synthetic.world.pose import Vector

_OPEN: float = 178.0
_TILT: float = 32.0


def read_book(act: Act, cast: Cast, begin: float, length: float) -> None:
    """Open, look, turn a page now and then (starts with the book in the leading hand)."""
    lead, aid, book, cover, dice = act.lead, act.aid, cast.main, cast.lid, act.dice
    assert cover is not None
    raised = begin + min(0.10 * length, 0.9)
    flipped = raised + min(0.20 * length, 1.6) * dice.factor(0.1)
    tilt = (dice.normal(0.0, 2.0) * DEGREE, dice.normal(_TILT, 4.0) * DEGREE)
    eye = act.near((0.075, 0.24, 0.13), 0.015)
    act.carry(lead, begin, raised - begin + 0.2, eye, tilt, lift=0.01)
    _flip_cover(act, cast, raised, flipped)
    # Both hands settle under the open book, first the one that opened it.
    act.reach(aid, book, "beyond", flipped, flipped + 0.45, flipped + 0.65, carries=False)
    act.reach(lead, book, "under", flipped + 0.6, flipped + 1.05, flipped + 1.25, carries=True)
    at = book.channel.target
    ready, end = flipped + 1.4, begin + length
    pages = max(0, round((end - ready - 1.0) / (2.8 * dice.factor(0.2))))
    if pages:
        instants = act.beats(ready, end - ready, 0.5, *[1.0] * pages)
        for since, until in pairwise(instants[1:]):
            _turn_page(act, cast, since - 0.2, min(1.5, 0.75 * (until - since)))
    sway = [0.006, 0.008, 0.006, 0.0, 0.03, 0.05, 0.0]
    if end - ready > 0.6:
        book.channel.cycle(act.wave(ready, end, 0.22 * dice.factor(0.2), sway))
    goal = at.copy()
    goal[2] += dice.normal(0.0, 0.012)
    book.channel.move(ready, max(end - ready, 0.3), goal)


def close_book(act: Act, cast: Cast, begin: float) -> float:
    """Fold it up again, unlabelled. Returns the end."""
    cover = cast.lid
    if cover is None or float(cover.channel.target[4]) < 1.0:
        return begin
    values = cover.channel.target.copy()
    act.let_go(act.aid, begin, begin + 0.5, (0.03, 0.0, 0.06))
    values[4] = 0.0
    return cover.channel.move(begin + 0.25, 0.8, values)


def _flip_cover(act: Act, cast: Cast, begin: float, end: float) -> None:
    """The aiding hand comes over, takes the cover's free edge and swings it around."""
    aid, book, cover = act.aid, cast.main, cast.lid
    assert cover is not None
    width = 2.0 * book.kind.radius
    length = end - begin
    edge = aid.side(book.target.apply((0.32 * width, -0.25 * width, book.kind.height + 0.03)))
    top = aid.side(book.target.apply((-0.45 * width, -0.25 * width, 0.85 * width)))
    far = aid.side(book.target.apply((-1.25 * width, -0.2 * width, 0.07)))
    aid.leave(begin)
    aid.go(begin - 0.5, 0.35 * length + 0.5, edge, act.turned((135.0, -22.0, 30.0), 6.0), lift=0.05)
    aid.shape(begin - 0.4, 0.5, act.posture("wide pinch"))
    aid.shape(begin + 0.2 * length, 0.2, act.posture("pinch"))
    aid.route.move(begin + 0.38 * length, 0.34 * length, [*top, *act.turned((120.0, -5.0, 80.0), 6.0)])
    aid.route.move(begin + 0.62 * length, 0.36 * length, [*far, *act.turned((125.0, -10.0, 120.0), 6.0)])
    aid.shape(begin + 0.85 * length, 0.3, SHAPES["wide clasp"])
    values = cover.channel.target.copy()
    values[4] = _OPEN * DEGREE
    cover.channel.move(begin + 0.34 * length, 0.66 * length, values)


def _turn_page(act: Act, cast: Cast, begin: float, length: float) -> None:
    """The leading hand lifts a corner and sweeps it over, then comes back under."""
    lead, book = act.lead, cast.main
    width = 2.0 * book.kind.radius
    lead.leave(begin)
    places: list[Vector] = [
        lead.side(book.target.apply((0.40 * width, -0.5 * width, 0.05))),
        lead.side(book.target.apply((-0.45 * width, -0.45 * width, 0.11))),
    ]
    lead.go(begin, 0.30 * length, act.near(places[0], 0.01), act.turned((125.0, -28.0, 40.0), 6.0), lift=0.02)
    lead.shape(begin, 0.25 * length, act.posture("pinch"))
    lead.go(
        begin + 0.28 * length,
        0.38 * length,
        act.near(places[1], 0.01),
        act.turned((140.0, -15.0, 75.0), 6.0),
        lift=0.03,
    )
    lead.shape(begin + 0.6 * length, 0.2 * length, act.posture("wide clasp"))
    act.reach(lead, book, "under", begin + 0.62 * length, begin + 0.95 * length, begin + length)
