# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The supervisor behind `ghtt launch`, with small processes that crash, linger and refuse."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ghtt_core.errors import InputError
from ghtt_ros.cli import processes as processes_module
from ghtt_ros.cli import supervisor as supervisor_module
from ghtt_ros.cli.processes import Process, ProcessSpec, ProcessState, Stream
from ghtt_ros.cli.supervisor import Supervisor

DEADLINE_S = 60.0
PROGRAMS = {
    # Runs until Ctrl-C, which it answers.
    "calm": """
import os, signal, sys, time
def main():
    print("calm", os.getpid(), flush=True)
    try:
        while True:
            time.sleep(0.05)
    except KeyboardInterrupt:
        print("goodbye", flush=True)
    return 0
""",
    # Heeds nothing but SIGKILL.
    "deaf": """
import os, signal, time
def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("deaf", os.getpid(), flush=True)
    while True:
        time.sleep(0.05)
""",
    # Takes for ever to import, as large libraries seem to.
    "slow_import": """
import os, time
print("importing", os.getpid(), flush=True)
while True:
    time.sleep(0.05)
""",
    "crashing": """
import sys
def main():
    print("crashing", flush=True)
    return 7
""",
    "refusing": """
import sys
def main():
    print("The file is not there; make it.", file=sys.stderr)
    return 2
""",
    "brief": """
def main():
    print("done")
    return 0
""",
}
SCRIPT = """
import sys
from ghtt_ros.cli.processes import ProcessSpec
from ghtt_ros.cli.supervisor import Supervisor
specs = [ProcessSpec(name, name) for name in sys.argv[1:]]
print("supervising", flush=True)
Supervisor(specs, lambda process, stream, line: print(line, flush=True), lambda note: print(note, flush=True)).run()
print("all stopped", flush=True)
"""


class Log:
    """What a supervisor said, and a way to act on it."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, Stream, str]] = []
        self.notes: list[str] = []
        self.react: Callable[[str], None] = lambda line: None

    def on_line(self, process: Process, stream: Stream, line: str) -> None:
        self.lines.append((process.spec.name, stream, line))
        self.react(line)

    def on_note(self, note: str) -> None:
        if " runs as process " not in note:
            self.notes.append(note)
        self.react(note)

    def of(self, name: str) -> list[str]:
        return [line for speaker, _, line in self.lines if speaker == name]


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the module path with the programs above."""
    for name, source in PROGRAMS.items():
        (tmp_path / f"{name}.py").write_text(source)
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("PYTHONPATH", path)
    return tmp_path


def supervise(log: Log, *specs: ProcessSpec) -> Supervisor:
    """A supervisor that gives up after a while rather than hang the tests."""
    ends = time.monotonic() + DEADLINE_S
    made: list[Supervisor] = []

    def on_tick() -> None:
        if time.monotonic() > ends:
            made[0].stop()

    made.append(Supervisor(specs, log.on_line, log.on_note, on_tick, tick_s=0.05))
    return made[0]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def eventually(condition: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < until, f"not within {DEADLINE_S:.0f} s: {what}"
        time.sleep(0.02)


def test_a_finished_player_ends_everything_and_the_others_may_say_goodbye(programs: Path) -> None:
    log = Log()
    running = supervise(log, ProcessSpec("node", "calm"), ProcessSpec("player", "brief", ends_all=True, held=True))
    log.react = lambda line: running.release() if line.startswith("calm") else None
    running.run()
    assert log.of("player") == ["done"]
    assert log.of("node")[-1] == "goodbye"
    assert log.notes == ["player has finished."]
    assert [process.state for process in running.processes] == [ProcessState.FINISHED] * 2


def test_a_crashed_process_is_started_again_later_each_time(programs: Path) -> None:
    log = Log()
    running = supervise(log, ProcessSpec("node", "crashing"))
    log.react = lambda line: running.stop() if len(log.notes) == 3 else None
    running.run()
    said = "node ended with exit code 7; it is started again"
    assert log.notes == [f"{said} now.", f"{said} in 0.5 s.", f"{said} in 1.0 s."]
    assert log.of("node") == ["crashing"] * 3


def test_a_killed_process_comes_back_at_once(programs: Path) -> None:
    log = Log()
    running = supervise(log, ProcessSpec("node", "calm"))
    pids: list[int] = []

    def react(line: str) -> None:
        if line.startswith("calm"):
            pids.append(int(line.split()[1]))
            if len(pids) == 1:
                os.kill(pids[0], signal.SIGKILL)
            else:
                running.stop()

    log.react = react
    running.run()
    assert len(set(pids)) == 2
    assert log.notes == ["node was ended by SIGKILL; it is started again now."]
    assert running.processes[0].restarts == 1


def test_a_process_that_refuses_stops_all_and_its_reason_is_told(programs: Path) -> None:
    log = Log()
    running = supervise(log, ProcessSpec("node", "calm"), ProcessSpec("other", "refusing"))
    with pytest.raises(InputError, match=r"other cannot run as it is configured: The file is not there; make it\."):
        running.run()
    assert all(process.pid is None for process in running.processes)


def test_whoever_does_not_listen_is_killed(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor_module, "PATIENCE_S", (0.2, 0.2, 30.0))
    log = Log()
    running = supervise(log, ProcessSpec("node", "deaf"))
    log.react = lambda line: running.stop() if line.startswith("deaf") else None
    running.run()
    assert log.notes == ["node does not end; it gets SIGTERM.", "node does not end; it gets SIGKILL."]
    assert not alive(int(log.of("node")[0].split()[1]))


class Outside:
    """A supervisor in a process of its own."""

    def __init__(self, folder: Path, *names: str) -> None:
        script = folder / "supervise.py"
        script.write_text(SCRIPT)
        self.output = folder / "output"
        with self.output.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, str(script), *names], stdout=file, stderr=subprocess.STDOUT, start_new_session=True
            )

    @property
    def said(self) -> str:
        return self.output.read_text()

    def pids(self) -> list[int]:
        words = [line.split() for line in self.said.splitlines()]
        return [int(line[1]) for line in words if len(line) == 2 and line[1].isdecimal()]


def test_nobody_outlives_a_supervisor_that_is_killed(programs: Path) -> None:
    outside = Outside(programs, "calm", "deaf", "slow_import")
    eventually(lambda: len(outside.pids()) == 3, "three processes")
    pids = outside.pids()
    outside.process.kill()
    outside.process.wait(DEADLINE_S)
    eventually(lambda: not any(map(alive, pids)), "the end of all three")


@pytest.mark.parametrize("moment", ["calm", "importing"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_at_any_moment_stops_all_without_a_trace(programs: Path, moment: str, number: signal.Signals) -> None:
    outside = Outside(programs, "calm", "slow_import")
    eventually(lambda: moment in outside.said, moment)
    outside.process.send_signal(number)
    code = outside.process.wait(DEADLINE_S)
    assert "Traceback" not in outside.said
    assert code == 0
    assert outside.said.endswith("all stopped\n")
    eventually(lambda: not any(map(alive, outside.pids())), "the end of the processes")


def test_a_second_signal_is_less_patient(programs: Path) -> None:
    outside = Outside(programs, "deaf")
    eventually(lambda: bool(outside.pids()), "the process")
    for expected in ("SIGTERM", "SIGKILL"):
        outside.process.send_signal(signal.SIGINT)
        if expected == "SIGTERM":
            outside.process.send_signal(signal.SIGTERM)
        eventually(lambda expected=expected: expected in outside.said, expected)
    assert outside.process.wait(DEADLINE_S) == 0


def test_a_standby_takes_over_with_its_libraries_imported(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes_module, "STANDBY_AFTER_S", 0.0)
    (programs / "slow_library.py").write_text('import os\nprint("imported", os.getpid(), flush=True)\n')
    log = Log()
    running = supervise(log, ProcessSpec("node", "calm", preload=("slow_library",)))
    pids: list[int] = []

    def react(line: str) -> None:
        if line.startswith("calm"):
            pids.append(int(line.split()[1]))
            if len(pids) == 3:
                running.stop()
            else:
                os.kill(pids[-1], signal.SIGKILL)

    log.react = react
    running.run()
    assert [f"imported {pid}" in log.of("node") for pid in pids] == [False, True, True]


def test_a_standby_is_not_left_behind(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes_module, "STANDBY_AFTER_S", 0.0)
    told = programs / "standby.pid"
    (programs / "slow_library.py").write_text(f'import os\nopen({str(told)!r}, "w").write(str(os.getpid()))\n')
    log = Log()
    running = supervise(log, ProcessSpec("node", "calm", preload=("slow_library",)))
    running._on_tick = lambda: running.stop() if told.exists() and told.read_text() and not running.stopping else None
    running.run()
    eventually(lambda: not alive(int(told.read_text())), "the end of the stand-by")
