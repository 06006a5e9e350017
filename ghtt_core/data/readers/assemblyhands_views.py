# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Views of AssemblyHands: fixed cameras from cam_para, the headset's from a calibration with a pose for every frame."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.readers.assembly_cameras import (
    EGO_SERIALS,
    EXO_SERIALS,
    PAPER_EXO_VIEWS,
    find_video,
    in_spans,
    metres,
    moving_view,
    read_camera_list,
    view_of,
)
from ghtt_core.data.readers.base import Faults, MalformedFileError, Missing, SourceSequence
from ghtt_core.data.readers.json_spans import JsonFile, read_json
from ghtt_core.data.readers.number_files import numbered_files
from ghtt_core.data.views import ImageSource, View
from ghtt_core.errors import InputError

_STEP = 2
"""Frame numbers are at 60 frames/s."""


def read_views(
    root: Path,
    prefix: str,
    entry: SourceSequence,
    numbers: NDArray[np.int64],
    first_annotated: int,
    all_exo_views: bool,
    faults: Faults,
) -> tuple[tuple[View, ...], tuple[Missing, ...]]:
    """Cameras of one recording.

    Args:
        root: Folder that paths of pictures are relative to.
        prefix: Path of AssemblyHands within it, empty or with a slash at its end.
        entry: The recording, with the span of its headset's calibration in its detail.
        numbers: (T,) frame numbers at 60 frames/s.
        first_annotated: Frame number that the first picture of the videos shows.
        all_exo_views: Take eight fixed views instead of six.
        faults: Takes what is malformed.

    Raises:
        MalformedFileError: If a calibration is malformed and faults are fatal.
    """
    missing: list[Missing] = []
    ego = _ego_views(root, prefix, entry, numbers, missing, faults)
    exo = _exo_views(root, prefix, entry, numbers, first_annotated, all_exo_views, missing, faults)
    for kind, views in (("headset", ego), ("fixed cameras", exo)):
        without = [view.name for view in views if view.images is None]
        if without:
            what = f"pictures of the {kind} ({', '.join(without)})"
            missing.append(Missing(what, entry.name, "no estimation from its images"))
    return (*ego, *exo), tuple(missing)


def _exo_views(
    root: Path,
    prefix: str,
    entry: SourceSequence,
    numbers: NDArray[np.int64],
    first_annotated: int,
    all_views: bool,
    missing: list[Missing],
    faults: Faults,
) -> list[View]:
    folder = root / prefix
    candidates = [folder / part / f"{entry.name}.json" for part in ("cam_para", "annotations/cam_para")]
    path = next((candidate for candidate in candidates if candidate.is_file()), None)
    if path is None:
        missing.append(Missing("cam_para", entry.name, "no fixed views"))
        return []
    try:
        cameras = read_camera_list(path)
    except MalformedFileError as error:
        faults.report(error.path, error.line, error.what, "the fixed views")
        return []
    spans = _picture_spans(folder / "annotations" / "exo_with_img_info.json", entry.name, faults)
    views = []
    for name in EXO_SERIALS if all_views else PAPER_EXO_VIEWS:
        if name not in cameras:
            missing.append(Missing(f"calibration of {name}", entry.name, "no view from it"))
            continue
        video = find_video(root, (f"{prefix}videos/exo_videos_rectified/{entry.name}",), name, faults)
        images = None
        if video is not None:
            # The videos begin at the first annotated frame; what lies before it has no picture.
            begin = (int(numbers[0]) - first_annotated) * video.step // _STEP
            among = numbers >= first_annotated
            if spans is not None:
                among &= in_spans(numbers, spans.get(name, ()))
            images = video.source(begin, len(numbers), among)
        views.append(cameras[name].with_pictures(images))
    return views


def _picture_spans(path: Path, name: str, faults: Faults) -> dict[str, list[list[int]]] | None:
    """Spans [start, end) of frame numbers with pictures by view; None if nothing is said about the recording."""
    if not path.is_file():
        return None
    listed = read_json(path)
    entry = listed.get(name) if isinstance(listed, dict) else None
    if entry is None:
        return None
    spans: dict[str, list[list[int]]] = {}
    for camera, value in entry.items() if isinstance(entry, dict) else ():
        view = view_of(camera)
        try:
            pairs = np.array(value, np.int64).reshape(-1, 2).tolist()
        except (TypeError, ValueError):
            pairs = None
        if view is None or pairs is None:
            faults.report(path, None, f"'{name}', '{camera}': no list of [start, end] of a view", "these pictures")
        else:
            spans[view] = pairs
    return spans


def _ego_views(
    root: Path,
    prefix: str,
    entry: SourceSequence,
    numbers: NDArray[np.int64],
    missing: list[Missing],
    faults: Faults,
) -> list[View]:
    if entry.detail["ego"] is None:
        missing.append(Missing("calibration of the headset", entry.name, "no views of the headset"))
        return []
    split = str(entry.detail["files"])
    path = root / prefix / "annotations" / split / f"assemblyhands_{split}_ego_calib_v1-1.json"
    with JsonFile(path) as file:
        start, end = entry.detail["ego"]
        calibration = file.parse((start, end), f"'{entry.name}'")
    views = []
    for camera, intrinsics in _part(calibration, "intrinsics", path, entry.name).items():
        view = view_of(camera)
        try:
            if view is None or view not in EGO_SERIALS:
                raise MalformedFileError(path, None, f"'{entry.name}': '{camera}' is no camera of the headset")
            matrix = np.array(intrinsics, np.float64)
            poses = _poses(_part(calibration, "extrinsics", path, entry.name), camera, numbers, path, entry.name)
            folder = f"{prefix}images/ego_images_rectified/{split}/{entry.name}"
            images = _ego_images(root, folder, camera, numbers, poses)
            views.append(moving_view(view, matrix, poses, images))
        except MalformedFileError as error:
            faults.report(error.path, error.line, error.what, "the view of the headset")
        except (ValueError, InputError) as error:
            faults.report(path, None, f"'{entry.name}', '{camera}': {error}".rstrip("."), "the view of the headset")
    return sorted(views, key=lambda view: view.name)


def _part(calibration: Any, key: str, path: Path, name: str) -> Mapping[str, Any]:
    part = calibration.get(key) if isinstance(calibration, dict) else None
    if not isinstance(part, dict):
        raise MalformedFileError(path, None, f"'{name}' has no object '{key}'")
    return part


def _poses(
    extrinsics: Mapping[str, Any], camera: str, numbers: NDArray[np.int64], path: Path, name: str
) -> NDArray[np.float64]:
    """World to camera (T, 3, 4) in metres of every frame, NaN where there is none."""
    poses = np.full((len(numbers), 3, 4), np.nan)
    for place, number in enumerate(numbers.tolist()):
        key = f"{number:06d}"
        of_frame = extrinsics.get(key)
        if isinstance(of_frame, dict) and camera in of_frame:
            try:
                poses[place] = np.array(of_frame[camera], np.float64)[:3]
            except (TypeError, ValueError):
                what = f"'{name}', 'extrinsics', '{key}', '{camera}' is no 3 x 4 matrix"
                raise MalformedFileError(path, None, what) from None
    return metres(poses)


def _ego_images(
    root: Path, folder: str, camera: str, numbers: NDArray[np.int64], poses: NDArray[np.float64]
) -> ImageSource | None:
    """Pictures of a camera of the headset by frame number, of the frames whose camera pose is known."""
    for name in (camera, camera.removesuffix("_mono10bit")):
        files = numbered_files(root / folder / name, ".jpg")
        if files:
            present = np.isin(numbers, np.fromiter(files, np.int64, len(files)))
            present &= np.isfinite(poses).all((1, 2))
            if not present.any():
                return None
            pattern = f"{folder}/{name}/%06d.jpg"
            return ImageSource("frames", pattern, int(numbers[0]), _STEP, None if present.all() else present)
    return None
