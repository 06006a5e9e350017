# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Reads Assembly101 as it is published (method section 6).

``poses@60fps/<recording>.json`` is a list with one entry per frame at 60 frames/s, {"landmarks": {"0": 21 x 3, "1":
21 x 3}}: left and right hand, millimetres, world frame, joints in UmeTrack's order. Every second frame is used, because
annotations, and this project, count at 30 frames/s. ``poses@60fps/<split>.txt`` has the number of pose frames of every
recording. ``annotations`` is described in assembly_annotations, ``calib.txt`` in assembly_cameras. Videos are left
where they are, in ``recordings/<recording>/C10095_rgb.mp4`` or below ``videos``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.readers.assembly_annotations import (
    Annotations,
    SegmentsOf,
    digest_of,
    no_labels,
    read_annotations,
    recording,
)
from ghtt_core.data.readers.assembly_cameras import EXO_SERIALS, MM, find_video, read_calibration
from ghtt_core.data.readers.assembly_labels import SPLIT_FILES, read_lines
from ghtt_core.data.readers.base import (
    SPLITS,
    Faults,
    MalformedFileError,
    Missing,
    SequenceReading,
    SourcePlan,
    SourceSequence,
)
from ghtt_core.data.readers.json_spans import JsonFile
from ghtt_core.data.views import View
from ghtt_core.errors import InputError
from ghtt_core.hands.layout import NUM_HANDS, NUM_JOINTS

POSE_STEP: Final = 2
"""Pose frames (60 frames/s) per frame."""
UMETRACK_ORDER: Final = (5, 20, 6, 7, 0, 8, 9, 10, 1, 11, 12, 13, 2, 14, 15, 16, 3, 17, 18, 19, 4)
"""UmeTrack's point of each of our joints; its palm centre (20) only fills the place of the thumb's base joint."""


@dataclass(frozen=True)
class Assembly101Reader:
    """Reader of one Assembly101 tree.

    Attributes:
        source: Its root.
        segments: Which list windows are cut from: "anticipation" as in the publication, or "fine".
        dataset: Name of the dataset.
    """

    source: Path
    segments: SegmentsOf = "anticipation"
    dataset: str = field(default="assembly101", init=False)

    def plan(self, faults: Faults) -> SourcePlan:
        """Find the recordings of every split.

        Raises:
            InputError: If the folder holds nothing of Assembly101.
            MalformedFileError: If a list is malformed and faults are fatal.
        """
        poses = self.source / "poses@60fps"
        if not poses.is_dir():
            raise InputError(f"{self.source} is not Assembly101: it has no folder poses@60fps.")
        annotations = read_annotations(self.source, self.segments, faults)
        counts: dict[str, int] = {}
        splits = recording_splits(self.source, annotations, faults, counts)
        missing = list(annotations.missing)
        sequences: list[SourceSequence] = []
        for split in SPLITS:
            names = sorted(name for name, of in splits.items() if of == split)
            for name in names:
                path = poses / f"{name}.json"
                if not path.is_file():
                    missing.append(Missing("poses", name, f"left out of {split}"))
                    continue
                detail = {
                    "frames_60": counts.get(name),
                    "object_names": list(annotations.object_names),
                    "labels": annotations.details.get(name) or no_labels(),
                }
                sequences.append(SourceSequence(split, name, path.stat().st_size / 2**20, detail))
        if not sequences:
            raise InputError(
                f"{self.source} has no recording to read: put the lists of Assembly101 in annotations/"
                "fine-grained-annotations and its poses in poses@60fps."
            )
        notes = {**annotations.notes, "segments": self.segments}
        calibration = self._calibration()
        if calibration is None:
            missing.append(Missing("calib.txt", "", "no views, no pictures"))
        else:
            notes["calibration_sha256"] = digest_of(calibration)
        unknown = sorted({path.stem for path in poses.glob("*.json")} - splits.keys())
        missing += [Missing("split", name, "no list names it; left out") for name in unknown]
        return SourcePlan(
            sequences=tuple(sequences),
            labels=annotations.labels,
            object_names=annotations.object_names,
            missing=tuple(missing),
            more_labels=annotations.more_labels,
            notes=notes,
        )

    def read(self, entry: SourceSequence, faults: Faults) -> SequenceReading:
        """Read one recording.

        Raises:
            MalformedFileError: If its poses are malformed.
        """
        path = self.source / "poses@60fps" / f"{entry.name}.json"
        joints, valid, count_60 = read_poses(path, faults)
        promised = entry.detail["frames_60"]
        if promised is not None and promised != count_60:
            what = f"it has {count_60} frames, the list of its split says {promised}"
            faults.report(path, None, what, "what the file has is used")
        views, missing = self._views(entry.name, len(joints), faults)
        return SequenceReading(recording(entry, joints, valid, 0, views), missing)

    def _calibration(self) -> Path | None:
        candidates = (self.source / "calib.txt", self.source / "annotations" / "calib.txt")
        return next((path for path in candidates if path.is_file()), None)

    def _views(self, name: str, frames: int, faults: Faults) -> tuple[tuple[View, ...], tuple[Missing, ...]]:
        """The fixed cameras; where the headset was in the recording is not published with the poses."""
        path = self._calibration()
        if path is None:
            return (), ()
        cameras = read_calibration(path)
        views, without = [], []
        for view in EXO_SERIALS:
            if view in cameras:
                video = find_video(self.source, (f"recordings/{name}", f"videos/{name}"), view, faults)
                views.append(cameras[view].with_pictures(None if video is None else video.source(0, frames)))
                without += [view] if video is None else []
        missing = [Missing(f"videos of {', '.join(without)}", name, "no pictures of these views")] if without else []
        return tuple(views), tuple(missing)


def recording_splits(
    root: Path, annotations: Annotations, faults: Faults, counts: dict[str, int] | None = None
) -> dict[str, str]:
    """Split of every recording that the lists of labels or of poses name.

    Args:
        root: Root of Assembly101.
        annotations: Its annotations.
        faults: Takes malformed lines.
        counts: Takes the number of pose frames of every recording, where a list has it.

    Raises:
        MalformedFileError: If a line is malformed and faults are fatal.
    """
    splits = dict(annotations.splits)
    for split, stems in SPLIT_FILES.items():
        path = next((p for stem in stems if (p := root / "poses@60fps" / f"{stem}.txt").is_file()), None)
        for line, text in () if path is None else read_lines(path):
            words = text.split()
            if len(words) != 2 or not words[1].isdecimal():
                faults.report(str(path), line, "a recording and its number of frames were expected", "the line")
            elif splits.setdefault(words[0], split) != split:
                faults.report(str(path), line, f"'{words[0]}' is in the split {splits[words[0]]}, too", "the line")
            elif counts is not None:
                counts[words[0]] = int(words[1])
    return splits


def read_poses(path: Path, faults: Faults) -> tuple[NDArray[np.float32], NDArray[np.bool_], int]:
    """Read the pose file of a recording, one frame at a time.

    Returns:
        joints: (T, 2, 21, 3) float32, metres, our order, every second frame.
        valid: (T, 2) bool; hands that are absent, all zero or not finite are not valid.
        count: Frames of the file, at 60 frames/s.

    Raises:
        InputError: If it cannot be read.
        MalformedFileError: If it is malformed; frames of the wrong form only if faults are fatal.
    """
    with JsonFile(path) as file:
        spans = list(file.elements())
        if not spans:
            raise MalformedFileError(path, None, "it has no frames")
        slots = _slots(file, spans)
        count = int(slots[-1]) + 1
        umetrack = np.full(((count + 1) // POSE_STEP, NUM_HANDS, NUM_JOINTS, 3), np.nan)
        for number in np.flatnonzero(slots % POSE_STEP == 0).tolist():
            frame = file.parse(spans[number], f"frame {slots[number]}")
            landmarks = frame.get("landmarks") if isinstance(frame, dict) else None
            if not isinstance(landmarks, dict):
                line = file.line(spans[number][0])
                faults.report(path, line, f"frame {slots[number]} has no 'landmarks'", "the frame")
                continue
            for hand in range(NUM_HANDS):
                points = landmarks.get(str(hand))
                if points and not put_points(umetrack[slots[number] // POSE_STEP, hand], points):
                    what = f"frame {slots[number]}: landmarks '{hand}' are not {NUM_JOINTS} points of 3 numbers"
                    faults.report(path, file.line(spans[number][0]), what, "the hand in this frame")
    return (*seen_hands(umetrack[:, :, list(UMETRACK_ORDER)]), count)


def _slots(file: JsonFile, spans: list[tuple[int, int]]) -> NDArray[np.int64]:
    """Frame number of every entry: its place in the list, unless frame_index says that frames are left out."""
    first, last = _frame_index(file, spans, 0), _frame_index(file, spans, len(spans) - 1)
    if first is None or last is None or last - first == len(spans) - 1:
        return np.arange(len(spans))
    slots = np.zeros(len(spans), np.int64)
    for place in range(1, len(spans)):
        index = _frame_index(file, spans, place)
        slots[place] = -1 if index is None else index - first
        if slots[place] <= slots[place - 1]:
            what = f"frame_index of entry {place} does not increase"
            raise MalformedFileError(file.path, file.line(spans[place][0]), what)
    return slots


def _frame_index(file: JsonFile, spans: list[tuple[int, int]], place: int) -> int | None:
    frame = file.parse(spans[place], f"frame {place}")
    index = frame.get("frame_index") if isinstance(frame, dict) else None
    return index if isinstance(index, int) else None


def put_points(place: NDArray[np.float64], points: Any) -> bool:
    """Fill an array (..., 3) with nested lists of numbers; whether they are of its shape."""
    try:
        array = np.array(points, np.float64)
    except (TypeError, ValueError):
        return False
    if array.shape != place.shape:
        return False
    place[:] = array
    return True


def seen_hands(points_mm: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Joints (T, 2, 21, 3) in metres, and which hands (T, 2) are valid: finite and not all zero."""
    flat = points_mm.reshape(*points_mm.shape[:2], -1)
    valid = np.isfinite(flat).all(2) & (flat != 0).any(2)
    joints = np.where(valid[..., None, None], points_mm * MM, 0.0).astype(np.float32)
    return joints, valid
