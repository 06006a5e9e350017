# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The hand model of hand_model.py in exact arithmetic, the people who have such hands, and where their flesh is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ghtt_core.data.synthetic.body import make_subject
from ghtt_core.data.synthetic.hand_model import CUP, LIMIT_HIGH, LIMIT_LOW, NUM_ANGLES, THUMB, Array, HandShape
from ghtt_core.data.synthetic.world.dice import Dice
from ghtt_core.data.synthetic.world.exact import quantised, sincos
from ghtt_core.data.synthetic.world.pose import PoseTrack

_PEOPLE: Final = 20_260_102
_STANDARD_PALM: Final = 0.087
"""Metres from wrist to knuckles of the hand that grips are described for."""
GRASP_CENTRE: Final[Array] = np.array([0.090, 0.010, -0.035])
"""Origin of the frame that moves a hand, in the wrist's axes for a hand of standard size, metres."""


@dataclass(frozen=True, eq=False)
class Performer:
    """Who acts.

    Attributes:
        name: Identifier, the same as in the workbench vocabulary.
        shape: The hands as the data set shows them.
        body: The same without that data set's joint convention: where bones really turn.
        scale: Size relative to a standard hand.
        centre: (3,) origin of the hand's moving frame in the wrist's axes, metres.
        left_handed: Whether the left hand leads.
        tempo: Speed factor of everything.
        size: Amplitude factor of movements.
        restless: Amplitude factor of everything that moves without purpose.
        tremor: Metres, standard deviation of physiological tremor.
        leads_more: How often the dominant hand is the one that fetches and holds, 0 to 1.
        zone: (3,) where this person likes to work, relative to where people do, metres.
        manner: (22,) how this person's postures differ from everybody's, radians.
    """

    name: str
    shape: HandShape
    body: HandShape
    scale: float
    centre: Array
    left_handed: bool
    tempo: float
    size: float
    restless: float
    tremor: float
    leads_more: float
    zone: Array
    manner: Array


def make_performer(identity: int) -> Performer:
    """The person of a given number: always the same one, whatever the seed of the data set."""
    subject = make_subject(identity)
    # The subject comes from numpy's distributions; a coarse grid swallows their machine-dependent last bits.
    shape = HandShape(**{name: quantised(value) for name, value in vars(subject.shape).items()})
    zero = {"wrist_offset": np.zeros(3), "mcp_offset": np.zeros((4, 3)), "thumb_offset": np.zeros(3)}
    palm = shape.mcp[:, 0]
    scale = float((((palm[0] + palm[1]) + palm[2]) + palm[3]) / 4.0 / _STANDARD_PALM)
    tempo, size, drift, tremor = (
        float(quantised(np.array(value), steps))
        for value, steps in ((subject.tempo, 2.0**20), (subject.size, 2.0**20), (subject.drift, 2.0**30),
                             (subject.tremor, 2.0**30))
    )  # fmt: skip
    habits = Dice(_PEOPLE, identity)
    return Performer(
        name=subject.name,
        shape=shape,
        body=replace(shape, **zero),
        scale=scale,
        centre=GRASP_CENTRE * scale,
        left_handed=subject.left_handed,
        tempo=tempo,
        size=size,
        restless=min(max(drift / 0.002, 0.4), 2.0),
        tremor=tremor,
        leads_more=habits.uniform(0.3, 0.9),
        zone=habits.normals(3) * np.array([0.015, 0.025, 0.015]),
        manner=habits.normals(NUM_ANGLES) * 0.07,
    )


def hand_joints(angles: Array, shape: HandShape) -> Array:
    """Joint angles (T, 22) in radians to joints (T, 21, 3) in the wrist's axes, metres, as a right hand."""
    angles = np.minimum(np.maximum(angles, LIMIT_LOW), LIMIT_HIGH)
    frames = len(angles)
    joints = np.empty((frames, 21, 3))
    joints[:, 0] = shape.wrist_offset
    _place_thumb(joints, angles, shape)
    fingers = angles[:, :THUMB].reshape(frames, 4, 4)
    # Cupping turns the ring and little metacarpals about the wrist's radial axis, towards the palm.
    cup = angles[:, CUP, None] * np.array([0.0, 0.0, 0.5, 1.0])
    bend = np.empty((frames, 4, 3))
    bend[:, :, 0] = fingers[:, :, 1] + cup
    bend[:, :, 1] = bend[:, :, 0] + fingers[:, :, 2]
    bend[:, :, 2] = bend[:, :, 1] + fingers[:, :, 3]
    sine, cosine = sincos(np.concatenate([cup[..., None], shape.splay[:, None] + fingers[:, :, :1], bend], axis=2))
    sin_roll, cos_roll = sincos(shape.plane_roll)
    base = np.empty((frames, 4, 3))
    base[:, :, 0] = cosine[:, :, 0] * shape.mcp[:, 0] + sine[:, :, 0] * shape.mcp[:, 2]
    base[:, :, 1] = shape.mcp[:, 1]
    base[:, :, 2] = cosine[:, :, 0] * shape.mcp[:, 2] - sine[:, :, 0] * shape.mcp[:, 0]
    side = sine[:, :, 1:2], cosine[:, :, 1:2]
    chain = joints[:, 5:].reshape(frames, 4, 4, 3)
    chain[:, :, 0] = base + shape.mcp_offset
    along, palmar = cosine[:, :, 2:] * shape.phalanges, sine[:, :, 2:] * shape.phalanges
    # A finger bends in the plane of its own direction and of the palm's normal, tilted by the plane's roll.
    step = np.empty((frames, 4, 3, 3))
    step[..., 0] = along * side[1] - palmar * (side[0] * sin_roll[:, None])
    step[..., 1] = along * side[0] + palmar * (side[1] * sin_roll[:, None])
    step[..., 2] = -(palmar * cos_roll[:, None])
    for bone in range(3):
        base = base + step[:, :, bone]
        chain[:, :, bone + 1] = base
    return joints


def _place_thumb(joints: Array, angles: Array, shape: HandShape) -> None:
    """Write joints 1 to 4 in place."""
    thumb = angles[:, THUMB:CUP].copy()
    thumb[:, 4] += thumb[:, 3]
    (sin_a, sin_e, sin_o, *sin_bend), (cos_a, cos_e, cos_o, *cos_bend) = (x.T for x in sincos(thumb))
    along = np.stack([cos_e * cos_a, cos_e * sin_a, -sin_e], axis=-1)  # (T, 3)
    flexion = np.stack(
        [cos_o * sin_a - sin_o * (sin_e * cos_a), -(cos_o * cos_a) - sin_o * (sin_e * sin_a), -(sin_o * cos_e)], axis=-1
    )
    joints[:, 1] = shape.thumb_base + shape.thumb_offset
    at = shape.thumb_base + shape.thumb_bones[0] * along
    joints[:, 2] = at
    for bone in range(2):
        step = cos_bend[bone][:, None] * along + sin_bend[bone][:, None] * flexion
        at = at + shape.thumb_bones[bone + 1] * step
        joints[:, bone + 3] = at


def joints_of(track: PoseTrack, fingers: Array, performer: Performer) -> Array:
    """Joints (T, 21, 3) of a right hand from the poses of its moving frame and finger angles (T, 22)."""
    local = hand_joints(fingers, performer.shape) - performer.centre
    turn = track.turn[:, None]
    joints: Array = (turn[..., 0] * local[..., 0, None] + turn[..., 1] * local[..., 1, None]) + (
        turn[..., 2] * local[..., 2, None] + track.at[:, None]
    )
    return joints


_BONE: Final = ((1, 0.6), (1, 1.0), (2, 0.5), (2, 1.0), (3, 0.5), (3, 1.0))
"""Points along a digit: (bone counted from the palm, place on it). A thumb's first bone lies inside the palm."""
_FLESH: Final[Array] = np.array([0.0092, 0.0088, 0.0080, 0.0078, 0.0070, 0.0066])
_THUMB_FLESH: Final[Array] = np.array([0.0120, 0.0110, 0.0095, 0.0092, 0.0085, 0.0080])
DIGIT_POINTS: Final = len(_BONE)


def flesh_points(joints: Array) -> Array:
    """Points inside the digits: joints (T, 21, 3) to (T, 5, 6, 3), thumb first."""
    digits = np.stack([joints[:, 1 + 4 * digit : 5 + 4 * digit] for digit in range(5)], axis=1)  # (T, 5, 4, 3)
    points = [digits[:, :, bone - 1] * (1.0 - place) + digits[:, :, bone] * place for bone, place in _BONE]
    return np.stack(points, axis=2)


def flesh_radii(scale: float) -> Array:
    """(5, 6) metres of flesh around those points."""
    radii: Array = np.stack([_THUMB_FLESH, *[_FLESH] * 4]) * scale
    return radii
