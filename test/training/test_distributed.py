# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tiny_task import BATCH, TinyTask, assert_same_state, log_lines, state
from torch import Tensor

from ghtt_core.errors import RecipeError
from ghtt_core.training.distributed import per_rank_batch
from ghtt_core.training.loop import LoopConfig, train
from ghtt_core.training.optimization import step_seeds

SCRIPT = Path(__file__).with_name("tiny_task.py")


class BothRanks(TinyTask):
    """One process that draws what two would have drawn."""

    def loss(
        self, step: int, generator: torch.Generator, rank: int, world_size: int
    ) -> tuple[Tensor, dict[str, Tensor]]:
        losses = []
        for peer in range(2):
            peer_generator = torch.Generator().manual_seed(step_seeds(0, peer, step)[0])
            torch.manual_seed(step_seeds(0, peer, step)[1])
            losses.append(super().loss(step, peer_generator, peer, 2)[0])
        return torch.stack(losses).mean(), {}


@pytest.fixture(scope="module")
def two_processes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A straight and a stopped-and-resumed run of two gloo processes."""
    out = tmp_path_factory.mktemp("two_processes")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*command, str(SCRIPT), str(out), "--steps", "10", "--peers"],
        capture_output=True, text=True, timeout=300, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return out


def test_both_processes_end_with_the_same_weights(two_processes: Path) -> None:
    first, second = (load_file(two_processes / f"rank{rank}.safetensors") for rank in (0, 1))
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name


def test_two_processes_resumed_equal_two_that_were_not_stopped(two_processes: Path) -> None:
    assert_same_state(two_processes / "straight", two_processes / "resumed")
    straight, resumed = log_lines(two_processes / "straight"), log_lines(two_processes / "resumed")
    assert len(straight) == len(resumed)
    for one, other in zip(straight, resumed, strict=True):
        assert one.pop("kind") == other.pop("kind")
        assert one == pytest.approx(other, rel=1e-12)


def test_two_processes_train_on_the_mean_of_their_batches(two_processes: Path, tmp_path: Path) -> None:
    config = LoopConfig(steps=10, batch_size=BATCH, log_every=4, checkpoint_every=0, ema_decay=0.9)
    train(BothRanks(), config, tmp_path)
    for name, tensor in state(two_processes / "straight").items():
        if name != "weights.seen":  # a counter of calls
            torch.testing.assert_close(tensor, state(tmp_path)[name], rtol=1e-4, atol=1e-6)


def test_a_state_of_two_processes_is_not_continued_by_one(two_processes: Path) -> None:
    config = LoopConfig(steps=10, batch_size=BATCH, log_every=4, checkpoint_every=0, ema_decay=0.9)
    with pytest.raises(RecipeError, match="saved by 2 training processes"):
        train(TinyTask(), config, two_processes / "straight", resume=True)


def test_a_batch_that_cannot_be_shared_out_is_refused() -> None:
    assert per_rank_batch(8, 2) == 4
    with pytest.raises(RecipeError, match="multiple of the 3 training processes"):
        per_rank_batch(8, 3)
