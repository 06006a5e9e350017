# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""First code of every process that `ghtt launch` starts: a module's `main` that cannot outlive its supervisor.

    python -m ghtt_ros.cli.child SUPERVISOR_PID PRELOAD MODULE [ARGUMENTS ...]

The kernel kills the process when the supervisor is gone, however that went. Ctrl-C ends it without a stack trace even
while libraries are being imported; from `rclpy.init` on the node itself handles it.

With PRELOAD, names of modules separated by commas, the process imports these and the module, and then waits for a line
on standard input: a stand-by for one that may crash. `-` is none.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import sys
from typing import Any, Final

_PR_SET_PDEATHSIG: Final = 1
_INTERRUPTED: Final = 130
NO_PRELOAD: Final = "-"


def die_with(supervisor: int) -> None:
    """Ask the kernel for SIGKILL when the supervisor ends; leave at once where it already has.

    Args:
        supervisor: Process id of the parent.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != supervisor:
        os._exit(_INTERRUPTED)


def _leave(number: int, frame: Any) -> None:
    # Exceptions raised inside the import of native libraries get lost or come out as something else.
    os._exit(_INTERRUPTED)


def main() -> int:
    """Run the module's `main` with its arguments as the process's own; returns the exit code."""
    signal.signal(signal.SIGINT, _leave)
    # Blocked by the supervisor, so that it could not strike while the interpreter starts.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    die_with(int(sys.argv[1]))
    preload, name = sys.argv[2:4]
    sys.argv = [name, *sys.argv[4:]]
    module = importlib.import_module(name)
    if preload != NO_PRELOAD:
        for library in preload.split(","):
            importlib.import_module(library)
        if not sys.stdin.readline():
            return 0  # not needed any more
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return int(module.main() or 0)
    except KeyboardInterrupt:
        return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
