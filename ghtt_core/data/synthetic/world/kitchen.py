# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Performances of the "h2o" vocabulary: everything that happens, in the world's frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.sequence import NO_OBJECT, ActionSegment, HandSequence
from ghtt_core.data.synthetic.config import SyntheticConfig
from ghtt_core.data.synthetic.hand_model import Array
from ghtt_core.data.synthetic.posed import PosedObject, Primitive
from ghtt_core.data.synthetic.world.anatomy import Performer, make_performer
from ghtt_core.data.synthetic.world.dice import Dice
from ghtt_core.data.synthetic.world.exact import quantised
from ghtt_core.data.synthetic.world.h2o_vocabulary import NOUNS
from ghtt_core.data.synthetic.world.pose import PoseTrack
from ghtt_core.data.synthetic.world.scripts import ThingScript
from ghtt_core.data.synthetic.world.staging import stage
from ghtt_core.data.synthetic.world.stream import play
from ghtt_core.data.synthetic.world.wander import wander
from ghtt_core.hands.layout import FRAME_RATE

_MOTION, _LOOKS = 1, 2
"""Streams of random numbers of one performance: what is drawn for looks never changes the motion."""


class Kitchen(NamedTuple):
    """A performance before any camera.

    Attributes:
        sequence: Both hands in the world's frame.
        objects: Everything on the table or in the hands.
        dice: Random numbers left over for a camera.
    """

    sequence: HandSequence
    objects: tuple[PosedObject, ...]
    dice: Dice


def kitchen(config: SyntheticConfig, seed: int, index: int, nouns: Sequence[str] | None = None) -> Kitchen:
    """Performance number ``index`` of a data set, about the given nouns or random ones."""
    dice = Dice(seed, index, _MOTION)
    performer = make_performer(config.first_subject + dice.below(config.subjects))
    if config.joint_convention == "anatomical":
        performer = replace(performer, shape=performer.body)
    free = nouns is None and dice.chance(config.free_fraction)
    motion = move_freely(dice, performer, config.frames) if free else act_out(dice, performer, config.frames, nouns)
    looks = Dice(seed, index, _LOOKS)
    objects = [
        _posed(thing, track, seen, performer.left_handed, looks)
        for thing, track, seen in zip(motion.things, motion.poses, motion.shown, strict=True)
        if seen.any()
    ]
    frames = config.frames
    sequence = HandSequence(
        joints=quantised(motion.joints).astype(np.float32),
        valid=np.ones((frames, 2), bool),
        stamps_ns=np.round(np.arange(frames) * (1e9 / FRAME_RATE)).astype(np.int64),
        segments=motion.segments,
        subject=performer.name,
        name=f"synthetic-h2o-{seed}-{index:06d}",
        frame_id="world",
        object_names=NOUNS,
        object_ids=_objects_per_frame(frames, motion.segments),
    )
    return Kitchen(sequence, tuple(objects), dice)


class Motion(NamedTuple):
    """What moved how, in the world's frame.

    Attributes:
        joints: (T, 2, 21, 3) metres, left hand first.
        things: Everything but hands.
        poses: Of every thing.
        shown: (T,) of every thing, whether it is on the scene.
        segments: Labelled actions.
    """

    joints: Array
    things: list[ThingScript]
    poses: list[PoseTrack]
    shown: list[NDArray[np.bool_]]
    segments: tuple[ActionSegment, ...]


def act_out(dice: Dice, performer: Performer, frames: int, nouns: Sequence[str] | None = None) -> Motion:
    """T frames of actions with things."""
    act, segments = play(dice, performer, frames, nouns)
    joints, poses, shown = stage(dice, performer, frames, act.lead, act.aid, act.things)
    if performer.left_handed:
        joints, poses = _in_mirror(joints), [track.mirrored() for track in poses]
    return Motion(joints, act.things, poses, shown, segments)


def move_freely(dice: Dice, performer: Performer, frames: int) -> Motion:
    """T frames of motion without things or labels."""
    joints = wander(dice, performer, frames)
    return Motion(_in_mirror(joints) if performer.left_handed else joints, [], [], [], ())


def _in_mirror(joints: Array) -> Array:
    """The other hand does it, on the other side."""
    mirrored: Array = joints[:, ::-1] * np.array([-1.0, 1.0, 1.0])
    return mirrored


def _posed(thing: ThingScript, poses: PoseTrack, shown: NDArray[np.bool_], mirrored: bool, looks: Dice) -> PosedObject:
    matrices = np.concatenate([poses.turn, poses.at[..., None]], axis=-1)
    brightness = looks.uniform(0.75, 1.15)
    parts = []
    for part in thing.kind.parts:
        place = np.eye(3, 4, dtype=np.float32)
        place[:, 3] = part.centre
        if mirrored:
            place[0, 3] *= -1.0
        colour = [min(max(c * brightness + looks.normal(0.0, 0.05), 0.02), 0.98) for c in part.colour]
        parts.append(Primitive(part.kind, np.array(part.size, np.float32), place, np.array(colour, np.float32)))
    return PosedObject(thing.kind.name, tuple(parts), quantised(matrices).astype(np.float32), shown)


def _objects_per_frame(frames: int, segments: tuple[ActionSegment, ...]) -> NDArray[np.int16]:
    """The handled object inside every action, nothing between them."""
    objects = np.full(frames, NO_OBJECT, np.int16)
    for segment in segments:
        objects[segment.start : segment.end] = NOUNS.index(segment.noun)
    return objects
