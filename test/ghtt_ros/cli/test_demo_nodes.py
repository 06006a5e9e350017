# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What `make run` does: the bundled recording as a library, then as a bag to the nodes over DDS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ghtt_ros.cli.pipeline_topics import DIAGNOSTICS, OUTPUTS, inputs


def test_the_demo_writes_its_files_and_every_topic_arrives(ghtt: Callable[..., Any], tmp_path: Path) -> None:
    demo = ghtt("demo", "--out", str(tmp_path / "out"))
    assert demo.ended() == 0, demo.said
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"overlay.mp4", "motion.npz", "summary.json", "motion.mcap"} <= written
    report = demo.said.split("Received by a subscriber in a process of its own:")[-1]
    received = {line.split()[0]: int(line.split()[1]) for line in report.strip().splitlines()}
    expected = {topic.name for topic in (*inputs("compressed"), *OUTPUTS, DIAGNOSTICS)}
    assert set(received) == expected
    assert all(count > 0 for count in received.values())
    assert "Traceback" not in demo.said
