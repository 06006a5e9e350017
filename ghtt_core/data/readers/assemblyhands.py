# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Reads AssemblyHands as it is published (method section 6).

Below ``annotations/<split>``: ``assemblyhands_<split>_joint_3d_v1-1.json`` with {"annotations": {recording: {frame:
{"world_coord": 42 x 3}}}}, millimetres, world frame, right hand first, joints in InterHand's order, frames numbered at
60 per second of which every second one is annotated; and ``assemblyhands_<split>_ego_calib_v1-1.json`` with the
headset's cameras. ``cam_para/<recording>.json`` has the fixed ones. Pictures: ``images/ego_images_rectified`` by frame
number, ``videos/exo_videos_rectified``, whose first picture shows the first annotated frame. A recording has one
contiguous annotated stretch, ``<split>_annotated@fps60.json``; ``exo_with_img_info.json`` says where fixed views have
pictures.

The recordings are some of Assembly101's, and so are splits and actions: AssemblyHands' own three files are merged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.readers.assembly101 import (
    POSE_STEP,
    put_points,
    recording_splits,
    seen_hands,
)
from ghtt_core.data.readers.assembly_annotations import (
    Annotations,
    SegmentsOf,
    no_labels,
    read_annotations,
    recording,
)
from ghtt_core.data.readers.assemblyhands_views import read_views
from ghtt_core.data.readers.base import (
    SPLITS,
    Faults,
    MalformedFileError,
    Missing,
    SequenceReading,
    SourcePlan,
    SourceSequence,
)
from ghtt_core.data.readers.json_spans import JsonFile, Span, read_json
from ghtt_core.errors import InputError
from ghtt_core.hands.layout import HAND_NAMES, NUM_HANDS, NUM_JOINTS

INTERHAND_ORDER: Final = (20, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12, 19, 18, 17, 16)
"""InterHand's point of each of our joints, within one hand."""
_FIRST_POINT: Final = {"left": NUM_JOINTS, "right": 0}
"""The right hand comes first."""


@dataclass(frozen=True)
class AssemblyHandsReader:
    """Reader of one AssemblyHands tree.

    Attributes:
        source: Its root, or that of Assembly101 with AssemblyHands in ``asshand``.
        assembly101: Root of Assembly101; by default the source or the folder it is in.
        segments: Which of Assembly101's lists windows are cut from: "anticipation" as in the publication, or "fine".
        all_exo_views: Take all eight fixed views instead of the publication's six.
        dataset: Name of the dataset.
    """

    source: Path
    assembly101: Path | None = None
    segments: SegmentsOf = "anticipation"
    all_exo_views: bool = False
    dataset: str = field(default="assemblyhands", init=False)

    def plan(self, faults: Faults) -> SourcePlan:
        """Find the recordings of every split.

        Raises:
            InputError: If the folder holds nothing of AssemblyHands.
            MalformedFileError: If a list is malformed and faults are fatal.
        """
        missing: list[Missing] = []
        sizes: dict[str, int] = {}
        recordings = self._recordings(missing, sizes, faults)
        if not recordings:
            raise InputError(
                f"{self.source} is not AssemblyHands: it has no annotations/train/"
                "assemblyhands_train_joint_3d_v1-1.json."
            )
        lists = self._assembly101()
        annotations = Annotations()
        splits = {name: str(detail["files"]) for name, detail in recordings.items()}
        if lists is None:
            missing.append(Missing("lists of Assembly101", "", "AssemblyHands' own splits, no actions"))
        else:
            annotations = read_annotations(lists, self.segments, faults)
            missing += annotations.missing
            splits = recording_splits(lists, annotations, faults)
            without = sorted(recordings.keys() - splits.keys())
            missing += [Missing("split in Assembly101", name, "left out") for name in without]
        sequences = []
        for split in SPLITS:
            for name in sorted(name for name in recordings if splits.get(name) == split):
                detail = recordings[name]
                detail["labels"] = annotations.details.get(name) or no_labels()
                detail["object_names"] = list(annotations.object_names)
                size = (detail["joints"][1] - detail["joints"][0]) / 2**20
                sequences.append(SourceSequence(split, name, size, detail))
        if not sequences:
            raise InputError(f"No recording of {self.source} is in the lists of Assembly101 in {lists}.")
        return SourcePlan(
            sequences=tuple(sequences),
            labels=annotations.labels,
            object_names=annotations.object_names,
            missing=tuple(missing),
            more_labels=annotations.more_labels,
            notes={**annotations.notes, "segments": self.segments, "sizes": sizes},
        )

    def read(self, entry: SourceSequence, faults: Faults) -> SequenceReading:
        """Read one recording.

        Raises:
            MalformedFileError: If its annotations are malformed.
        """
        numbers, joints, valid, first_annotated = self._poses(entry, faults)
        views, missing = read_views(
            self.source, self._prefix, entry, numbers, first_annotated, self.all_exo_views, faults
        )
        return SequenceReading(recording(entry, joints, valid, int(numbers[0]) // POSE_STEP, views), missing)

    @property
    def _prefix(self) -> str:
        """Path of AssemblyHands within the source."""
        return "asshand/" if (self.source / "asshand" / "annotations").is_dir() else ""

    @property
    def _annotations(self) -> Path:
        return self.source / self._prefix / "annotations"

    def _assembly101(self) -> Path | None:
        """Root of Assembly101."""
        if self.assembly101 is not None:
            if not (self.assembly101 / "annotations").is_dir():
                raise InputError(f"{self.assembly101} is not Assembly101: it has no folder annotations.")
            return self.assembly101
        for root in (self.source, self.source.absolute().parent):
            folders = ("fine-grained-annotations", "anticipation-annotations")
            if any((root / "annotations" / folder).is_dir() for folder in folders):
                return root
        return None

    def _recordings(self, missing: list[Missing], sizes: dict[str, int], faults: Faults) -> dict[str, dict[str, Any]]:
        """What is on disk about every recording, all three splits together; also notes the sizes of the files."""
        recordings: dict[str, dict[str, Any]] = {}
        for split in SPLITS:
            path = annotation_file(self._annotations, split, "joint_3d")
            if not path.is_file():
                missing.append(Missing(path.name, split, "its recordings are left out"))
                continue
            sizes[path.name] = path.stat().st_size
            with JsonFile(path) as file:
                joints = file.members("annotations")
            cameras: Mapping[str, Span] = {}
            calibration = annotation_file(self._annotations, split, "ego_calib")
            if calibration.is_file():
                sizes[calibration.name] = calibration.stat().st_size
                with JsonFile(calibration) as file:
                    cameras = file.members("calibration")
            else:
                missing.append(Missing(calibration.name, split, "no views of the headset"))
            annotated = self._annotated(split)
            for name, span in joints.items():
                if name in recordings:
                    what = f"'{name}' is in the file of {recordings[name]['files']}, too"
                    faults.report(path, None, what, "the second one")
                    continue
                recordings[name] = {
                    "files": split,
                    "joints": list(span),
                    "ego": list(cameras[name]) if name in cameras else None,
                    "annotated": annotated.get(name),
                }
        return recordings

    def _annotated(self, split: str) -> dict[str, list[int]]:
        """First and one past the last annotated frame (60 per second) of the recordings that have them listed."""
        path = self._annotations / f"{split}_annotated@fps60.json"
        if not path.is_file():
            return {}
        listed = read_json(path)
        if not isinstance(listed, dict):
            raise MalformedFileError(path, 1, "an object with a list of spans per recording was expected")
        spans = {}
        for name, value in listed.items():
            try:
                ends = np.array(value, np.int64).reshape(-1, 2)
            except (TypeError, ValueError):
                raise MalformedFileError(path, None, f"'{name}' is no list of [start, end]") from None
            if not len(ends) or (ends[:, 0] >= ends[:, 1]).any() or ends.min() < 0:
                raise MalformedFileError(path, None, f"'{name}' has an impossible span {ends.tolist()}")
            spans[name] = [int(ends.min()), int(ends.max())]
        return spans

    def _poses(
        self, entry: SourceSequence, faults: Faults
    ) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.bool_], int]:
        """Frame numbers (T,), joints (T, 2, 21, 3) in metres, which hands (T, 2) are valid, first annotated frame."""
        path = annotation_file(self._annotations, str(entry.detail["files"]), "joint_3d")
        with JsonFile(path) as file:
            start, end = entry.detail["joints"]
            frames = numbered(file.parse((start, end), f"'{entry.name}'"), path, entry.name)
        if not frames:
            raise MalformedFileError(path, None, f"'{entry.name}' has no frames")
        first = min(frames)
        begin, stop = entry.detail["annotated"] or (first, max(frames) + 1)
        numbers = np.arange(begin, stop, POSE_STEP)
        points = np.full((len(numbers), NUM_HANDS * NUM_JOINTS, 3), np.nan)
        for place, number in enumerate(numbers.tolist()):
            frame = frames.get(number)
            if number in frames and not (
                isinstance(frame, dict) and put_points(points[place], frame.get("world_coord"))
            ):
                what = f"'{entry.name}', frame '{number:06d}': 'world_coord' is not 42 points of 3 numbers"
                faults.report(path, None, what, "the frame")
        hands = [points[:, _FIRST_POINT[side] :][:, list(INTERHAND_ORDER)] for side in HAND_NAMES]
        return numbers, *seen_hands(np.stack(hands, axis=1)), first


def annotation_file(annotations: Path, split: str, what: str) -> Path:
    """Path of one of AssemblyHands' JSON files."""
    return annotations / split / f"assemblyhands_{split}_{what}_v1-1.json"


def numbered(frames: Any, path: Path, name: str) -> dict[int, Any]:
    """Entries of an object by the frame numbers that its keys are.

    Raises:
        MalformedFileError: If it is no object or a key is no number.
    """
    if not isinstance(frames, dict):
        raise MalformedFileError(path, None, f"'{name}' is no object with one entry per frame")
    bad = next((key for key in frames if not key.isdecimal()), None)
    if bad is not None:
        raise MalformedFileError(path, None, f"'{name}' has the frame '{bad}', which is no number")
    return {int(key): frame for key, frame in frames.items()}
