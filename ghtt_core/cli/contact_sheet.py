# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One picture that shows whether poses, cameras and pictures of a prepared dataset fit: skeletons drawn on samples."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ghtt_core.cli.overlay import BACKGROUND, OverlayPainter, Scene
from ghtt_core.data.pictures.images import ImageReader
from ghtt_core.data.store.dataset import Dataset
from ghtt_core.data.store.sequence_store import SequenceStore
from ghtt_core.data.views import View
from ghtt_core.errors import InputError, OutputError

Image = NDArray[np.uint8]

_TILE_WIDTH: Final = 360
_MAX_VIEWS: Final = 6
_TEXT: Final = (235, 235, 235)


def contact_sheet(dataset: Dataset, rows_per_split: int = 3) -> Image:
    """Samples of every split, a row per sequence and a tile per view, as (H, W, 3) BGR.

    Sequences without views are left out; frames are those in the middle of the longest stretch of both hands, pictures
    that are missing or cannot be read are blank with a word about it.

    Raises:
        InputError: If no sequence of the dataset has a view.
    """
    rows = []
    for split, store in dataset.splits.items():
        with ImageReader(store) as reader:
            seen = [number for number in range(len(store)) if store.view_names(number)]
            count = min(rows_per_split, len(seen))
            for place in np.linspace(0, len(seen) - 1, count).astype(int):
                rows.append(_row(store, reader, seen[place], split))
    if not rows:
        raise InputError(f"The dataset {dataset.folder} has no cameras, so there is nothing to draw skeletons on.")
    width = max(row.shape[1] for row in rows)
    padded = [cv2.copyMakeBorder(r, 0, 0, 0, width - r.shape[1], cv2.BORDER_CONSTANT, value=BACKGROUND) for r in rows]
    return np.concatenate(padded).astype(np.uint8, copy=False)


def write_contact_sheet(dataset: Dataset, path: Path, rows_per_split: int = 3) -> None:
    """Write the contact sheet as a picture file of the kind its name ends in.

    Raises:
        InputError: If there is nothing to draw or the kind is unknown.
        OutputError: If the file cannot be written.
    """
    sheet = contact_sheet(dataset, rows_per_split)
    try:
        good, encoded = cv2.imencode(path.suffix or ".jpg", sheet)
    except cv2.error as error:
        raise InputError(f"Pictures cannot be written as {path.suffix!r}; name a .jpg or a .png.") from error
    if not good:
        raise InputError(f"Pictures cannot be written as {path.suffix!r}; name a .jpg or a .png.")
    try:
        path.write_bytes(encoded.tobytes())
    except OSError as error:
        raise OutputError(f"Cannot write {path} ({(error.strerror or str(error)).lower()}).") from error


def _row(store: SequenceStore, reader: ImageReader, sequence: int, split: str) -> Image:
    frame = _telling_frame(store, sequence)
    tiles = [_tile(store, reader, sequence, view, frame, split) for view in store.views(sequence)[:_MAX_VIEWS]]
    height = max(tile.shape[0] for tile in tiles)
    return np.concatenate(
        [
            cv2.copyMakeBorder(tile, 0, height - tile.shape[0], 0, 0, cv2.BORDER_CONSTANT, value=BACKGROUND)
            for tile in tiles
        ],
        axis=1,
    ).astype(np.uint8, copy=False)


def _telling_frame(store: SequenceStore, sequence: int) -> int:
    """Middle of the longest stretch of frames with as many hands as there ever are."""
    hands = np.asarray(store.valid[store.starts[sequence] : store.ends[sequence]]).sum(1)
    most = np.concatenate(([False], hands == hands.max(), [False]))
    edges = np.flatnonzero(np.diff(most.astype(np.int8)))  # begin, end, begin, end, ...
    longest = int(np.argmax(edges[1::2] - edges[::2]))
    return int(edges[2 * longest] + edges[2 * longest + 1]) // 2


def _tile(store: SequenceStore, reader: ImageReader, sequence: int, view: View, frame: int, split: str) -> Image:
    blank = ""
    image: Image = np.full((view.size[1], view.size[0], 3), BACKGROUND, np.uint8)
    if reader.has(sequence, view.name, frame):
        try:
            image = reader.read(sequence, view.name, frame)
        except InputError:
            blank = "picture cannot be read"
    else:
        blank = "no picture"
    place = int(store.starts[sequence]) + frame
    world, valid = np.asarray(store.joints[place : place + 1]), np.asarray(store.valid[place])
    pose = view.taken(np.array([frame])) if view.moving else view
    joints = pose.to_camera(world)[0]
    valid = valid & (joints[..., 2].min(1) > 0)
    painter = OverlayPainter(lambda points: view.project(points).astype(np.float64), *view.size)
    painter.draw(image, Scene(0, joints, valid))
    shape = (_TILE_WIDTH, round(_TILE_WIDTH * view.size[1] / view.size[0]))
    tile: Image = cv2.resize(image, shape, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    words = f"{split} {store.names[sequence]} {view.name} #{frame}"
    for line, text in enumerate((words, blank)):
        cv2.putText(tile, text, (6, 14 + 16 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.38, _TEXT, 1, cv2.LINE_AA)
    return tile
