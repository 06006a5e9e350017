# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The things of the kitchen table: shapes, what comes off or out of them, and how a hand takes them.

A thing's frame has its origin at the centre of its foot and z up; metres.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, Literal

from ghtt_core.data.synthetic.posed import PrimitiveKind
from ghtt_core.data.synthetic.world.pose import Vector

GripName = Literal["wrap", "top", "under", "beyond", "edge", "pinch", "trigger"]


@dataclass(frozen=True)
class Part:
    """One primitive of a thing.

    Attributes:
        kind: Its shape.
        size: Full extents, see posed.Primitive.
        centre: In the thing's frame.
        colour: RGB, 0 to 1, before the variation between instances.
    """

    kind: PrimitiveKind
    size: Vector
    centre: Vector
    colour: Vector


@dataclass(frozen=True)
class Grip:
    """How a right hand of standard size takes a thing.

    Attributes:
        angles: Azimuth, elevation, roll of the hand in the thing's frame, degrees (see pose.py).
        point: A point of the thing, metres.
        anchor: Where that point is in the hand, wrist's axes, metres; None puts it midway between the tips of thumb
            and the first two fingers, closed to the given opening.
        opening: Metres between those tips.
        surface: What the digits touch if it is not the thing itself but something fixed to it.
        wide: Posture that the hand opens to, a name of grips.SHAPES.
        closed: Posture that it closes towards until its digits touch.
        turns_freely: The thing is round: the hand takes it from wherever is comfortable, and the azimuth is added to
            that direction.
    """

    angles: Vector
    point: Vector
    anchor: Vector | None
    wide: str
    closed: str
    turns_freely: bool = False
    opening: float = 0.0
    surface: tuple[Part, ...] = ()


@dataclass(frozen=True)
class ThingKind:
    """What a thing is like.

    Attributes:
        name: The noun, or the name of a part that comes off.
        parts: Its primitives.
        grips: Ways to take it.
        height: From foot to top, metres.
        radius: Half of its width, metres.
        lid: What closes it, sitting at its top.
        item: What it contains.
    """

    name: str
    parts: tuple[Part, ...]
    grips: dict[GripName, Grip] = field(default_factory=dict)
    height: float = 0.1
    radius: float = 0.03
    lid: str | None = None
    item: str | None = None


def _wrap(radius: float, height: float, azimuth: float = 12.0, free: bool = True, depth: float | None = None) -> Grip:
    """Palm against the side, thumb around the near side: the thing leaves it that much room."""
    near = radius if depth is None else depth
    return Grip(
        (azimuth, -8.0, 86.0), (0.0, 0.0, height), (0.054 + near, 0.004, -(radius + 0.0165)), "wide wrap", "wrap", free
    )


def _top(radius: float, height: float, elevation: float = -34.0) -> Grip:
    """From above, fingertips around the rim."""
    return Grip((8.0, elevation, 6.0), (0.0, 0.0, height), None, "wide tips", "tips", True, 2 * radius + 0.013)


def _pinch(height: float, thickness: float, elevation: float = -52.0) -> Grip:
    """Between thumb and the first two fingertips."""
    return Grip((14.0, elevation, 16.0), (0.0, 0.0, height), None, "wide pinch", "pinch", True, thickness + 0.013)


def _cylinder(radius: float, height: float, colour: Vector, foot: float = 0.0) -> Part:
    return Part("cylinder", (2 * radius, 2 * radius, height), (0.0, 0.0, foot + height / 2), colour)


def _box(x: float, y: float, z: float, colour: Vector, foot: float = 0.0) -> Part:
    return Part("box", (x, y, z), (0.0, 0.0, foot + z / 2), colour)


_BOOK: Final = (0.150, 0.210)
_COVER: Final = Part("box", (0.150, 0.210, 0.006), (0.150, 0.0, 0.017), (0.55, 0.12, 0.16))
"""Where the open cover is, seen from the side of the hand that holds it."""
_UNDER: Final = Grip((150.0, -6.0, 163.0), (0.052, -0.01, 0.0), (0.128, 0.0, -0.0135), "wide clasp", "clasp")


def _coffee_box(name: str, width: float, depth: float, height: float, colour: Vector) -> ThingKind:
    body = _box(width, depth, height, colour)
    label = Part("box", (0.6 * width, 0.002, 0.4 * height), (0.0, -depth / 2, 0.55 * height), (0.95, 0.9, 0.8))
    grips: dict[GripName, Grip] = {"wrap": _wrap(width / 2, 0.55 * height, 120.0, False, depth / 2)}
    return ThingKind(name, (body, label), grips, height, width / 2, item=f"{name} stick")


def _stick(name: str, width: float, height: float, colour: Vector) -> ThingKind:
    return ThingKind(
        name, (_box(width, 0.007, height, colour),), {"pinch": _pinch(0.85 * height, 0.007)}, height, width / 2
    )


def _cap(name: str, radius: float, height: float, colour: Vector, elevation: float = -38.0) -> ThingKind:
    grip = _top(radius, 0.4 * height, elevation)
    return ThingKind(name, (_cylinder(radius, height, colour),), {"top": grip}, height, radius)


_KINDS: Final = (
    ThingKind(
        "book",
        (_box(*_BOOK, 0.005, (0.55, 0.12, 0.16)), _box(0.145, 0.200, 0.015, (0.95, 0.94, 0.9), 0.005)),
        {
            "edge": Grip((128.0, -18.0, 62.0), (0.075, 0.0, 0.018), (0.110, 0.016, -0.060), "wide tips", "tips"),
            "under": _UNDER,
            "beyond": replace(_UNDER, point=(0.202, -0.01, 0.014), surface=(_COVER,)),
        },
        0.020, 0.075, lid="book cover",
    ),
    ThingKind("book cover", (Part("box", (0.150, 0.210, 0.006), (0.075, 0.0, 0.003), (0.55, 0.12, 0.16)),), {}, 0.006),
    _coffee_box("espresso", 0.085, 0.045, 0.125, (0.25, 0.12, 0.07)),
    _coffee_box("cappuccino", 0.105, 0.060, 0.165, (0.75, 0.55, 0.35)),
    _stick("espresso stick", 0.018, 0.105, (0.3, 0.15, 0.1)),
    _stick("cappuccino stick", 0.024, 0.135, (0.85, 0.7, 0.5)),
    ThingKind(
        "cocoa", (_cylinder(0.040, 0.115, (0.45, 0.25, 0.12)), _cylinder(0.0405, 0.02, (0.9, 0.8, 0.2), 0.05)),
        {"wrap": _wrap(0.040, 0.06)}, 0.115, 0.040, item="cocoa bag",
    ),
    ThingKind(
        "cocoa bag", (_box(0.050, 0.010, 0.080, (0.6, 0.4, 0.25)),), {"pinch": _pinch(0.068, 0.010)}, 0.08, 0.025
    ),
    ThingKind(
        "chips", (_cylinder(0.037, 0.225, (0.8, 0.15, 0.1)),), {"wrap": _wrap(0.037, 0.11)}, 0.225, 0.037,
        lid="chips lid", item="chip",
    ),
    _cap("chips lid", 0.038, 0.010, (0.9, 0.9, 0.92), -30.0),
    ThingKind("chip", (_box(0.050, 0.038, 0.006, (0.9, 0.75, 0.35)),), {"pinch": _pinch(0.003, 0.03)}, 0.006, 0.025),
    ThingKind(
        "milk", (_box(0.074, 0.074, 0.185, (0.92, 0.94, 0.97)), _box(0.076, 0.076, 0.05, (0.2, 0.4, 0.8), 0.06)),
        {"wrap": _wrap(0.037, 0.10, 120.0, False)}, 0.185, 0.037, lid="milk lid",
    ),
    _cap("milk lid", 0.017, 0.020, (0.2, 0.4, 0.8), -48.0),
    ThingKind(
        "lotion", (_cylinder(0.028, 0.135, (0.95, 0.8, 0.85)), _cylinder(0.012, 0.012, (0.95, 0.95, 0.95), 0.135)),
        {"wrap": _wrap(0.028, 0.07)}, 0.140, 0.028, lid="lotion lid",
    ),
    _cap("lotion lid", 0.015, 0.028, (0.9, 0.9, 0.95), -48.0),
    ThingKind(
        "spray",
        (
            _cylinder(0.028, 0.135, (0.3, 0.65, 0.75)), _cylinder(0.013, 0.035, (0.95, 0.95, 0.95), 0.135),
            Part("box", (0.018, 0.050, 0.016), (0.0, 0.012, 0.178), (0.95, 0.95, 0.95)),
        ),
        {"wrap": _wrap(0.028, 0.075), "trigger": _wrap(0.028, 0.105)}, 0.186, 0.028,
    ),
    ThingKind("cup", (_cylinder(0.040, 0.090, (0.93, 0.93, 0.9)),), {"wrap": _wrap(0.040, 0.05)}, 0.090, 0.040),
)  # fmt: skip

KINDS: Final[dict[str, ThingKind]] = {kind.name: kind for kind in _KINDS}
