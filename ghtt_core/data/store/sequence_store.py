# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Sequences on disk as a few contiguous memory-mapped arrays and one index, written once and atomically.

A store is a folder: ``joints.npy`` (N, 2, 21, 3) float32, ``valid.npy`` (N, 2) bool, ``objects.npy`` (N,) int16,
``cameras.npy`` (K, 3, 4) float32 and ``pictures.npy`` (P,) int32 for the views, and ``index.json`` with the sequences,
their views, the labelled segments, the names and the sha256 of every array. All sequences are 30 frames/s, so frames
need no stamps. Pictures stay where the dataset has them, below the source root.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from ghtt_core.data.sequence import NO_OBJECT, HandSequence
from ghtt_core.data.store.arrays import ARRAYS, ArrayFile, fingerprint
from ghtt_core.data.store.opened_store import (
    FORMAT_VERSION,
    INDEX,
    SOURCE_VARIABLE,
    SegmentTable,
    SequenceStore,
    open_store,
)
from ghtt_core.data.store.view_index import pack_view
from ghtt_core.data.taxonomy import ActionLabel, Taxonomy
from ghtt_core.errors import OutputError
from ghtt_core.hands.layout import FRAME_RATE

__all__ = ["SOURCE_VARIABLE", "SegmentTable", "SequenceStore", "StoreWriter", "open_store"]


class StoreWriter:
    """Appends sequences to a store that appears under its name only when finished.

    Use as a context manager: leaving it normally finishes the store, leaving it by an exception removes what was begun.
    Labels and object names may be given up front so that several stores share one numbering.
    """

    def __init__(
        self,
        folder: Path,
        labels: Iterable[ActionLabel | str] = (),
        object_names: Iterable[str] = (),
        overwrite: bool = False,
        source_root: Path | None = None,
        more_labels: Mapping[str, Iterable[ActionLabel | str]] | None = None,
    ) -> None:
        """Begin a store.

        Args:
            folder: Where it will appear.
            labels: Actions in the order of their index; labels that turn up later are added behind them.
            object_names: Objects in the order of their index.
            overwrite: Replace a store that is there.
            source_root: Folder that the paths of the views' pictures start from; kept as an absolute path.
            more_labels: Labels of further annotations by name.

        Raises:
            OutputError: If the folder exists (and is not to be overwritten) or cannot be written.
        """
        self.folder = Path(folder)
        if self.folder.exists() and not overwrite:
            raise OutputError(f"{self.folder} exists already; choose another folder or allow it to be overwritten.")
        if self.folder.exists() and not (self.folder / INDEX).is_file():
            raise OutputError(
                f"{self.folder} is not a sequence store, so it is not overwritten; choose another folder."
            )
        self._files: dict[str, ArrayFile] = {}
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            self._partial = Path(tempfile.mkdtemp(prefix=f".{self.folder.name}-", dir=self.folder.parent))
            for name in ARRAYS:
                self._files[name] = ArrayFile(self._partial, name)
        except OSError as error:
            raise OutputError(f"Cannot write a sequence store at {self.folder}: {error}.") from error
        self._labels = Taxonomy(labels)
        self._more_labels = {name: Taxonomy(more) for name, more in (more_labels or {}).items()}
        self._more_segments: dict[str, list[list[int]]] = {name: [] for name in self._more_labels}
        self._object_names = {name: i for i, name in enumerate(object_names)}
        self._source_root = None if source_root is None else str(Path(source_root).absolute())
        self._sequences: list[dict[str, Any]] = []
        self._segments: list[list[int]] = []
        self._frames = 0

    def append(self, sequence: HandSequence) -> None:
        """Add a sequence; it is resampled to 30 frames/s if it has another rate.

        Raises:
            OutputError: If the disk does not take it.
        """
        sequence = sequence.resampled(FRAME_RATE)
        renumber = np.array(
            [self._object_names.setdefault(n, len(self._object_names)) for n in sequence.object_names] + [NO_OBJECT],
            np.int16,
        )
        objects = np.full(len(sequence), NO_OBJECT, np.int16)
        if sequence.object_ids is not None:
            objects = renumber[sequence.object_ids]  # -1 reads the last entry, which is NO_OBJECT
        try:
            self._files["joints"].append(sequence.joints)
            self._files["valid"].append(sequence.valid)
            self._files["objects"].append(objects)
            views = [pack_view(view, self._files["cameras"], self._files["pictures"]) for view in sequence.views]
        except OSError as error:
            raise OutputError(f"Cannot write the sequence store {self.folder}: {error}.") from error
        number = len(self._sequences)
        for segment in sequence.segments:
            noun = self._object_names.setdefault(segment.noun, len(self._object_names)) if segment.noun else NO_OBJECT
            row = [number, self._frames + segment.start, self._frames + segment.end, self._labels.number(segment), noun]
            self._segments.append(row)
        for name, segments in sequence.more_segments.items():
            labels = self._more_labels.setdefault(name, Taxonomy())
            rows = self._more_segments.setdefault(name, [])
            rows += [[number, self._frames + s.start, self._frames + s.end, labels.number(s)] for s in segments]
        self._sequences.append(
            {
                "name": sequence.name,
                "subject": sequence.subject,
                "start": self._frames,
                "end": self._frames + len(sequence),
                "unmeasured_joints": np.flatnonzero(~sequence.joint_valid).tolist(),
                "frame_id": sequence.frame_id,
                "views": views,
            }
        )
        self._frames += len(sequence)

    def finish(self) -> SequenceStore:
        """Complete the store under its name and open it.

        Raises:
            OutputError: If nothing was appended or the disk does not take it.
        """
        if not self._sequences:
            self.discard()
            raise OutputError(f"Nothing was appended to the sequence store {self.folder}.")
        try:
            index = {
                "format_version": FORMAT_VERSION,
                "frame_rate": FRAME_RATE,
                "frames": self._frames,
                "rows": {name: file.rows for name, file in self._files.items()},
                "sha256": {name: file.finish() for name, file in self._files.items()},
                "labels": self._labels.to_rows(),
                "object_names": list(self._object_names),
                "sequences": self._sequences,
                "segments": self._segments,
                "more_segments": {
                    name: {"labels": labels.to_rows(), "segments": self._more_segments[name]}
                    for name, labels in self._more_labels.items()
                },
            }
            index["fingerprint"] = fingerprint(index)
            index["source_root"] = self._source_root
            (self._partial / INDEX).write_text(json.dumps(index), encoding="utf-8")
            if self.folder.exists():
                shutil.rmtree(self.folder)
            self._partial.replace(self.folder)
        except OSError as error:
            self.discard()
            raise OutputError(f"Cannot finish the sequence store {self.folder}: {error}.") from error
        return open_store(self.folder)

    def discard(self) -> None:
        """Remove what was begun."""
        for file in self._files.values():
            file.close()
        shutil.rmtree(self._partial, ignore_errors=True)

    def __enter__(self) -> StoreWriter:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish, or remove what was begun if something went wrong."""
        if kind is None:
            self.finish()
        else:
            self.discard()
