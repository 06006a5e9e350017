# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A domain of our own, and commands of `ghtt` as processes; lets tests of this folder import `faults_bench`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import waiting

from ghtt_ros.embedded.register import provide_ros

provide_ros()
sys.path.insert(0, str(Path(__file__).parent))

DEADLINE_S = 180.0
eventually = partial(waiting.eventually, deadline_s=DEADLINE_S)


class Command:
    """A process with its output in a file."""

    eventually = staticmethod(eventually)

    def __init__(self, output: Path, *words: str) -> None:
        self._output = output
        with output.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *words],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self._output.read_text(errors="replace")

    def wait_for(self, words: str) -> None:
        """Wait until these words are in the output."""
        try:
            eventually(lambda: words in self.said or self.process.poll() is not None, words)
        except AssertionError as error:
            raise AssertionError(f"{error}:\n{self.said}") from None
        assert words in self.said, self.said

    def pids(self) -> list[int]:
        """Processes that a supervisor said it has started, the newest last."""
        lines = [line for line in self.said.splitlines() if " runs as process " in line]
        return [int(line.rsplit(" ", 1)[1].rstrip(".")) for line in lines]

    def pid_of(self, name: str) -> int:
        """The newest process with a name."""
        lines = [line for line in self.said.splitlines() if f"{name} runs as process " in line]
        return int(lines[-1].rsplit(" ", 1)[1].rstrip("."))

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def ended(self) -> int:
        """Wait for the end and return the exit code."""
        try:
            return self.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it does not end:\n{self.said}") from None

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Callable[..., Command]]:
    """Function (module, words ...) -> the running process."""
    made: list[Command] = []

    def start(*words: str) -> Command:
        made.append(Command(tmp_path / f"output{len(made)}.txt", *words))
        return made[-1]

    yield start
    for process in made:
        process.kill()


@pytest.fixture
def ghtt(command: Callable[..., Command]) -> Callable[..., Command]:
    """Function (words ...) -> `ghtt words ...` as a running process."""
    return lambda *words: command("ghtt_core.cli.main", *words)
