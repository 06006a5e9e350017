# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import builtins
import io
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from tiny_task import BATCH, TinyTask, log_lines

from ghtt_core.errors import MissingDependencyError
from ghtt_core.training.loop import LoopConfig, train
from ghtt_core.training.metrics_log import Meter, merge_meters, meter_means

CONFIG = LoopConfig(steps=6, batch_size=BATCH, log_every=2, checkpoint_every=0, evaluate_every=4)


def test_metrics_are_means_over_the_steps_of_a_line() -> None:
    meter = Meter()
    meter.add(0, {"loss": torch.tensor(1.0), "sometimes": torch.tensor(5.0)})
    meter.add(1, {"loss": torch.tensor(2.0)})
    meter = Meter(meter.state())  # as a resumed run does
    meter.add(2, {"loss": torch.tensor(6.0)})
    assert meter_means(meter.state()) == {"loss": 3.0, "sometimes": 5.0}
    assert meter.first_bad_step() is None


def test_the_meters_of_two_processes_are_pooled_even_if_their_metrics_differ() -> None:
    first, second = Meter(), Meter()
    first.add(0, {"loss": torch.tensor(1.0)})
    second.add(0, {"loss": torch.tensor(3.0), "other": torch.tensor(4.0)})
    assert meter_means(merge_meters([first.state(), second.state()])) == {"loss": 2.0, "other": 4.0}


def test_the_first_step_with_a_loss_that_is_not_finite_is_found() -> None:
    meter = Meter()
    for step, loss in enumerate([1.0, 2.0, float("inf"), float("nan")]):
        meter.add(step, {"loss": torch.tensor(loss)})
    assert meter.first_bad_step() == 2


def test_a_run_writes_training_and_evaluation_lines(tmp_path: Path) -> None:
    train(TinyTask(), CONFIG, tmp_path)
    lines = log_lines(tmp_path)
    assert [(line["step"], line["kind"]) for line in lines] == [
        (2, "train"), (4, "train"), (4, "evaluate"), (6, "train"), (6, "evaluate"),
    ]  # fmt: skip
    assert lines[0].keys() == {"step", "kind", "loss", "largest", "learning_rate"}
    assert lines[2].keys() == {"step", "kind", "error"}


def test_plain_lines_where_there_is_no_terminal(tmp_path: Path) -> None:
    text = io.StringIO()
    train(TinyTask(), CONFIG, tmp_path, console=Console(file=text))
    assert "step 2/6  loss" in text.getvalue()
    assert "samples/s" in text.getvalue()
    assert "left" in text.getvalue()
    assert "\x1b" not in text.getvalue()


def test_a_bar_with_throughput_on_a_terminal(tmp_path: Path) -> None:
    text = io.StringIO()
    train(TinyTask(), CONFIG, tmp_path, console=Console(file=text, force_terminal=True, width=120))
    assert "6/6" in text.getvalue()
    assert "samples/s" in text.getvalue()
    assert "step 2/6" not in text.getvalue()


def test_tensorboard_gets_the_same_figures(tmp_path: Path) -> None:
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="tensorboard is not installed"
    )
    train(TinyTask(), CONFIG, tmp_path, tensorboard=True)
    events = accumulator.EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    logged = [line["loss"] for line in log_lines(tmp_path) if line["kind"] == "train"]
    assert [event.value for event in events.Scalars("train/loss")] == pytest.approx(logged)
    assert [event.step for event in events.Scalars("evaluate/error")] == [4, 6]


def test_missing_tensorboard_is_one_sentence_before_any_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def without_tensorboard(name: str, *arguments: Any, **options: Any) -> Any:
        if name.startswith(("tensorboard", "torch.utils.tensorboard")):
            raise ImportError(name)
        return real_import(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without_tensorboard)
    with pytest.raises(MissingDependencyError, match="pip install tensorboard"):
        train(TinyTask(), CONFIG, tmp_path, tensorboard=True)
    assert not list(tmp_path.glob("*.safetensors"))
