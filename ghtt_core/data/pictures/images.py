# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of a store's views, read where the dataset has them, when they are asked for."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.pictures.video_pictures import VideoPictures
from ghtt_core.data.store.sequence_store import SOURCE_VARIABLE, SequenceStore
from ghtt_core.data.views import NO_PICTURE, View
from ghtt_core.errors import InputError


class ImageReader:
    """Reads single pictures. Cheap to make and to send to other processes; each opens its own files."""

    def __init__(self, store: SequenceStore, open_videos: int = 8) -> None:
        """Prepare; no file is opened yet.

        Args:
            store: Whose pictures.
            open_videos: At most this many video files are kept open; the longest unused is closed first.
        """
        self.store = store
        self._limit = max(open_videos, 1)
        self._videos: OrderedDict[Path, VideoPictures] = OrderedDict()
        self._views: dict[int, tuple[View, ...]] = {}

    def view(self, sequence: int, view: str | int) -> View:
        """Camera of a sequence by its name or number.

        Raises:
            InputError: If there is no such sequence or view.
        """
        views = self._views.get(sequence)
        if views is None:
            views = self._views[sequence] = self.store.views(sequence)
        if isinstance(view, int):
            if 0 <= view < len(views):
                return views[view]
        else:
            for candidate in views:
                if candidate.name == view:
                    return candidate
        names = ", ".join(v.name for v in views) or "none"
        raise InputError(f"The sequence {self.store.names[sequence]} has no view {view!r}; it has {names}.")

    def has(self, sequence: int, view: str | int, frame: int) -> bool:
        """Whether the dataset says that there is a picture of a frame (frames count from the sequence's start)."""
        images = self.view(sequence, view).images
        return images is not None and images.number(frame) != NO_PICTURE

    def read(self, sequence: int, view: str | int, frame: int) -> NDArray[np.uint8]:
        """Picture of a frame at the size of its view.

        Args:
            sequence: Number of the sequence in the store.
            view: Name or number of the camera.
            frame: Counted from the start of the sequence.

        Returns:
            (H, W, 3) BGR.

        Raises:
            InputError: If there is no such picture, or its file cannot be read.
        """
        camera = self.view(sequence, view)
        where = f"{self.store.names[sequence]}, {camera.name}"
        length = int(self.store.ends[sequence] - self.store.starts[sequence])
        if not 0 <= frame < length:
            raise InputError(f"{where} has {length} frames, there is no number {frame}.")
        if camera.images is None or self.store.source_root is None:
            raise InputError(f"{where} has no pictures.")
        number = camera.images.number(frame)
        if number == NO_PICTURE:
            raise InputError(f"{where} has no picture of frame {frame}.")
        path = self.store.source_root / camera.images.file(number)
        image = self._video(path).read(number) if camera.images.kind == "video" else _read_file(path)
        if (image.shape[1], image.shape[0]) != camera.size:
            image = cv2.resize(image, camera.size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        return image

    def _video(self, path: Path) -> VideoPictures:
        video = self._videos.pop(path, None)
        if video is None:
            if not path.is_file():
                raise InputError(_not_there(path))
            while len(self._videos) >= self._limit:
                self._videos.popitem(last=False)[1].close()
            video = VideoPictures(path)
        self._videos[path] = video  # the newest is last
        return video

    def close(self) -> None:
        """Close all files."""
        while self._videos:
            self._videos.popitem()[1].close()

    def __getstate__(self) -> dict[str, Any]:
        """Leave open files behind."""
        return {**self.__dict__, "_videos": OrderedDict(), "_views": {}}

    def __enter__(self) -> ImageReader:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all files."""
        self.close()


def _read_file(path: Path) -> NDArray[np.uint8]:
    try:
        content = np.fromfile(path, np.uint8)
    except OSError as error:
        raise InputError(_not_there(path)) from error
    image = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
    if image is None:
        raise InputError(f"The picture {path} is damaged or not a picture.")
    return image.astype(np.uint8, copy=False)


def _not_there(path: Path) -> str:
    return (
        f"The picture file {path} cannot be read; if the dataset moved, set {SOURCE_VARIABLE} to the folder that "
        "--source named."
    )
