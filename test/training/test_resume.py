# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from tiny_task import BATCH, TinyTask, assert_same_state, state
from torch import nn

from ghtt_core.errors import CheckpointError, OutputError
from ghtt_core.training.loop import LoopConfig, train
from ghtt_core.training.resume import STATE_FILE, StateHeader, load_state, read_header, save_state

CONFIG = LoopConfig(steps=4, batch_size=BATCH, checkpoint_every=2)


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """Within the block, writing past `size` bytes into any file fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_one_sentence_and_the_earlier_state_stays_valid(tmp_path: Path) -> None:
    train(TinyTask(), CONFIG, tmp_path / "whole")
    first = TinyTask()
    first.raise_at = 2
    with pytest.raises(RuntimeError):
        train(first, CONFIG, tmp_path / "run")
    size = (tmp_path / "run" / STATE_FILE).stat().st_size
    with (
        no_file_above(size - 512),
        pytest.raises(OutputError, match=r"step 4 .* before .* stays valid") as caught,
    ):
        train(TinyTask(), CONFIG, tmp_path / "run", resume=True)
    assert "\n" not in str(caught.value)
    assert read_header(tmp_path / "run" / STATE_FILE).step == 2
    assert not list((tmp_path / "run").glob("*.partial"))
    train(TinyTask(), CONFIG, tmp_path / "run", resume=True)
    assert_same_state(tmp_path / "whole", tmp_path / "run")


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OutputError, match="file"):
        train(TinyTask(), CONFIG, tmp_path / "file" / "run")


@pytest.mark.parametrize("kept", [0, 5, 200, -1], ids=["empty", "start", "header", "last byte"])
def test_a_truncated_state_is_refused(tmp_path: Path, kept: int) -> None:
    train(TinyTask(), CONFIG, tmp_path)
    path = tmp_path / STATE_FILE
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match="damaged"):
        train(TinyTask(), CONFIG, tmp_path, resume=True)


def test_a_file_of_another_kind_or_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / STATE_FILE
    save_file({"x": torch.zeros(3)}, path)
    with pytest.raises(CheckpointError, match="no training state"):
        train(TinyTask(), CONFIG, tmp_path, resume=True)
    save_file({"x": torch.zeros(3)}, path, metadata={"ghtt_training_state": '{"format_version": 99}'})
    with pytest.raises(CheckpointError, match="version 99"):
        train(TinyTask(), CONFIG, tmp_path, resume=True)


def test_a_state_of_another_model_is_refused_by_name(tmp_path: Path) -> None:
    train(TinyTask(), CONFIG, tmp_path)
    other = TinyTask()
    other.module.skip = nn.Linear(6, 5)
    with pytest.raises(CheckpointError, match=r"weights.skip.weight is \(6, 6\), not \(5, 6\)"):
        train(other, CONFIG, tmp_path, resume=True)
    other.module.skip, other.module.added = nn.Linear(6, 6), nn.Linear(2, 2)
    with pytest.raises(CheckpointError, match=r"it has no weights.added"):
        train(other, CONFIG, tmp_path, resume=True)
    del other.module.added, other.module.body[3]
    with pytest.raises(CheckpointError, match=r"body.3.* has no place"):
        train(other, CONFIG, tmp_path, resume=True)


def test_shared_and_frozen_weights_survive(tmp_path: Path) -> None:
    def tied() -> nn.Module:
        module = nn.ModuleDict({"a": nn.Linear(3, 3), "b": nn.Linear(3, 3), "frozen": nn.Linear(3, 3)})
        module["b"].weight = module["a"].weight
        module["frozen"].requires_grad_(False)
        return module

    first, second = tied(), tied()
    optimizers = [torch.optim.AdamW([p for p in m.parameters() if p.requires_grad]) for m in (first, second)]
    first["a"](torch.ones(1, 3)).sum().backward()
    optimizers[0].step()
    save_state(tmp_path / STATE_FILE, first, optimizers[0], None, StateHeader(1, 2, 1))
    load_state(tmp_path / STATE_FILE, second, optimizers[1], None)
    assert second["b"].weight is second["a"].weight
    for name, tensor in first.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[name])


def test_the_state_holds_weights_moments_averages_and_buffers_under_their_names(tmp_path: Path) -> None:
    task = TinyTask()
    train(task, dataclasses.replace(CONFIG, ema_decay=0.5), tmp_path)
    saved = state(tmp_path)
    assert float(saved["weights.seen"]) == 4
    for name, _ in task.module.named_parameters():
        assert {f"weights.{name}", f"average.{name}", f"optimizer.exp_avg.{name}"} <= saved.keys()
