# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a reader of a dataset is: it plans which sequences there are, and reads one at a time.

A reader is a small frozen dataclass of paths and options, because it is sent to other processes. `preparation.prepare`
runs any reader; a new dataset is one file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from ghtt_core.data.sequence import HandSequence
from ghtt_core.data.taxonomy import ActionLabel
from ghtt_core.errors import InputError

SPLITS = ("train", "val", "test")
OnFault = Literal["fatal", "skip"]


class MalformedFileError(InputError):
    """A file of a dataset does not hold what its format says; the sentence has its path and line."""

    def __init__(self, path: Path | str, line: int | None, what: str) -> None:
        """Say which file, which line (counted from 1; None for the whole file) and what is wrong with it."""
        self.path, self.line, self.what = str(path), line, what
        super().__init__(f"{path}{'' if line is None else f', line {line}'}: {what}.")

    def __reduce__(self) -> tuple[type[MalformedFileError], tuple[str, int | None, str]]:
        """Survive the way back from a worker process."""
        return MalformedFileError, (self.path, self.line, self.what)


@dataclass(frozen=True)
class Fault:
    """One malformed piece that was skipped.

    Attributes:
        path: The file.
        line: Its line, counted from 1; None for the whole file.
        what: What is wrong with it.
        consequence: What was left out because of it.
    """

    path: str
    line: int | None
    what: str
    consequence: str


@dataclass(frozen=True)
class Missing:
    """A piece of the dataset that is not there, and what cannot be offered without it.

    Attributes:
        what: For example "pictures of cam0".
        where: Split or sequence; empty for the whole dataset.
        consequence: For example "no estimation from images".
    """

    what: str
    where: str
    consequence: str


class Faults:
    """Takes reports of malformed files: raises at the first one, or collects them all."""

    def __init__(self, on_fault: OnFault = "fatal") -> None:
        """Choose between the two."""
        self.on_fault = on_fault
        self.found: list[Fault] = []

    def report(self, path: Path | str, line: int | None, what: str, consequence: str) -> None:
        """Report a malformed file; returns only if faults are skipped, and then the caller leaves the piece out.

        Raises:
            MalformedFileError: If faults are fatal.
        """
        if self.on_fault == "fatal":
            raise MalformedFileError(path, line, what)
        self.found.append(Fault(str(path), line, what, consequence))


@dataclass(frozen=True)
class SourceSequence:
    """A sequence that a reader can read.

    Attributes:
        split: A name of SPLITS.
        name: Unique in the dataset, for example "subject1/h1/0".
        size: Its share of the work in any unit, for the progress bar and to read the largest first.
        detail: What else the reader wants to remember, strings and numbers only.
    """

    split: str
    name: str
    size: float = 1.0
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SourcePlan:
    """What a dataset offers.

    Attributes:
        sequences: In the order they take in the stores.
        labels: The published taxonomy in its order.
        object_names: Objects in the order of their index.
        missing: What is not there.
        more_labels: Taxonomies of further annotations, for example "coarse".
        notes: Anything else to be kept in dataset.json, such as digests of the label lists; a change of it makes
            sequences that an interrupted run has kept be read again.
    """

    sequences: tuple[SourceSequence, ...]
    labels: tuple[ActionLabel, ...]
    object_names: tuple[str, ...]
    missing: tuple[Missing, ...] = ()
    more_labels: Mapping[str, tuple[ActionLabel, ...]] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SequenceReading:
    """What became of one sequence.

    Attributes:
        sequence: In the world frame (frame_id "world"), with views; None if nothing of it can be used.
        missing: What it lacks.
        notes: Anything else about it to be kept in dataset.json: plain values.
    """

    sequence: HandSequence | None
    missing: tuple[Missing, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)


class DatasetReader(Protocol):
    """Knows one on-disk layout. Frozen dataclasses whose fields are paths, strings, numbers and booleans."""

    @property
    def dataset(self) -> str:
        """Name of the dataset, for example "h2o"."""
        ...

    @property
    def source(self) -> Path:
        """Root of the dataset; paths of pictures are relative to it."""
        ...

    def plan(self, faults: Faults) -> SourcePlan:
        """Find out what is there: label lists and folders, no frames.

        Raises:
            InputError: If the folder is not this dataset, or a list is malformed and faults are fatal.
        """
        ...

    def read(self, entry: SourceSequence, faults: Faults) -> SequenceReading:
        """Read one sequence; runs in a process of its own.

        Raises:
            MalformedFileError: If a file is malformed and faults are fatal, or nothing can be read without it.
        """
        ...
