# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_task import BATCH, TinyTask, assert_same_state, log_lines

from ghtt_core.training.loop import LoopConfig, train
from ghtt_core.training.resume import STATE_FILE, read_header

SCRIPT = Path(__file__).with_name("tiny_task.py")
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


def run_script(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=ENVIRONMENT, check=False)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_run_stopped_by_a_signal_and_resumed_equals_one_that_was_not(tmp_path: Path, name: str) -> None:
    config = LoopConfig(steps=12, batch_size=BATCH, log_every=4, checkpoint_every=0, ema_decay=0.9)
    train(TinyTask(), config, tmp_path / "straight")

    stopped = run_script(str(tmp_path / "stopped"), "--signal-at", "5", "--signal", name)
    assert stopped.returncode == 0, stopped.stderr
    assert "stopped at step 6 of 12" in stopped.stderr
    assert "--resume" in stopped.stderr
    assert read_header(tmp_path / "stopped" / STATE_FILE).step == 6
    assert not (tmp_path / "stopped" / "checkpoint").exists()

    train(TinyTask(), config, tmp_path / "stopped", resume=True)
    assert_same_state(tmp_path / "straight", tmp_path / "stopped")
    assert log_lines(tmp_path / "straight") == log_lines(tmp_path / "stopped")


def test_a_second_ctrl_c_stops_at_once(tmp_path: Path) -> None:
    class Impatient(TinyTask):
        def loss(self, step, generator, rank, world_size):  # type: ignore[no-untyped-def]
            if step == 2:
                os.kill(os.getpid(), self.signal)
                os.kill(os.getpid(), self.signal)
            return super().loss(step, generator, rank, world_size)

    with pytest.raises(KeyboardInterrupt):
        train(Impatient(), LoopConfig(steps=4, batch_size=BATCH, checkpoint_every=1), tmp_path)
    assert read_header(tmp_path / STATE_FILE).step == 2
