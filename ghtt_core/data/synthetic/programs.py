# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What each verb is: a motion program for two hands (reach, contact, manipulate, release).

A program appends to the scripts of the leading and the aiding hand from ``scene.now`` on and leaves ``scene.now`` at
its end. Points are in each hand's own frame: x to its own side, y forward, z up, metres; the midline is x = 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from ghtt_core.data.synthetic.grasps import POSTURES, grasp
from ghtt_core.data.synthetic.hand_model import THUMB, Array
from ghtt_core.data.synthetic.script import HandScript, Scene, mirrored

REST: Final = (0.17, 0.16, 0.02)
_MIDDLE: Final = (0.03, 0.26, 0.12)
_SIDE = (70.0, 5.0, 0.0)
_ABOVE = (12.0, -18.0, 0.0)


def _by(x: float, y: float, z: float) -> Array:
    """An offset in metres."""
    return np.array([x, y, z])


def _held(scene: Scene, squeeze: float = 0.0) -> Array:
    return grasp(scene.thing.grasp, scene.thing.aperture - squeeze)


def _opened(scene: Scene) -> Array:
    return grasp(scene.thing.grasp, min(scene.thing.aperture + 0.45, 1.0))


def _grip(scene: Scene) -> Array:
    return scene.turned(_SIDE if scene.thing.side_grip else _ABOVE)


def _take(
    scene: Scene,
    hand: HandScript,
    point: Array,
    angles: Array,
    seconds: float = 0.75,
    closed: Array | None = None,
    wide: Array | None = None,
) -> float:
    """Reach with a hand that pre-shapes, and close it at the end. Returns when the grasp is closed."""
    reach = scene.span(seconds)
    hand.move(scene.now, 0.6 * reach, fingers=_opened(scene) if wide is None else wide)
    hand.move(scene.now, reach, point, angles, lift=0.03)
    return hand.move(scene.now + 0.75 * reach, 0.45 * reach, fingers=_held(scene) if closed is None else closed)


def _hold_still(
    scene: Scene, hand: HandScript, point: tuple[float, float, float], angles: Array | None = None
) -> float:
    """The aiding hand takes the thing and holds it at a point."""
    return _take(scene, hand, scene.near(point), scene.turned(_SIDE) if angles is None else angles)


def _let_go(scene: Scene, hand: HandScript, back: tuple[float, float, float] = (0.05, -0.06, 0.05)) -> float:
    """Open, then draw back."""
    opened = hand.move(scene.now, scene.span(0.3), fingers=_opened(scene))
    seconds = scene.span(0.5)
    return hand.move(opened - 0.1, seconds, hand.position + scene.near(back), fingers=POSTURES["relaxed"]) - 0.1


def grab(scene: Scene) -> None:
    """Reach, close, lift and bring close."""
    closed = _take(scene, scene.lead, scene.site, _grip(scene))
    lifted = scene.lead.move(closed, scene.span(0.7), scene.near((0.10, 0.17, 0.17)), _grip(scene))
    scene.now = lifted + scene.span(0.3)


def place(scene: Scene) -> None:
    """Carry to a spot, lower, release, draw back (starts with the thing in the hand)."""
    above = scene.lead.move(scene.now, scene.span(0.75), scene.site + _by(0, 0, 0.07), _grip(scene), lift=0.03)
    scene.now = scene.lead.move(above - 0.15, scene.span(0.4), scene.site)
    scene.now = _let_go(scene, scene.lead)


def open_(scene: Scene) -> None:
    """Hold with one hand, grip the top with the other, twist or pull it off."""
    held = _hold_still(scene, scene.aid, (0.02, 0.24, 0.08))
    top = scene.near((-0.01, 0.24, 0.15))
    gripped = _take(scene, scene.lead, top, scene.turned((-25, -25, 0)), closed=grasp("sphere", 0.1))
    start = max(held, gripped)
    twisted = scene.lead.move(start, scene.span(0.55), top + _by(0, 0, 0.01), scene.turned((45, -20, 0)))
    scene.lead.move(twisted - 0.1, scene.span(0.5), scene.near((0.14, 0.22, 0.16)), scene.turned((60, 0, 0)), lift=0.03)
    scene.now = twisted + scene.span(0.6)


def close(scene: Scene) -> None:
    """Bring the lid from the side, press it on, twist it tight (starts with the lid in the hand)."""
    held = _hold_still(scene, scene.aid, (0.02, 0.24, 0.08))
    top = scene.near((-0.01, 0.24, 0.15))
    above = scene.lead.move(scene.now, scene.span(0.8), top + _by(0, 0, 0.04), scene.turned((45, -20, 0)), lift=0.02)
    pressed = scene.lead.move(max(held, above) - 0.1, scene.span(0.3), top)
    twisted = scene.lead.move(pressed, scene.span(0.6), top - _by(0, 0, 0.01), scene.turned((-30, -25, 0)))
    scene.now = twisted
    scene.now = _let_go(scene, scene.lead)


def pour(scene: Scene) -> None:
    """Take, lift over the other hand's vessel, tilt, wait, tilt back."""
    _hold_still(scene, scene.aid, (0.04, 0.24, 0.06))
    closed = _take(scene, scene.lead, scene.site, scene.turned(_SIDE))
    over = scene.near((0.05, 0.25, 0.20))
    raised = scene.lead.move(closed, scene.span(0.7), over, scene.turned((60, 5, 0)))
    tilt = scene.lead.move(raised - 0.1, scene.span(0.6), over + _by(-0.03, 0, 0.01), scene.turned((-35, 5, 0)))
    poured = scene.lead.move(tilt, scene.span(1.1, 0.25), angles=scene.turned((-48, 5, 0), 3.0))
    back = scene.lead.move(poured, scene.span(0.5), over, scene.turned((60, 5, 0)))
    scene.now = scene.lead.move(back, scene.span(0.6), scene.site + _by(0.0, -0.02, 0.03))


def stir(scene: Scene) -> None:
    """One hand steadies the vessel, the other draws circles in it."""
    _hold_still(scene, scene.aid, (0.03, 0.24, 0.05))
    over = scene.near((-0.02, 0.25, 0.14))
    ready = _take(
        scene, scene.lead, over, scene.turned((35, -15, 0)), closed=POSTURES["tripod"], wide=grasp("tripod", 0.3)
    )
    end = ready + scene.span(2.2, 0.25)
    rate, radius = scene.rate(1.6), 0.022 * scene.size
    for phase, amplitude in ((0.0, (radius, 0.0, 0.0)), (np.pi / 2, (0.0, radius, 0.004))):
        scene.lead.cycle(ready - 0.1, end, rate, amplitude, (0, 4, 6), phase=phase)
    scene.now = scene.lead.move(end - 0.1, scene.span(0.5), over + scene.near((0.08, -0.03, 0.04)))


def shake(scene: Scene) -> None:
    """Lift and shake hard along the forearm's vertical."""
    closed = _take(scene, scene.lead, scene.site, scene.turned(_SIDE))
    raised = scene.lead.move(closed, scene.span(0.5), scene.near((0.08, 0.22, 0.2)), scene.turned((65, 10, 0)))
    end = raised + scene.span(1.6, 0.25)
    scene.lead.cycle(raised - 0.15, end, scene.rate(3.6), (0.0, 0.01, 0.035 * scene.size), (0, 4, 14 * scene.size))
    scene.now = scene.lead.move(end - 0.1, scene.span(0.5), scene.near((0.12, 0.2, 0.1)))


def wipe(scene: Scene) -> None:
    """A flat hand sweeps sideways over a surface while it drifts forward."""
    flat = POSTURES["flat"]
    start = scene.near((0.08, 0.22, 0.02))
    ready = _take(scene, scene.lead, start, scene.turned((0, 18, 0)), closed=flat, wide=POSTURES["relaxed"])
    end = ready + scene.span(2.4, 0.25)
    scene.lead.cycle(ready - 0.15, end, scene.rate(1.1), (0.10 * scene.size, 0.015, 0.0), (0, 0, 12))
    scene.lead.move(ready, end - ready, start + _by(0.0, 0.07, 0.0))
    scene.now = scene.lead.move(
        end - 0.05, scene.span(0.45), scene.near((0.12, 0.18, 0.08)), fingers=POSTURES["relaxed"]
    )


def cut(scene: Scene) -> None:
    """One hand holds like a claw, the other saws to and fro."""
    block = scene.near((0.05, 0.25, 0.04))
    held = _take(scene, scene.aid, block, scene.turned((5, -25, 0)), closed=POSTURES["claw"], wide=POSTURES["open"])
    blade = scene.near((0.03, 0.24, 0.08))
    ready = _take(
        scene, scene.lead, blade, scene.turned((50, 0, 10)), closed=grasp("power", 0.02), wide=grasp("power", 0.1)
    )
    begin = max(held, ready) - 0.1
    end = begin + scene.span(2.2, 0.25)
    rate = scene.rate(1.8)
    scene.lead.cycle(begin, end, rate, (0.0, 0.035 * scene.size, 0.008), (0, 5, 3))
    scene.lead.move(begin, end - begin, blade + _by(-0.03, 0.0, -0.025))
    scene.aid.move(begin, end - begin, block + _by(0.03, 0.0, 0.0))
    scene.now = scene.lead.move(end, scene.span(0.4), scene.near((0.10, 0.2, 0.09)))


def tap(scene: Scene) -> None:
    """A pointing finger taps."""
    if scene.thing.grasp != "flat":
        _hold_still(scene, scene.aid, (0.04, 0.24, 0.10), scene.turned((140, 10, 0)))
    spot = scene.near((0.01, 0.22, 0.13 if scene.thing.grasp != "flat" else 0.06))
    point = POSTURES["point"]
    ready = _take(scene, scene.lead, spot, scene.turned((15, -10, 0)), closed=point, wide=grasp("point", 0.3))
    end = ready + scene.span(1.7, 0.25)
    flex = np.zeros(len(point))
    flex[1:4] = np.deg2rad([9.0, 5.0, 3.0])
    scene.lead.cycle(ready - 0.1, end, scene.rate(2.4), (0, 0, -0.012 * scene.size), (0, -6, 0), flex, skew=0.4)
    scene.now = scene.lead.move(
        end - 0.05, scene.span(0.45), scene.near((0.1, 0.18, 0.08)), fingers=POSTURES["relaxed"]
    )


def _ratchet(scene: Scene, direction: float) -> None:
    """Turn something in steps: grip and turn slowly, let go and turn back fast."""
    _hold_still(scene, scene.aid, (0.02, 0.24, 0.07))
    top = scene.near((-0.01, 0.24, 0.13 if direction < 0 else 0.11))
    kind = "tripod" if scene.thing.grasp == "tripod" else "sphere"
    closed, wide = grasp(kind, 0.08), grasp(kind, 0.35)
    ready = _take(scene, scene.lead, top, scene.turned((8, -30, 0)), closed=(closed + wide) / 2, wide=wide)
    end = ready + scene.span(2.4, 0.25)
    rate = scene.rate(1.05)
    scene.lead.cycle(ready - 0.1, end, rate, angles=(direction * 38 * scene.size, 0, 0), skew=0.6)
    # The fingers are open while the wrist flies back: a quarter period before its fast zero crossing.
    scene.lead.cycle(ready - 0.1, end, rate, fingers=(wide - closed) / 2, phase=np.pi / 2, skew=-0.3)
    scene.now = scene.lead.move(ready, end - ready, top + _by(0, 0, direction * 0.02))


def screw(scene: Scene) -> None:
    """Turn in, step by step, sinking; then draw back."""
    _ratchet(scene, -1.0)
    scene.now = _let_go(scene, scene.lead)


def unscrew(scene: Scene) -> None:
    """Turn out, step by step, rising; then lift it off."""
    _ratchet(scene, 1.0)
    lifted = scene.lead.position + scene.near((0.06, -0.03, 0.08))
    scene.now = scene.lead.move(scene.now, scene.span(0.6), lifted, scene.turned((30, -10, 0)), fingers=_held(scene))


def squeeze(scene: Scene) -> None:
    """Lift and press rhythmically."""
    closed = _take(scene, scene.lead, scene.site, _grip(scene))
    raised = scene.lead.move(closed, scene.span(0.6), scene.near((0.07, 0.22, 0.13)), scene.turned((40, 0, 0)))
    end = raised + scene.span(2.0, 0.25)
    press = (_held(scene, 0.3) - _held(scene, -0.12)) / 2
    scene.lead.cycle(raised, end, scene.rate(1.1), (0, 0, -0.004), (3, -4, 0), press)
    scene.now = scene.lead.move(end, scene.span(0.5), scene.near((0.12, 0.2, 0.06)))


def read(scene: Scene) -> None:
    """Hold it up with both hands, look, turn a page."""
    hold = grasp("lateral", 0.45)
    wide = scene.thing.side_grip
    point, angles = (0.11 if wide else 0.05, 0.22, 0.16), (95.0, 15.0, 0.0)
    times = [
        _take(scene, hand, scene.near(point), scene.turned(angles), closed=hold) for hand in (scene.lead, scene.aid)
    ]
    looked = max(times) + scene.span(1.2, 0.25)
    turning = scene.lead.move(
        looked, scene.span(0.5), scene.near((-0.05, 0.22, 0.2)), scene.turned((60, 10, 0)), lift=0.03
    )
    back = scene.lead.move(turning, scene.span(0.6), scene.near(point), scene.turned(angles), fingers=hold)
    scene.now = back + scene.span(0.8, 0.25)


def rotate(scene: Scene) -> None:
    """Turn a thing between two hands to look at it from all sides."""
    point, closed = (0.06, 0.22, 0.17), _held(scene)
    hands = (scene.lead, scene.aid)
    ready = max(_take(scene, hand, scene.near(point), scene.turned((80, 0, 0)), closed=closed) for hand in hands)
    end = ready + scene.span(2.6, 0.25)
    rate = scene.rate(0.6)
    for hand, phase in ((scene.lead, 0.0), (scene.aid, np.pi)):
        hand.cycle(ready - 0.1, end, rate, (0, 0.045 * scene.size, 0.02), (22, 16, 10), phase=phase)
    scene.now = end


def pass_(scene: Scene) -> None:
    """Hand over from the leading to the aiding hand (starts with the thing in the hand)."""
    meet = scene.near((0.04, 0.24, 0.14))
    scene.lead.move(scene.now, scene.span(0.75), meet, scene.turned((60, 5, 0)), lift=0.02)
    taken = _take(scene, scene.aid, mirrored(meet) + _by(0.03, 0, -0.01), scene.turned((75, 5, 0)), seconds=1.0)
    opened = scene.lead.move(taken, scene.span(0.3), fingers=_opened(scene))
    scene.lead.move(opened - 0.1, scene.span(0.6), scene.near((0.16, 0.17, 0.06)), fingers=POSTURES["relaxed"])
    carried = scene.aid.move(opened, scene.span(0.8), scene.near((0.17, 0.2, 0.05)), _grip(scene), lift=0.02)
    scene.now = carried + scene.span(0.15)


def push(scene: Scene) -> None:
    """A flat hand behind the thing shoves it forward."""
    flat = POSTURES["flat"]
    behind = scene.near((0.06, 0.13, 0.05))
    ready = _take(scene, scene.lead, behind, scene.turned((10, 55, 0)), closed=flat, wide=POSTURES["relaxed"])
    pushed = scene.lead.move(ready, scene.span(1.0), behind + _by(0, 0.2 * scene.size, 0))
    scene.now = scene.lead.move(
        pushed + scene.span(0.15), scene.span(0.6), scene.near(REST), scene.turned((5, 5, 0)), POSTURES["relaxed"]
    )


def hammer(scene: Scene) -> None:
    """One hand steadies, the other strikes."""
    _take(scene, scene.aid, scene.near((0.03, 0.26, 0.03)), scene.turned((25, -20, 0)), closed=POSTURES["pinch"])
    raised = scene.near((0.06, 0.22, 0.15))
    ready = _take(
        scene, scene.lead, raised, scene.turned((55, 10, 0)), closed=grasp("power", 0.0), wide=grasp("power", 0.1)
    )
    end = ready + scene.span(2.0, 0.25)
    scene.lead.cycle(
        ready - 0.1, end, scene.rate(1.7), (0, -0.01, -0.06 * scene.size), (0, -14, 12 * scene.size), skew=0.6
    )
    scene.now = scene.lead.move(end, scene.span(0.45), scene.near((0.12, 0.18, 0.08)))


def type_(scene: Scene) -> None:
    """Two thumbs on a phone held with both hands."""
    hold = grasp("power", 0.6)
    ready = max(
        _take(scene, hand, scene.near((0.045, 0.19, 0.15)), scene.turned((115, 10, 0)), closed=hold)
        for hand in (scene.lead, scene.aid)
    )
    end = ready + scene.span(2.2, 0.25)
    flex = np.zeros(len(hold))
    flex[THUMB:] = np.deg2rad([5.0, 7.0, 0.0, 10.0, 13.0, 0.0])
    rate = scene.rate(2.6)
    for hand, phase in ((scene.lead, 0.0), (scene.aid, np.pi)):
        hand.cycle(ready, end, rate, fingers=flex, phase=phase, skew=0.3)
    scene.now = end


def knead(scene: Scene) -> None:
    """Both palms press forward and roll back."""
    ready = max(
        _take(scene, hand, scene.near((0.055, 0.2, 0.05)), scene.turned((0, 30, 0)), closed=grasp("flat", 0.2))
        for hand in (scene.lead, scene.aid)
    )
    end = ready + scene.span(2.8, 0.25)
    rate, curl = scene.rate(0.85), 0.18 * (POSTURES["fist"] - POSTURES["flat"])
    for hand in (scene.lead, scene.aid):
        hand.cycle(ready - 0.1, end, rate, (0, 0.05 * scene.size, 0), (0, 12, 0))
        hand.cycle(ready - 0.1, end, rate, (0, 0, 0.012), fingers=curl, phase=-np.pi / 2)
    scene.now = end


PROGRAMS: Final[dict[str, Callable[[Scene], None]]] = {
    "grab": grab, "place": place, "open": open_, "close": close, "pour": pour, "stir": stir, "shake": shake,
    "wipe": wipe, "cut": cut, "tap": tap, "screw": screw, "unscrew": unscrew, "squeeze": squeeze, "read": read,
    "rotate": rotate, "pass": pass_, "push": push, "hammer": hammer, "type": type_, "knead": knead,
}  # fmt: skip
STARTS_HOLDING: Final = frozenset({"place", "close", "pass"})
"""Verbs whose leading hand has the thing (or its lid) before they begin."""


def prepare(scene: Scene, verb: str) -> None:
    """Unlabelled transition: get the thing in hand where the action begins so, otherwise come near the table."""
    if verb in STARTS_HOLDING:
        lid = verb == "close"
        closed = grasp("sphere", 0.1) if lid else _held(scene)
        spot = scene.near((0.14, 0.22, 0.16) if lid else (0.10, 0.17, 0.15))
        scene.now = scene.lead.move(
            scene.now, scene.span(0.6), spot, scene.turned((45, 0, 0)) if lid else _grip(scene), closed
        )
    elif scene.rng.random() < 0.5:
        scene.now = relax(scene)


def relax(scene: Scene) -> float:
    """Both hands go to a resting place, one after the other. Returns when they are there."""
    ends = [scene.now]
    for hand in (scene.lead, scene.aid):
        if scene.rng.random() < 0.7:
            onset = scene.now + scene.rng.uniform(0.0, 0.25)
            posture = POSTURES["relaxed"] + scene.rng.normal(0.0, 0.08, len(POSTURES["relaxed"]))
            turned = scene.turned((10, 5, 0), 10.0)
            ends.append(hand.move(onset, scene.span(0.8, 0.25), scene.near(REST, 0.03), turned, posture, lift=0.02))
    return max(ends)
