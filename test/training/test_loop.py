# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from tiny_task import BATCH, TinyTask, assert_same_state, log_lines, state

from ghtt_core.errors import OutputError, RecipeError
from ghtt_core.training.loop import DivergenceError, LoopConfig, train

PLAIN = LoopConfig(steps=4, batch_size=BATCH, learning_rate=1e-2, log_every=3, checkpoint_every=2)
EVERYTHING = dataclasses.replace(
    PLAIN, schedule="cosine", warmup_steps=1, gradient_clip=0.5, ema_decay=0.9, precision="bfloat16", evaluate_every=2
)


@pytest.mark.parametrize("config", [PLAIN, EVERYTHING], ids=["plain", "everything"])
def test_two_steps_saved_and_two_more_equal_four_in_one_go(tmp_path: Path, config: LoopConfig) -> None:
    train(TinyTask(), config, tmp_path / "four")

    stopped = TinyTask()
    stopped.raise_at = 2
    with pytest.raises(RuntimeError, match="died"):
        train(stopped, config, tmp_path / "two_and_two")
    assert not (tmp_path / "two_and_two" / "checkpoint").exists()
    resumed = TinyTask()
    torch.nn.init.zeros_(resumed.module.skip.weight)  # what a resumed task starts from does not matter
    result = train(resumed, config, tmp_path / "two_and_two", resume=True)

    assert result.step == 4
    assert not result.interrupted
    assert_same_state(tmp_path / "four", tmp_path / "two_and_two")
    assert log_lines(tmp_path / "four") == log_lines(tmp_path / "two_and_two")
    assert (tmp_path / "two_and_two" / "checkpoint" / "metrics.json").exists()


def test_lines_logged_after_the_last_save_of_a_dead_run_are_not_logged_twice(tmp_path: Path) -> None:
    config = dataclasses.replace(PLAIN, steps=11, log_every=1, checkpoint_every=4)
    dead = TinyTask()
    dead.raise_at = 7
    with pytest.raises(RuntimeError):
        train(dead, config, tmp_path)
    assert [line["step"] for line in log_lines(tmp_path)] == [1, 2, 3, 4, 5, 6, 7]
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 8, "kind": "tra')  # the crash cut a line short
    train(TinyTask(), config, tmp_path, resume=True)
    assert [line["step"] for line in log_lines(tmp_path)] == [*range(1, 12), 11]


def test_a_run_learns_and_reports_throughput(tmp_path: Path) -> None:
    result = train(TinyTask(), dataclasses.replace(PLAIN, steps=300, log_every=100), tmp_path)
    first, *_, last = [line for line in log_lines(tmp_path) if line["kind"] == "train"]
    assert last["loss"] < 0.5 * first["loss"]
    assert result.samples_per_second > 0
    assert result.metrics == json.loads((tmp_path / "checkpoint" / "metrics.json").read_text())


def test_finishing_a_finished_run_again_changes_nothing(tmp_path: Path) -> None:
    train(TinyTask(), EVERYTHING, tmp_path)
    lines, tensors = log_lines(tmp_path), state(tmp_path)
    again = TinyTask()
    train(again, EVERYTHING, tmp_path, resume=True)
    assert log_lines(tmp_path) == lines
    assert all(torch.equal(tensor, tensors[name]) for name, tensor in state(tmp_path).items())
    assert again.exported


def test_bfloat16_computes_in_bfloat16_and_keeps_weights_in_float32(tmp_path: Path) -> None:
    task = TinyTask()
    train(task, EVERYTHING, tmp_path)
    assert task.dtypes >= {torch.bfloat16}
    assert {tensor.dtype for tensor in state(tmp_path).values()} == {torch.float32}


def test_the_averaged_weights_are_exported_and_the_trained_ones_kept(tmp_path: Path) -> None:
    task = TinyTask()
    train(task, EVERYTHING, tmp_path)
    saved = state(tmp_path)
    for name, parameter in task.module.named_parameters():
        assert torch.equal(task.exported[name], saved[f"average.{name}"])
        assert torch.equal(parameter, saved[f"weights.{name}"])
    assert not torch.equal(saved["average.skip.weight"], saved["weights.skip.weight"])


def test_epochs_are_counted_in_the_tasks_samples(tmp_path: Path) -> None:
    result = train(TinyTask(), LoopConfig(epochs=2.5, batch_size=BATCH), tmp_path)
    assert result.step == 13  # 2.5 x 40 samples in batches of 8


def test_another_seed_is_another_run(tmp_path: Path) -> None:
    train(TinyTask(), PLAIN, tmp_path / "a")
    train(TinyTask(), dataclasses.replace(PLAIN, seed=1), tmp_path / "b")
    assert not torch.equal(state(tmp_path / "a")["weights.skip.weight"], state(tmp_path / "b")["weights.skip.weight"])


def test_a_diverged_loss_names_its_step_and_the_last_good_state(tmp_path: Path) -> None:
    task = TinyTask()
    task.bad_loss_at = 3
    with pytest.raises(DivergenceError, match=r"not finite at step 3; the last good state, of step 2, is in .*"):
        train(task, PLAIN, tmp_path)
    assert all(bool(tensor.isfinite().all()) for tensor in state(tmp_path).values())
    train(TinyTask(), PLAIN, tmp_path, resume=True)


def test_spoiled_weights_are_never_saved(tmp_path: Path) -> None:
    task = TinyTask()
    task.bad_gradient_at = 3
    with pytest.raises(DivergenceError, match=r"weights are not finite after step 3; the last good state, of step 2"):
        train(task, PLAIN, tmp_path)
    assert all(bool(tensor.isfinite().all()) for tensor in state(tmp_path).values())


def test_a_folder_with_a_run_is_not_overwritten(tmp_path: Path) -> None:
    train(TinyTask(), PLAIN, tmp_path)
    before = (tmp_path / "training_state.safetensors").read_bytes()
    with pytest.raises(OutputError, match="--resume"):
        train(TinyTask(), dataclasses.replace(PLAIN, seed=3), tmp_path)
    assert (tmp_path / "training_state.safetensors").read_bytes() == before


def test_resuming_where_nothing_was_saved_starts_the_run(tmp_path: Path) -> None:
    assert train(TinyTask(), PLAIN, tmp_path / "new", resume=True).step == 4


def test_resuming_under_another_recipe_is_refused_by_key(tmp_path: Path) -> None:
    train(TinyTask(), PLAIN, tmp_path, recipe={"data": {"subjects": 3}})
    with pytest.raises(RecipeError, match=r"data.subjects was 3 and is 4"):
        train(TinyTask(), PLAIN, tmp_path, resume=True, recipe={"data": {"subjects": 4}})
    faster = dataclasses.replace(PLAIN, learning_rate=0.1)
    with pytest.raises(RecipeError, match=r"loop.learning_rate was 0.01 and is 0.1"):
        train(TinyTask(), faster, tmp_path, resume=True, recipe={"data": {"subjects": 3}})


def test_a_constant_schedule_may_be_prolonged_and_a_cosine_may_not(tmp_path: Path) -> None:
    longer = dataclasses.replace(PLAIN, steps=6, log_every=2, checkpoint_every=5)
    train(TinyTask(), PLAIN, tmp_path / "short")
    train(TinyTask(), longer, tmp_path / "short", resume=True)
    train(TinyTask(), longer, tmp_path / "long")
    assert_same_state(tmp_path / "short", tmp_path / "long")
    with pytest.raises(RecipeError, match="already at step 6"):
        train(TinyTask(), PLAIN, tmp_path / "short", resume=True)

    train(TinyTask(), EVERYTHING, tmp_path / "cosine")
    with pytest.raises(RecipeError, match=r"loop.steps was 4 and is 6"):
        train(TinyTask(), dataclasses.replace(EVERYTHING, steps=6), tmp_path / "cosine", resume=True)


def test_compiling_keeps_the_names_of_the_weights() -> None:
    from ghtt_core.training.task import compile_parts

    task = TinyTask()
    names = list(task.module.state_dict())
    compile_parts(task.module)
    assert list(task.module.state_dict()) == names
