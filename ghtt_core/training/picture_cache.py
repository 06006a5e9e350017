# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Decoded pictures of a dataset at the network's input size, in one memory-mapped file.

Decoding a picture of a video takes longer than training on it. The cache is filled once, in the order in which the
pictures lie in their files, and goes on where it was if that is stopped.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from ghtt_core.data.store.sequence_store import SequenceStore
from ghtt_core.errors import OutputError
from ghtt_core.training.recipe import Range

_RUN: Final = 512
"""Pictures that one thread decodes in a row."""
_SPARE_BYTES: Final = 1 << 30
"""Disk space that is left to others."""


class PictureSource(Protocol):
    """Where pictures come from: the dataset's files or a cache."""

    def read(self, item: int) -> NDArray[np.uint8]:
        """Picture (height, width, 3), blue first. May be called from several threads."""


class PictureList(PictureSource, Protocol):
    """Pictures of a store, all of one size.

    Attributes:
        rows: (M, ...) what tells the pictures apart.
        input_size: (width, height).
    """

    rows: NDArray[np.int32]
    store: SequenceStore
    input_size: tuple[int, int]

    def __len__(self) -> int:
        """Number of pictures."""


@dataclass(frozen=True)
class PictureData:
    """Which pictures are trained on.

    Attributes:
        dataset: Folder of a prepared dataset with pictures.
        train: Split to train on.
        validation: Split that the figures are measured on.
        views: Views to take; all when none is named.
        stride: Take every so many frames: neighbours look alike.
        cache: Folder where decoded pictures are kept at the size that is trained on (3 bytes per pixel); decode them
            anew for every step when not given.
        workers: Threads that decode and change pictures beside the training.
        validation_pictures: At most so many pictures are evaluated.
    """

    dataset: str
    train: str = "train"
    validation: str = "val"
    views: tuple[str, ...] = ()
    stride: Annotated[int, Range(minimum=1)] = 1
    cache: str | None = None
    workers: Annotated[int, Range(minimum=1)] = 2
    validation_pictures: Annotated[int, Range(minimum=1)] = 2000

    def source(self, pictures: PictureList, console: Console | None = None) -> PictureSource:
        """Pictures from the cache, decoding what it lacks, or from the dataset's files.

        Raises:
            InputError: If a picture cannot be read.
            OutputError: If the disk does not take it.
        """
        return pictures if self.cache is None else PictureCache(pictures, Path(self.cache), self.workers, console)


class PictureCache:
    """All pictures of some frames, ready to be trained on."""

    def __init__(self, frames: PictureList, folder: Path, workers: int = 2, console: Console | None = None) -> None:
        """Open the cache of these frames, decoding what it lacks.

        Args:
            frames: Which pictures.
            folder: Where caches are kept; that of these frames gets a folder of its own in it.
            workers: Threads that decode.
            console: Where progress goes; stderr by default.

        Raises:
            InputError: If a picture cannot be read; those before it are kept.
            OutputError: If the disk does not take it.
        """
        width, height = frames.input_size
        key = hashlib.sha256(frames.rows.tobytes())
        key.update(json.dumps([frames.store.fingerprint, width, height]).encode())
        place = folder / f"pictures-{key.hexdigest()[:12]}"
        shape = (len(frames), height, width, 3)
        try:
            place.mkdir(parents=True, exist_ok=True)
            done: NDArray[np.bool_] = _opened(place / "done.npy", bool, (len(frames),))
            missing = int((~done).sum()) * height * width * 3
            if missing + _SPARE_BYTES > shutil.disk_usage(place).free:
                raise OutputError(
                    f"Decoded pictures would take {missing / 1e9:.1f} GB in {place}, more than is free; name another "
                    "folder in data.cache, or none to decode pictures as they are needed."
                )
            self.pictures: NDArray[np.uint8] = _opened(place / "pictures.npy", np.uint8, shape)
        except OSError as error:
            raise OutputError(f"The pictures cannot be kept in {place}: {error.strerror or error}.") from error
        if not done.all():
            self._fill(frames, done, workers, console or Console(stderr=True))

    def read(self, item: int) -> NDArray[np.uint8]:
        """Picture (height, width, 3), blue first; a copy."""
        return np.array(self.pictures[item])

    def _fill(self, frames: PictureList, done: NDArray[np.bool_], workers: int, console: Console) -> None:
        runs = [np.arange(first, min(first + _RUN, len(frames))) for first in range(0, len(frames), _RUN)]
        runs = [run[~done[run]] for run in runs if not done[run].all()]
        progress = Progress(console=console, transient=True, disable=not console.is_terminal)
        with progress, ThreadPoolExecutor(workers) as pool:
            task = progress.add_task("decoding pictures", total=sum(map(len, runs)))
            waiting: set[Future[int]] = {pool.submit(self._decode, frames, run, done) for run in runs}
            try:
                while waiting:
                    finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    for future in finished:
                        progress.advance(task, future.result())
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _decode(self, frames: PictureList, run: NDArray[np.int64], done: NDArray[np.bool_]) -> int:
        for item in run:
            self.pictures[item] = frames.read(int(item))
        done[run] = True
        return len(run)


def _opened(path: Path, dtype: type[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    if path.exists():
        array: NDArray[Any] = np.load(path, mmap_mode="r+", allow_pickle=False)
        if array.dtype == dtype and array.shape == shape:
            return array
    return np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
