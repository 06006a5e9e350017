# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Writes small stand-ins of Assembly101 in its published layout; the actions are made up."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from h2o_tree import Array, camera_poses, hands, hash_of

SERIALS = ("C10095", "C10115", "C10118", "C10119", "C10379", "C10390", "C10395", "C10404")
"""v1 to v8."""
HEADSET = ("HMC_21176875", "HMC_21176623", "HMC_21110305", "HMC_21179183")
"""e1 to e4."""
VIEW_FILES = (*(f"{serial}_rgb" for serial in SERIALS), *(f"{serial}_mono10bit" for serial in HEADSET))
OURS_OF_UMETRACK = (4, 8, 12, 16, 20, 0, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15, 17, 18, 19, None)
"""Tips from thumb to little finger, wrist, two of the thumb, three of every finger, palm centre."""
ACTIONS = (  # action_id, verb_id, noun_id, action_cls, verb_cls, noun_cls
    (3, 1, 2, "lift roof", "lift", "roof"),
    (0, 0, 1, "turn wheel with tool", "turn", "wheel"),
    (2, 2, 0, "show hand", "show", "hand"),
    (1, 0, 2, "turn roof", "turn", "roof"),
)
"""In the order of the rows, which is not that of the numbers."""
COARSE_ACTIONS = ((1, 1, 0, "detach roof", "detach", "roof"), (0, 0, 0, "attach roof", "attach", "roof"))
FINE_HEADER = (
    "id,video,start_frame,end_frame,action_id,verb_id,noun_id,action_cls,verb_cls,noun_cls,"
    "toy_id,toy_name,is_shared,is_RGB"
)
ANTICIPATION_HEADER = "id,video,start,end,action,verb,noun,action_cls,verb_cls,noun_cls,toy_id,toy_name,is_shared"
Rows = Sequence[tuple[int, int, str]]
"""Start, end and action, at 30 frames/s, as they stand in the lists."""


@dataclass(frozen=True)
class Recording:
    """One recording.

    Attributes:
        split: "train", "validation" or "test".
        frames: At 60 frames/s.
        fine: Rows of the fine-grained list.
        anticipation: Rows of the anticipation list.
        coarse: Rows by part, "assembly" and "disassembly".
        video_rate: Frames/s of its videos; None for no videos.
    """

    split: str
    frames: int
    fine: Rows = ()
    anticipation: Rows = ()
    coarse: Mapping[str, Rows] = field(default_factory=dict)
    video_rate: int | None = None


@dataclass
class AssemblyTree:
    """What a tree holds; the truth that a reader has to find.

    Attributes:
        world: (T, 2, 21, 3) metres at 60 frames/s by recording; left hand first, our order.
        palms: (T, 2, 3) palm centres.
    """

    root: Path
    recordings: Mapping[str, Recording]
    world: dict[str, Array] = field(default_factory=dict)
    palms: dict[str, Array] = field(default_factory=dict)


def name_of(subject: int, toy: str = "a30", second: int = 28) -> str:
    """A recording's name."""
    return f"nusar-2021_action_both_{subject}-{toy}_{subject}_user_id_2021-02-04_1315{second}"


def write_assembly101(
    root: Path, recordings: Mapping[str, Recording], views: Sequence[str] = VIEW_FILES
) -> AssemblyTree:
    """Write a tree with all of its lists; `views` are those that segments are repeated for and videos written of."""
    tree = AssemblyTree(root, recordings)
    (root / "poses@60fps").mkdir(parents=True)
    for name, recording in recordings.items():
        rng = np.random.default_rng(hash_of(name))
        tree.world[name] = hands(rng, recording.frames)
        tree.palms[name] = tree.world[name][:, :, (0, 9)].mean(2)
        write_poses(root / "poses@60fps" / f"{name}.json", tree.world[name], tree.palms[name])
        if recording.video_rate is not None:
            pictures = recording.frames * recording.video_rate // 60
            for number, view in enumerate(views):
                count = pictures if number < len(SERIALS) else 1  # nobody reads those of the headset
                write_video(root / "recordings" / name / f"{view}.mp4", recording.video_rate, count, number)
    write_annotations(root, recordings, views)
    write_calibration(root / "annotations" / "calib.txt")
    return tree


def write_poses(path: Path, world: Array, palms: Array) -> None:
    """A pose file: millimetres, "0" is the left hand, UmeTrack's order."""
    umetrack = np.stack(
        [palms if ours is None else world[:, :, ours] for ours in OURS_OF_UMETRACK], axis=2
    )  # (T, 2, 21, 3)
    frames = [
        {"frame_index": number, "landmarks": {"0": left.tolist(), "1": right.tolist()}}
        for number, (left, right) in enumerate(umetrack * 1000)
    ]
    path.write_text(json.dumps(frames))


def write_video(path: Path, rate: int, pictures: int, view: int) -> None:
    """A video whose pictures tell their number and view."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=Fraction(rate), options={"q": "2"})
        stream.width, stream.height, stream.pix_fmt = 96, 54, "yuv420p"
        for number in range(pictures):
            image = np.zeros((54, 96, 3), np.uint8)
            image[:, :48], image[:, 48:] = level(number), level(view)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, "bgr24")))
        container.mux(stream.encode(None))


def level(number: int) -> int:
    """Grey that stands for a number below 20."""
    return 20 + 11 * (number % 20)


def number_of(image: np.ndarray) -> tuple[int, int]:
    """Number (modulo 20) and view that a picture of any size shows."""
    width = image.shape[1]
    halves = image[:, : width // 3].mean(), image[:, -width // 3 :].mean()
    picture, view = (round((half - 20) / 11) for half in halves)
    return picture % 20, view


def write_annotations(root: Path, recordings: Mapping[str, Recording], views: Sequence[str]) -> None:
    """The annotations folder."""
    fine, coarse = root / "annotations/fine-grained-annotations", root / "annotations/coarse-annotations"
    anticipation = root / "annotations/anticipation-annotations/CSVs"
    for folder in (fine, anticipation, coarse / "coarse_labels", coarse / "coarse_splits"):
        folder.mkdir(parents=True)
    for folder in (fine, anticipation):
        lines = [",".join(map(str, (row, *action))) for row, action in enumerate(ACTIONS)]
        _lines(folder / "actions.csv", ["id,action_id,verb_id,noun_id,action_cls,verb_cls,noun_cls", *lines], "\r\n")
    _lines(fine / "head_actions.txt", ["show hand", "turn roof"])
    lines = [",".join(map(str, action)) for action in COARSE_ACTIONS]
    _lines(coarse / "actions.csv", ["action_id,verb_id,noun_id,action_cls,verb_cls,noun_cls", *lines])
    _lines(coarse / "tail_actions.txt", ["detach roof"])
    for split in ("train", "validation", "test"):
        of_split = {name: recording for name, recording in recordings.items() if recording.split == split}
        counts = [f"{name} {recording.frames}" for name, recording in of_split.items()]
        _lines(root / "poses@60fps" / f"{split}.txt", counts)
        rows = ((name, view, row) for name, r in of_split.items() for view in views for row in r.fine)
        _write_list(fine / f"{split}.csv", FINE_HEADER, rows, "a30,truck,0,1")
        rows = ((name, view, row) for name, r in of_split.items() for view in views for row in r.anticipation)
        _write_list(anticipation / f"{split}.csv", ANTICIPATION_HEADER, rows, "a30,truck,0")
        for part in ("assembly", "disassembly"):
            listed = [f"{part}_{name}.txt\tnotshared\ta30\ttruck" for name, r in of_split.items() if part in r.coarse]
            short = split.removesuffix("idation")
            _lines(coarse / "coarse_splits" / f"{short}_coarse_{part}.txt", listed)
    for name, recording in recordings.items():
        for part, segments in recording.coarse.items():
            lines = [f"{start:09d}\t{end:09d}\t{action}" for start, end, action in segments]
            _lines(coarse / "coarse_labels" / f"{part}_{name}.txt", lines)


def _write_list(path: Path, header: str, rows: Iterable[tuple[str, str, tuple[int, int, str]]], rest: str) -> None:
    known = {action[3]: action for action in ACTIONS}
    lines = [header]
    for name, view, (start, end, label) in rows:
        action_id, verb_id, noun_id, _, verb, noun = known[label]
        words = (len(lines) - 1, f"{name}/{view}.mp4", start, end, action_id, verb_id, noun_id, label, verb, noun, rest)
        lines.append(",".join(map(str, words)))
    _lines(path, lines, "\r\n")


def _lines(path: Path, lines: Sequence[str], end: str = "\n") -> None:
    path.write_bytes("".join(f"{line}{end}" for line in lines).encode())


def intrinsics(number: int) -> Array:
    """(3, 3) pixels at 1920 x 1080, of the camera v1 (0) to v8 (7)."""
    return np.array([[1240.0 + number, 0, 950.5 + number], [0, 1245.0 + number, 530.25 - number], [0, 0, 1]])


def world_to_camera(number: int) -> Array:
    """(4, 4) metres, of a fixed camera."""
    return np.linalg.inv(camera_poses(number + (number >= 4), 1)[0])


def write_calibration(path: Path) -> None:
    """calib.txt: twelve blocks of nine lines."""
    lines: list[str] = []
    for number, name in enumerate(VIEW_FILES):
        pose = world_to_camera(number)[:3] * [1, 1, 1, 1000]
        lines += [name, *(_words(row) for row in intrinsics(number)), "", *(_words(row) for row in pose), ""]
    _lines(path, lines)


def _words(row: Array) -> str:
    return " ".join(repr(float(value)) for value in row)
