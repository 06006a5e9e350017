# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What `ghtt launch` shows: a table that stays in place on a terminal, plain lines anywhere else."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ghtt_ros.cli.processes import Process, ProcessState

PLAIN_PERIOD_S: Final = 5.0
_STALE_S: Final = 2.0
_LATCHED: Final = "latched"
_COLOURS: Final = {"OK": "green", "WARN": "yellow", "ERROR": "red", "STALE": "yellow"}
_CONTROL: Final = re.compile(r"\x1b\[[0-9;]*m|[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class Row:
    """One topic as it is shown."""

    topic: str
    hz: str
    p50: str
    p95: str
    status: str


class Observations:
    """The newest report of the monitor."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.topics: list[dict[str, Any]] = []
        self.nodes: dict[str, dict[str, Any]] = {}
        self._at: float | None = None

    def take(self, line: str) -> None:
        """Read a line that the monitor wrote; anything else is left alone."""
        try:
            report = json.loads(line)
        except ValueError:
            return
        if isinstance(report, dict) and {"topics", "nodes"} <= set(report):
            self.topics, self.nodes = report["topics"], report["nodes"]
            self._at = time.monotonic()

    @property
    def age_s(self) -> float:
        """Seconds since the newest report; infinite before the first one."""
        return float("inf") if self._at is None else time.monotonic() - self._at

    def active(self, nodes: Iterable[str]) -> bool:
        """Whether all these nodes have lately said that they are active."""
        states = (self.nodes.get(node) for node in nodes)
        return all(
            state is not None and state["age_s"] < _STALE_S and state["values"].get("lifecycle") == "active"
            for state in states
        )

    def counts(self) -> dict[str, tuple[int, int]]:
        """Messages received so far, and those with content, by topic."""
        return {str(topic["topic"]): (int(topic["count"]), int(topic["filled"])) for topic in self.topics}

    def rows(self) -> list[Row]:
        """Return what to show, pictures first."""
        shown = [_row(topic) for topic in self.topics]
        estimator = self.nodes.get("hand_estimator")
        if estimator is not None and not any(row.topic == "image" for row in shown):
            # The node counts them already; subscribing once more would cost as much as the node does.
            fps = estimator["values"].get("input fps", "")
            shown.insert(0, Row("image (at hand_estimator)", fps or "-", "-", "-", "" if fps else "none yet"))
        return shown


class ViewConsole(Console):
    """A console whose reader may leave without ending our process, which has others to stop first."""

    def on_broken_pipe(self) -> None:
        """Tell the one who prints, instead of leaving as rich does."""
        self.quiet = True
        raise BrokenPipeError


class View:
    """Prints lines, and from time to time how the topics do."""

    def __init__(self, console: Console | None = None) -> None:
        """Choose the form by what standard output is.

        Args:
            console: Where to print; standard output where not given.
        """
        self._console = console or ViewConsole(highlight=False, soft_wrap=True)
        self._live: Live | None = None
        self._next_plain = time.monotonic() + PLAIN_PERIOD_S
        self.closed = False

    def __enter__(self) -> View:
        """Take over the terminal, if it is one."""
        if self._console.is_terminal:
            # Without a thread of its own: nothing may be printed between two of our lines.
            self._live = Live(console=self._console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the last table standing."""
        if self._live is not None:
            self._try(self._live.stop)
            self._live = None

    def line(self, name: str, text: str) -> None:
        """Print a line of a process, or ours."""
        if not text.strip():
            return
        # A node must not be able to move our cursor.
        clean = _CONTROL.sub("", text)
        self._try(lambda: self._console.print(Text(f"[{name}] ", style="cyan").append(clean, style="default")))

    def refresh(self, observations: Observations, processes: Sequence[Process]) -> None:
        """Show the present state: at once in the table, now and then in plain lines."""
        if self._live is not None:
            table = tables(observations, processes)
            live = self._live
            self._try(lambda: live.update(table, refresh=True))
        elif time.monotonic() >= self._next_plain:
            self._next_plain = time.monotonic() + PLAIN_PERIOD_S
            self.summary(observations)

    def summary(self, observations: Observations) -> None:
        """Print one line for every topic."""
        for row in observations.rows():
            latency = f", latency p50 {row.p50} ms p95 {row.p95} ms" if row.p50 != "-" else ""
            status = f", {row.status}" if row.status else ""
            rate = row.hz if row.hz == _LATCHED else f"{row.hz} Hz"
            self.line("topics", f"{row.topic}: {rate}{latency}{status}")

    def _try(self, act: Any) -> None:
        """Print unless whoever read it has gone; that is told by `closed`."""
        if self.closed:
            return
        try:
            act()
        except OSError:
            self.closed = True


def tables(observations: Observations, processes: Sequence[Process]) -> Table:
    """Return the topics above the processes."""
    topics = Table(expand=False, title_justify="left")
    topics.add_column("topic")
    for heading in ("Hz", "p50 ms", "p95 ms"):
        topics.add_column(heading, justify="right")
    topics.add_column("status")
    for row in observations.rows():
        topics.add_row(row.topic, row.hz, row.p50, row.p95, row.status)
    states = Table(expand=False)
    for heading in ("process", "state", "restarts", "says"):
        states.add_column(heading, justify="right" if heading == "restarts" else "left")
    for process in processes:
        words, level = _words(process, observations)
        states.add_row(
            process.spec.name, process.state.value, str(process.restarts), Text(words, style=_COLOURS.get(level, ""))
        )
    both = Table.grid()
    both.add_row(topics)
    both.add_row(states)
    return both


def _row(topic: dict[str, Any]) -> Row:
    age = topic["age_s"]
    p50, p95 = topic["latency_p50_ms"], topic["latency_p95_ms"]
    if topic["latched"]:
        status = "received" if topic["count"] else "none yet"
        return Row(topic["topic"], _LATCHED, "-", "-", status)
    if age is None:
        status = "none yet"
    elif age > _STALE_S:
        status = f"silent for {age:.0f} s"
    else:
        status = topic["status"]
    fresh = age is not None and age <= _STALE_S
    return Row(
        topic["topic"],
        f"{topic['hz']:.1f}" if fresh else "0.0",
        f"{p50:.1f}" if fresh and p50 is not None else "-",
        f"{p95:.1f}" if fresh and p95 is not None else "-",
        status,
    )


def _words(process: Process, observations: Observations) -> tuple[str, str]:
    """What a process says about itself, and how bad that is."""
    if process.state is not ProcessState.RUNNING:
        words = "" if process.exit_code is None else process.describe_exit()
        return words, "" if process.exit_code in (None, 0) else "ERROR"
    state = observations.nodes.get(process.spec.name)
    if state is None or state["age_s"] > _STALE_S:
        return "", ""
    return state["message"], state["level"]
