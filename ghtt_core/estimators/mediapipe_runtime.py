# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Loading MediaPipe: what must be there, said in one sentence, and its native chatter kept off the terminal."""

from __future__ import annotations

import ctypes
import importlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from ghtt_core.errors import MissingDependencyError

_SYSTEM_LIBRARIES: Final = ("libEGL.so.1", "libGLESv2.so.2")
_CHATTER: Final = re.compile(rb"^(INFO|WARNING): |^[IW]\d{4} |^\s*$")
"""Lines of TensorFlow Lite and of MediaPipe's log below the level of an error."""


def missing_system_libraries() -> tuple[str, ...]:
    """Return the shared libraries that MediaPipe needs and this system does not have."""
    if not sys.platform.startswith("linux"):
        return ()
    missing = []
    for name in _SYSTEM_LIBRARIES:
        try:
            ctypes.CDLL(name)
        except OSError:
            missing.append(name)
    return tuple(missing)


def load_mediapipe() -> tuple[Any, Any]:
    """Import MediaPipe.

    Returns:
        The packages `mediapipe` and `mediapipe.tasks.python`.

    Raises:
        MissingDependencyError: If the package or a system library is missing; the sentence names the remedy.
    """
    missing = missing_system_libraries()
    if missing:
        raise MissingDependencyError(
            f"MediaPipe needs {' and '.join(missing)}, which this system lacks; on Debian and Ubuntu: "
            "sudo apt install libegl1 libgles2"
        )
    try:
        return importlib.import_module("mediapipe"), importlib.import_module("mediapipe.tasks.python")
    except ImportError as error:
        raise MissingDependencyError(
            f"The estimator `mediapipe` cannot be loaded ({error}); install it with: "
            "pip install --no-deps -r requirements/mediapipe.txt"
        ) from error


@contextmanager
def quiet_native_logs() -> Iterator[None]:
    """Hold back what native code writes to standard error meanwhile; all but known chatter is written afterwards.

    The libraries offer no switch for these lines. Nothing else is lost: other threads' lines come out late.
    """
    try:
        sys.stderr.flush()
        saved = os.dup(2)
    except (OSError, AttributeError):
        # No usable standard error (a service, a GUI): nothing to keep clean.
        yield
        return
    with tempfile.TemporaryFile() as held:
        try:
            os.dup2(held.fileno(), 2)
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            held.seek(0)
            kept = b"".join(line for line in held if not _CHATTER.match(line))
            if kept:
                os.write(2, kept)
