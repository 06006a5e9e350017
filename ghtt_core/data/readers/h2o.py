# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Reads H2O as it is published: ``<subject>/<scene>/<sequence>/cam{0..4}/`` (method section 6).

Below every camera: ``hand_pose/%06d.txt`` with [flag, 21 x 3] of the left and then of the right hand, metres, in that
camera's frame, joints in our order; ``cam_pose/%06d.txt`` with the 4x4 map camera -> world; ``cam_intrinsics.txt`` with
fx fy cx cy width height; pictures in ``rgb/%06d.png`` (1280x720) or ``rgb480_270/%06d.png``. cam0 to cam3 stand still,
cam4 is worn on the head. World poses come from the poses of one camera, the first that has any.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.readers.base import (
    SPLITS,
    Faults,
    MalformedFileError,
    Missing,
    SequenceReading,
    SourcePlan,
    SourceSequence,
)
from ghtt_core.data.readers.h2o_labels import (
    LABELS,
    OBJECTS,
    SPLIT_SCENES,
    UNLABELLED,
    ListedSequence,
    find_list,
    read_list,
)
from ghtt_core.data.readers.number_files import numbered_files, parse_numbers, read_rows
from ghtt_core.data.sequence import NO_OBJECT, ActionSegment, HandSequence
from ghtt_core.data.views import ImageSource, View, scaled_intrinsics
from ghtt_core.errors import InputError
from ghtt_core.hands.layout import FRAME_RATE, NUM_HANDS, NUM_JOINTS, THUMB_CMC

CAMERAS: Final = ("cam0", "cam1", "cam2", "cam3", "cam4")
FULL_SIZE: Final = (1280, 720)
SMALL_SIZE: Final = (480, 270)
"""Pixels of the pictures that the publication's networks see."""
_SMALL_PICTURES: Final = "rgb480_270"
_FULL_PICTURES: Final = "rgb"
_POSE_NUMBERS: Final = NUM_HANDS * (1 + 3 * NUM_JOINTS)
_STILL_M: Final = 1e-6
"""A camera whose pose changes less than this does not move."""


@dataclass(frozen=True)
class H2OReader:
    """Reader of one H2O tree.

    Attributes:
        source: Its root.
        labels: Folder of the action lists, where it is not action_labels or label_split below the root.
        inclusive_ends: Whether the end of an action in the lists is its last frame; G-HTT takes it as one past.
        size: Width and height of the pictures that views offer; smaller ones are resized when they are read.
        world_camera: Camera whose poses are brought to the world; by default the first that has poses.
        dataset: Name of the dataset.
    """

    source: Path
    labels: Path | None = None
    inclusive_ends: bool = False
    size: tuple[int, int] = SMALL_SIZE
    world_camera: Literal["auto", "cam0", "cam1", "cam2", "cam3", "cam4"] = "auto"
    dataset: str = field(default="h2o", init=False)

    def plan(self, faults: Faults) -> SourcePlan:
        """Find the sequences of every split.

        Raises:
            InputError: If the folder holds nothing of H2O.
            MalformedFileError: If a list is malformed and faults are fatal.
        """
        if not self.source.is_dir():
            raise InputError(f"There is no folder {self.source}; give the root of H2O with --source.")
        sequences: list[SourceSequence] = []
        missing: list[Missing] = []
        digests = {}
        for split in SPLITS:
            path = find_list(self.source, self.labels, split)
            listed = {}
            if path is None:
                missing.append(Missing(f"action_{split}.txt", split, "no actions; scenes of the published split"))
            else:
                listed = read_list(path, split, self.inclusive_ends, faults)
                digests[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
                if any(s.label is None for sequence in listed.values() for s in sequence.segments):
                    missing.append(Missing("labels of actions", split, "recognition cannot be scored on this split"))
            for name in listed or self._scene_sequences(split):
                if self._cameras(name):
                    sequences.append(_entry(split, name, listed.get(name)))
                else:
                    missing.append(Missing("sequence", name, "left out"))
        if not sequences:
            raise InputError(
                f"{self.source} holds no sequence of H2O (subject1/h1/0/cam4/hand_pose/000000.txt and so on); "
                "unpack its archives there."
            )
        return SourcePlan(
            sequences=tuple(sequences),
            labels=LABELS,
            object_names=OBJECTS,
            missing=tuple(missing),
            more_labels={UNLABELLED.name: (UNLABELLED,)},
            notes={"action_lists_sha256": digests},
        )

    def read(self, entry: SourceSequence, faults: Faults) -> SequenceReading:
        """Read one sequence into the world frame.

        Raises:
            MalformedFileError: If a file is malformed and faults are fatal.
        """
        folders = self._cameras(entry.name)
        poses = {name: numbered_files(folder / "hand_pose", ".txt") for name, folder in folders.items()}
        wanted = CAMERAS if self.world_camera == "auto" else (self.world_camera,)
        source = next((name for name in wanted if poses.get(name)), None)
        if source is None:
            return SequenceReading(None, (Missing("hand poses", entry.name, "the sequence is left out"),))
        frames = max(self._frames(folders, poses), 1)
        missing = list(_shortage(entry, frames))
        to_world = {name: _camera_poses(folder, frames, faults) for name, folder in folders.items()}
        rows, there = read_rows(
            folders[source] / "hand_pose", poses[source], _POSE_NUMBERS, frames, faults, "the hands of the frame"
        )
        if not to_world[source][1].any():
            missing.append(Missing(f"camera poses of {source}", entry.name, "the sequence is left out"))
            return SequenceReading(None, tuple(missing))
        joints, valid = _hands(rows, there & to_world[source][1], to_world[source][0])
        views = []
        for name, folder in folders.items():
            view = self._view(name, folder, to_world[name], faults)
            if view is None:
                missing.append(Missing(f"calibration of {name}", entry.name, "no view from it"))
                continue
            if view.images is None:
                missing.append(Missing(f"pictures of {name}", entry.name, "no estimation from its images"))
            views.append(view)
        missing += [Missing(f"camera {name}", entry.name, "no view from it") for name in CAMERAS if name not in folders]
        segments, unlabelled = _segments(entry, frames)
        return SequenceReading(
            HandSequence(
                joints=joints,
                valid=valid,
                stamps_ns=np.round(np.arange(frames) * (1e9 / FRAME_RATE)).astype(np.int64),
                joint_valid=np.arange(NUM_JOINTS) != THUMB_CMC,
                segments=segments,
                subject=entry.name.split("/", 1)[0],
                name=entry.name,
                frame_id="world",
                object_names=OBJECTS,
                object_ids=_objects(segments, frames),
                views=tuple(views),
                more_segments={UNLABELLED.name: unlabelled} if unlabelled else {},
            ),
            tuple(missing),
        )

    def _subject_folders(self, subject: str) -> Iterator[Path]:
        """Roots of a subject: its archives unpack to subject1, subject1_ego, subject1_pose, also with a version."""
        yield self.source / subject
        yield from sorted(self.source.glob(f"{subject}_*"))

    def _scene_sequences(self, split: str) -> list[str]:
        """Sequences of a split that are on disk, for when no list names them."""
        found = set()
        for subject, scene in SPLIT_SCENES[split]:
            for root in self._subject_folders(subject):
                folders = (root / scene).iterdir() if (root / scene).is_dir() else ()
                found |= {(subject, scene, int(folder.name)) for folder in folders if folder.name.isdecimal()}
        return [f"{subject}/{scene}/{number}" for subject, scene, number in sorted(found)]

    def _cameras(self, name: str) -> dict[str, Path]:
        """Folder of every camera that is there."""
        subject, rest = name.split("/", 1)
        found: dict[str, Path] = {}
        for root in self._subject_folders(subject):
            for camera in CAMERAS:
                folder = root / rest / camera
                if camera not in found and folder.is_dir():
                    found[camera] = folder
        return {camera: found[camera] for camera in CAMERAS if camera in found}

    def _frames(self, folders: Mapping[str, Path], poses: Mapping[str, Mapping[int, str]]) -> int:
        """Frames of a sequence: one more than the highest number of a hand pose or of a picture of the worn camera."""
        pictures = [self._pictures(folder)[1] for name, folder in folders.items() if name == CAMERAS[-1]]
        return 1 + max((number for files in (*poses.values(), *pictures) for number in files), default=-1)

    def _pictures(self, folder: Path) -> tuple[str, dict[int, str]]:
        """Folder name and files of the pictures: the small ones where they are wanted and there."""
        names = (_SMALL_PICTURES, _FULL_PICTURES) if self.size == SMALL_SIZE else (_FULL_PICTURES,)
        for name in names:
            files = numbered_files(folder / name, ".png")
            if files:
                return name, files
        return names[0], {}

    def _view(
        self, name: str, folder: Path, to_world: tuple[NDArray[np.float64], NDArray[np.bool_]], faults: Faults
    ) -> View | None:
        path = folder / "cam_intrinsics.txt"
        poses, known = to_world
        if not path.is_file() or not known.any():
            return None
        try:
            numbers = parse_numbers(path, (4, 6))
            fx, fy, cx, cy = numbers[:4]
            if min(fx, fy) <= 0:
                raise MalformedFileError(path, 1, "holds a focal length that is not above zero")
        except MalformedFileError as error:
            faults.report(error.path, error.line, error.what, f"the view {name}")
            return None
        native = (int(numbers[4]), int(numbers[5])) if len(numbers) == 6 else FULL_SIZE
        intrinsics = scaled_intrinsics(np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]]), native, self.size)
        pictures, files = self._pictures(folder)
        images = None
        if files:
            present = np.zeros(len(poses), bool)
            present[[number for number in files if number < len(poses)]] = True
            present &= known
            pattern = f"{(folder / pictures).relative_to(self.source).as_posix()}/%06d.png"
            images = ImageSource("frames", pattern, present=None if present.all() else present)
        return View(name, intrinsics, self.size, _world_to_camera(poses), images)


def _entry(split: str, name: str, listed: ListedSequence | None) -> SourceSequence:
    segments = [] if listed is None else [[s.start, s.end, s.label] for s in listed.segments]
    last = None if listed is None else listed.last_frame
    return SourceSequence(
        split, name, float(last + 1 if last is not None else 1), {"last_frame": last, "segments": segments}
    )


def _shortage(entry: SourceSequence, frames: int) -> Iterator[Missing]:
    last = entry.detail["last_frame"]
    if last is not None and frames < last + 1:
        yield Missing("last frames", entry.name, "actions there are cut short or left out")


def _camera_poses(folder: Path, frames: int, faults: Faults) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Camera -> world maps (T, 4, 4) of a camera and which of them are known; the others repeat the one before."""
    pose_folder = folder / "cam_pose"
    files = numbered_files(pose_folder, ".txt")
    rows, known = read_rows(pose_folder, files, 16, frames, faults, "the camera's pose of the frame")
    poses = rows.reshape(-1, 4, 4)
    rotation = poses[:, :3, :3]
    error = np.abs(rotation @ rotation.transpose(0, 2, 1) - np.eye(3)).max((1, 2))
    rigid = (error < 1e-2) & (np.abs(poses[:, 3] - [0, 0, 0, 1]).max(1) < 1e-6) & (np.linalg.det(rotation) > 0)
    for frame in np.flatnonzero(known & ~rigid):
        path = pose_folder / files[int(frame)]
        faults.report(path, 1, "is not a rotation and a translation", "the camera's pose of the frame")
    known &= rigid
    if not known.any():
        return poses, known
    nearest = np.maximum.accumulate(np.where(known, np.arange(frames), -1))
    return poses[np.where(nearest < 0, np.flatnonzero(known)[0], nearest)], known


def _hands(
    rows: NDArray[np.float64], there: NDArray[np.bool_], to_world: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """World joints (T, 2, 21, 3) and validity (T, 2) of rows [flag, 21 x 3] left, then right, in the camera's frame."""
    hands = rows.reshape(-1, NUM_HANDS, 1 + 3 * NUM_JOINTS)
    valid = there[:, None] & (hands[:, :, 0] == 1)
    seen = hands[:, :, 1:].reshape(-1, NUM_HANDS * NUM_JOINTS, 3)
    world = seen @ to_world[:, :3, :3].transpose(0, 2, 1) + to_world[:, None, :3, 3]
    joints = world.reshape(-1, NUM_HANDS, NUM_JOINTS, 3).astype(np.float32)
    joints[~valid] = 0.0
    return joints, valid


def _world_to_camera(to_world: NDArray[np.float64]) -> NDArray[np.float32]:
    """Invert camera -> world (T, 4, 4) to (T, 3, 4), or to (1, 3, 4) if the camera stands still."""
    if np.abs(to_world - to_world[0]).max() < _STILL_M:
        to_world = to_world[:1]
    rotation = to_world[:, :3, :3].transpose(0, 2, 1)
    translation = -rotation @ to_world[:, :3, 3:]
    return np.concatenate((rotation, translation), axis=2).astype(np.float32)


def _segments(entry: SourceSequence, frames: int) -> tuple[tuple[ActionSegment, ...], tuple[ActionSegment, ...]]:
    """Labelled and unlabelled segments, cut at the end of the sequence, in order of their start."""
    labelled: list[ActionSegment] = []
    unlabelled: list[ActionSegment] = []
    for start, end, label in sorted(entry.detail["segments"], key=lambda row: (row[0], row[1])):
        if start < frames:
            kept = UNLABELLED if label is None else LABELS[label]
            (unlabelled if label is None else labelled).append(kept.segment(start, min(end, frames)))
    return tuple(labelled), tuple(unlabelled)


def _objects(segments: tuple[ActionSegment, ...], frames: int) -> NDArray[np.int16]:
    """The object of the action of every frame; frames outside all actions have none ("NIL")."""
    objects = np.full(frames, NO_OBJECT, np.int16)
    for segment in segments:
        objects[segment.start : segment.end] = OBJECTS.index(segment.noun)
    return objects
