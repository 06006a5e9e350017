# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Lets the tests of this folder import `motion_bench`, and starts nodes for them, over DDS on loopback alone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from motion_bench import Bench, MotionBench, Process

from ghtt_core.data.recordings import load_recording
from ghtt_core.estimators.recorded import RecordedPoses
from ghtt_core.hands.frame import HandFrame

Start = Callable[..., Process]


@pytest.fixture(scope="session")
def frames(demo_recording: Path) -> list[HandFrame]:
    """Both hands of the bundled recording, frame by frame."""
    return [frame for frame in RecordedPoses(load_recording(demo_recording)) if frame.valid.all()]


@pytest.fixture
def bench(request: pytest.FixtureRequest, frames: list[HandFrame]) -> Iterator[MotionBench]:
    """The outside of a motion_predictor in a namespace of this test's own."""
    made = MotionBench(_namespace(request), frames)
    yield made
    made.close()


@pytest.fixture
def bridge_bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """The outside of a planner_bridge in a namespace of this test's own."""
    made = Bench(_namespace(request), "planner_bridge")
    yield made
    made.close()


def _namespace(request: pytest.FixtureRequest) -> str:
    return "/t" + format(abs(hash(request.node.nodeid)) % 2**32, "x")


@pytest.fixture
def run_program(tmp_path: Path) -> Iterator[Start]:
    """Function (command, ...) -> a running Python program; all end with the test, none with a traceback."""
    running: list[Process] = []

    def launch(*command: str) -> Process:
        running.append(Process(tmp_path / f"program{len(running)}.log", *command))
        return running[-1]

    yield launch
    for process in running:
        process.stop()
    for process in running:
        assert "Traceback" not in process.log, process.log


@pytest.fixture
def start(bench: MotionBench, random_checkpoint: Path, run_program: Start) -> Start:
    """Function (name=value, ...) -> motion_predictor with a tiny model and patience with slow machines."""

    def launch(**parameters: Any) -> Process:
        chosen = {
            "model": random_checkpoint,
            "samples": 3,
            "threads": 1,
            "stale_after": 60.0,
            "mismatch_limit": 100.0,
            **parameters,
        }
        return run_program("-m", "ghtt_ros.motion_predictor", *ros_arguments(bench.namespace, chosen))

    return launch


@pytest.fixture
def start_bridge(bridge_bench: Bench, run_program: Start) -> Start:
    """Function (name=value, ...) -> planner_bridge."""

    def launch(**parameters: Any) -> Process:
        chosen = {"stale_after": 60.0, **parameters}
        return run_program("-m", "ghtt_ros.planner_bridge", *ros_arguments(bridge_bench.namespace, chosen))

    return launch


def ros_arguments(namespace: str, parameters: dict[str, Any]) -> list[str]:
    """Command line of a node."""
    arguments = ["--ros-args", "-r", f"__ns:={namespace}"]
    for name, value in parameters.items():
        arguments += ["-p", f"{name}:={value}"]
    return arguments
