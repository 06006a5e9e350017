# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`ghtt launch` with all nodes over DDS: killed nodes come back, and Ctrl-C ends everything whenever it comes.

How long a restart takes is measured by benchmarks/ros_recovery.py, on a machine that does nothing else.
"""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from faults_bench import Outside, parameter_file

Start = Callable[..., Any]
FIRST_OUTPUTS = {
    "planner_bridge": "ghtt/poses",
    "hand_estimator": "ghtt/hand_observation",
    "motion_predictor": "ghtt/refined_hands",
}


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def outside(request: pytest.FixtureRequest) -> Iterator[Outside]:
    made = Outside("/" + request.node.name.partition("[")[0])
    yield made
    made.close()


@pytest.fixture
def launched(request: pytest.FixtureRequest, ghtt: Start, tmp_path: Path) -> Any:
    """`ghtt launch` in this test's namespace."""
    return ghtt(
        "launch",
        f"namespace:={request.node.name.partition('[')[0]}",
        "--params",
        str(parameter_file(tmp_path)),
    )


def test_a_killed_node_comes_back_and_nothing_stale_is_published(outside: Outside, launched: Any) -> None:
    forecasts = outside.stamps["ghtt/predicted_motion"]
    for name, topic in FIRST_OUTPUTS.items():
        known = len(forecasts)
        launched.eventually(lambda known=known: len(forecasts) > known, "a forecast")
        pid = launched.pid_of(name)
        os.kill(pid, signal.SIGKILL)
        killed_ns = time.time_ns()
        launched.wait_for(f"{name} was ended by SIGKILL; it is started again now.")
        launched.eventually(lambda topic=topic, then=killed_ns: outside.newest(topic) > then, f"{topic} again")
        assert launched.pid_of(name) != pid
    known = len(forecasts)
    launched.eventually(lambda: len(forecasts) > known, "a forecast after all")
    for topic in ("ghtt/hand_observation", "ghtt/refined_hands", "ghtt/predicted_motion"):
        stamps = outside.stamps[topic]
        assert all(after > before for before, after in itertools.pairwise(stamps)), topic
    assert launched.process.poll() is None
    launched.send(signal.SIGINT)
    assert launched.ended() == 0
    assert "Traceback" not in launched.said
    assert not any(map(alive, launched.pids()))


@pytest.mark.parametrize("moment", ["hand_estimator runs as process", "planner_bridge runs as process", "Loaded "])
def test_ctrl_c_while_the_nodes_are_starting(launched: Any, moment: str) -> None:
    launched.wait_for(moment)
    launched.send(signal.SIGINT)
    assert launched.ended() == 0
    assert "Traceback" not in launched.said
    assert not any(map(alive, launched.pids()))


def test_a_node_that_cannot_start_ends_the_launch_with_its_sentence(ghtt: Start, tmp_path: Path) -> None:
    launch = ghtt("launch", "namespace:=refused", f"model:={tmp_path / 'nothing'}", "planner_bridge:=false")
    assert launch.ended() == 2
    last = launch.said.strip().splitlines()[-1]
    assert last.startswith("ghtt launch: motion_predictor cannot run as it is configured: There is no checkpoint")
    assert str(tmp_path / "nothing") in last
    assert "Traceback" not in launch.said
    assert not any(map(alive, launch.pids()))
