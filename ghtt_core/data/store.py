# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Sequences on disk as a few contiguous memory-mapped arrays and one index, written once and atomically.

A store is a folder: ``joints.npy`` (N, 2, 21, 3) float32, ``valid.npy`` (N, 2) bool, ``objects.npy`` (N,) int16 and
``index.json`` with the sequences, the labelled segments, the names and the sha256 of every array. All sequences are
30 frames/s, so frames need no stamps.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BufferedRandom
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.sequence import NO_OBJECT, ActionSegment, HandSequence
from ghtt_core.errors import InputError, OutputError
from ghtt_core.hands.layout import FRAME_RATE, NUM_HANDS, NUM_JOINTS

FORMAT_VERSION: Final = 1
_INDEX: Final = "index.json"
_ARRAYS: Final[dict[str, tuple[str, tuple[int, ...]]]] = {
    "joints": ("<f4", (NUM_HANDS, NUM_JOINTS, 3)),
    "valid": ("|b1", (NUM_HANDS,)),
    "objects": ("<i2", ()),
}


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
        labels: Names of the actions.
        object_names: Names of the objects; nouns of segments index it too.
        subjects: (S) subject of each sequence.
        names: (S) name of each sequence.
        sha256: Hash of each array by its name, as the index records it.
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
    object_names: tuple[str, ...]
    subjects: tuple[str, ...]
    names: tuple[str, ...]
    sha256: dict[str, str]

    @property
    def frames(self) -> int:
        """Frames of all sequences together."""
        return len(self.joints)

    def __len__(self) -> int:
        """Number of sequences."""
        return len(self.starts)

    def select(self, keep: Callable[[str], bool]) -> NDArray[np.int64]:
        """Indices of the sequences whose subject passes the test, for splits by subject."""
        return np.array([i for i, subject in enumerate(self.subjects) if keep(subject)], np.int64)

    def sequence(self, index: int) -> HandSequence:
        """One sequence as a value of its own (arrays are copied).

        Raises:
            InputError: If there is no such sequence.
        """
        if not 0 <= index < len(self):
            raise InputError(f"The store {self.folder} has {len(self)} sequences, there is no number {index}.")
        start, end = int(self.starts[index]), int(self.ends[index])
        segments = tuple(
            ActionSegment(
                int(first) - start,
                int(last) - start,
                self.labels[label],
                self.labels[label].split(" ", 1)[0],
                self.object_names[noun] if noun != NO_OBJECT else "",
            )
            for sequence, first, last, label, noun in self.segments
            if sequence == index
        )
        return HandSequence(
            joints=np.array(self.joints[start:end]),
            valid=np.array(self.valid[start:end]),
            stamps_ns=np.round(np.arange(end - start) * (1e9 / FRAME_RATE)).astype(np.int64),
            joint_valid=self.joint_valid[index].copy(),
            segments=segments,
            subject=self.subjects[index],
            name=self.names[index],
            object_names=self.object_names,
            object_ids=np.array(self.objects[start:end]),
        )


class StoreWriter:
    """Appends sequences to a store that appears under its name only when finished.

    Use as a context manager: leaving it normally finishes the store, leaving it by an exception removes what was begun.
    Labels and object names may be given up front so that several stores share one numbering.
    """

    def __init__(
        self, folder: Path, labels: Iterable[str] = (), object_names: Iterable[str] = (), overwrite: bool = False
    ) -> None:
        """Begin a store.

        Raises:
            OutputError: If the folder exists (and is not to be overwritten) or cannot be written.
        """
        self.folder = Path(folder)
        if self.folder.exists() and not overwrite:
            raise OutputError(f"{self.folder} exists already; choose another folder or allow it to be overwritten.")
        if self.folder.exists() and not (self.folder / _INDEX).is_file():
            raise OutputError(
                f"{self.folder} is not a sequence store, so it is not overwritten; choose another folder."
            )
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            self._partial = Path(tempfile.mkdtemp(prefix=f".{self.folder.name}-", dir=self.folder.parent))
            self._files: dict[str, BufferedRandom] = {}
            for name in _ARRAYS:
                self._files[name] = (self._partial / f"{name}.npy").open("w+b")
                self._files[name].write(_header(name, 0))
        except OSError as error:
            raise OutputError(f"Cannot write a sequence store at {self.folder}: {error}.") from error
        self._labels = {label: i for i, label in enumerate(labels)}
        self._object_names = {name: i for i, name in enumerate(object_names)}
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
            self._files["joints"].write(np.ascontiguousarray(sequence.joints, "<f4").tobytes())
            self._files["valid"].write(np.ascontiguousarray(sequence.valid).tobytes())
            self._files["objects"].write(objects.astype("<i2").tobytes())
        except OSError as error:
            raise OutputError(f"Cannot write the sequence store {self.folder}: {error}.") from error
        for segment in sequence.segments:
            label = self._labels.setdefault(segment.label, len(self._labels))
            noun = self._object_names.setdefault(segment.noun, len(self._object_names)) if segment.noun else NO_OBJECT
            row = [len(self._sequences), self._frames + segment.start, self._frames + segment.end, label, noun]
            self._segments.append(row)
        self._sequences.append(
            {
                "name": sequence.name,
                "subject": sequence.subject,
                "start": self._frames,
                "end": self._frames + len(sequence),
                "unmeasured_joints": np.flatnonzero(~sequence.joint_valid).tolist(),
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
            hashes = {}
            for name, file in self._files.items():
                file.seek(0)
                file.write(_header(name, self._frames))
                file.flush()
                file.seek(0)
                hashes[name] = hashlib.file_digest(file, "sha256").hexdigest()
                os.fsync(file.fileno())
                file.close()
            index = {
                "format_version": FORMAT_VERSION,
                "frame_rate": FRAME_RATE,
                "frames": self._frames,
                "sha256": hashes,
                "labels": list(self._labels),
                "object_names": list(self._object_names),
                "sequences": self._sequences,
                "segments": self._segments,
            }
            (self._partial / _INDEX).write_text(json.dumps(index), encoding="utf-8")
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


def open_store(folder: Path, verify: bool = False) -> SequenceStore:
    """Open a store without reading its frames.

    Args:
        folder: The store.
        verify: Also compare the sha256 of every array (reads everything once).

    Raises:
        InputError: If the folder is no store, or is damaged.
    """
    folder = Path(folder)
    try:
        index = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{folder} is not a sequence store: its index.json cannot be read ({error}).") from error
    if index.get("format_version") != FORMAT_VERSION:
        raise InputError(
            f"The sequence store {folder} has format {index.get('format_version')}, this version reads "
            f"{FORMAT_VERSION}; generate it again."
        )
    arrays = {name: _open_array(folder, name, index, verify) for name in _ARRAYS}
    sequences = index["sequences"]
    joint_valid = np.ones((len(sequences), NUM_JOINTS), bool)
    for row, sequence in enumerate(sequences):
        joint_valid[row, sequence["unmeasured_joints"]] = False
    return SequenceStore(
        folder=folder,
        joints=arrays["joints"],
        valid=arrays["valid"],
        objects=arrays["objects"],
        starts=np.array([s["start"] for s in sequences], np.int64),
        ends=np.array([s["end"] for s in sequences], np.int64),
        joint_valid=joint_valid,
        segments=np.array(index["segments"], np.int64).reshape(-1, 5),
        labels=tuple(index["labels"]),
        object_names=tuple(index["object_names"]),
        subjects=tuple(s["subject"] for s in sequences),
        names=tuple(s["name"] for s in sequences),
        sha256=dict(index["sha256"]),
    )


def _header(name: str, frames: int) -> bytes:
    """A .npy header; numpy pads it so that its length does not depend on the number of frames."""
    dtype, shape = _ARRAYS[name]
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": dtype, "fortran_order": False, "shape": (frames, *shape)})
    return buffer.getvalue()


def _open_array(folder: Path, name: str, index: dict[str, Any], verify: bool) -> NDArray[Any]:
    path = folder / f"{name}.npy"
    dtype, shape = _ARRAYS[name]
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        if verify:
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != index["sha256"][name]:
                    raise InputError(f"{path} was changed or damaged after it was written; generate the store again.")
    except (OSError, ValueError) as error:
        raise InputError(f"The sequence store {folder} is damaged: {path.name} cannot be read ({error}).") from error
    if array.shape != (index["frames"], *shape) or array.dtype != np.dtype(dtype):
        raise InputError(f"The sequence store {folder} is damaged: {path.name} does not match its index.")
    return array
