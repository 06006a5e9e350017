# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Sequences of the generator, each a pure function of (configuration, seed, number)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.sequence import NO_OBJECT, ActionSegment, HandSequence
from ghtt_core.data.store import SequenceStore, StoreWriter, open_store
from ghtt_core.data.synthetic.body import look_from_camera, make_subject, two_hands, with_tremor
from ghtt_core.data.synthetic.free import free_stream
from ghtt_core.data.synthetic.hand_model import Array
from ghtt_core.data.synthetic.streams import act_stream
from ghtt_core.data.synthetic.tracks import burst, smooth_noise
from ghtt_core.data.synthetic.vocabulary import LABELS, OBJECT_NAMES
from ghtt_core.errors import RecipeError
from ghtt_core.hands.layout import FRAME_RATE, NUM_HANDS, NUM_JOINTS

HELD_OUT_SUBJECT = 100_000
"""Subjects from this number on are never in training data: evaluation starts its range here."""


@dataclass(frozen=True)
class SyntheticConfig:
    """What to generate.

    Attributes:
        sequences: How many.
        frames: Length of each at 30 frames/s.
        free_fraction: Share of sequences that are free motion without labels.
        first_subject: Lowest subject number.
        subjects: How many subjects.
        leave_probability: How often one hand leaves the view for a while.
    """

    sequences: int = 1000
    frames: int = 1200
    free_fraction: float = 0.4
    first_subject: int = 0
    subjects: int = 500
    leave_probability: float = 0.15

    def __post_init__(self) -> None:
        """Refuse what cannot be generated.

        Raises:
            RecipeError: If a value is impossible.
        """
        if self.sequences < 1 or self.subjects < 1 or self.first_subject < 0 or not 32 <= self.frames <= 1_000_000:
            raise RecipeError(
                "Synthetic data needs at least one sequence of 32 to 1,000,000 frames and at least one subject, got "
                f"{self.sequences} sequences of {self.frames} frames, subjects {self.first_subject} + {self.subjects}."
            )
        if not (0 <= self.free_fraction <= 1 and 0 <= self.leave_probability <= 1):
            raise RecipeError("free_fraction and leave_probability are shares between 0 and 1.")


def generate_sequence(config: SyntheticConfig, seed: int, index: int) -> HandSequence:
    """Sequence number ``index`` of a data set; the same arguments always give the same bits."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index,)))
    identity = config.first_subject + int(rng.integers(config.subjects))
    free = bool(rng.random() < config.free_fraction)
    return perform(rng, identity, config.frames, free, None, config.leave_probability, f"synthetic-{seed}-{index:06d}")


def perform(
    rng: np.random.Generator,
    identity: int,
    frames: int,
    free: bool,
    actions: Sequence[tuple[str, str]] | None,
    leave_probability: float,
    name: str,
) -> HandSequence:
    """Let one subject move in front of a camera.

    Args:
        rng: Source of every variation.
        identity: Number of the subject.
        frames: T.
        free: Free motion instead of actions.
        actions: (verb, noun) pairs to perform; random ones when None.
        leave_probability: How often one hand leaves the view.
        name: Name of the sequence.

    Returns:
        Clean joints; hands out of view are not valid.
    """
    subject = make_subject(identity)
    segments: tuple[ActionSegment, ...] = ()
    if free:
        left, right = free_stream(rng, frames)
    else:
        stream = act_stream(rng, subject, frames, actions)
        left, right, segments = stream.left, stream.right, stream.segments
    left, right = with_tremor(left, subject, rng), with_tremor(right, subject, rng)
    joints = two_hands(left, right, subject)
    if rng.random() < 0.3:
        joints += _annotation_wobble(rng, frames)
    valid = np.ones((frames, NUM_HANDS), bool)
    if free and rng.random() < leave_probability:
        _leave(rng, joints, valid)
    seen = look_from_camera(joints, rng).astype(np.float32)
    seen[~valid] = 0.0
    return HandSequence(
        joints=seen,
        valid=valid,
        stamps_ns=np.round(np.arange(frames) * (1e9 / FRAME_RATE)).astype(np.int64),
        segments=segments,
        subject=subject.name,
        name=name,
        object_names=OBJECT_NAMES,
        object_ids=_objects_per_frame(frames, segments),
    )


def generate_dataset(config: SyntheticConfig, seed: int) -> Iterator[HandSequence]:
    """All sequences of a data set, one after another."""
    for index in range(config.sequences):
        yield generate_sequence(config, seed, index)


def write_dataset(
    config: SyntheticConfig, seed: int, folder: Path, workers: int = 1, overwrite: bool = False
) -> SequenceStore:
    """Generate a data set into a store; the result does not depend on the number of workers.

    Raises:
        OutputError: If the store cannot be written.
    """
    with StoreWriter(folder, LABELS, OBJECT_NAMES, overwrite) as writer, ExitStack() as stack:
        sequences = generate_dataset(config, seed)
        if workers > 1:
            pool = stack.enter_context(ProcessPoolExecutor(workers))
            sequences = pool.map(partial(generate_sequence, config, seed), range(config.sequences), chunksize=4)
        for sequence in sequences:
            writer.append(sequence)
    return open_store(folder)


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
