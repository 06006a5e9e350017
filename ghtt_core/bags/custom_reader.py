# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A user's own recordings, with a table of what is done in them, as a dataset like the public ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from ghtt_core.bags.recordings import Hands, find_recordings, read_recording
from ghtt_core.data.preparation.file_state import state_of
from ghtt_core.data.readers.base import SPLITS, Faults, Missing, SequenceReading, SourcePlan, SourceSequence
from ghtt_core.data.sequence import HandSequence
from ghtt_core.data.tables.csv_table import Problems
from ghtt_core.data.tables.partition import (
    TRAIN,
    RecordingFacts,
    RecordingTable,
    choose_splits,
    read_recording_table,
)
from ghtt_core.data.tables.segments_csv import ActionTable, Unit, label_sequence, read_actions
from ghtt_core.data.taxonomy import ActionLabel
from ghtt_core.errors import InputError
from ghtt_core.hands.layout import FRAME_RATE

_LEFT_OUT: Final = "the recording is left out"


@dataclass(frozen=True)
class CustomReader:
    """Reads .npz recordings and bags below a folder; a `ghtt_core.data.readers.base.DatasetReader`.

    Attributes:
        source: The folder.
        actions: Table ``recording,start,end,label[,verb,noun]``. Its rows take the place of what a recording says of
            itself; a recording that it does not name keeps its own actions. None keeps all recordings' own.
        recordings: Table ``recording[,subject][,split]``; None takes the subjects that recordings name.
        unit: Of the starts and ends of actions.
        overlap: Whether actions of one recording may share time.
        hands: Which hands of a bag.
        val_share: Share of the data that validates, where the table gives no split.
        test_share: Share of the data that tests, where the table gives no split.
        seed: Of the choice of splits.
    """

    source: Path
    actions: Path | None = None
    recordings: Path | None = None
    unit: Unit = "seconds"
    overlap: bool = False
    hands: Hands = "best"
    val_share: float = 0.2
    test_share: float = 0.0
    seed: int = 0
    dataset: str = "custom"

    def plan(self, faults: Faults) -> SourcePlan:
        """Read the tables and look into every recording.

        Raises:
            InputError: If there are no recordings, a table cannot be used, or something is wrong and that is fatal.
        """
        files = find_recordings(self.source)
        actions = self.table(files, faults)
        told = read_recording_table(self.recordings, set(files), faults) if self.recordings else RecordingTable({}, {})
        problems = None if actions is None else Problems(actions.path, faults)
        facts: list[RecordingFacts] = []
        labels: list[ActionLabel] = []
        objects: set[str] = set()
        for name, path in files.items():
            sequence = self._look(name, path, faults)
            if sequence is None:
                continue
            sequence = self._labelled(sequence, actions, problems)
            labels += [ActionLabel(segment.label, segment.verb, segment.noun) for segment in sequence.segments]
            objects |= {segment.noun for segment in sequence.segments if segment.noun} | set(sequence.object_names)
            subject = told.subjects.get(name, sequence.subject)
            seen = {segment.label for segment in sequence.segments}
            facts.append(RecordingFacts(name, subject, sequence.duration_s + 1 / FRAME_RATE, seen))
        if problems is not None:
            problems.settle()
        if not facts:
            raise InputError(f"No recording below {self.source} can be used.")
        splits = self._splits(facts, told)
        return SourcePlan(
            sequences=tuple(
                SourceSequence(splits[f.name], f.name, f.amount, {"path": str(files[f.name]), "subject": f.subject})
                for f in facts
            ),
            labels=_unique(labels),
            object_names=tuple(sorted(objects)),
            missing=tuple(_missing(facts, splits)),
            notes=self._notes(files.values()),
        )

    def read(self, entry: SourceSequence, faults: Faults) -> SequenceReading:
        """Read one recording and put its actions on it.

        Raises:
            InputError: If it cannot be used and that is fatal.
        """
        sequence = self._look(entry.name, Path(entry.detail["path"]), faults)
        if sequence is None:
            return SequenceReading(None)
        actions = None if self.actions is None else _sound_rows(self, state_of([self.actions]))
        problems = None if actions is None else Problems(actions.path, Faults("skip"))
        sequence = self._labelled(sequence, actions, problems)
        frame_id = "world" if sequence.views else sequence.frame_id
        return SequenceReading(replace(sequence, subject=entry.detail["subject"], frame_id=frame_id))

    def table(self, names: Iterable[str], faults: Faults) -> ActionTable | None:
        """Read the rows of the table of actions that can be used; None without a table.

        Args:
            names: Recordings that there are.
            faults: Takes rows that cannot be used.

        Raises:
            InputError: If the table cannot be read, or something is wrong with it and that is fatal.
        """
        if self.actions is None:
            return None
        table = read_actions(self.actions, self.unit, faults).for_recordings(set(names), faults)
        return table if self.overlap else table.without_overlaps(faults)

    def _look(self, name: str, path: Path, faults: Faults) -> HandSequence | None:
        """A recording, or None if it cannot be used and that is not fatal."""
        try:
            return read_recording(path, name, self.hands)
        except InputError as error:
            if faults.on_fault == "fatal":
                raise
            faults.report(path, None, str(error).rstrip("."), _LEFT_OUT)
            return None

    def _labelled(self, sequence: HandSequence, actions: ActionTable | None, problems: Problems | None) -> HandSequence:
        """A recording with the actions of the table, if that names it, else with its own."""
        rows = actions.of(sequence.name) if actions else ()
        return label_sequence(sequence, rows, self.unit, problems) if rows and problems else sequence

    def _splits(self, facts: list[RecordingFacts], told: RecordingTable) -> dict[str, str]:
        if told.splits:
            splits = {fact.name: told.splits.get(fact.name, TRAIN) for fact in facts}
            if TRAIN not in splits.values():
                raise InputError(
                    f"{self.recordings} leaves no recording to train on; give at least one the split train."
                )
            return splits
        return choose_splits(facts, {"val": self.val_share, "test": self.test_share}, self.seed)

    def _notes(self, files: Iterable[Path]) -> dict[str, Any]:
        """What tells whether recordings or tables were changed since they were read."""
        tables = [path for path in (self.actions, self.recordings) if path is not None]
        digests = {f"sha256_of_{path.name}": hashlib.sha256(path.read_bytes()).hexdigest() for path in tables}
        return digests | {"state_of_recordings": state_of(files)}


@lru_cache(maxsize=1)
def _sound_rows(reader: CustomReader, state: str) -> ActionTable | None:
    """The table, read once for each process and state of it; the plan has told of everything that is wrong with it."""
    return reader.table(find_recordings(reader.source), Faults("skip"))


def _unique(labels: list[ActionLabel]) -> tuple[ActionLabel, ...]:
    """Each label once, sorted, so that neither the order of rows nor of recordings numbers them."""
    found: dict[str, ActionLabel] = {}
    for label in labels:
        found.setdefault(label.name, label)
    return tuple(found[name] for name in sorted(found))


def _missing(facts: list[RecordingFacts], splits: dict[str, str]) -> Iterable[Missing]:
    """What training or evaluation will not find."""
    labels = {split: {label for f in facts if splits[f.name] == split for label in f.labels} for split in SPLITS}
    if not any(labels.values()):
        yield Missing("actions", "", "the pose block can be trained, the action block cannot")
    for split in ("val", "test"):
        for label in sorted(labels[split] - labels[TRAIN]):
            yield Missing(f"'{label}' in train", split, "nothing learns an action that is only here")
    subjects: dict[str, set[str]] = {}
    for fact in facts:
        if fact.subject:
            subjects.setdefault(fact.subject, set()).add(splits[fact.name])
    for subject in sorted(subject for subject, found in subjects.items() if len(found) > 1):
        yield Missing(
            "other people",
            subject,
            f"the same subject is in {' and '.join(sorted(subjects[subject]))}, so scores flatter",
        )
