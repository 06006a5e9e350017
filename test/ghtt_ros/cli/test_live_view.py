# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What `ghtt launch` shows on a terminal and in a log file."""

from __future__ import annotations

import io
import json
from typing import Any

from rich.console import Console

from ghtt_ros.cli import live_view
from ghtt_ros.cli.live_view import Observations, View, ViewConsole
from ghtt_ros.cli.processes import Process, ProcessSpec


def topic(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "topic": name,
        "node": "motion_predictor",
        "latched": False,
        "count": 100,
        "filled": 90,
        "hz": 4.97,
        "latency_p50_ms": 21.04,
        "latency_p95_ms": 38.7,
        "age_s": 0.1,
        "status": "OK",
        **changes,
    }


def node(lifecycle: str, age_s: float = 0.3, **values: str) -> dict[str, Any]:
    return {"level": "OK", "message": "well", "values": {"lifecycle": lifecycle, **values}, "age_s": age_s}


def observations(topics: list[dict[str, Any]], **nodes: dict[str, Any]) -> Observations:
    found = Observations()
    found.take("a line of something else")
    found.take('{"neither": "topics"}')
    found.take(json.dumps({"topics": topics, "nodes": nodes}))
    return found


def test_plain_lines_say_rate_latency_and_status() -> None:
    out = io.StringIO()
    silent = topic("ghtt/action", age_s=7.2, status="OK")
    never = topic("ghtt/points", age_s=None, count=0, latency_p50_ms=None, latency_p95_ms=None)
    latched = topic("ghtt/skeleton_layout", latched=True)
    with View(Console(file=out, width=200)) as view:
        view.summary(observations([topic("ghtt/predicted_motion"), silent, never, latched]))
    assert out.getvalue().splitlines() == [
        "[topics] ghtt/predicted_motion: 5.0 Hz, latency p50 21.0 ms p95 38.7 ms, OK",
        "[topics] ghtt/action: 0.0 Hz, silent for 7 s",
        "[topics] ghtt/points: 0.0 Hz, none yet",
        "[topics] ghtt/skeleton_layout: latched, received",
    ]


def test_the_table_has_topics_and_processes() -> None:
    out = io.StringIO()
    process = Process(ProcessSpec("motion_predictor", "ghtt_ros.motion_predictor"))
    estimator = node("active", **{"input fps": "29.97"})
    with View(Console(file=out, width=120, force_terminal=True)) as view:
        view.refresh(observations([topic("ghtt/predicted_motion")], hand_estimator=estimator), [process])
        view.line("motion_predictor", "a line above the table")
    said = out.getvalue()
    assert all(word in said for word in ("ghtt/predicted_motion", "38.7", "29.97", "waiting", "a line above the table"))


def test_a_line_cannot_move_the_cursor() -> None:
    out = io.StringIO()
    with View(Console(file=out, width=200)) as view:
        view.line("node", "\x1b[31mred\x1b[0m \x1b]0;title\x07 [bold]not markup[/bold]")
    assert "\x1b" not in out.getvalue()
    assert "[node] red" in out.getvalue()
    assert "[bold]not markup[/bold]" in out.getvalue()


def test_a_reader_that_leaves_is_noticed_and_nothing_is_raised() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    with View(ViewConsole(file=Gone(), width=200)) as view:
        view.line("node", "hello")
        view.line("node", "again")
        assert view.closed


def test_nodes_are_ready_when_all_have_lately_said_that_they_are_active() -> None:
    assert not Observations().active(["hand_estimator"])
    assert observations([], hand_estimator=node("active")).active(["hand_estimator"])
    assert not observations([], hand_estimator=node("inactive")).active(["hand_estimator"])
    assert not observations([], hand_estimator=node("active", age_s=60.0)).active(["hand_estimator"])
    assert not observations([], hand_estimator=node("active")).active(["hand_estimator", "planner_bridge"])


def test_plain_lines_come_now_and_then(monkeypatch: Any) -> None:
    monkeypatch.setattr(live_view, "PLAIN_PERIOD_S", 0.0)
    out = io.StringIO()
    view = View(Console(file=out, width=200))
    view.refresh(observations([topic("ghtt/action")]), [])
    assert out.getvalue().startswith("[topics] ghtt/action: 5.0 Hz")
