# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Folders of numbered text files of numbers, one per frame: read fast, and precise about what is wrong in them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.readers.base import Faults, MalformedFileError

_NUMBER: Final = re.compile(r"[0-9]+")


def numbered_files(folder: Path, suffix: str) -> dict[int, str]:
    """Names of the files ``<digits><suffix>`` in a folder by their number; empty if there is no such folder."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.name.endswith(suffix)]
    except (FileNotFoundError, NotADirectoryError):
        return {}
    stems = ((name, name[: -len(suffix)]) for name in names)
    return {int(stem): name for name, stem in stems if _NUMBER.fullmatch(stem)}


def parse_numbers(path: Path | str, counts: tuple[int, ...]) -> list[float]:
    """All numbers of a text file, separated by blanks or line ends.

    Args:
        path: The file.
        counts: How many numbers it may have.

    Raises:
        MalformedFileError: If it cannot be read, has another count, or something in it is not a finite number.
    """
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise MalformedFileError(path, None, f"cannot be read ({error.strerror})") from error
    try:
        numbers = [float(word) for word in content.split()]
    except ValueError:
        raise MalformedFileError(path, _bad_line(content), "holds something that is not a number") from None
    if len(numbers) not in counts:
        wanted = " or ".join(map(str, counts))
        raise MalformedFileError(path, 1, f"holds {len(numbers)} numbers instead of {wanted}")
    if not np.isfinite(numbers).all():
        raise MalformedFileError(path, _bad_line(content, finite=True), "holds a number that is not finite")
    return numbers


def read_rows(
    folder: Path, files: Mapping[int, str], count: int, frames: int, faults: Faults, consequence: str
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """One row of numbers per frame from a folder of numbered files.

    Args:
        folder: The folder.
        files: Name of the file of every frame that has one.
        count: Numbers per file.
        frames: T; files of later frames are left alone.
        faults: Takes malformed files.
        consequence: What is left out because of a malformed file.

    Returns:
        rows: (T, count) float64, zero where there is nothing.
        there: (T,) bool.

    Raises:
        MalformedFileError: If a file is malformed and faults are fatal.
    """
    rows = np.zeros((frames, count))
    there = np.zeros(frames, bool)
    prefix = f"{folder}{os.sep}"
    for frame, name in files.items():
        if frame >= frames:
            continue
        try:
            rows[frame] = parse_numbers(prefix + name, (count,))
            there[frame] = True
        except MalformedFileError as error:
            faults.report(error.path, error.line, error.what, consequence)
    return rows, there


def _bad_line(content: bytes, finite: bool = False) -> int:
    """Return the line, counted from 1, of the first word that is not a number (or not a finite one)."""
    for number, line in enumerate(content.splitlines(), start=1):
        for word in line.split():
            try:
                value = float(word)
            except ValueError:
                return number
            if finite and not np.isfinite(value):
                return number
    return 1
