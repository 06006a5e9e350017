# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What every action is made of: reach and grasp, carry, let go, rest; in each hand's own side's frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ghtt_core.data.synthetic.hand_model import Array
from ghtt_core.data.synthetic.world.anatomy import Performer
from ghtt_core.data.synthetic.world.channel import Cycle
from ghtt_core.data.synthetic.world.dice import Dice
from ghtt_core.data.synthetic.world.exact import direction_of
from ghtt_core.data.synthetic.world.grips import SHAPES, Grasp, grasp_of
from ghtt_core.data.synthetic.world.pose import Vector
from ghtt_core.data.synthetic.world.scripts import HandScript, ThingScript
from ghtt_core.data.synthetic.world.things import GripName

DEGREE: Final = math.pi / 180.0
REST: Final = (0.16, 0.15, 0.055)
"""Where a hand lies on the table, own side's frame, metres."""
AT_REST: Final = (112.0, -8.0, 14.0)
_ELBOW: Final = (0.24, -0.16)


@dataclass(eq=False)
class Act:
    """The state of a stream while it is written.

    Attributes:
        dice: Source of every variation.
        performer: Who acts.
        lead: Script of the dominant hand.
        aid: Script of the other.
        now: Seconds; moved forward as actions are appended.
        things: Everything that was ever on the scene.
        sites: Where things stand on the table: occupied places (x, y, radius), world, metres.
        grasps: Contact postures that were already computed.
        thread: 1 if lids open counter-clockwise as they do; -1 where the whole plan will be mirrored.
    """

    dice: Dice
    performer: Performer
    lead: HandScript
    aid: HandScript
    now: float
    things: list[ThingScript] = field(default_factory=list)
    sites: list[tuple[float, float, float]] = field(default_factory=list)
    thread: float = 1.0
    grasps: dict[tuple[str, str, float, float], Grasp] = field(default_factory=dict)

    def other(self, hand: HandScript) -> HandScript:
        """The hand that is not this one."""
        return self.aid if hand is self.lead else self.lead

    def beats(self, begin: float, length: float, *shares: float) -> list[float]:
        """Instants that divide a length in about the given shares, the beginning and the end included."""
        varied = [share * self.dice.factor(0.12) for share in shares]
        total, instants = sum(varied), [begin]
        for share in varied:
            instants.append(instants[-1] + length * (share / total))
        return instants

    def near(self, point: Vector, spread: float = 0.012) -> Vector:
        """A point hit as exactly as people hit points, metres."""
        x, y, z = point
        return (self.dice.normal(x, spread), self.dice.normal(y, spread), self.dice.normal(z, spread))

    def liked(self, point: Vector) -> Vector:
        """A point of the own side's frame, moved to where this person likes to work, metres."""
        x, y, z = (float(value) for value in self.performer.zone)
        return (point[0] + x, point[1] + y, point[2] + z)

    def turned(self, degrees: Vector, spread: float = 5.0) -> Vector:
        """Angles in radians from degrees, with the variation between performances."""
        a, b, c = degrees
        return (
            self.dice.normal(a, spread) * DEGREE,
            self.dice.normal(b, spread) * DEGREE,
            self.dice.normal(c, spread) * DEGREE,
        )

    def posture(self, name: str, spread: float = 0.05) -> Array:
        """A posture with the variation between performances, radians."""
        value: Array = SHAPES[name] + self.performer.manner + spread * self.dice.normals(len(SHAPES[name]))
        return value

    def rate(self, hertz: float, spread: float = 0.12) -> float:
        """A frequency of about so many hertz in this performance."""
        return hertz * math.sqrt(self.performer.tempo) * self.dice.factor(spread)

    def size(self, amount: float, spread: float = 0.15) -> float:
        """An amplitude of about so much in this performance."""
        return amount * self.performer.size * self.dice.factor(spread)

    def wave(
        self,
        begin: float,
        end: float,
        hertz: float,
        amplitude: Sequence[float] | Array,
        phase: float = 0.0,
        skew: float = 0.0,
    ) -> Cycle:
        """A living rhythm; amplitudes in the units of the channel that it is for."""
        wander = [self.dice.normal(0.0, 0.25) for _ in range(5)]
        return Cycle(begin, end, hertz, np.array(amplitude, float), phase, skew, wander)

    # --- reaching -----------------------------------------------------------------------------------------------

    def comfortable(self, place: Vector) -> float:
        """Azimuth of a straight wrist at a place of the own side's frame, radians."""
        return direction_of(place[1] - _ELBOW[1], place[0] - _ELBOW[0])

    def grasp(self, hand: HandScript, thing: ThingScript, name: GripName) -> Grasp:
        """How a hand takes a thing where it will be."""
        grip = thing.kind.grips[name]
        pose = hand.own(thing.target)
        if not grip.turns_freely:
            azimuth = grip.angles[0] * DEGREE
        else:
            azimuth = self.comfortable(pose.at) + grip.angles[0] * DEGREE - pose.angles()[0]
            # Round things look alike every few degrees: one contact posture per ten degrees is enough.
            azimuth = round(azimuth / (10.0 * DEGREE)) * (10.0 * DEGREE)
        key = (thing.kind.name, name, azimuth, thing.kind.height)
        if key not in self.grasps:
            self.grasps[key] = grasp_of(self.performer, thing.kind, grip, azimuth)
        return self.grasps[key]

    def reach(
        self,
        hand: HandScript,
        thing: ThingScript,
        name: GripName,
        begin: float,
        touch: float,
        closed: float,
        carries: bool = True,
        slide: Sequence[float] | None = None,
    ) -> Grasp:
        """Go to a thing with a hand that pre-shapes, and close it.

        Args:
            hand: Which hand; it lets go of whatever it holds.
            thing: What it takes.
            name: How.
            begin: When it sets out, seconds.
            touch: When it has arrived.
            closed: When its fingers touch.
            carries: Whether it will carry the thing, or only steady or turn it.
            slide: Where relative to the grip it arrives: offset in metres and spin in radians.
        """
        hand.leave(begin)
        grasp = self.grasp(hand, thing, name)
        hold = hand.take(thing, touch, grasp, carries)
        if slide is not None:
            hold.slide.jump(touch - 1.0, slide)
        goal = hand.pose
        angles = self._unwound(hand, goal.angles())
        # The last centimetres lead the thing in between thumb and fingers.
        before = goal.apply(grasp.approach)
        reaching = touch - begin
        hand.go(begin, 0.8 * reaching, before, angles, lift=min(0.05 * reaching, 0.04))
        hand.route.move(touch - 0.42 * reaching, 0.42 * reaching, [*goal.at, *angles])
        opening = self.dice.uniform(0.95, 1.3)
        wide = grasp.closed + opening * (grasp.wide - grasp.closed)
        hand.shape(begin, min(0.7 * reaching, 0.5), wide)
        closing = min(closed - touch + 0.1, 0.42)
        hand.shape(closed - closing, closing, grasp.closed)
        return grasp

    def reach_share(self, hand: HandScript, thing: ThingScript, length: float, share: float) -> float:
        """The share of an action's length that a reach takes: more than usual if the way is long."""
        goal, place = hand.own(thing.target).at, hand.place
        x, y, z = goal[0] - place[0], goal[1] - place[1], goal[2] - place[2]
        needed = 0.28 + 1.25 * math.sqrt((x * x + y * y) + z * z)
        return max(share, min(needed / length, 0.55))

    def _unwound(self, hand: HandScript, angles: Vector) -> Vector:
        """The same angles without a needless full turn from where the hand is."""
        now = [float(value) for value in hand.route.target[3:]]
        turn = 2.0 * math.pi
        azimuth = angles[0] + turn * round((now[0] - angles[0]) / turn)
        roll = angles[2] + turn * round((now[2] - angles[2]) / turn)
        return (azimuth, angles[1], roll)

    def carry(
        self,
        hand: HandScript,
        onset: float,
        duration: float,
        at: Vector,
        tilt: tuple[float, float] = (0.0, 0.0),
        lift: float = 0.0,
        twist: float = 0.0,
    ) -> float:
        """Move what a hand holds, in the hand's own side's frame.

        Args:
            hand: It must hold something.
            onset: Seconds.
            duration: Seconds.
            at: Where the thing's foot goes, metres.
            tilt: Radians: its top towards the person's middle, and towards the person.
            lift: Bow of the path, metres.
            twist: Additional turn about its own axis, radians.
        """
        hold = hand.held
        if hold is None:
            return onset + duration
        sign = -1.0 if hand.aiding else 1.0
        own = hold.grasp.hand_to_thing.angles()[0] + float(hold.slide.target[3])
        spin = sign * (self.comfortable(at) + self._offset(hold.thing, hand) - own + twist)
        values = hold.thing.channel.target
        current = float(values[3] + values[6])
        spin += 2.0 * math.pi * round((current - spin) / (2.0 * math.pi))
        # A wrist turns a thing so far and no further; beyond, the person lives with the odd angle.
        spin = current + min(max(spin - current, -1.9), 1.9)
        return hold.thing.move(onset, duration, hand.side(at), (0.0, sign * tilt[0], tilt[1], spin), lift)

    def _offset(self, thing: ThingScript, hand: HandScript) -> float:
        """How the grip's azimuth differs from a straight wrist, radians."""
        for grip in thing.kind.grips.values():
            return (grip.angles[0] if grip.turns_freely else 14.0) * DEGREE
        return 0.0

    # --- letting go ---------------------------------------------------------------------------------------------

    def let_go(self, hand: HandScript, begin: float, end: float, back: Vector = (0.035, -0.055, 0.045)) -> None:
        """Open, then draw back into a relaxed posture."""
        hold = hand.held
        opened = begin + 0.35 * (end - begin)
        if hold is not None:
            hand.shape(begin, 0.9 * (opened - begin), self.opened(hand, 1.0))
            hand.leave(opened)
            # Out the way it came in, then back.
            out = hand.pose.apply(hold.grasp.approach)
            hand.route.move(opened, 0.5 * (end - opened), [*out, *hand.route.target[3:]])
        place = hand.place
        goal = self.near((place[0] + back[0], place[1] + back[1], place[2] + back[2]), 0.015)
        hand.go(opened + 0.2 * (end - opened), 0.8 * (end - opened), goal)
        hand.shape(opened + 0.45 * (end - opened), 0.6 * (end - opened), self.posture("relaxed"))

    def opened(self, hand: HandScript, share: float = 0.8) -> Array:
        """The posture of a hand that opens around what it holds."""
        hold, closed = hand.held, hand.fingers.target
        return closed if hold is None else closed + share * (hold.grasp.wide - closed)

    def rest(self, hand: HandScript, onset: float, duration: float) -> float:
        """Lie down on the table, or hover over it."""
        if hand.held is not None:
            return onset
        place = self.near(self.liked(REST), 0.025)
        hand.shape(onset, 0.8 * duration, self.posture("relaxed", 0.08))
        return hand.go(onset, duration, place, self.turned(AT_REST, 10.0), lift=0.02)

    def release_supports(self, begin: float, end: float) -> None:
        """Hands that only steadied something let go of it."""
        for hand in (self.lead, self.aid):
            if hand.held is not None and not hand.held.carries:
                self.let_go(hand, begin, end)

    # --- the table ----------------------------------------------------------------------------------------------

    def free_site(self, x: float, y: float, radius: float, spread: float = 0.05) -> tuple[float, float]:
        """A place on the table near a point of the world where nothing stands yet, metres."""
        best, most = (x, y), -1.0
        for _ in range(8):
            at = (
                min(max(self.dice.normal(x, spread), -0.36), 0.36),
                min(max(self.dice.normal(y, spread), 0.17), 0.42),
            )
            room = min(
                (
                    math.sqrt((at[0] - sx) * (at[0] - sx) + (at[1] - sy) * (at[1] - sy)) - sr - radius
                    for sx, sy, sr in self.sites
                ),
                default=1.0,
            )
            if room > 0.015:
                return at
            if room > most:
                best, most = at, room
        return best

    def occupy(self, x: float, y: float, radius: float) -> None:
        """Something stands there now."""
        self.sites.append((x, y, radius))

    def vacate(self, thing: ThingScript) -> None:
        """The thing leaves its place on the table."""
        x, y, _ = thing.target.at
        self.sites = [site for site in self.sites if abs(site[0] - x) + abs(site[1] - y) > 0.004]
