# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Action labels of Assembly101: taxonomies, overlapping fine segments, coarse segments, head and tail lists.

All frame numbers are at 30 frames/s. The lists repeat every segment for each of the twelve views of a recording, so
segments are the same if start, end and action are. The last frame of a fine segment still carries its label, while
windows are cut up to it (method of the paper, datasets): `windows` and `frames` are these two ways to read one row.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.readers.base import Faults, MalformedFileError
from ghtt_core.data.sequence import NO_OBJECT, ActionSegment
from ghtt_core.data.taxonomy import ActionLabel
from ghtt_core.errors import InputError

NIL: Final = "NIL"
"""What the published code calls the action of a frame without one; it is no label here."""
SPLIT_FILES: Final[Mapping[str, tuple[str, ...]]] = {
    "train": ("train",),
    "val": ("validation", "val"),
    "test": ("test",),
}
"""Names that files of a split go by."""
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {"name": ("action_cls",), "verb": ("verb_cls",), "noun": ("noun_cls",)}
"""Columns that say what is done with what."""


@dataclass(frozen=True)
class LabelRow:
    """A segment as it is written down.

    Attributes:
        start: First frame, at 30 frames/s from the beginning of the recording.
        end: Last frame.
        label: The action.
    """

    start: int
    end: int
    label: ActionLabel


@dataclass
class SegmentList:
    """The segments of one split.

    Attributes:
        rows: Segments of each recording in order of their start, each once; empty where labels are withheld.
        withheld: Whether the list names recordings but no actions.
    """

    rows: dict[str, list[LabelRow]] = field(default_factory=dict)
    withheld: bool = False


def windows(rows: Iterable[LabelRow], first: int, frames: int) -> tuple[ActionSegment, ...]:
    """Segments to cut windows from: the end is exclusive.

    Args:
        rows: Segments of the recording.
        first: Frame of the recording that is frame 0 of the sequence.
        frames: Length of the sequence; what lies outside is cut off.
    """
    return _cut(rows, first, frames, 0)


def frames(rows: Iterable[LabelRow], first: int, count: int) -> tuple[ActionSegment, ...]:
    """Segments that say which labels a frame carries: the last frame carries its label too. Arguments as of windows."""
    return _cut(rows, first, count, 1)


def _cut(rows: Iterable[LabelRow], first: int, count: int, more: int) -> tuple[ActionSegment, ...]:
    cut = []
    for row in rows:
        start, end = max(row.start - first, 0), min(row.end - first + more, count)
        if start < end:
            cut.append(row.label.segment(start, end))
    return tuple(sorted(cut, key=lambda segment: (segment.start, segment.end, segment.label)))


def labels_at(segments: Iterable[ActionSegment], frame: int) -> tuple[str, ...]:
    """Labels that a frame carries, which may be several; (NIL,) if there is none."""
    return tuple(segment.label for segment in segments if segment.start <= frame < segment.end) or (NIL,)


def objects_of(segments: Iterable[ActionSegment], names: Sequence[str], count: int) -> NDArray[np.int16]:
    """Object of every frame: the noun of the segment that began last, NO_OBJECT outside all.

    Returns:
        (count,) int16 index into names.
    """
    index = {name: number for number, name in enumerate(names)}
    objects = np.full(count, NO_OBJECT, np.int16)
    for segment in sorted(segments, key=lambda segment: (segment.start, -segment.end)):
        objects[segment.start : segment.end] = index.get(segment.noun, NO_OBJECT)
    return objects


def read_taxonomy(path: Path, faults: Faults) -> tuple[tuple[ActionLabel, ...], tuple[str, ...]]:
    """Read an actions.csv.

    Returns:
        The labels in the order of their action_id, and the nouns in the order of their noun_id.

    Raises:
        InputError: If it cannot be read.
        MalformedFileError: If it is malformed and faults are fatal, or has no labels at all.
    """
    labels: dict[int, ActionLabel] = {}
    nouns: dict[int, str] = {}
    names: dict[str, int] = {}
    columns = _Columns({"id": ("action_id", "action"), "noun_id": ("noun_id", "noun")})
    for line, name, verb, noun, cells in _labelled_rows(path, columns, faults):
        number, noun_number = _number(cells["id"]), _number(cells["noun_id"])
        if number is None or noun_number is None:
            faults.report(path, line, "action_id and noun_id are numbers from 0", "the label is left out")
        elif number in labels or name in names:
            faults.report(path, line, f"the action {number} '{name}' is there twice", "the second one is left out")
        else:
            labels[number] = ActionLabel(name, verb, noun, number)
            names[name] = number
            nouns.setdefault(noun_number, noun)
    if not labels:
        raise MalformedFileError(path, None, "it has no action labels")
    ordered = tuple(labels[number] for number in sorted(labels))
    return ordered, tuple(dict.fromkeys(nouns[number] for number in sorted(nouns)))


def read_segments(path: Path, faults: Faults) -> SegmentList:
    """Read the fine-grained or the anticipation list of a split.

    Raises:
        InputError: If it cannot be read.
        MalformedFileError: If it is malformed and faults are fatal.
    """
    columns = _Columns(
        {"video": ("video", "video_id"), "start": ("start_frame", "start"), "end": ("end_frame", "end")},
        _WORDS,
    )
    found: dict[str, dict[tuple[str, str, str], LabelRow]] = {}
    labels: dict[tuple[str, str, str], ActionLabel] = {}
    withheld = True
    for line, cells in _table(path, columns, faults):
        recording = found.setdefault(_recording(cells["video"]), {})
        name = cells.get("name", "")
        if not name or name == NIL:
            continue
        withheld = False
        key = (cells["start"], cells["end"], name)
        if key in recording:
            continue
        start, end = _number(key[0]), _number(key[1])
        if start is None or end is None or end < start:
            faults.report(path, line, f"a segment cannot go from '{key[0]}' to '{key[1]}'", "the segment is left out")
            continue
        words = (name, cells.get("verb", ""), cells.get("noun", ""))
        recording[key] = LabelRow(start, end, labels.setdefault(words, ActionLabel(*words)))
    rows = {name: sorted(segments.values(), key=_order) for name, segments in found.items()}
    return SegmentList({name: _unique(segments) for name, segments in rows.items()}, withheld and bool(rows))


def read_coarse(path: Path, labels: Mapping[str, ActionLabel], faults: Faults) -> list[LabelRow] | None:
    """Read the coarse labels of a recording: start, end and action between tabs.

    Returns:
        The segments; None if actions are withheld.

    Raises:
        InputError: If it cannot be read.
        MalformedFileError: If it is malformed and faults are fatal.
    """
    rows: list[LabelRow] = []
    named = False
    lines = [(number, text.split("\t")) for number, text in read_lines(path)]
    for number, cells in lines:
        start, end = _number(cells[0]), _number(cells[1]) if len(cells) > 1 else None
        if start is None or end is None or end <= start:
            faults.report(path, number, "start and end frame between tabs were expected", "the segment is left out")
            continue
        name = cells[2].strip() if len(cells) > 2 else ""
        if not name or name == NIL:
            continue
        named = True
        if name not in labels:
            faults.report(path, number, f"the coarse taxonomy has no action '{name}'", "the segment is left out")
            continue
        rows.append(LabelRow(start, end, labels[name]))
    return _unique(sorted(rows, key=_order)) if named or not lines else None


def read_names(path: Path, known: Iterable[str], faults: Faults) -> tuple[str, ...]:
    """Read a list of labels such as head_actions.txt.

    Raises:
        InputError: If it cannot be read.
        MalformedFileError: If a label is not in the taxonomy and faults are fatal.
    """
    taxonomy = set(known)
    names = []
    for number, text in read_lines(path):
        if text.strip() in taxonomy:
            names.append(text.strip())
        else:
            faults.report(path, number, f"the taxonomy has no action '{text.strip()}'", "the name is left out")
    return tuple(names)


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines that are not empty, with their numbers.

    Raises:
        InputError: If the file cannot be read.
        MalformedFileError: If it is not UTF-8 text.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except OSError as error:
        raise InputError(f"{path} cannot be read ({(error.strerror or str(error)).lower()}).") from error
    except UnicodeDecodeError as error:
        raise MalformedFileError(path, None, "it is not UTF-8 text") from error


def pack_rows(rows: Iterable[LabelRow]) -> dict[str, Any]:
    """Segments as lists of strings and numbers, for the detail of a SourceSequence."""
    numbers: dict[ActionLabel, int] = {}
    packed = [[row.start, row.end, numbers.setdefault(row.label, len(numbers))] for row in rows]
    return {"labels": [[label.name, label.verb, label.noun, label.published_id] for label in numbers], "rows": packed}


def unpack_rows(packed: Mapping[str, Any]) -> list[LabelRow]:
    """Read what pack_rows returned."""
    labels = [ActionLabel(*words) for words in packed["labels"]]
    return [LabelRow(start, end, labels[number]) for start, end, number in packed["rows"]]


@dataclass(frozen=True)
class _Columns:
    """Names that columns go by: those that have to be there, and others."""

    required: Mapping[str, tuple[str, ...]]
    optional: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def _labelled_rows(
    path: Path, columns: _Columns, faults: Faults
) -> Iterator[tuple[int, str, str, str, dict[str, str]]]:
    """Rows of a taxonomy with name, verb and noun."""
    for line, cells in _table(path, _Columns({**columns.required, **_WORDS}), faults):
        yield line, cells["name"], cells["verb"], cells["noun"], cells


def _table(path: Path, columns: _Columns, faults: Faults) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a list of any length, one at a time.

    Raises:
        InputError: If it cannot be read.
        MalformedFileError: If the header lacks a column; if a row is short and faults are fatal.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            header = [cell.strip() for cell in next(reader, [])]
            where = {}
            for wanted, names in {**columns.required, **columns.optional}.items():
                place = next((header.index(name) for name in names if name in header), None)
                if place is not None:
                    where[wanted] = place
                elif wanted in columns.required:
                    raise MalformedFileError(path, 1, f"the header names no column {' or '.join(names)}")
            needed = max(where[wanted] for wanted in columns.required)
            for cells in reader:
                if len(cells) > needed:
                    yield reader.line_num, {k: cells[p].strip() for k, p in where.items() if p < len(cells)}
                elif any(cells):
                    what = f"the row has {len(cells)} of {len(header)} columns"
                    faults.report(path, reader.line_num, what, "the row is left out")
    except OSError as error:
        raise InputError(f"{path} cannot be read ({(error.strerror or str(error)).lower()}).") from error
    except UnicodeDecodeError as error:
        raise MalformedFileError(path, None, "it is not UTF-8 text") from error
    except csv.Error as error:
        raise MalformedFileError(path, reader.line_num, f"it is not a table ({error})") from error


def _recording(video: str) -> str:
    """Recording of a video such as "nusar-2021_x/C10095_rgb.mp4"."""
    return video.split("/")[0].removesuffix(".mp4")


def _number(text: str) -> int | None:
    """Frame number or identifier; lists also have them zero-padded or as "84.0"."""
    text = text.strip().removesuffix(".0")
    return int(text) if text.isascii() and text.isdigit() else None


def _unique(rows: Sequence[LabelRow]) -> list[LabelRow]:
    return list({(row.start, row.end, row.label.name): row for row in rows}.values())


def _order(row: LabelRow) -> tuple[int, int, str]:
    return row.start, row.end, row.label.name
