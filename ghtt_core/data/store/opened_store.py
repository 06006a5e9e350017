# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""An opened store: memory maps over its arrays, and what its index says about them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.sequence import NO_OBJECT, ActionSegment, HandSequence
from ghtt_core.data.store.arrays import ARRAYS, FIRST_FORMAT_ARRAYS, fingerprint, open_array
from ghtt_core.data.store.view_index import unpack_view
from ghtt_core.data.taxonomy import ActionLabel, Taxonomy
from ghtt_core.data.views import View
from ghtt_core.errors import InputError
from ghtt_core.hands.layout import FRAME_RATE, NUM_JOINTS

FORMAT_VERSION: Final = 2
SOURCE_VARIABLE: Final = "GHTT_SOURCE"
"""Environment variable with the folder of the pictures, for when it moved since the store was written."""
INDEX: Final = "index.json"


@dataclass(frozen=True, eq=False)
class SegmentTable:
    """A further annotation of the frames of a store.

    Attributes:
        labels: Its labels.
        segments: (M, 4) int64: sequence, first frame, one past the last frame (frames of the whole store), label.
    """

    labels: tuple[ActionLabel, ...]
    segments: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SequenceStore:
    """An opened store.

    Attributes:
        folder: Where it lies.
        joints: (N, 2, 21, 3) float32 memory map over the frames of all sequences, metres.
        valid: (N, 2) bool memory map.
        objects: (N,) int16 memory map, index into object_names or -1.
        starts: (S,) int64 first frame of each sequence.
        ends: (S,) int64 one past its last frame.
        joint_valid: (S, 21) bool.
        segments: (M, 5) int64: sequence, first frame, one past the last frame (frames of the whole store), label, noun.
            Segments of one sequence may overlap.
        labels: Names of the actions, in the order of the published taxonomy.
        verbs: What is done, of each label.
        nouns: What it is done with, of each label; empty where there is nothing.
        label_ids: Number that the dataset gives each label; -1 where it gives none.
        object_names: Names of the objects; nouns of segments index it too.
        subjects: (S) subject of each sequence.
        names: (S) name of each sequence.
        frame_ids: (S) coordinate frame of the joints of each sequence, "world" or "camera".
        more_segments: Further annotations by name, for example "coarse".
        source_root: Folder that the paths of pictures start from; None where there are no pictures.
        sha256: Hash of each array by its name, as the index records it.
        fingerprint: sha256 that stands for the whole content, wherever its pictures lie.
    """

    folder: Path
    joints: NDArray[np.float32]
    valid: NDArray[np.bool_]
    objects: NDArray[np.int16]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    joint_valid: NDArray[np.bool_]
    segments: NDArray[np.int64]
    labels: tuple[str, ...]
    verbs: tuple[str, ...]
    nouns: tuple[str, ...]
    label_ids: tuple[int, ...]
    object_names: tuple[str, ...]
    subjects: tuple[str, ...]
    names: tuple[str, ...]
    frame_ids: tuple[str, ...]
    more_segments: Mapping[str, SegmentTable]
    source_root: Path | None
    sha256: dict[str, str]
    fingerprint: str
    _cameras: NDArray[np.float32]
    _pictures: NDArray[np.int32]
    _views: tuple[tuple[dict[str, Any], ...], ...]

    @property
    def frames(self) -> int:
        """Frames of all sequences together."""
        return len(self.joints)

    @property
    def action_labels(self) -> tuple[ActionLabel, ...]:
        """Labels with verb, noun and published number."""
        return tuple(map(ActionLabel, self.labels, self.verbs, self.nouns, self.label_ids))

    def __len__(self) -> int:
        """Number of sequences."""
        return len(self.starts)

    def select(self, keep: Callable[[str], bool]) -> NDArray[np.int64]:
        """Indices of the sequences whose subject passes the test, for splits by subject."""
        return np.array([i for i, subject in enumerate(self.subjects) if keep(subject)], np.int64)

    def views(self, sequence: int) -> tuple[View, ...]:
        """Cameras that watched a sequence; their poses are memory-mapped.

        Raises:
            InputError: If there is no such sequence.
        """
        self._check(sequence)
        return tuple(unpack_view(packed, self._cameras, self._pictures) for packed in self._views[sequence])

    def view_names(self, sequence: int) -> tuple[str, ...]:
        """Names of the cameras that watched a sequence.

        Raises:
            InputError: If there is no such sequence.
        """
        self._check(sequence)
        return tuple(packed["name"] for packed in self._views[sequence])

    def sequence(self, index: int) -> HandSequence:
        """One sequence as a value of its own (arrays are copied).

        Raises:
            InputError: If there is no such sequence.
        """
        self._check(index)
        start, end = int(self.starts[index]), int(self.ends[index])
        segments = tuple(
            ActionSegment(
                int(first) - start,
                int(last) - start,
                self.labels[label],
                self.verbs[label],
                self.object_names[noun] if noun != NO_OBJECT else "",
            )
            for _, first, last, label, noun in self.segments[self.segments[:, 0] == index]
        )
        more = {
            name: tuple(
                table.labels[label].segment(int(first) - start, int(last) - start)
                for _, first, last, label in table.segments[table.segments[:, 0] == index]
            )
            for name, table in self.more_segments.items()
        }
        return HandSequence(
            joints=np.array(self.joints[start:end]),
            valid=np.array(self.valid[start:end]),
            stamps_ns=np.round(np.arange(end - start) * (1e9 / FRAME_RATE)).astype(np.int64),
            joint_valid=self.joint_valid[index].copy(),
            segments=segments,
            subject=self.subjects[index],
            name=self.names[index],
            frame_id=self.frame_ids[index],
            object_names=self.object_names,
            object_ids=np.array(self.objects[start:end]),
            views=self.views(index),
            more_segments=more,
        )

    def _check(self, sequence: int) -> None:
        if not 0 <= sequence < len(self):
            raise InputError(f"The store {self.folder} has {len(self)} sequences, there is no number {sequence}.")


def open_store(folder: Path, verify: bool = False, source_root: Path | None = None) -> SequenceStore:
    """Open a store without reading its frames.

    Args:
        folder: The store.
        verify: Also compare the sha256 of everything in it (reads everything once).
        source_root: Where the pictures lie now; by default $GHTT_SOURCE, else where they were when it was written.

    Raises:
        InputError: If the folder is no store, or is damaged.
    """
    folder = Path(folder)
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{folder} is not a sequence store: its index.json cannot be read ({error}).") from error
    version = index.get("format_version")
    if version not in (1, FORMAT_VERSION):
        raise InputError(
            f"The sequence store {folder} has format {version}, this version reads 1 and {FORMAT_VERSION}; "
            "generate it again."
        )
    try:
        return _opened(folder, index, verify, source_root)
    except (KeyError, TypeError, IndexError) as error:
        raise InputError(
            f"The sequence store {folder} is damaged: its index.json is incomplete ({error!r})."
        ) from error


def _opened(folder: Path, index: dict[str, Any], verify: bool, source_root: Path | None) -> SequenceStore:
    arrays: dict[str, NDArray[Any]] = {}
    for name, (dtype, shape) in ARRAYS.items():
        if index["format_version"] == 1 and name not in FIRST_FORMAT_ARRAYS:
            arrays[name] = np.zeros((0, *shape), dtype)
            continue
        rows = index["frames"] if name in FIRST_FORMAT_ARRAYS else index["rows"][name]
        arrays[name] = open_array(folder, name, rows, index["sha256"], verify)
    if verify and index["format_version"] > 1 and fingerprint(index) != index["fingerprint"]:
        raise InputError(f"{folder / INDEX} was changed or damaged after it was written; make the store again.")
    sequences = index["sequences"]
    joint_valid = np.ones((len(sequences), NUM_JOINTS), bool)
    for row, sequence in enumerate(sequences):
        joint_valid[row, sequence["unmeasured_joints"]] = False
    labels = Taxonomy.from_rows(index["labels"]).labels
    return SequenceStore(
        folder=folder,
        joints=arrays["joints"],
        valid=arrays["valid"],
        objects=arrays["objects"],
        starts=np.array([s["start"] for s in sequences], np.int64),
        ends=np.array([s["end"] for s in sequences], np.int64),
        joint_valid=joint_valid,
        segments=np.array(index["segments"], np.int64).reshape(-1, 5),
        labels=tuple(label.name for label in labels),
        verbs=tuple(label.verb for label in labels),
        nouns=tuple(label.noun for label in labels),
        label_ids=tuple(label.published_id for label in labels),
        object_names=tuple(index["object_names"]),
        subjects=tuple(s["subject"] for s in sequences),
        names=tuple(s["name"] for s in sequences),
        frame_ids=tuple(s.get("frame_id", "camera") for s in sequences),
        more_segments={
            name: SegmentTable(
                Taxonomy.from_rows(table["labels"]).labels, np.array(table["segments"], np.int64).reshape(-1, 4)
            )
            for name, table in index.get("more_segments", {}).items()
        },
        source_root=_source_root(source_root, index.get("source_root")),
        sha256=dict(index["sha256"]),
        fingerprint=index.get("fingerprint") or fingerprint(index),
        _cameras=arrays["cameras"],
        _pictures=arrays["pictures"],
        _views=tuple(tuple(s.get("views", ())) for s in sequences),
    )


def _source_root(given: Path | None, written: str | None) -> Path | None:
    if given is not None:
        return Path(given)
    if written is None:
        return None
    return Path(os.environ.get(SOURCE_VARIABLE) or written)
