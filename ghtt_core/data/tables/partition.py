# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Which recordings train, which validate and which test: as a table says, or chosen the same way every time.

A network that has seen a person move does better on that person, so all recordings of a subject go together where
subjects are known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ghtt_core.data.readers.base import SPLITS, Faults
from ghtt_core.data.tables.csv_table import Problems, read_csv
from ghtt_core.data.tables.segments_csv import match_recording, unknown_recording
from ghtt_core.errors import InputError

TRAIN: Final = "train"


@dataclass(frozen=True)
class RecordingFacts:
    """What a choice is made by.

    Attributes:
        name: Of the recording.
        subject: Who moves; empty where nobody says.
        amount: Its share of the data in any unit, such as frames.
        labels: Actions that occur in it.
    """

    name: str
    subject: str = ""
    amount: float = 1.0
    labels: AbstractSet[str] = frozenset()


@dataclass(frozen=True)
class RecordingTable:
    """What a table ``recording[,subject][,split]`` says.

    Attributes:
        subjects: Subject by recording, where given.
        splits: Split by recording, where given.
    """

    subjects: Mapping[str, str]
    splits: Mapping[str, str]


def read_recording_table(path: Path, names: AbstractSet[str], faults: Faults | None = None) -> RecordingTable:
    """Read who moves in which recording, and which split it belongs to.

    Args:
        path: The table.
        names: Recordings that there are.
        faults: Takes rows that cannot be used; by default they are fatal.

    Raises:
        InputError: If it cannot be read, or with file and line of everything that is wrong if that is fatal.
    """
    problems = Problems(path, faults)
    subjects: dict[str, str] = {}
    splits: dict[str, str] = {}
    lines: dict[str, int] = {}
    for row in read_csv(path, ("recording",), ("subject", "split"), problems):
        name = match_recording(row.values["recording"], names)
        split = row.values["split"].casefold()
        split = "val" if split == "validation" else split
        if name is None:
            problems.add(row.line, unknown_recording(row.values["recording"], names))
        elif name in lines:
            problems.add(row.line, f"names {name} again, which line {lines[name]} has.")
        elif split and split not in SPLITS:
            problems.add(row.line, f"{split!r} is no split; choose one of {', '.join(SPLITS)}.")
        else:
            lines[name] = row.line
            if row.values["subject"]:
                subjects[name] = row.values["subject"]
            if split:
                splits[name] = split
    problems.settle()
    return RecordingTable(subjects, splits)


def choose_splits(recordings: Sequence[RecordingFacts], shares: Mapping[str, float], seed: int = 0) -> dict[str, str]:
    """Divide recordings.

    Subjects stay together unless there are too few of them, in which case every recording stands alone. The choice
    depends on names, subjects and the seed, not on the order of the recordings; it avoids leaving an action without
    training data where it can.

    Args:
        recordings: All of them.
        shares: Share of the data for "val" and "test"; what remains trains.
        seed: Another one gives another choice.

    Returns:
        Split by name of the recording.

    Raises:
        InputError: If the shares are impossible or there are too few recordings.
    """
    wanted = {split: share for split, share in shares.items() if share > 0}
    if any(share < 0 for share in shares.values()) or sum(wanted.values()) >= 1:
        raise InputError("The shares of validation and test data must not be negative and must leave some to train on.")
    groups = _groups(recordings, by_subject=True)
    if len(groups) <= len(wanted):
        groups = _groups(recordings, by_subject=False)
    if len(groups) <= len(wanted):
        raise InputError(
            f"{len(groups)} recording{'s' * (len(groups) != 1)} cannot be divided into train and "
            f"{' and '.join(wanted)}; record or cut at least {len(wanted) + 1}, or set a share to 0."
        )
    order = sorted(groups, key=lambda key: hashlib.sha256(f"{seed}:{key}".encode()).digest())
    total = sum(recording.amount for recording in recordings)
    result = {recording.name: TRAIN for recording in recordings}
    for number, (split, share) in enumerate(wanted.items()):
        still_wanted = len(wanted) - number - 1  # splits that come later need a group each
        taken = 0.0
        while len(order) > 1 + still_wanted:
            key = _next_group(order, groups)
            amount = sum(recording.amount for recording in groups[key])
            if taken > 0 and taken + amount / 2 > share * total:
                break
            taken += amount
            order.remove(key)
            result |= {recording.name: split for recording in groups[key]}
    return result


def _groups(recordings: Sequence[RecordingFacts], by_subject: bool) -> dict[str, list[RecordingFacts]]:
    groups: dict[str, list[RecordingFacts]] = {}
    for recording in sorted(recordings, key=lambda recording: recording.name):
        subject = by_subject and recording.subject
        groups.setdefault(f"subject {recording.subject}" if subject else recording.name, []).append(recording)
    return groups


def _next_group(order: Sequence[str], groups: Mapping[str, Sequence[RecordingFacts]]) -> str:
    """The first group without which training still sees every action it can see; else the first."""

    def labels(key: str) -> set[str]:
        return {label for recording in groups[key] for label in recording.labels}

    for key in order:
        others = {label for other in order if other != key for label in labels(other)}
        if labels(key) <= others:
            return key
    return order[0]
