# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Whether files are still the ones that were read, without reading them again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def state_of(paths: Iterable[Path]) -> str:
    """Hash of the names, sizes and times of change of files; of a folder, those of the files in it.

    Raises:
        OSError: If one of them is gone.
    """
    digest = hashlib.sha256()
    for path in sorted(paths):
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            status = file.stat()
            digest.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return digest.hexdigest()
