# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How a long-lived process treats memory that it freed."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_LARGEST_KEPT: Final = 32 * 2**20
"""Bytes; also the largest value that glibc takes. Pictures and forecasts are smaller."""
_MOST_KEPT: Final = 128 * 2**20
"""Bytes that stay with the process at the top of its heap."""


def keep_freed_memory() -> bool:
    """Let glibc keep the memory of freed pictures and arrays for the next ones.

    Otherwise it gives every buffer above 128 kB back to the system and gets it again for the next frame, page by page:
    receiving 640x480 pictures at 30 Hz then takes twice the processor time. The process stays as large as it ever was.

    Returns:
        Whether this system's C library took it; False where it is not glibc.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGEST_KEPT)) and bool(mallopt(_TRIM_THRESHOLD, _MOST_KEPT))
