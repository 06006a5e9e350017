# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A user's own videos, labelled by an off-the-shelf estimator, as a dataset that the image estimator F learns from.

The estimator is the teacher; what it is not sure of is masked (`ghtt_core.data.pictures.gating`). The world frame is
the camera's. Long videos are read in pieces, so that several processes share one and a stopped run repeats little.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.pictures.gating import GateConfig, gate_hands
from ghtt_core.data.pictures.video_pictures import VideoPictures
from ghtt_core.data.pictures.video_rate import at_frame_rate, choose_pictures
from ghtt_core.data.preparation.file_state import state_of
from ghtt_core.data.readers.base import Faults, Missing, SequenceReading, SourcePlan, SourceSequence
from ghtt_core.data.sequence import HandSequence
from ghtt_core.data.tables.partition import RecordingFacts, choose_splits
from ghtt_core.data.views import ImageSource, View
from ghtt_core.errors import InputError
from ghtt_core.estimators.camera import PinholeCamera
from ghtt_core.estimators.registry import create_estimator, estimator_names
from ghtt_core.hands.frame import HandFrame

VIEW: Final = "camera"
_SUFFIXES: Final = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".ts", ".mts")
_WARM_UP: Final = 15
"""Pictures before a piece that the estimator sees, so that it tracks the hands when the piece begins."""
_FEWEST_PIECES: Final = 5
"""A single video is cut into at least so many pieces: one of them can validate."""
_VISIBLE_PX: Final = 2.0
"""Lens distortion up to this many pixels is not worth a word."""


@dataclass(frozen=True)
class VideoReader:
    """Labels the videos below a folder; a `ghtt_core.data.readers.base.DatasetReader`.

    Attributes:
        source: The folder.
        only: File in it that alone is labelled; empty for all.
        estimator: Name of the teacher.
        palm_size: The user's palm, metres from the wrist to the finger knuckles; None for the teacher's default.
        camera_info: Calibration of all videos that have none beside them (same name, .yaml); None guesses.
        gates: What a hand has to fulfil.
        piece_s: Longest piece, seconds.
        val_share: Share of the data that validates.
        seed: Of the choice of what validates.
    """

    source: Path
    only: str = ""
    estimator: str = "mediapipe"
    palm_size: float | None = None
    camera_info: Path | None = None
    gates: GateConfig = field(default_factory=GateConfig)
    piece_s: float = 30.0
    val_share: float = 0.2
    seed: int = 0
    dataset: str = "video"

    def plan(self, faults: Faults) -> SourcePlan:
        """Find the videos and cut them into pieces.

        Raises:
            InputError: If there is no video, one cannot be read and that is fatal, or the estimator is not known.
        """
        if self.estimator not in estimator_names() or self.estimator == "recorded":
            raise InputError(f"There is no hand estimator {self.estimator!r}; `ghtt models list` names them.")
        if self.piece_s < 1:
            raise InputError(f"A piece must last at least 1 second, not {self.piece_s:g}.")
        videos = find_videos(self.source, self.only)
        calibrations = {p for path in videos.values() if (p := self._calibration(path)) is not None}
        for path in calibrations:
            PinholeCamera.from_yaml(path)
        pieces: list[SourceSequence] = []
        facts: list[RecordingFacts] = []
        for name, path in videos.items():
            for piece in self._pieces(name, path, len(videos) == 1, faults):
                pieces.append(piece)
                facts.append(RecordingFacts(piece.name, name, piece.size))
        if not pieces:
            raise InputError(f"No video in {self.source} can be used.")
        splits = choose_splits(facts, {"val": self.val_share}, self.seed)
        guessed = [name for name, path in videos.items() if self._calibration(path) is None]
        return SourcePlan(
            sequences=tuple(SourceSequence(splits[p.name], p.name, p.size, p.detail) for p in pieces),
            labels=(),
            object_names=(),
            missing=tuple(Missing("calibration", name, "focal length guessed, distances rough") for name in guessed),
            notes={"state_of_files": state_of([*videos.values(), *calibrations])},
        )

    def read(self, entry: SourceSequence, faults: Faults) -> SequenceReading:
        """Label one piece.

        Raises:
            InputError: If the video cannot be decoded and that is fatal.
            MissingDependencyError: If the estimator misses a library or its model file.
        """
        path = self.source / entry.detail["path"]
        options: dict[str, Any] = {} if self.palm_size is None else {"palm_size_m": self.palm_size}
        with closing(VideoPictures(path)) as video, closing(create_estimator(self.estimator, **options)) as estimator:
            numbers, times = choose_pictures(video.stamps_ns)
            first, last = entry.detail["first"], entry.detail["last"]
            frames: dict[int, HandFrame] = {}
            camera: PinholeCamera | None = None
            for place in range(max(first - _WARM_UP, 0), last):
                try:
                    image = video.read(int(numbers[place]))
                except InputError as error:
                    faults.report(path, None, str(error).rstrip("."), f"picture {numbers[place]} is left out")
                    continue
                if camera is None:
                    camera = self._camera(path, image.shape[1], image.shape[0])
                frame = estimator.estimate(image, camera, int(times[place]))
                if place >= first:
                    frames[place] = frame
        if camera is None or not frames:
            return SequenceReading(None, (Missing("pictures", entry.name, "left out"),))
        places = np.array(list(frames))
        return self._reading(entry, list(frames.values()), numbers[places], times[places], camera)

    def _pieces(self, name: str, path: Path, alone: bool, faults: Faults) -> list[SourceSequence]:
        """Cut one video; empty if it cannot be read and that is not fatal."""
        try:
            with closing(VideoPictures(path)) as video:
                if len(video) == 0:
                    raise InputError(f"{path} is a video without a picture.")
                places = len(choose_pictures(video.stamps_ns)[0])
                seconds = float(video.stamps_ns[-1] - video.stamps_ns[0]) * 1e-9
        except InputError as error:
            if faults.on_fault == "fatal":
                raise
            faults.report(path, None, str(error).rstrip("."), "the video is left out")
            return []
        count = max(1, round(seconds / self.piece_s + 0.5), _FEWEST_PIECES if alone else 1)
        edges = np.linspace(0, places, min(count, places) + 1).round().astype(int).tolist()
        relative = path.relative_to(self.source).as_posix()
        return [
            SourceSequence(
                "",
                name if len(edges) == 2 else f"{name}#{number + 1}",
                float(last - first),
                {"path": relative, "first": first, "last": last},
            )
            for number, (first, last) in enumerate(pairwise(edges))
        ]

    def _calibration(self, path: Path) -> Path | None:
        """The file beside the video, else the one of all videos, else None."""
        beside = path.with_suffix(".yaml")
        return beside if beside.is_file() else self.camera_info

    def _camera(self, path: Path, width: int, height: int) -> PinholeCamera:
        file = self._calibration(path)
        if file is None:
            return PinholeCamera.guessed(width, height)  # the plan has said so
        try:
            return PinholeCamera.from_yaml(file).resized(width, height)
        except InputError as error:
            raise InputError(f"{path}: {error}") from error

    def _reading(
        self,
        entry: SourceSequence,
        frames: list[HandFrame],
        numbers: NDArray[np.int64],
        times: NDArray[np.int64],
        camera: PinholeCamera,
    ) -> SequenceReading:
        """Keep what passes the gates."""
        joints = np.stack([frame.joints for frame in frames])
        pixels = camera.project(joints)
        inside = ((pixels >= 0) & (pixels < (camera.width, camera.height))).all(-1) & (joints[..., 2] > 0)
        gated = gate_hands(
            joints,
            np.stack([frame.valid for frame in frames]),
            np.stack([frame.confidence for frame in frames]),
            times,
            inside,
            self.gates,
        )
        notes: dict[str, Any] = {
            "video": entry.detail["path"],
            "pictures": len(frames),
            "offered": int(gated.clear.sum()),
            "found": gated.found.tolist(),
            "masked": {gate: count.tolist() for gate, count in gated.masked.items()},
            "kept": gated.valid.sum(0).tolist(),
        }
        if not gated.valid.any():
            return SequenceReading(None, (Missing("sure hands", entry.name, "left out"),), notes)
        still = np.eye(3, 4, dtype=np.float32)[None]
        source = ImageSource("video", entry.detail["path"])
        sequence = HandSequence(
            joints=np.where(gated.valid[..., None, None], joints, np.float32(0)),
            valid=gated.valid,
            stamps_ns=times,
            name=entry.name,
            frame_id="world",
            views=(View(VIEW, camera.matrix, (camera.width, camera.height), still, source),),
        )
        # A picture with a hand that has no label would teach that the hand is not there.
        return SequenceReading(at_frame_rate(sequence, numbers, gated.clear), _distortion(camera, entry.name), notes)


def find_videos(source: Path, only: str = "") -> dict[str, Path]:
    """Find the videos below a folder, or a single one in it; hidden files and folders are left out.

    Returns:
        Path by name, sorted. The name is the path from the folder on, with slashes and without the suffix.

    Raises:
        InputError: If there is none, or two have one name.
    """
    if not source.is_dir():
        raise InputError(f"There is no folder {source} with videos.")
    below = sorted(path for path in source.rglob("*") if path.suffix.lower() in _SUFFIXES)
    files = [source / only] if only else below
    found: dict[str, Path] = {}
    for path in files:
        relative = path.relative_to(source)
        if not path.is_file() or any(part.startswith(".") for part in relative.parts):
            continue
        name = relative.with_suffix("").as_posix()
        if name in found:
            raise InputError(f"{found[name]} and {path} would both be called {name!r}; rename or move one of them.")
        found[name] = path
    if not found:
        raise InputError(f"The folder {source} holds no video ({', '.join(_SUFFIXES)}).")
    return found


def _distortion(camera: PinholeCamera, name: str) -> tuple[Missing, ...]:
    """Say how far labels lie beside pictures of a lens that bends lines: views are pinholes."""
    edge = np.linspace(0, 1, 9)[:, None] * (camera.width - 1, camera.height - 1)
    grid = np.stack(np.meshgrid(edge[:, 0], edge[:, 1]), -1).reshape(-1, 2)
    straight = camera.unproject(grid) * (camera.fx, camera.fy) + (camera.cx, camera.cy)
    off = float(np.abs(straight - grid).max())
    if off <= _VISIBLE_PX:
        return ()
    so = f"labels lie up to {off:.0f} pixels beside the pictures near their edges; undistort the video first"
    return (Missing("a lens without distortion", name, so),)


def kept_by_video(notes: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, NDArray[np.int64]]]:
    """Add up what the notes of a prepared dataset say of the pieces of each video.

    Returns:
        By video: "pictures" (1,) and "offered" (1,), "found" (2,), every gate (2,) and "kept" (2,).
    """
    total: dict[str, dict[str, NDArray[np.int64]]] = {}
    for _, note in sorted(notes.items()):
        row = total.setdefault(note["video"], {})
        for name, count in {
            **note["masked"],
            **{key: note[key] for key in ("pictures", "offered", "found", "kept")},
        }.items():
            row[name] = row.get(name, 0) + np.atleast_1d(np.array(count, np.int64))
    return total
