# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Arrays that grow on disk while a stream runs, and are put together into one .npz at its end.

A run over an hour of video keeps a few kilobytes in memory: every array is appended to a file of its own, and the
.npz is assembled by copying. Files appear under their final name only when they are complete.
"""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ghtt_core.errors import OutputError

_COPY_BYTES = 1 << 20


class ArraySpool:
    """One array that grows along its first axis, kept in a file."""

    def __init__(self, path: Path, item_shape: tuple[int, ...], dtype: DTypeLike) -> None:
        """Open an empty spool.

        Args:
            path: File to write; replaced where it exists.
            item_shape: Shape of one item.
            dtype: Type of the stored numbers.
        """
        self.path = path
        self.item_shape = item_shape
        self.dtype = np.dtype(dtype)
        self.length = 0
        self._file: BinaryIO = path.open("wb")

    def append(self, item: ArrayLike) -> None:
        """Add one item of ``item_shape``."""
        array = np.asarray(item, self.dtype)
        if array.shape != self.item_shape:
            raise ValueError(f"{self.path.name} takes items of shape {self.item_shape}, got {array.shape}")
        self._file.write(array.tobytes())
        self.length += 1

    @property
    def nbytes(self) -> int:
        """Bytes of all items so far."""
        return self.length * self._item_bytes

    @property
    def _item_bytes(self) -> int:
        return self.dtype.itemsize * int(np.prod(self.item_shape, dtype=np.int64))

    def close(self) -> None:
        """Stop writing and count what really reached the disk, which a full one cuts short."""
        with suppress(OSError):
            self._file.close()
        self.length = min(self.length, self.path.stat().st_size // max(1, self._item_bytes))

    def keep(self, length: int) -> None:
        """Forget items after the first ``length``."""
        self.length = min(self.length, length)

    def copy_into(self, archive: zipfile.ZipFile, name: str) -> None:
        """Write the closed spool as ``name``.npy into an open archive, in small pieces."""
        with archive.open(f"{name}.npy", "w", force_zip64=True) as target, self.path.open("rb") as source:
            header = {
                "descr": np.lib.format.dtype_to_descr(self.dtype),
                "fortran_order": False,
                "shape": (self.length, *self.item_shape),
            }
            np.lib.format.write_array_header_1_0(target, header)
            left = self.nbytes
            while left and (piece := source.read(min(_COPY_BYTES, left))):
                target.write(piece)
                left -= len(piece)


def write_npz(path: Path, spools: Mapping[str, ArraySpool], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write spools and small arrays as one compressed .npz, under its name only when complete.

    Args:
        path: The .npz to make; an older one stays until the new one is ready.
        spools: Large arrays by name.
        arrays: Small arrays by name.

    Raises:
        OutputError: If the file cannot be written; the older one is then untouched.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w") as target:
                    np.lib.format.write_array(target, np.asarray(array), allow_pickle=False)
            for name, spool in spools.items():
                spool.copy_into(archive, name)
        _move_into_place(partial, path)
    except OSError as error:
        raise OutputError(write_failure(path, error)) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file under its name only when complete.

    Raises:
        OutputError: If the file cannot be written; an older one is then untouched.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        _move_into_place(partial, path)
    except OSError as error:
        raise OutputError(write_failure(path, error)) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _move_into_place(partial: Path, path: Path) -> None:
    with partial.open("rb") as written:
        os.fsync(written.fileno())
    partial.replace(path)


def write_failure(path: Path, error: OSError) -> str:
    """Say why a file could not be written and what to do."""
    reason = (error.strerror or str(error)).lower()
    return f"Cannot write {path} ({reason}); free some space there or choose another folder with --out."


def make_output_folder(folder: Path) -> None:
    """Make the folder of the results.

    Raises:
        OutputError: If it cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise OutputError(f"{folder} is a file; choose a folder with --out.") from error
    except OSError as error:
        raise OutputError(write_failure(folder, error)) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"The folder {folder} is read-only; choose another with --out.")


def check_free_space(folder: Path, needed_bytes: int) -> None:
    """Stop in time for everything written so far to be completed.

    Args:
        folder: Where the results go.
        needed_bytes: Bytes that finishing now would take.

    Raises:
        OutputError: If the disk has less than that left.
    """
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise OutputError(
            f"The disk that holds {folder} is full ({free / 1e6:.1f} MB left); free some space or choose another "
            "folder with --out."
        )
