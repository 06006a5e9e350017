# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Nodes in this process and programs in others, in a DDS domain of their own on this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ghtt_ros  # noqa: F401  (where ROS 2 is not installed, this provides the rclpy that is imported next)

import rclpy  # isort: skip

DEADLINE_S = 60.0


@pytest.fixture(autouse=True)
def own_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tests that run at the same time apart, and off the network."""
    monkeypatch.setenv("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")


class Program:
    """A Python program in another process; what it prints is kept in a file."""

    def __init__(self, code: str, log: Path, *arguments: str, prefix: tuple[str, ...] = ()) -> None:
        self._log = log
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [*prefix, sys.executable, "-u", "-c", textwrap.dedent(code), *arguments],
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )

    @property
    def output(self) -> str:
        """All that it has printed so far."""
        return self._log.read_text()

    def expect(self, text: str) -> None:
        """Wait until it has printed the text."""
        deadline = time.monotonic() + DEADLINE_S
        while text not in self.output:
            assert time.monotonic() < deadline, f"no {text!r} in:\n{self.output}"
            assert self.process.poll() is None or text in self.output, f"ended without {text!r}:\n{self.output}"
            time.sleep(0.02)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; returns the exit status."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_S)


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Starts programs; whatever still runs at the end of the test is killed."""
    started: list[Program] = []

    def start(code: str, *arguments: str, prefix: tuple[str, ...] = ()) -> Program:
        started.append(Program(code, tmp_path / f"program{len(started)}.log", *arguments, prefix=prefix))
        return started[-1]

    yield start
    for made in started:
        if made.process.poll() is None:
            made.process.kill()
            made.process.wait()


class Ros:
    """Makes nodes in this process."""

    def __init__(self) -> None:
        rclpy.init(args=[])
        self._nodes: list[Any] = []

    def node(self, name: str, **options: Any) -> Any:
        """A node that is destroyed at the end of the test."""
        self._nodes.append(rclpy.create_node(name, **options))
        return self._nodes[-1]

    def spin_until(self, node: Any, condition: Callable[[], Any], what: str = "the condition") -> None:
        """Run the node's callbacks until the condition holds."""
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline, f"{what} did not come true"
            rclpy.spin_once(node, timeout_sec=0.05)

    def close(self) -> None:
        for node in self._nodes:
            node.destroy_node()
        rclpy.try_shutdown()


@pytest.fixture
def ros() -> Iterator[Ros]:
    """A running rclpy."""
    made = Ros()
    yield made
    made.close()
