# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The ``annotations`` folder of Assembly101, which AssemblyHands takes its splits and actions from, too.

``fine-grained-annotations`` (actions.csv, train.csv, validation.csv, test.csv, head_actions.txt) says which labels
every frame carries; ``anticipation-annotations/CSVs`` has the segments that the publication recognises and predicts;
``coarse-annotations`` (actions.csv, tail_actions.txt, coarse_labels/) is kept beside them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.readers.assembly_labels import (
    SPLIT_FILES,
    LabelRow,
    SegmentList,
    frames,
    objects_of,
    pack_rows,
    read_coarse,
    read_names,
    read_segments,
    read_taxonomy,
    unpack_rows,
    windows,
)
from ghtt_core.data.readers.base import SPLITS, Faults, Missing, SourceSequence
from ghtt_core.data.sequence import ActionSegment, HandSequence
from ghtt_core.data.taxonomy import ActionLabel
from ghtt_core.data.views import View
from ghtt_core.hands.layout import FRAME_RATE, NUM_JOINTS, THUMB_CMC

SegmentsOf = Literal["anticipation", "fine"]
FINE: Final = "fine"
COARSE: Final = "coarse"
_FINE_FOLDER: Final = "fine-grained-annotations"
_ANTICIPATION_FOLDER: Final = "anticipation-annotations/CSVs"
_COARSE_FOLDER: Final = "coarse-annotations"
_SUBJECT: Final = re.compile(r"_action_[a-z]+_(\d+)-")
_PARTS: Final = ("assembly", "disassembly")


@dataclass(frozen=True)
class Annotations:
    """What the folder offers.

    Attributes:
        labels: Fine-grained actions in the order of their published number; labels no taxonomy has behind them.
        object_names: Nouns in the order of their published number.
        coarse_labels: Coarse actions.
        splits: Split of every recording that a list names.
        details: Segments of every recording, for `segments_of`.
        notes: Head and tail actions, and digests of the lists.
        missing: What is not there.
    """

    labels: tuple[ActionLabel, ...] = ()
    object_names: tuple[str, ...] = ()
    coarse_labels: tuple[ActionLabel, ...] = ()
    splits: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[Missing, ...] = ()

    @property
    def more_labels(self) -> dict[str, tuple[ActionLabel, ...]]:
        """Taxonomies of the further annotations of `segments_of`."""
        return {FINE: self.labels, **({COARSE: self.coarse_labels} if self.coarse_labels else {})}


@dataclass(frozen=True)
class SequenceLabels:
    """Labels of one sequence.

    Attributes:
        segments: Segments to cut windows from.
        more: The labels of every frame as "fine", and coarse segments.
        object_ids: (T,) int16.
    """

    segments: tuple[ActionSegment, ...]
    more: dict[str, tuple[ActionSegment, ...]]
    object_ids: NDArray[np.int16]


def segments_of(detail: Mapping[str, Any], object_names: tuple[str, ...], first: int, count: int) -> SequenceLabels:
    """Cut the segments of a recording to a sequence.

    Args:
        detail: An entry of `Annotations.details`.
        object_names: As in the annotations.
        first: Frame (30 frames/s) of the recording that the sequence begins with.
        count: Its length.
    """
    rows = {name: unpack_rows(packed) for name, packed in detail.items()}
    carried = frames(rows[FINE], first, count)
    chosen = windows(rows["windows"], first, count)
    coarse = {COARSE: windows(rows[COARSE], first, count)} if COARSE in rows else {}
    return SequenceLabels(chosen, {FINE: carried, **coarse}, objects_of(carried or chosen, object_names, count))


def recording(
    entry: SourceSequence,
    joints: NDArray[np.float32],
    valid: NDArray[np.bool_],
    first: int,
    views: tuple[View, ...],
) -> HandSequence:
    """Put poses and annotations of a recording together.

    Args:
        entry: The recording; its details are ``labels`` (an entry of `Annotations.details`) and ``object_names``.
        joints: (T, 2, 21, 3) metres, world frame, at 30 frames/s.
        valid: (T, 2) bool.
        first: Frame (30 frames/s) of the recording that the poses begin with.
        views: Its cameras.
    """
    names = tuple(entry.detail["object_names"])
    labels = segments_of(entry.detail["labels"], names, first, len(joints))
    return HandSequence(
        joints=joints,
        valid=valid,
        stamps_ns=np.round(np.arange(len(joints)) * (1e9 / FRAME_RATE)).astype(np.int64),
        joint_valid=np.arange(NUM_JOINTS) != THUMB_CMC,
        segments=labels.segments,
        subject=subject_of(entry.name),
        name=entry.name,
        frame_id="world",
        object_names=names,
        object_ids=labels.object_ids,
        views=views,
        more_segments=labels.more,
    )


def subject_of(name: str) -> str:
    """Participant of a recording such as "nusar-2021_action_both_9033-a30_9033_user_id_..."; else its whole name."""
    found = _SUBJECT.search(name)
    return found[1] if found else name


def read_annotations(root: Path, segments: SegmentsOf, faults: Faults) -> Annotations:
    """Read the annotations folder below the root of Assembly101.

    Args:
        root: Root of Assembly101.
        segments: List that windows are cut from; the other one where a split has none.
        faults: Takes malformed rows.

    Raises:
        InputError: If a list cannot be read.
        MalformedFileError: If a list is malformed and faults are fatal.
    """
    folder = root / "annotations"
    missing: list[Missing] = []
    notes: dict[str, Any] = {}
    labels: tuple[ActionLabel, ...] = ()
    nouns: tuple[str, ...] = ()
    if (folder / _FINE_FOLDER / "actions.csv").is_file():
        labels, nouns = read_taxonomy(folder / _FINE_FOLDER / "actions.csv", faults)
    else:
        missing.append(Missing(f"{_FINE_FOLDER}/actions.csv", "", "labels are numbered by name, not as published"))
    _note_names(folder / _FINE_FOLDER / "head_actions.txt", "head_actions", labels, notes, missing, faults)
    lists = {FINE: _read_lists(folder / _FINE_FOLDER, missing, notes, faults)}
    lists["anticipation"] = _read_lists(folder / _ANTICIPATION_FOLDER, missing, notes, faults)
    splits: dict[str, str] = {}
    details: dict[str, dict[str, Any]] = {}
    found: dict[str, ActionLabel] = {}
    for split in SPLITS:
        fine, anticipation = lists[FINE].get(split), lists["anticipation"].get(split)
        first, second = (fine, anticipation) if segments == FINE else (anticipation, fine)
        chosen = second if first is None or first.withheld else first
        for name in sorted({*(fine.rows if fine else ()), *(anticipation.rows if anticipation else ())}):
            if splits.setdefault(name, split) != split:
                where = folder / _FINE_FOLDER
                faults.report(where, None, f"recording '{name}' is in {splits[name]} and in {split}", "the second one")
                continue
            by_list = {"windows": _rows(chosen, name), FINE: _rows(fine, name)}
            found.update({row.label.name: row.label for rows in by_list.values() for row in rows})
            details[name] = {key: pack_rows(rows) for key, rows in by_list.items()}
    published = {label.name for label in labels}
    extra = tuple(found[name] for name in sorted(found) if name not in published)
    coarse = _add_coarse(folder / _COARSE_FOLDER, details, missing, notes, faults)
    return Annotations(
        labels=(*labels, *extra),
        object_names=tuple(dict.fromkeys((*nouns, *(label.noun for label in extra if label.noun)))),
        coarse_labels=coarse,
        splits=splits,
        details=details,
        notes=notes,
        missing=tuple(missing),
    )


def no_labels() -> dict[str, Any]:
    """Entry of `Annotations.details` for a recording without labels."""
    return {"windows": pack_rows(()), FINE: pack_rows(())}


def _rows(listed: SegmentList | None, name: str) -> list[LabelRow]:
    return [] if listed is None else listed.rows.get(name, [])


def _read_lists(folder: Path, missing: list[Missing], notes: dict[str, Any], faults: Faults) -> dict[str, SegmentList]:
    """Segment lists of the splits that have one."""
    lists = {}
    for split, stems in SPLIT_FILES.items():
        path = next((folder / f"{stem}.csv" for stem in stems if (folder / f"{stem}.csv").is_file()), None)
        if path is None:
            missing.append(Missing(f"{folder.name}/{stems[0]}.csv", split, "no segments from this list"))
            continue
        notes.setdefault("lists_sha256", {})[f"{folder.name}/{path.name}"] = digest_of(path)
        lists[split] = read_segments(path, faults)
        if lists[split].withheld:
            missing.append(Missing(f"labels in {folder.name}/{path.name}", split, "recognition cannot be scored"))
    return lists


def _add_coarse(
    folder: Path, details: Mapping[str, dict[str, Any]], missing: list[Missing], notes: dict[str, Any], faults: Faults
) -> tuple[ActionLabel, ...]:
    """Add coarse segments to the details and return the coarse taxonomy, empty without one."""
    path = folder / "actions.csv"
    if not path.is_file():
        missing.append(Missing(f"{_COARSE_FOLDER}/actions.csv", "", "no coarse labels"))
        return ()
    labels, _ = read_taxonomy(path, faults)
    _note_names(folder / "tail_actions.txt", "tail_coarse_actions", labels, notes, missing, faults)
    by_name = {label.name: label for label in labels}
    digest = hashlib.sha256()
    for name, detail in sorted(details.items()):
        files = [folder / "coarse_labels" / f"{part}_{name}.txt" for part in _PARTS]
        parts = [read_coarse(file, by_name, faults) for file in files if file.is_file()]
        if not parts or None in parts:
            missing.append(Missing("coarse labels", name, "fine labels only"))
        rows = [row for part in parts for row in part or ()]
        detail[COARSE] = pack_rows(sorted(rows, key=lambda row: (row.start, row.end)))
        digest.update(repr((name, detail[COARSE])).encode())
    notes["coarse_labels_sha256"] = digest.hexdigest()
    return labels


def _note_names(
    path: Path, key: str, labels: tuple[ActionLabel, ...], notes: dict[str, Any], missing: list[Missing], faults: Faults
) -> None:
    if path.is_file():
        notes[key] = list(read_names(path, (label.name for label in labels), faults))
    else:
        missing.append(Missing(f"{path.parent.name}/{path.name}", "", "no scores apart for head and tail actions"))


def digest_of(path: Path) -> str:
    """Digest (sha256) of a list, for `SourcePlan.notes`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
