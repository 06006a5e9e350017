# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Performances of the workbench vocabulary: 20 verbs on 12 things, and free motion, by hands alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.sequence import NO_OBJECT, ActionSegment, HandSequence
from ghtt_core.data.synthetic.body import Subject, look_from_camera, make_subject, two_hands, with_tremor
from ghtt_core.data.synthetic.config import SyntheticConfig
from ghtt_core.data.synthetic.free import free_stream
from ghtt_core.data.synthetic.hand_model import Array
from ghtt_core.data.synthetic.streams import act_stream
from ghtt_core.data.synthetic.tracks import burst, smooth_noise
from ghtt_core.data.synthetic.vocabulary import OBJECT_NAMES
from ghtt_core.hands.layout import FRAME_RATE, NUM_HANDS, NUM_JOINTS


class World(NamedTuple):
    """A performance before any camera.

    Attributes:
        joints: (T, 2, 21, 3) float64 in the person's frame, metres.
        valid: (T, 2) bool.
        segments: Labelled actions.
        subject: Who performs.
        name: Name of the sequence.
    """

    joints: Array
    valid: NDArray[np.bool_]
    segments: tuple[ActionSegment, ...]
    subject: Subject
    name: str


def workbench_world(config: SyntheticConfig, seed: int, index: int) -> tuple[World, np.random.Generator]:
    """Performance number ``index`` of a data set, and the random numbers left over for its camera."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index,)))
    identity = config.first_subject + int(rng.integers(config.subjects))
    free = bool(rng.random() < config.free_fraction)
    name = f"synthetic-{seed}-{index:06d}"
    return _perform_in_world(rng, identity, config.frames, free, config.leave_probability, name), rng


def workbench_sequence(config: SyntheticConfig, seed: int, index: int) -> HandSequence:
    """The same, seen by a camera."""
    return _film(*workbench_world(config, seed, index))


def _film(world: World, rng: np.random.Generator) -> HandSequence:
    seen = look_from_camera(world.joints, rng).astype(np.float32)
    seen[~world.valid] = 0.0
    return sequence_of(world, seen, "camera")


def _perform_in_world(
    rng: np.random.Generator,
    identity: int,
    frames: int,
    free: bool,
    leave_probability: float,
    name: str,
) -> World:
    subject = make_subject(identity)
    segments: tuple[ActionSegment, ...] = ()
    if free:
        left, right = free_stream(rng, frames)
    else:
        stream = act_stream(rng, subject, frames)
        left, right, segments = stream.left, stream.right, stream.segments
    left, right = with_tremor(left, subject, rng), with_tremor(right, subject, rng)
    joints = two_hands(left, right, subject)
    if rng.random() < 0.3:
        joints += _annotation_wobble(rng, frames)
    valid = np.ones((frames, NUM_HANDS), bool)
    if free and rng.random() < leave_probability:
        _leave(rng, joints, valid)
    return World(joints, valid, segments, subject, name)


def sequence_of(world: World, joints: NDArray[np.float32], frame_id: str) -> HandSequence:
    """A sequence of the world's labels with its joints (T, 2, 21, 3) as seen from somewhere."""
    frames, segments = len(joints), world.segments
    return HandSequence(
        joints=joints,
        valid=world.valid,
        stamps_ns=np.round(np.arange(frames) * (1e9 / FRAME_RATE)).astype(np.int64),
        segments=segments,
        subject=world.subject.name,
        name=world.name,
        frame_id=frame_id,
        object_names=OBJECT_NAMES,
        object_ids=_objects_per_frame(frames, segments),
    )


def _objects_per_frame(frames: int, segments: tuple[ActionSegment, ...]) -> NDArray[np.int16]:
    """The handled object inside every action, nothing between them."""
    objects = np.full(frames, NO_OBJECT, np.int16)
    for segment in segments:
        objects[segment.start : segment.end] = OBJECT_NAMES.index(segment.noun)
    return objects


def _annotation_wobble(rng: np.random.Generator, frames: int) -> Array:
    """(T, 2, 21, 3) metres: recordings made by triangulating joints one by one have bones that breathe a little."""
    spread = min(float(np.exp(rng.normal(np.log(0.0006), 0.7))), 0.002)
    noise = smooth_noise(rng, frames, NUM_HANDS * NUM_JOINTS * 3, 0.0, 1.5)
    wobble: Array = spread * noise.reshape(frames, NUM_HANDS, NUM_JOINTS, 3)
    return wobble


def _leave(rng: np.random.Generator, joints: Array, valid: NDArray[np.bool_]) -> None:
    """Move one hand out of the view for a while and mark it as not seen there; in place, person's frame."""
    frames = len(joints)
    hand = int(rng.integers(NUM_HANDS))
    away = int(rng.integers(15, 150))
    begin = int(rng.integers(0, max(frames - 30, 1)))
    times = np.arange(frames, dtype=float)
    out = burst(times, begin - 20.0, begin + away + 20.0, 20.0)
    direction = np.array([(-1.0 if hand == 0 else 1.0) * rng.uniform(0.2, 0.5), -rng.uniform(0.0, 0.3), -0.1])
    joints[:, hand] += out[:, None, None] * direction
    valid[:, hand] = out < 0.95
