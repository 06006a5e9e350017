# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Cameras of Assembly101 and AssemblyHands: eight fixed ones, and four on a headset that moves.

Calibrations are in millimetres and map the world to the camera from the left, x_cam = R x_world + t. Pictures are read
at a height of 270, so intrinsics are scaled by 480/1920 for fixed cameras and by 270/480 for the headset. Distortion
is ignored: the pictures that come with AssemblyHands are rectified.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.readers.assembly_labels import read_lines
from ghtt_core.data.readers.base import Faults, MalformedFileError
from ghtt_core.data.readers.json_spans import read_json
from ghtt_core.data.views import ImageSource, View
from ghtt_core.errors import InputError
from ghtt_core.hands.layout import FRAME_RATE

EXO_SERIALS: Final[Mapping[str, str]] = {
    "v1": "C10095",
    "v2": "C10115",
    "v3": "C10118",
    "v4": "C10119",
    "v5": "C10379",
    "v6": "C10390",
    "v7": "C10395",
    "v8": "C10404",
}
"""Serial number of each fixed camera."""
EGO_SERIALS: Final[Mapping[str, tuple[str, ...]]] = {
    "e1": ("84346135", "21176875"),
    "e2": ("84347414", "21176623"),
    "e3": ("84355350", "21110305"),
    "e4": ("84358933", "21179183"),
}
"""Serial numbers of each camera of the headset, of which there were two."""
PAPER_EXO_VIEWS: Final = ("v1", "v2", "v3", "v4", "v6", "v8")
"""The six fixed views the publication uses."""
MM: Final = 1e-3
EXO_SIZE: Final = (480, 270)
EXO_SCALE: Final = 480 / 1920
EGO_SCALE: Final = 270 / 480
EGO_SIZE: Final = (358, 270)
"""636 x 480 pictures of the headset at a height of 270."""
_BLOCK: Final = 9
"""Lines of a camera in calib.txt: name, three of K, an empty one, three of [R t], one more."""
_VIEW_OF: Final[Mapping[str, str]] = {
    **{serial: view for view, serial in EXO_SERIALS.items()},
    **{serial: view for view, serials in EGO_SERIALS.items() for serial in serials},
    **{view: view for view in (*EXO_SERIALS, *EGO_SERIALS)},
}


@dataclass(frozen=True, eq=False)
class FixedCamera:
    """A camera that does not move.

    Attributes:
        view: "v1" to "v8".
        intrinsics: (3, 3) float64, pixels of the pictures as they were recorded.
        world_to_camera: (3, 4) float64, metres.
    """

    view: str
    intrinsics: NDArray[np.float64]
    world_to_camera: NDArray[np.float64]

    def with_pictures(self, images: ImageSource | None) -> View:
        """This camera as a view of pictures of 480 x 270."""
        return View(
            self.view,
            _scaled(self.intrinsics, EXO_SCALE),
            EXO_SIZE,
            self.world_to_camera[None].astype(np.float32),
            images,
        )


def view_of(camera: str) -> str | None:
    """View of a camera by any of its names: "C10095_rgb", "HMC_21110305_mono10bit", "21110305_mono10bit", "v1"."""
    return _VIEW_OF.get(camera.strip().removeprefix("HMC_").split("_")[0])


def read_calibration(path: Path) -> dict[str, FixedCamera]:
    """Read a calib.txt: twelve blocks of nine lines, of which those of the moving headset are passed over.

    Raises:
        InputError: If it cannot be read.
        MalformedFileError: If a block is not as it should be; with the line.
    """
    lines = dict(read_lines(path))
    cameras: dict[str, FixedCamera] = {}
    for first in range(1, max(lines, default=0) + 1, _BLOCK):
        if first not in lines:
            raise MalformedFileError(path, first, f"the name of a camera was expected (blocks have {_BLOCK} lines)")
        view = view_of(lines[first])
        if view is None:
            raise MalformedFileError(path, first, f"'{lines[first].strip()}' is no camera of Assembly101")
        intrinsics = np.array([_row(path, first + row, lines, 3) for row in (1, 2, 3)])
        pose = np.array([_row(path, first + row, lines, 4) for row in (5, 6, 7)])
        if view in EXO_SERIALS:
            if view in cameras:
                raise MalformedFileError(path, first, f"camera '{lines[first].strip()}' is there twice")
            cameras[view] = _camera(path, first, view, intrinsics, pose)
    return cameras


def _row(path: Path, number: int, lines: Mapping[int, str], count: int) -> list[float]:
    try:
        row = [float(word) for word in lines.get(number, "").split()]
    except ValueError:
        row = []
    if len(row) != count or not np.isfinite(row).all():
        raise MalformedFileError(path, number, f"{count} numbers were expected, it has '{lines.get(number, '')}'")
    return row


def read_camera_list(path: Path) -> dict[str, FixedCamera]:
    """Read the cameras of one recording: a JSON list with SerialNo, fx, fy, cx, cy and ModelViewMatrix each.

    Cameras of the headset, whose pose is that of one moment, are passed over.

    Raises:
        InputError: If it cannot be read.
        MalformedFileError: If it is malformed; with the key.
    """
    listed = read_json(path)
    if not isinstance(listed, list):
        raise MalformedFileError(path, 1, "a list of cameras was expected")
    cameras: dict[str, FixedCamera] = {}
    for number, item in enumerate(listed):
        entry = item.get("Camera", item) if isinstance(item, dict) else None
        view = view_of(str(entry.get("SerialNo", ""))) if isinstance(entry, dict) else None
        if not isinstance(entry, dict) or view is None:
            raise MalformedFileError(path, None, f"camera {number} of the list has no known SerialNo")
        if view not in EXO_SERIALS:
            continue
        try:
            fx, fy, cx, cy = (float(entry[key]) for key in ("fx", "fy", "cx", "cy"))
            pose = np.array(entry["ModelViewMatrix"], np.float64)
        except (KeyError, TypeError, ValueError) as error:
            raise MalformedFileError(path, None, f"camera {number} ({entry['SerialNo']}) lacks {error}") from None
        if pose.shape not in ((4, 4), (3, 4)):
            raise MalformedFileError(path, None, f"camera {number}: ModelViewMatrix is {pose.shape}, not 4 x 4")
        intrinsics = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1.0]])
        cameras[view] = _camera(path, None, view, intrinsics, pose[:3])
    return cameras


def _camera(
    path: Path, line: int | None, view: str, intrinsics: NDArray[np.float64], pose_mm: NDArray[np.float64]
) -> FixedCamera:
    camera = FixedCamera(view, intrinsics, metres(pose_mm))
    try:
        camera.with_pictures(None)
    except InputError as error:
        raise MalformedFileError(path, line, str(error).rstrip(".")) from None
    return camera


def moving_view(
    view: str, intrinsics: NDArray[np.float64], poses: NDArray[np.float64], images: ImageSource | None
) -> View:
    """A camera of the headset as a view of pictures of 358 x 270.

    Args:
        view: "e1" to "e4".
        intrinsics: (3, 3) pixels of pictures of 636 x 480.
        poses: (T, 3, 4) world to camera, metres; NaN where a frame has none, which the nearest one fills in.
        images: Where the pictures are.

    Raises:
        InputError: If the numbers are no camera, or no frame has a pose.
    """
    there = np.flatnonzero(np.isfinite(poses).all((1, 2)))
    if not there.size:
        raise InputError(f"View '{view}' has no camera pose in any frame.")
    wanted = np.arange(len(poses))
    after = np.clip(np.searchsorted(there, wanted), 0, len(there) - 1)
    before = np.maximum(after - 1, 0)
    nearest = np.where(wanted - there[before] < there[after] - wanted, there[before], there[after])
    nearest = np.where(wanted < there[0], there[0], nearest)
    return View(view, _scaled(intrinsics, EGO_SCALE), EGO_SIZE, poses[nearest].astype(np.float32), images)


def metres(pose_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """World-to-camera maps (..., 3, 4) in metres instead of millimetres."""
    pose: NDArray[np.float64] = pose_mm * np.array([1.0, 1.0, 1.0, MM])
    return pose


def _scaled(intrinsics: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    scaled: NDArray[np.float64] = intrinsics * np.array([scale, scale, 1.0])[:, None]
    return scaled


@dataclass(frozen=True)
class VideoFile:
    """A video found on the disk.

    Attributes:
        path: Relative to the root of the dataset.
        step: Its pictures per frame of 30 frames/s.
        pictures: How many it has.
    """

    path: str
    step: int
    pictures: int

    def source(self, first: int, frames: int, among: NDArray[np.bool_] | None = None) -> ImageSource:
        """Pictures of a sequence.

        Args:
            first: Picture of frame 0; below zero if the video begins later.
            frames: Length of the sequence.
            among: (T,) bool, frames that have a picture at all; all if None.
        """
        numbers = first + np.arange(frames) * self.step
        present = (numbers >= 0) & (numbers < self.pictures)
        if among is not None:
            present &= among
        if first < 0:
            return ImageSource("video", self.path, present=present, numbers=np.maximum(numbers, 0).astype(np.int32))
        return ImageSource("video", self.path, first, self.step, None if present.all() else present)


def find_video(root: Path, folders: Sequence[str], view: str, faults: Faults) -> VideoFile | None:
    """Video of a fixed camera in the first of some folders (relative to the root) that has one; None without.

    Raises:
        MalformedFileError: If it is no video of 30 or 60 frames/s and faults are fatal.
    """
    for name in (f"{EXO_SERIALS[view]}_rgb.mp4", f"{EXO_SERIALS[view]}.mp4", f"{view}.mp4"):
        for folder in folders:
            path = f"{folder}/{name}"
            if (root / path).is_file():
                return _probe(root, path, faults)
    return None


def _probe(root: Path, path: str, faults: Faults) -> VideoFile | None:
    """Rate and length of a video, from its header."""
    try:
        with av.open(str(root / path)) as container:
            stream = container.streams.video[0]
            rate = float(stream.average_rate or 0)
            pictures = stream.frames
            if not pictures and stream.duration and stream.time_base:
                pictures = int(stream.duration * stream.time_base * rate)
    except (OSError, IndexError, ValueError) as error:
        faults.report(root / path, None, f"it is no readable video ({error})", "its pictures are left out")
        return None
    step = round(rate / FRAME_RATE)
    if step < 1 or abs(rate - step * FRAME_RATE) > 0.02 * FRAME_RATE:
        what = f"it has {rate:g} frames/s, a multiple of {FRAME_RATE:g} was expected"
        faults.report(root / path, None, what, "its pictures are left out")
        return None
    return VideoFile(path, step, pictures)


def in_spans(numbers: NDArray[np.int64], spans: Iterable[Sequence[Any]]) -> NDArray[np.bool_]:
    """Which frame numbers lie in any of some spans [start, end), given as two numbers each."""
    inside = np.zeros(len(numbers), bool)
    for span in spans:
        inside |= (numbers >= int(span[0])) & (numbers < int(span[1]))
    return inside
