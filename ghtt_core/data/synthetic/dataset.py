# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The synthetic world as a dataset: splits by subject, a rig of cameras and, if wanted, rendered pictures.

It is read like the datasets on disk: sequences are made one by one, in parallel, and kept when the work is stopped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.readers.base import SPLITS, Faults, SequenceReading, SourcePlan, SourceSequence
from ghtt_core.data.synthetic.cameras import VIEW_NAMES, camera_rig
from ghtt_core.data.synthetic.config import SyntheticConfig, VocabularyName
from ghtt_core.data.synthetic.performance import Performance, perform_world
from ghtt_core.data.synthetic.rendering.scene import SceneRenderer
from ghtt_core.data.synthetic.vocabularies import vocabulary_of
from ghtt_core.data.taxonomy import ActionLabel
from ghtt_core.data.views import ImageSource, View
from ghtt_core.errors import InputError, OutputError

WORLD_VERSION: Final = 2
"""Counts changes of the world or its pictures: data of another version are made again."""
PICTURES: Final = "pictures"
"""Folder of the pictures inside the dataset's own."""
FIRST_SUBJECTS: Final[Mapping[str, int]] = {"train": 0, "val": 200_000, "test": 300_000}
"""Lowest subject of every split; subjects of evaluation (HELD_OUT_SUBJECT) are in none of them."""
_SUBJECTS: Final[Mapping[str, int]] = {"train": 500, "val": 100, "test": 100}
_PATTERN: Final = "%06d.jpg"


@dataclass(frozen=True)
class SyntheticReader:
    """Makes the sequences of a synthetic dataset.

    Attributes:
        source: Folder that the pictures' paths will start from: the dataset's own.
        staging: Folder that takes the pictures until the dataset is complete; None for poses alone.
        sequences: How many, over all splits.
        frames: Length of each at 30 frames/s.
        seed: Of everything.
        views: Cameras, names of the rig.
        picture_every: Render every so many frames; the others have poses alone.
        quality: Of the JPEG files, up to 100.
        val_share: Share of the sequences, by other subjects, that validates.
        test_share: Share of the sequences, by other subjects again, that tests.
        free_fraction: Share of the sequences that are motion without labelled actions.
        vocabulary: What is done: see SyntheticConfig.
    """

    source: Path
    staging: Path | None
    sequences: int = 100
    frames: int = 300
    seed: int = 0
    views: tuple[str, ...] = VIEW_NAMES
    picture_every: int = 1
    quality: int = 88
    val_share: float = 0.1
    test_share: float = 0.1
    free_fraction: float = 0.1
    vocabulary: VocabularyName = "h2o"

    def __post_init__(self) -> None:
        """Refuse what cannot be made.

        Raises:
            InputError: If a value is impossible.
        """
        if self.picture_every < 1 or not 1 <= self.quality <= 100:
            raise InputError(
                f"Pictures need --picture-every of at least 1 and --quality from 1 to 100, got {self.picture_every} "
                f"and {self.quality}."
            )
        if min(self.val_share, self.test_share) < 0 or self.val_share + self.test_share > 1:
            raise InputError("--val-share and --test-share are shares of all sequences: 0 to 1, together at most 1.")
        unknown = [name for name in self.views if name not in VIEW_NAMES]
        if unknown or len(set(self.views)) != len(self.views):
            raise InputError(f"--views are any of {', '.join(VIEW_NAMES)}, each once, got {', '.join(self.views)}.")
        if not 0 <= self.seed < 2**63:
            raise InputError(f"--seed must be a whole number from 0 to {2**63 - 1}, not {self.seed}.")
        self.config("train")

    @property
    def dataset(self) -> str:
        """Name of the dataset."""
        return f"synthetic-{self.vocabulary}"

    def config(self, split: str) -> SyntheticConfig:
        """What the generator is told for a split."""
        return SyntheticConfig(
            sequences=self.sequences,
            frames=self.frames,
            free_fraction=self.free_fraction,
            first_subject=FIRST_SUBJECTS[split],
            subjects=_SUBJECTS[split],
            vocabulary=self.vocabulary,
            joint_convention="anatomical",
        )

    def plan(self, faults: Faults) -> SourcePlan:
        """Divide the sequences among the splits."""
        test = round(self.sequences * self.test_share)
        val = round(self.sequences * self.val_share)
        counts = (self.sequences - val - test, val, test)
        entries = []
        for split, count in zip(SPLITS, counts, strict=True):
            entries += [
                SourceSequence(split, f"{split}-{index:06d}", self.frames, {"index": index}) for index in range(count)
            ]
        labels, objects = taxonomy(self.vocabulary)
        return SourcePlan(tuple(entries), labels, objects, notes={"world": WORLD_VERSION})

    def read(self, entry: SourceSequence, faults: Faults) -> SequenceReading:
        """Perform one sequence, look at it through the rig and draw its pictures."""
        performance = perform(self, entry.split, int(entry.detail["index"]))
        sequence = performance.sequence
        views = camera_rig(performance.appearance_seed, sequence.joints, sequence.valid, self.views)
        notes: dict[str, Any] = {
            "appearance_seed": performance.appearance_seed,
            "objects": [thing.name for thing in performance.objects],
        }
        if self.staging is not None:
            drawn = np.zeros(len(sequence), bool)
            drawn[:: self.picture_every] = True
            digest = write_pictures(performance, views, self.staging / entry.name, drawn, self.quality)
            notes["pictures_sha256"] = digest
            present = None if drawn.all() else drawn
            views = tuple(
                replace(
                    view,
                    images=ImageSource("frames", f"{PICTURES}/{entry.name}/{view.name}/{_PATTERN}", present=present),
                )
                for view in views
            )
        return SequenceReading(replace(sequence, name=entry.name, views=views), notes=notes)


def perform(reader: SyntheticReader, split: str, index: int) -> Performance:
    """Performance of one sequence of the dataset."""
    # Each split has a seed of its own, so that its sequences do not repeat another's motion by other hands.
    seed = int(np.random.SeedSequence(reader.seed, spawn_key=(SPLITS.index(split),)).generate_state(1, np.uint64)[0])
    return perform_world(reader.config(split), seed >> 1, index)


def taxonomy(vocabulary: VocabularyName) -> tuple[tuple[ActionLabel, ...], tuple[str, ...]]:
    """Labels and object names of a vocabulary, in their order."""
    table = vocabulary_of(vocabulary)
    labels = enumerate(table.actions, start=1)
    return tuple(
        ActionLabel(f"{verb} {noun}", verb, noun, number) for number, (verb, noun) in labels
    ), table.object_names


def write_pictures(
    performance: Performance, views: tuple[View, ...], folder: Path, drawn: NDArray[np.bool_], quality: int
) -> str:
    """Render a performance into one folder per view.

    Args:
        performance: What happens.
        views: The cameras.
        folder: Of this sequence; files in it are replaced.
        drawn: (T,) bool, which frames.
        quality: Of the JPEG files.

    Returns:
        The sha256 of all files in the order of frames and views.

    Raises:
        OutputError: If the disk does not take them.
    """
    renderer = SceneRenderer(performance, views)
    digest = hashlib.sha256()
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # the processes of a preparation share the cores already
    try:
        for view in views:
            (folder / view.name).mkdir(parents=True, exist_ok=True)
        for frame in np.flatnonzero(drawn).tolist():
            for number, view in enumerate(views):
                image = renderer.draw(frame, number)
                encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
                (folder / view.name / (_PATTERN % frame)).write_bytes(encoded.tobytes())
                digest.update(encoded.tobytes())
    except OSError as error:
        raise OutputError(
            f"Cannot write pictures to {folder} ({error.strerror or error}); free some space, then give the same "
            "command again."
        ) from error
    finally:
        cv2.setNumThreads(threads)
    return digest.hexdigest()
