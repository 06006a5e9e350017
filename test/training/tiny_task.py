# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A task that trains in milliseconds yet has what real ones have: data and noise draws, a coin flip, dropout."""

from __future__ import annotations

import argparse
import json
import os
import signal
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ghtt_core.training.distributed import per_rank_batch, process_group
from ghtt_core.training.loop import LoopConfig, TrainResult, train
from ghtt_core.training.resume import STATE_FILE

BATCH = 8


class TinyModule(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(6, 16), nn.GELU(), nn.Dropout(0.1), nn.Linear(16, 6))
        self.skip = nn.Linear(6, 6)
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, inputs: Tensor, with_skip: bool) -> Tensor:
        out: Tensor = self.body(inputs)
        return out + self.skip(inputs) if with_skip else out


class TinyTask:
    """Learns to reverse six numbers; every other step or so leaves out a part of its weights."""

    samples_per_epoch = 40

    def __init__(self) -> None:
        torch.manual_seed(7)
        self.module = TinyModule()
        self.exported: dict[str, Tensor] = {}
        self.dtypes: set[torch.dtype] = set()
        self.raise_at = self.signal_at = self.bad_loss_at = self.bad_gradient_at = -1
        self.signal = signal.SIGINT

    def loss(
        self, step: int, generator: torch.Generator, rank: int, world_size: int
    ) -> tuple[Tensor, dict[str, Tensor]]:
        if step == self.raise_at:
            raise RuntimeError("the process died")
        if step == self.signal_at:
            os.kill(os.getpid(), self.signal)
        inputs = torch.randn(per_rank_batch(BATCH, world_size), 6, generator=generator)
        out = self.module(inputs, bool(torch.rand((), generator=generator) < 0.5))
        self.dtypes.add(out.dtype)
        self.module.seen += 1
        loss = (out.float() - inputs.flip(-1)).square().mean()
        if step == self.bad_loss_at:
            loss = loss * float("nan")
        if step == self.bad_gradient_at:  # sqrt has an infinite slope at zero, where its value is fine
            loss = loss + (self.module.body[0].weight.sum() * 0).sqrt()
        return loss, {"largest": out.abs().max()}

    def evaluate(self) -> dict[str, float]:
        assert not self.module.training
        assert not torch.is_grad_enabled()
        inputs = torch.linspace(-1, 1, 12).reshape(2, 6)
        return {"error": float((self.module(inputs, True) - inputs.flip(-1)).abs().mean())}

    def export(self, folder: Path, metrics: dict[str, float]) -> None:
        self.exported = {name: tensor.clone() for name, tensor in self.module.state_dict().items()}
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "metrics.json").write_text(json.dumps(metrics))


def state(folder: Path) -> dict[str, Tensor]:
    """Every tensor of the saved state."""
    return load_file(folder / STATE_FILE)


def assert_same_state(first: Path, second: Path) -> None:
    """Both runs saved the same bits: weights, moments, averages."""
    one, other = state(first), state(second)
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        assert torch.equal(tensor, other[name]), name


def log_lines(folder: Path) -> list[dict[str, float | str]]:
    """The run's metrics without its timings."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "samples_per_second"} for line in lines]


def _stopped_and_resumed(out: Path, config: LoopConfig, stop_at: int) -> TrainResult:
    task = TinyTask()
    task.signal_at = stop_at
    first = train(task, config, out)
    assert first.interrupted
    return train(TinyTask(), config, out, resume=True)


def main() -> None:
    """Train in this process, with its peers if torchrun started it; used by tests that need whole processes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--signal-at", type=int, default=-1)
    parser.add_argument("--signal", type=lambda name: signal.Signals[name], default=signal.SIGINT)
    parser.add_argument("--peers", action="store_true", help="one straight and one resumed run")
    options = parser.parse_args()
    torch.set_num_threads(1)
    config = LoopConfig(steps=options.steps, batch_size=BATCH, log_every=4, checkpoint_every=0, ema_decay=0.9)
    with process_group(torch.device("cpu")):
        if options.peers:
            rank = int(os.environ["RANK"])
            straight = TinyTask()
            train(straight, config, options.out / "straight")
            # Only the last rank hears the signal: the others must stop at the same step all the same.
            _stopped_and_resumed(options.out / "resumed", config, stop_at=5 if rank == 1 else -1)
            save_file(straight.module.state_dict(), options.out / f"rank{rank}.safetensors")
            return
        task = TinyTask()
        task.signal_at, task.signal = options.signal_at, options.signal
        train(task, config, options.out, resume=options.resume)


if __name__ == "__main__":
    main()
