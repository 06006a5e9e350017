# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Grasp synergies and contact: a hand closes along a posture synergy, digit by digit, until its flesh touches."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from ghtt_core.data.synthetic.grasps import POSTURES
from ghtt_core.data.synthetic.hand_model import NUM_ANGLES, THUMB, Array
from ghtt_core.data.synthetic.world.anatomy import (
    DIGIT_POINTS,
    Performer,
    flesh_points,
    flesh_radii,
    hand_joints,
)
from ghtt_core.data.synthetic.world.pose import Pose, Vector, dot, pose_of
from ghtt_core.data.synthetic.world.things import Grip, Part, ThingKind

_DEGREE: Final = 0.017453292519943295
_LEVELS: Final = 29
"""Steps of closing that are tried, a quarter of them for opening further than wide."""


def _shape(fingers: tuple[float, ...], thumb: tuple[float, ...], splay: float, cup: float = 0.0) -> Array:
    """Same flexion (MCP, PIP, DIP) of all fingers, fanned out; thumb as in grasps.py; degrees."""
    fan = [splay, 0.15 * splay, -0.6 * splay, -1.3 * splay]
    angles = [value for f in fan for value in (f, *fingers)]
    result: Array = np.array([*angles, *thumb, cup]) * _DEGREE
    return result


SHAPES: Final[dict[str, Array]] = {
    **POSTURES,
    "wide wrap": _shape((12, 16, 8), (24, 69, 0, 0, 0), 5.0),
    "wrap": _shape((88, 100, 62), (2, 30, 0, 14, 26), -1.0, 6.0),
    "wide tips": _shape((20, 28, 15), (33, 46, 33, 4, 8), 9.0),
    "tips": _shape((68, 62, 32), (6, 44, 30, 24, 28), -2.0, 4.0),
    "wide pinch": _shape((36, 34, 16), (24, 41, 28, 4, 6), 3.0),
    "pinch": _shape((66, 62, 30), (9, 42, 29, 22, 28), 0.0, 3.0),
    "wide clasp": _shape((-6, 4, 2), (24, 64, 20, 0, 5), 2.0),
    "clasp": _shape((30, 30, 16), (24, 4, 20, 6, 12), -1.0),
    "loose": _shape((20, 24, 14), (36, 26, 24, 8, 10), 3.0),
}
"""Postures (22,) in radians."""


class Grasp(NamedTuple):
    """A hand on a thing.

    Attributes:
        hand_to_thing: Pose of the hand's moving frame in the thing's frame.
        wide: (22,) radians, opened to take it.
        closed: (22,) radians, touching it.
        approach: Where the opened hand comes from, in its own moving frame, metres.
    """

    hand_to_thing: Pose
    wide: Array
    closed: Array
    approach: Vector


_APPROACHES: Final[dict[str, Vector]] = {"wrap": (-0.012, 0.0, 0.075), "clasp": (-0.075, 0.0, 0.004)}
_FROM_ABOVE: Final = (-0.045, 0.0, 0.045)


def scaled(kind: ThingKind, factor: float) -> ThingKind:
    """The same thing, larger or smaller."""

    def grown(vector: Vector) -> Vector:
        return (vector[0] * factor, vector[1] * factor, vector[2] * factor)

    def all_grown(parts: tuple[Part, ...]) -> tuple[Part, ...]:
        return tuple(replace(part, size=grown(part.size), centre=grown(part.centre)) for part in parts)

    grips = {}
    for name, grip in kind.grips.items():
        # The palm stays on the surface: what grows between hand and thing's axis is the thing.
        slack = (factor - 1.0) * kind.radius
        if grip.anchor is None:
            grips[name] = replace(grip, point=grown(grip.point), opening=grip.opening * factor)
            continue
        x, y, z = grip.anchor
        anchor = (x + slack, y, z - slack) if grip.closed == "wrap" else (x, y, z)
        grips[name] = replace(grip, point=grown(grip.point), anchor=anchor, surface=all_grown(grip.surface))
    return replace(
        kind, parts=all_grown(kind.parts), grips=grips, height=kind.height * factor, radius=kind.radius * factor
    )


def grasp_of(performer: Performer, kind: ThingKind, grip: Grip, azimuth: float) -> Grasp:
    """Place a hand on a thing and close it.

    Args:
        performer: Whose hand.
        kind: The thing.
        grip: How to take it.
        azimuth: Direction of the hand in the thing's frame, radians.
    """
    pose = hand_pose(performer, grip, azimuth)
    approach = _APPROACHES.get(grip.closed, _FROM_ABOVE)
    return Grasp(
        pose, SHAPES[grip.wide], close_on(performer, grip.surface or kind.parts, pose.inverse(), grip), approach
    )


def hand_pose(performer: Performer, grip: Grip, azimuth: float) -> Pose:
    """Pose of the hand's moving frame in the thing's frame."""
    turned = pose_of((0.0, 0.0, 0.0), (azimuth, grip.angles[1] * _DEGREE, grip.angles[2] * _DEGREE))
    centre, point = performer.centre, grip.point
    anchor = _meeting_point(performer, grip) if grip.anchor is None else [x * performer.scale for x in grip.anchor]
    x, y, z = turned.apply((anchor[0] - float(centre[0]), anchor[1] - float(centre[1]), anchor[2] - float(centre[2])))
    return Pose(turned.rows, (point[0] - x, point[1] - y, point[2] - z))


def _meeting_point(performer: Performer, grip: Grip) -> list[float]:
    """Midway between the tips of thumb and the first two fingers, closed to the grip's opening; wrist's axes."""
    joints = hand_joints(_closing(grip, 0), performer.body)
    fingers, thumb = (joints[:, 8] + joints[:, 12]) * 0.5, joints[:, 4]
    gap = fingers - thumb
    wide_enough = np.flatnonzero(dot(gap, gap) >= grip.opening * grip.opening)
    at = int(wide_enough[-1]) if wide_enough.size else 0
    return [float(value) for value in (fingers[at] + thumb[at]) * 0.5]


def _closing(grip: Grip, beyond: int) -> Array:
    """(L, 22) postures from wide, after so many steps of opening further, to closed."""
    wide, closed = SHAPES[grip.wide], SHAPES[grip.closed]
    level = (np.arange(_LEVELS) - beyond) / (_LEVELS - 1 - beyond)
    tried: Array = wide + level[:, None] * (closed - wide)
    return tried


def close_on(performer: Performer, parts: tuple[Part, ...], thing_to_hand: Pose, grip: Grip) -> Array:
    """(22,) radians: the posture in which every digit has closed until it touches, and then wrapped its tip around."""
    closed = SHAPES[grip.closed]
    tried = _closing(grip, _LEVELS // 4)
    first = _touching(performer, parts, thing_to_hand, tried)
    held = _posture_at(tried, first)
    # Where a proximal bone was stopped, the joints beyond it go on bending.
    bent = np.maximum(closed, held)
    distal = np.zeros(NUM_ANGLES, bool)
    distal[[2, 3, 6, 7, 10, 11, 14, 15, THUMB + 3, THUMB + 4]] = True
    tried = held + np.where(distal, (np.arange(_LEVELS) / (_LEVELS - 1))[:, None] * (bent - held), 0.0)
    return _posture_at(tried, _touching(performer, parts, thing_to_hand, tried, beyond=3))


def _touching(
    performer: Performer, parts: tuple[Part, ...], thing_to_hand: Pose, tried: Array, beyond: int = 0
) -> Array:
    """(5,) fractional step at which each digit first touches; the last step if it never does."""
    points = flesh_points(hand_joints(tried, performer.body) - performer.centre)  # (L, 5, 6, 3)
    gap = distance_to(parts, thing_to_hand, points) - flesh_radii(performer.scale)
    gap = gap[:, :, beyond:DIGIT_POINTS].min(axis=2)  # (L, 5)
    if beyond:
        # The second closing starts in touch: it counts as free until it goes deeper than it started.
        gap = gap - np.minimum(gap[:1], 0.0) + 1e-4
    stops = np.full(5, len(tried) - 1.0)
    for digit in range(5):
        hit = np.flatnonzero(gap[:, digit] < 0.0)
        if hit.size:
            k = int(hit[0])
            before, after = gap[max(k - 1, 0), digit], gap[k, digit]
            stops[digit] = max(k - 1, 0) + (before / (before - after) if k and before > after else 0.0)
    return stops


def _posture_at(tried: Array, stops: Array) -> Array:
    """(22,) with every digit at its own step of the tried postures (L, 22)."""
    digit_of = np.array([1 + angle // 4 for angle in range(THUMB)] + [0] * (NUM_ANGLES - THUMB))
    place = stops[digit_of]
    low = np.minimum(np.floor(place).astype(np.int64), len(tried) - 2)
    share = place - low
    columns = np.arange(NUM_ANGLES)
    posture: Array = tried[low, columns] * (1.0 - share) + tried[low + 1, columns] * share
    return posture


def distance_to(parts: tuple[Part, ...], thing_to_frame: Pose, points: Array) -> Array:
    """Signed distance in metres from points (..., 3) of a frame to the surface of a thing; negative inside.

    Args:
        parts: What the thing is made of.
        thing_to_frame: Pose of the thing in that frame.
        points: Where.
    """
    back = thing_to_frame.inverse()
    a, t = back.rows, back.at
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    local = [(a[i][0] * x + a[i][1] * y) + (a[i][2] * z + t[i]) for i in range(3)]
    nearest = np.full(points.shape[:-1], 1.0)
    for part in parts:
        px, py, pz = (local[i] - part.centre[i] for i in range(3))
        hx, hy, hz = (extent / 2.0 for extent in part.size)
        if part.kind == "box":
            d = [np.abs(px) - hx, np.abs(py) - hy, np.abs(pz) - hz]
        elif part.kind == "cylinder":
            d = [np.sqrt(px * px + py * py) - hx, np.abs(pz) - hz]
        else:
            d = [np.sqrt((px * px + py * py) + pz * pz) - hx]
        outside = np.zeros_like(px)
        inside = d[0]
        for component in d:
            outside = outside + np.maximum(component, 0.0) * np.maximum(component, 0.0)
            inside = np.maximum(inside, component)
        nearest = np.minimum(nearest, np.sqrt(outside) + np.minimum(inside, 0.0))
    return nearest
