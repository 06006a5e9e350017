# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Scripts of hands and things: who is where when, and who holds what, in seconds from the start of a stream.

Everything is planned for a right-handed person, in the world's frame; a left-handed one is the mirror image of it all.
The leading hand is the right one. The aiding hand is scripted in a mirrored copy of the world, as a right hand, so that
one description of a movement serves both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ghtt_core.data.synthetic.hand_model import Array
from ghtt_core.data.synthetic.world.channel import Channel, Cycle
from ghtt_core.data.synthetic.world.grips import Grasp
from ghtt_core.data.synthetic.world.pose import IDENTITY, Pose, Vector, pose_of
from ghtt_core.data.synthetic.world.things import ThingKind

UPRIGHT: Final = (0.0, 0.0, 0.0, 0.0)
"""Angles of a thing that stands: azimuth, elevation, roll as in pose.py, then a spin about its own axis."""
FOREVER: Final = 1.0e9


def thing_pose(values: Array) -> Pose:
    """Pose from a thing's seven numbers: place (3), azimuth, elevation, roll, spin."""
    x, y, z, azimuth, elevation, roll, spin = (float(value) for value in values)
    pose = pose_of((x, y, z), (azimuth, elevation, roll))
    return pose @ pose_of((0.0, 0.0, 0.0), (spin, 0.0, 0.0)) if spin else pose


@dataclass(eq=False)
class ThingScript:
    """One thing.

    Attributes:
        kind: What it is, in its own size.
        channel: Its seven numbers in the frame of its parent, or of the world.
        parents: (since when, parent or None), in order of time.
        shown: (since when, whether it is in the scene), in order of time.
    """

    kind: ThingKind
    channel: Channel
    parents: list[tuple[float, ThingScript | None]] = field(default_factory=list)
    shown: list[tuple[float, bool]] = field(default_factory=list)

    @property
    def parent(self) -> ThingScript | None:
        """What it is fixed to once everything scripted is done."""
        return self.parents[-1][1] if self.parents else None

    @property
    def target(self) -> Pose:
        """Where in the world it will be then."""
        own = thing_pose(self.channel.target)
        return own if self.parent is None else self.parent.target @ own

    def move(
        self,
        onset: float,
        duration: float,
        at: Vector | None = None,
        angles: tuple[float, float, float, float] | None = None,
        lift: float = 0.0,
    ) -> float:
        """Move in the frame of the parent; a lift bows the path upwards by that many metres. Returns the end."""
        goal = self.channel.target.copy()
        if at is not None:
            goal[:3] = at
        if angles is not None:
            goal[3:] = angles
        if lift:
            # Up early, down late: the bow of a hand that clears an edge.
            raised = self.channel.target + 0.6 * (goal - self.channel.target)
            raised[2] += lift
            self.channel.move(onset, 0.7 * duration, raised)
            return self.channel.move(onset + 0.35 * duration, 0.65 * duration, goal)
        return self.channel.move(onset, duration, goal)

    def fix_to(self, parent: ThingScript | None, at: float) -> None:
        """Stay where it is but follow another parent from an instant on."""
        world = self.target
        own = world if parent is None else parent.target.inverse() @ world
        self.channel.jump(at, [*own.at, *own.angles(), 0.0])
        self.parents.append((at, parent))

    def show(self, at: float, shown: bool = True) -> None:
        """Enter or leave the scene."""
        self.shown.append((at, shown))


@dataclass(eq=False)
class Hold:
    """A hand on a thing.

    Attributes:
        thing: What is held.
        begin: Seconds.
        end: Seconds.
        grasp: How; for the aiding hand in the mirrored frame of the thing.
        carries: Whether the hand's unsteadiness moves the thing.
        slide: Motion of the hand relative to the thing, in the thing's frame: offset (3) in metres and spin about the
            thing's axis.
    """

    thing: ThingScript
    begin: float
    end: float
    grasp: Grasp
    carries: bool
    slide: Channel


class HandScript:
    """One hand: where it goes on its own, what it holds, and what its fingers do."""

    def __init__(self, aiding: bool, place: Vector, angles: Vector, fingers: Array) -> None:
        """Begin free, at a pose in the hand's own side's frame."""
        self.aiding = aiding
        self.route = Channel([*place, *angles])
        self.fingers = Channel(fingers)
        self.holds: list[Hold] = []

    @property
    def held(self) -> Hold | None:
        """What it holds once everything scripted so far is done."""
        return self.holds[-1] if self.holds and self.holds[-1].end == FOREVER else None

    @property
    def place(self) -> Vector:
        """Where it will be then, own side's frame."""
        return self.pose.at

    @property
    def pose(self) -> Pose:
        """Its pose then, own side's frame."""
        hold = self.held
        if hold is None:
            x, y, z, azimuth, elevation, roll = (float(value) for value in self.route.target)
            return pose_of((x, y, z), (azimuth, elevation, roll))
        return self.own(hold.thing.target) @ slide_pose(hold.slide.target) @ hold.grasp.hand_to_thing

    def own(self, pose: Pose) -> Pose:
        """A pose of the world in the hand's own side's frame, or back."""
        return pose.mirrored() if self.aiding else pose

    def side(self, point: Vector) -> Vector:
        """A point of the world in the hand's own side's frame, or back."""
        return (-point[0], point[1], point[2]) if self.aiding else point

    def go(
        self,
        onset: float,
        duration: float,
        place: Vector | None = None,
        angles: Vector | None = None,
        lift: float = 0.0,
    ) -> float:
        """Move freely in the own side's frame. Returns when it is done."""
        start = self.route.target
        goal = start.copy()
        if place is not None:
            goal[:3] = place
        if angles is not None:
            goal[3:] = angles
        # A reach ends with a small correction that overlaps the main movement; turning starts a little later.
        nearly = start + 0.93 * (goal - start)
        nearly[2] += lift
        self.route.move(onset, 0.85 * duration, nearly)
        return self.route.move(onset + 0.4 * duration, 0.6 * duration, goal)

    def shape(self, onset: float, duration: float, posture: Array) -> float:
        """Move the fingers to a posture. Returns when it is done."""
        return self.fingers.move(onset, duration, posture)

    def take(self, thing: ThingScript, at: float, grasp: Grasp, carries: bool) -> Hold:
        """Hold a thing from an instant on; the hand is assumed to have come to it by then."""
        hold = Hold(thing, at, FOREVER, grasp, carries, Channel([0.0, 0.0, 0.0, 0.0]))
        self.holds.append(hold)
        return hold

    def leave(self, at: float) -> None:
        """Be free from an instant on, starting where the thing left the hand."""
        hold = self.held
        if hold is None:
            return
        pose = self.pose
        hold.end = at
        self.route.jump(at, [*pose.at, *pose.angles()])

    def wave(self, burst: Cycle) -> None:
        """Oscillate on the way: 6 numbers of the route."""
        self.route.cycle(burst)


def slide_pose(values: Array) -> Pose:
    """Pose of a slide's four numbers."""
    x, y, z, spin = (float(value) for value in values)
    return pose_of((x, y, z), (spin, 0.0, 0.0)) if (x or y or z or spin) else IDENTITY
