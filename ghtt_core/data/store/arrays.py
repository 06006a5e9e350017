# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The arrays of a store: .npy files that grow while they are written and are memory-mapped when they are read."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.errors import InputError
from ghtt_core.hands.layout import NUM_HANDS, NUM_JOINTS

ARRAYS: Final[dict[str, tuple[str, tuple[int, ...]]]] = {
    "joints": ("<f4", (NUM_HANDS, NUM_JOINTS, 3)),
    "valid": ("|b1", (NUM_HANDS,)),
    "objects": ("<i2", ()),
    "cameras": ("<f4", (3, 4)),
    "pictures": ("<i4", ()),
}
"""Type and shape of a row of every array. joints, valid and objects have a row per frame of the store."""
FIRST_FORMAT_ARRAYS: Final = ("joints", "valid", "objects")


class ArrayFile:
    """One array on disk that rows are appended to."""

    def __init__(self, folder: Path, name: str) -> None:
        """Begin the file of an array of ARRAYS.

        Raises:
            OSError: If it cannot be made.
        """
        self.rows = 0
        self._name = name
        self._file = (folder / f"{name}.npy").open("w+b")
        self._file.write(_header(name, 0))

    def append(self, rows: NDArray[Any]) -> int:
        """Add rows and return the number of the first of them.

        Raises:
            OSError: If the disk does not take them.
        """
        first = self.rows
        self._file.write(np.ascontiguousarray(rows, ARRAYS[self._name][0]).data)
        self.rows += len(rows)
        return first

    def finish(self) -> str:
        """Complete the file on the disk and return its sha256.

        Raises:
            OSError: If the disk does not take it.
        """
        self._file.seek(0)
        self._file.write(_header(self._name, self.rows))
        self._file.flush()
        self._file.seek(0)
        digest = hashlib.file_digest(self._file, "sha256").hexdigest()
        os.fsync(self._file.fileno())
        self._file.close()
        return digest

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def open_array(folder: Path, name: str, rows: int, hashes: Mapping[str, str], verify: bool) -> NDArray[Any]:
    """Memory map of an array of a store.

    Args:
        folder: The store.
        name: A key of ARRAYS.
        rows: How many rows the index says it has.
        hashes: sha256 of every array, from the index.
        verify: Also compare it (reads the whole file).

    Raises:
        InputError: If the file is missing, damaged or of another length.
    """
    path = folder / f"{name}.npy"
    dtype, shape = ARRAYS[name]
    try:
        # An empty file cannot be mapped.
        array: NDArray[Any] = np.load(path, mmap_mode="r" if rows else None, allow_pickle=False)
        if verify:
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != hashes.get(name):
                    raise InputError(f"{path} was changed or damaged after it was written; make the store again.")
    except (OSError, ValueError) as error:
        raise InputError(f"The sequence store {folder} is damaged: {path.name} cannot be read ({error}).") from error
    if array.shape != (rows, *shape) or array.dtype != np.dtype(dtype):
        raise InputError(f"The sequence store {folder} is damaged: {path.name} does not match its index.")
    return array


def fingerprint(index: Mapping[str, Any]) -> str:
    """Digest of the index, which holds the digests of the arrays; where the pictures lie does not change it."""
    content = {key: value for key, value in index.items() if key not in ("fingerprint", "source_root")}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _header(name: str, rows: int) -> bytes:
    """A .npy header; numpy pads it so that its length does not depend on the number of rows."""
    dtype, shape = ARRAYS[name]
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": dtype, "fortran_order": False, "shape": (rows, *shape)})
    return buffer.getvalue()
