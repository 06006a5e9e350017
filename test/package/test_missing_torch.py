# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""rosdep has no torch, so a ROS user meets a node without it: it says in one sentence which command to run."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

WITHOUT_TORCH = (
    "import runpy, sys; sys.modules['torch'] = None; module = sys.argv[1]; sys.argv = sys.argv[1:]; "
    "runpy.run_module(module, run_name='__main__', alter_sys=True)"
)


@pytest.fixture
def environment() -> dict[str, str]:
    """A domain of this process's own, on this machine alone."""
    domain = str(1 + os.getpid() % 200)
    return {**os.environ, "ROS_DOMAIN_ID": domain, "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}


def test_motion_predictor_names_the_command_to_run(environment: dict[str, str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, "ghtt_ros.motion_predictor"],
        env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    said = [line for line in (ended.stdout + ended.stderr).splitlines() if line]
    assert ended.returncode == 2, said
    assert len(said) == 1, said
    assert "pip install" in said[0]
    assert "torch" in said[0]
    assert "Traceback" not in said[0]


def test_other_nodes_do_not_need_torch() -> None:
    modules = "ghtt_ros.camera_publisher, ghtt_ros.hand_estimator, ghtt_ros.planner_bridge"
    code = f"import sys; sys.modules['torch'] = None; import {modules}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
