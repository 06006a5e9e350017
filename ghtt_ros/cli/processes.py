# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One process under supervision: how it is started, what it says, when it is due again after a crash."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import IO, Final, Literal

from ghtt_ros.cli.child import NO_PRELOAD

FIRST_DELAY_S: Final = 0.5
LONGEST_DELAY_S: Final = 30.0
STEADY_AFTER_S: Final = 20.0
"""Who ran this long before a crash is started again at once, as if it had never crashed."""
STANDBY_AFTER_S: Final = 5.0
"""A stand-by is not to compete with the process itself while that is starting."""
BAD_CONFIGURATION: Final = 2
"""Exit code of a process that would fail again the same way."""
_LONGEST_LINE: Final = 1 << 20

Stream = Literal["out", "err"]


class ProcessState(StrEnum):
    """What a process is doing."""

    WAITING = "waiting"
    RUNNING = "running"
    RESTARTING = "restarting"
    FINISHED = "finished"
    REFUSED = "refused"


@dataclass(frozen=True)
class ProcessSpec:
    """What to start.

    Attributes:
        name: For the table and in front of its lines.
        module: Python module whose `main()` is run.
        arguments: Its command line.
        environment: Variables on top of those of this process.
        ends_all: Whether everything is to stop when it has finished.
        held: Whether it is started only when the supervisor is told to.
        data: Whether standard output is data for us and not for people.
        preload: Modules that take long to import; where there are any, a second process with them imported stands by
            to take over after a crash.
    """

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    ends_all: bool = False
    held: bool = False
    data: bool = False
    preload: tuple[str, ...] = ()


class Process:
    """A process and its history; started again after a crash, later each time."""

    def __init__(self, spec: ProcessSpec) -> None:
        """Start nothing yet."""
        self.spec = spec
        self.state = ProcessState.WAITING
        self.restarts = 0
        self.exit_code: int | None = None
        self.last_line = ""
        self.due: float | None = None if spec.held else time.monotonic()
        self._popen: subprocess.Popen[bytes] | None = None
        self._standby: subprocess.Popen[bytes] | None = None
        self._standby_due = float("inf")
        self._started = 0.0
        self._delay_s = 0.0
        self._rests: dict[Stream, bytearray] = {}

    @property
    def pid(self) -> int | None:
        """Process id while there is one."""
        return self._popen.pid if self._popen is not None else None

    def release(self) -> None:
        """Let a held process start."""
        if self.state is ProcessState.WAITING and self.due is None:
            self.due = time.monotonic()

    def start(self) -> dict[Stream, IO[bytes]]:
        """Start it, or let the stand-by take over.

        Returns:
            Its standard output and standard error, not blocking.
        """
        self._popen = self._take_standby() or _spawn(self.spec, standby=False)
        self._started = time.monotonic()
        self._standby_due = self._started + STANDBY_AFTER_S if self.spec.preload else float("inf")
        self.due = None
        self.state = ProcessState.RUNNING
        assert self._popen.stdout is not None
        assert self._popen.stderr is not None
        streams: dict[Stream, IO[bytes]] = {"out": self._popen.stdout, "err": self._popen.stderr}
        for stream, pipe in streams.items():
            os.set_blocking(pipe.fileno(), False)
            self._rests[stream] = bytearray()
        return streams

    def prepare_standby(self) -> None:
        """Have a stand-by where one is wanted and the process itself has settled; call it now and then."""
        if self._standby is not None and self._standby.poll() is not None:
            self._drop_standby()
            self._standby_due = time.monotonic() + LONGEST_DELAY_S
        if self._standby is None and time.monotonic() >= self._standby_due:
            self._standby = _spawn(self.spec, standby=True)

    def _take_standby(self) -> subprocess.Popen[bytes] | None:
        standby, self._standby = self._standby, None
        if standby is None:
            return None
        assert standby.stdin is not None
        try:
            standby.stdin.write(b"\n")
            standby.stdin.close()
        except OSError:
            self._standby = standby
            self._drop_standby()
            return None
        return standby

    def _drop_standby(self) -> None:
        standby, self._standby = self._standby, None
        if standby is None:
            return
        standby.kill()
        standby.wait()
        for pipe in (standby.stdin, standby.stdout, standby.stderr):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def lines(self, stream: Stream, data: bytes) -> list[str]:
        """Add what was read (`b""` at the end) and return the lines that are complete."""
        rest = self._rests[stream]
        rest += data
        if not data or len(rest) > _LONGEST_LINE:
            rest += b"\n" if rest else b""
        *complete, tail = bytes(rest).split(b"\n")
        self._rests[stream] = bytearray(tail)
        found = [line.decode("utf-8", "replace").rstrip("\r") for line in complete]
        for line in found:
            if line.strip() and not (stream == "out" and self.spec.data):
                self.last_line = line.strip()
        return found

    def reap(self, stopping: bool) -> bool:
        """See whether it has ended and decide what follows.

        Args:
            stopping: Whether it was asked to end.

        Returns:
            True the one time it has ended.
        """
        if self._popen is None or (code := self._popen.poll()) is None:
            return False
        self._popen = None
        self.exit_code = code
        if stopping or code == 0:
            self.state = ProcessState.FINISHED
        elif code == BAD_CONFIGURATION:
            self.state = ProcessState.REFUSED
        else:
            self._plan_restart()
        return True

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process and whatever it has started; the stand-by is not needed any more."""
        self._standby_due = float("inf")
        self._drop_standby()
        if self._popen is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._popen.pid, number)

    def describe_exit(self) -> str:
        """Say how it ended."""
        code = self.exit_code
        if code is None:
            return "has not ended"
        if code >= 0:
            return f"ended with exit code {code}"
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        return f"was ended by {name}"

    def _plan_restart(self) -> None:
        now = time.monotonic()
        if now - self._started >= STEADY_AFTER_S or self.restarts == 0:
            self._delay_s = 0.0
        due_in = self._delay_s
        self._delay_s = min(max(FIRST_DELAY_S, 2 * self._delay_s), LONGEST_DELAY_S)
        self.state = ProcessState.RESTARTING
        self.restarts += 1
        self.due = now + due_in


def _spawn(spec: ProcessSpec, *, standby: bool) -> subprocess.Popen[bytes]:
    preload = ",".join(spec.preload) if standby else NO_PRELOAD
    command = [sys.executable, "-m", "ghtt_ros.cli.child", str(os.getpid()), preload, spec.module, *spec.arguments]
    # The child unblocks it as soon as it can answer; until then it stays pending.
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return subprocess.Popen(
            command,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **spec.environment},
            stdin=subprocess.PIPE if standby else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,  # a Ctrl-C in the terminal is the supervisor's to hand on, in its order
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
