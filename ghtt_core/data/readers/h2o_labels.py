# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The action labels, splits and segment lists of H2O (two hands manipulating objects), as it publishes them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ghtt_core.data.readers.base import Faults
from ghtt_core.data.sequence import ActionSegment
from ghtt_core.data.taxonomy import ActionLabel

OBJECTS: Final = ("book", "espresso", "lotion", "spray", "milk", "cocoa", "chips", "cappuccino")
_VERB_OBJECTS: Final = (
    ("grab", OBJECTS),
    ("place", OBJECTS),
    ("open", ("lotion", "milk", "chips")),
    ("close", ("lotion", "milk", "chips")),
    ("pour", ("milk",)),
    ("take out", ("espresso", "cocoa", "chips", "cappuccino")),
    ("put in", ("espresso", "cocoa", "cappuccino")),
    ("apply", ("lotion", "spray")),
    ("read", ("book", "espresso")),
    ("spray", ("spray",)),
    ("squeeze", ("lotion",)),
)
_PAIRS: Final = tuple((verb, noun) for verb, nouns in _VERB_OBJECTS for noun in nouns)
LABELS: Final = tuple(ActionLabel(f"{v} {n}", v, n, number) for number, (v, n) in enumerate(_PAIRS, start=1))
"""The 36 actions; H2O numbers them from 1, because 0 is the background."""
UNLABELLED: Final = ActionLabel("unlabelled", "", "")
"""Label of the segments of a test list that says when something is done but not what."""

_TRAIN: Final = ("h1", "h2", "k1", "k2", "o1", "o2")
SPLIT_SCENES: Final = {
    "train": (*((f"subject{s}", scene) for s in (1, 2) for scene in _TRAIN), *(("subject3", s) for s in _TRAIN[:3])),
    "val": tuple(("subject3", scene) for scene in _TRAIN[3:]),
    "test": tuple(("subject4", scene) for scene in _TRAIN),
}
"""(subject, scene) of every split, for trees without action lists; a scene has sequences 0, 1, 2, ..."""

LIST_FOLDERS: Final = ("action_labels", "label_split", ".")
"""Where the lists may lie below the root: the repository's folder, the archive's folder, or loose."""


@dataclass(frozen=True)
class ListedSegment:
    """One row of a list.

    Attributes:
        start: First frame.
        end: One past the last frame.
        label: Index into LABELS; None if the list does not say.
    """

    start: int
    end: int
    label: int | None

    def to_segment(self) -> ActionSegment:
        """Return it as a segment of a sequence."""
        return (UNLABELLED if self.label is None else LABELS[self.label]).segment(self.start, self.end)


@dataclass
class ListedSequence:
    """What a list says about one sequence.

    Attributes:
        last_frame: Number of its last frame (column end_frame); None if the list does not say.
        segments: In the order of the list.
    """

    last_frame: int | None
    segments: list[ListedSegment]


def find_list(source: Path, labels: Path | None, split: str) -> Path | None:
    """Return the action list of a split: in the given folder, else in one of LIST_FOLDERS; None if there is none."""
    folders = [labels] if labels is not None else [source / folder for folder in LIST_FOLDERS]
    return next((path for folder in folders if (path := folder / f"action_{split}.txt").is_file()), None)


def read_list(path: Path, split: str, inclusive_ends: bool, faults: Faults) -> dict[str, ListedSequence]:
    """Read one action list: a header line, then rows separated by blanks.

    Train and validation rows are ``id path action_label start_act end_act start_frame end_frame``. Test rows have no
    action_label; where somebody added it, it is the last column (or the one that the header names).

    Args:
        path: The list.
        split: Which split it is of.
        inclusive_ends: Whether end_act is the last frame of an action. G-HTT reads it as one past the last.
        faults: Takes rows that cannot be understood.

    Returns:
        Sequences by their path "subject/scene/sequence", in the order of the list.

    Raises:
        MalformedFileError: If a row is malformed and faults are fatal.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        faults.report(path, None, f"cannot be read ({error})", "the split has no actions")
        return {}
    columns = _columns(lines[0].split() if lines else [], split)
    found: dict[str, ListedSequence] = {}
    for number, line in enumerate(lines[1:], start=2):
        words = line.split()
        if not words:
            continue
        try:
            name, segment, last_frame = _row(words, columns, inclusive_ends)
        except ValueError as error:
            faults.report(path, number, str(error), "the segment")
            continue
        found.setdefault(name, ListedSequence(last_frame, [])).segments.append(segment)
    return found


def _columns(header: list[str], split: str) -> tuple[int, int | None]:
    """Column of start_act, and column of the label (None: the last one of rows that are longer than the header)."""
    if "action_label" in header and "start_act" in header:
        return header.index("start_act"), header.index("action_label")
    return (2, None) if split == "test" else (3, 2)


def _row(
    words: list[str], columns: tuple[int, int | None], inclusive_ends: bool
) -> tuple[str, ListedSegment, int | None]:
    first, label_column = columns
    if len(words) < first + 2:
        raise ValueError(f"has {len(words)} columns instead of at least {first + 2}")
    # Behind start_act and end_act come start_frame and end_frame, then perhaps the label.
    rest = words[first + 2 :]
    if label_column is None and len(rest) in (1, 3):
        label_column = len(words) - 1
        rest = rest[:-1]
    try:
        start, end = int(words[first]), int(words[first + 1]) + inclusive_ends
        last_frame = int(rest[1]) if len(rest) > 1 else None
        label = None if label_column is None else int(words[label_column]) - 1
    except ValueError:
        raise ValueError(f"has a column that is not a whole number: {' '.join(words)}") from None
    if label is not None and not 0 <= label < len(LABELS):
        raise ValueError(f"has the action {label + 1}; H2O's are 1 to {len(LABELS)}")
    if not 0 <= start < end:
        raise ValueError(f"has an action from frame {start} to {end}")
    parts = words[1].split("/")
    if len(parts) != 3 or not all(part and part not in (".", "..") for part in parts):
        raise ValueError(f"names the sequence {words[1]!r} instead of subject/scene/sequence")
    return words[1], ListedSegment(start, end, label), last_frame
