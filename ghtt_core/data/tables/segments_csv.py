# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A user's own action labels: a table of ``recording,start,end,label[,verb,noun]``.

``start`` and ``end`` are seconds since the first frame of the recording, or numbers of its frames from 0; an action
lasts from its start until just before its end, so one may begin where another ends. Without a verb it is the first word
of the label with its particles ("take out"), without a noun the last of several words.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np

from ghtt_core.data.readers.base import Faults
from ghtt_core.data.sequence import MAX_GAP_S, ActionSegment, HandSequence, verb_and_noun
from ghtt_core.data.tables.csv_table import CsvRow, Problems, read_csv
from ghtt_core.errors import InputError

Unit = Literal["seconds", "frames"]

_REQUIRED: Final = ("recording", "start", "end", "label")
_OPTIONAL: Final = ("verb", "noun")
_LONGEST_NAME: Final = 200


@dataclass(frozen=True)
class LabelledAction:
    """One row of the table.

    Attributes:
        line: Where it is in the file.
        recording: Name of the recording.
        start: In the unit of the table.
        end: Exclusive, in the unit of the table.
        label: What is done, for example "pour bottle".
        verb: Its verb.
        noun: Its object; empty where there is none.
    """

    line: int
    recording: str
    start: float
    end: float
    label: str
    verb: str
    noun: str


@dataclass(frozen=True)
class ActionTable:
    """A table whose rows are sound in themselves.

    Attributes:
        path: The file.
        unit: Of starts and ends.
        rows: In the file's order.
    """

    path: Path
    unit: Unit
    rows: tuple[LabelledAction, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels, sorted, so that neither the order of rows nor of recordings numbers them."""
        return tuple(sorted({row.label for row in self.rows}))

    @property
    def nouns(self) -> tuple[str, ...]:
        """All objects, sorted."""
        return tuple(sorted({row.noun for row in self.rows if row.noun}))

    def of(self, recording: str) -> tuple[LabelledAction, ...]:
        """Rows of one recording by their start."""
        return tuple(sorted((r for r in self.rows if r.recording == recording), key=lambda r: (r.start, r.line)))

    def for_recordings(self, names: Collection[str], faults: Faults | None = None) -> ActionTable:
        """Give every row the recording's own name, which the table may write with its suffix or with backslashes.

        Args:
            names: Recordings that there are, such as "kitchen/first".
            faults: Takes rows of recordings that there are not; by default they are fatal.

        Raises:
            InputError: With file and line of all of them, if they are fatal.
        """
        problems = Problems(self.path, faults)
        rows = []
        for row in self.rows:
            name = match_recording(row.recording, names)
            if name is None:
                problems.add(row.line, unknown_recording(row.recording, names))
            else:
                rows.append(replace(row, recording=name))
        problems.settle()
        return replace(self, rows=tuple(rows))

    def without_overlaps(self, faults: Faults | None = None) -> ActionTable:
        """Refuse actions of one recording that share time.

        Args:
            faults: Takes rows that start before an earlier one ends; by default they are fatal.

        Raises:
            InputError: With file and line of all of them, if they are fatal.
        """
        problems = Problems(self.path, faults)
        for name in sorted({row.recording for row in self.rows}):
            latest: LabelledAction | None = None
            for row in self.of(name):
                if latest is not None and row.start < latest.end:
                    problems.add(
                        row.line,
                        f"'{row.label}' of {name} starts at {row.start:g} before '{latest.label}' of line "
                        f"{latest.line} ends at {latest.end:g}; correct one, or say that actions may overlap.",
                    )
                if latest is None or (row.line not in problems.lines and row.end > latest.end):
                    latest = row
        kept = tuple(row for row in self.rows if row.line not in problems.lines)
        problems.settle()
        return replace(self, rows=kept)


def read_actions(path: Path, unit: Unit = "seconds", faults: Faults | None = None) -> ActionTable:
    """Read a table of actions.

    Args:
        path: The file.
        unit: What starts and ends are.
        faults: Takes rows that cannot be used; by default they are fatal.

    Raises:
        InputError: If nothing in it can be used, or with file and line of everything that is wrong if that is fatal.
    """
    problems = Problems(path, faults)
    rows = read_csv(path, _REQUIRED, _OPTIONAL, problems)
    actions = [action for row in rows if (action := _action(row, unit, problems)) is not None]
    _check_names(actions, problems)
    seen: dict[tuple[str, float, float, str], int] = {}
    for action in actions:
        first = seen.setdefault((action.recording, action.start, action.end, action.label), action.line)
        if first != action.line:
            problems.add(action.line, f"repeats line {first}; remove one of them.")
    if not rows and not problems.lines:
        raise InputError(f"{path} has no rows below its header; write at least one action.")
    kept = tuple(action for action in actions if action.line not in problems.lines)
    problems.settle()
    if not kept:
        raise InputError(f"{path} has no row that can be used.")
    return ActionTable(path, unit, kept)


def label_sequence(
    sequence: HandSequence, actions: Sequence[LabelledAction], unit: Unit, problems: Problems
) -> HandSequence:
    """Put actions on a recording.

    Args:
        sequence: At its own rate.
        actions: Its rows.
        unit: Of their starts and ends.
        problems: Takes rows that lie outside the recording.

    Returns:
        The recording with these actions, and with the noun as the object of each of their frames where the recording
        does not say better.
    """
    segments = []
    for action in actions:
        span = _frames(sequence, action, unit, problems)
        if span is not None:
            segments.append(ActionSegment(*span, action.label, action.verb, action.noun))
    segments.sort(key=lambda segment: (segment.start, segment.end))
    labelled = replace(sequence, segments=tuple(segments))
    nouns = tuple(sorted({segment.noun for segment in segments if segment.noun}))
    if sequence.object_ids is not None or not nouns:
        return labelled
    objects = np.full(len(sequence), -1, np.int16)
    for segment in segments:
        if segment.noun:
            objects[segment.start : segment.end] = nouns.index(segment.noun)
    return replace(labelled, object_names=nouns, object_ids=objects)


def match_recording(written: str, names: Collection[str]) -> str | None:
    """Find the recording that a table means; None if there is none of that name."""
    plain = written.replace("\\", "/").removeprefix("./").rstrip("/")
    for candidate in (plain, *(plain.removesuffix(suffix) for suffix in (".npz", ".mcap", ".db3"))):
        if candidate in names:
            return candidate
    return None


def unknown_recording(written: str, names: Collection[str]) -> str:
    """Say that there is no recording of this name, and which one may be meant."""
    near = difflib.get_close_matches(written, names, n=1) or sorted(names)[:4]
    hint = f"did you mean {near[0]!r}?" if len(near) == 1 else f"there are {', '.join(near)} and others."
    return f"there is no recording {written!r}; {hint}"


def _action(row: CsvRow, unit: Unit, problems: Problems) -> LabelledAction | None:
    values = {name: re.sub(r"\s+", " ", text) for name, text in row.values.items()}
    times = []
    for name in ("start", "end"):
        number = _number(values[name])
        if number is None or number < 0:
            point = " with a point, not a comma" if "," in values[name] else ""
            problems.add(row.line, f"its {name} {values[name]!r} is not a number of {unit} from 0 on{point}.")
            return None
        if unit == "frames" and number != int(number):
            problems.add(row.line, f"its {name} {values[name]} is not a whole number of frames; are these seconds?")
            return None
        times.append(number)
    if times[1] <= times[0]:
        problems.add(row.line, f"ends at {times[1]:g}, which is not after its start at {times[0]:g}.")
        return None
    label = values["label"]
    if len(label) > _LONGEST_NAME:
        problems.add(row.line, f"its label has {len(label)} letters; {_LONGEST_NAME} are allowed.")
        return None
    verb, noun = values["verb"], values["noun"]
    if not verb:
        verb, last = verb_and_noun(label)
        noun = noun or last
    return LabelledAction(row.line, row.values["recording"], times[0], times[1], label, verb, noun)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _check_names(actions: Sequence[LabelledAction], problems: Problems) -> None:
    """One label has one spelling, one verb and one noun: it is one class to a network."""
    first: dict[str, LabelledAction] = {}
    for action in actions:
        before = first.setdefault(action.label.casefold(), action)
        if before.label != action.label:
            problems.add(
                action.line, f"writes {action.label!r} where line {before.line} writes {before.label!r}; choose one."
            )
        elif (before.verb, before.noun) != (action.verb, action.noun):
            problems.add(
                action.line,
                f"gives '{action.label}' the verb and noun {action.verb!r}, {action.noun!r}, line {before.line} gives "
                f"it {before.verb!r}, {before.noun!r}; choose one.",
            )


def _frames(sequence: HandSequence, action: LabelledAction, unit: Unit, problems: Problems) -> tuple[int, int] | None:
    """First frame and one past the last one of an action, or None with a problem noted."""
    count = len(sequence)
    seconds = (sequence.stamps_ns - sequence.stamps_ns[0]) * 1e-9
    period = float(np.median(np.diff(seconds))) if count > 1 else 1 / 30
    length = count if unit == "frames" else float(seconds[-1]) + period
    what = f"{count} frames" if unit == "frames" else f"{length:.2f} s"
    slack = MAX_GAP_S / period if unit == "frames" else MAX_GAP_S
    if action.start >= length or action.end > length + slack:
        other = "frames" if unit == "seconds" else "seconds"
        hint = f" Are these {other}?" if unit == "seconds" and action.end <= count else ""
        problems.add(
            action.line,
            f"'{action.label}' lasts from {action.start:g} to {action.end:g}, but {action.recording} has {what}, "
            f"counted from its first frame.{hint}",
        )
        return None
    if unit == "frames":
        return int(action.start), min(int(action.end), count)
    # A frame belongs to what is done in the middle of its time.
    start, end = np.searchsorted(seconds + period / 2, [action.start, action.end]).tolist()
    if end <= start:
        problems.add(
            action.line, f"'{action.label}' from {action.start:g} to {action.end:g} s holds no frame of {what}."
        )
        return None
    return start, end
