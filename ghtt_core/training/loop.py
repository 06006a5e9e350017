# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The one training loop. A task says what is trained and what its loss is; the loop does the rest.

A run is a pure function of its recipe: the draws of step k on process r come from (seed, r, k), so a run that was
stopped at any step and resumed ends in the same bits as one that was not.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Protocol, runtime_checkable

import torch
from rich.console import Console
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from ghtt_core.errors import GhttError, RecipeError
from ghtt_core.training.distributed import Peers, per_rank_batch
from ghtt_core.training.metrics_log import Meter, MetricsLog, ProgressDisplay, merge_meters, meter_means
from ghtt_core.training.optimization import WeightAverage, build_optimizer, learning_rate_at, step_seeds
from ghtt_core.training.recipe import LoopConfig
from ghtt_core.training.resume import STATE_FILE, StateHeader, check_continuation, load_state, read_header, save_state

__all__ = ["CHECKPOINT_FOLDER", "DivergenceError", "EpochTask", "LoopConfig", "Task", "TrainResult", "train"]

CHECKPOINT_FOLDER = "checkpoint"

_GO_ON, _INTERRUPTED, _DIVERGED = 0, 1, 2


class DivergenceError(GhttError):
    """The loss or the weights of a training run stopped being finite."""


class Task(Protocol):
    """One thing to train.

    Attributes:
        module: Everything trainable, and nothing else that needs saving. Its weights must follow from the recipe alone.
    """

    module: nn.Module

    def loss(
        self, step: int, generator: torch.Generator, rank: int, world_size: int
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Draw the batch of one step and return its loss and metrics.

        Args:
            step: Index of the step, from 0.
            generator: CPU generator of this step and process; all draws must come from it
                (`optimization.device_generator` gives one for draws on another device).
            rank: Index of this process.
            world_size: Number of processes; draw `distributed.per_rank_batch(batch_size, world_size)` samples.

        Returns:
            Scalar loss to minimise, and scalars to log.
        """

    def evaluate(self) -> dict[str, float]:
        """Metrics on held-out data; called without gradients, on one process."""

    def export(self, folder: Path, metrics: dict[str, float]) -> None:
        """Write the checkpoint folder that users load."""


@runtime_checkable
class EpochTask(Protocol):
    """A task whose length can be given in epochs.

    Attributes:
        samples_per_epoch: Samples in one pass over the data.
    """

    samples_per_epoch: int


@dataclass(frozen=True)
class TrainResult:
    """How a run ended.

    Attributes:
        step: Steps done.
        interrupted: Whether Ctrl-C or SIGTERM stopped it before its end; the state is saved, nothing is exported.
        metrics: The last evaluation.
        checkpoint: The exported checkpoint folder; None if interrupted.
        state: The saved training state.
        samples_per_second: Throughput over the whole call, evaluations left out.
    """

    step: int
    interrupted: bool
    metrics: dict[str, float]
    checkpoint: Path | None
    state: Path
    samples_per_second: float


def train(
    task: Task,
    config: LoopConfig,
    run_dir: Path,
    *,
    device: torch.device | str = "cpu",
    resume: bool = False,
    recipe: Mapping[str, Any] | None = None,
    tensorboard: bool = False,
    console: Console | None = None,
) -> TrainResult:
    """Train a task.

    Writes into `run_dir`: `training_state.safetensors` (to resume from), `metrics.jsonl`, and at the end the folder
    `checkpoint`. Ctrl-C or SIGTERM finishes the step, saves and returns; a second one stops at once.

    Args:
        task: What to train; its module is moved to `device`.
        config: How to train.
        run_dir: Folder of the run.
        device: Device of this process.
        resume: Continue the run whose state is in `run_dir`; without one the run starts from the beginning.
        recipe: The whole recipe as plain values, kept in the state so that another one is refused on resuming.
        tensorboard: Also write TensorBoard events.
        console: Where progress goes; stderr by default.

    Raises:
        RecipeError: The recipe cannot be run, or is not that of the state in `run_dir`.
        CheckpointError: The saved state is damaged.
        OutputError: Results cannot be written; what was saved before stays valid.
        DivergenceError: The loss stopped being finite.
        MissingDependencyError: TensorBoard was asked for and is not installed.
    """
    run = _Run(task, config, Path(run_dir), torch.device(device), resume, recipe, tensorboard, console)
    try:
        return run.go()
    finally:
        run.close()


class _StepModule(nn.Module):
    """Makes the task's loss a forward call, which is what data parallel training synchronises gradients around."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.module = task.module
        self._loss = task.loss

    def forward(
        self, step: int, generator: torch.Generator, rank: int, world_size: int
    ) -> tuple[Tensor, dict[str, Tensor]]:
        loss, metrics = self._loss(step, generator, rank, world_size)
        return loss, {name: value.detach() for name, value in metrics.items()}


class _Run:
    """The state of one call of `train`."""

    def __init__(
        self,
        task: Task,
        config: LoopConfig,
        folder: Path,
        device: torch.device,
        resume: bool,
        recipe: Mapping[str, Any] | None,
        tensorboard: bool,
        console: Console | None,
    ) -> None:
        if config.threads is not None:
            torch.set_num_threads(config.threads)
        self.task, self.config, self.folder, self.device = task, config, folder, device
        self.peers = Peers.current()
        per_rank_batch(config.batch_size, self.peers.world_size)
        self.total = _total_steps(task, config)
        self.recipe = {**(recipe or {}), "loop": dataclasses.asdict(config)}
        self.module = task.module.to(device)
        self.optimizer = build_optimizer(self.module, config)
        self.average = WeightAverage(self.module, config.ema_decay) if config.ema_decay is not None else None
        self.state_path = folder / STATE_FILE
        self.step, self.saved_step, self.metrics, self.meter = 0, -1, dict[str, float](), Meter()
        self.train_seconds, self.first_step = 0.0, 0
        self._restore(resume)
        if config.compile:
            _compile_parts(self.module)
        self.step_module: nn.Module = _StepModule(task)
        if self.peers.world_size > 1:
            # Which parameters a step uses depends on the task's coin flips, hence find_unused_parameters.
            self.step_module = DistributedDataParallel(
                self.step_module, find_unused_parameters=True, broadcast_buffers=False
            )
        self.log = MetricsLog(folder, self.step, tensorboard) if self.peers.is_main else None
        quiet = Console(quiet=True)
        self.display = ProgressDisplay(
            (console or Console(stderr=True)) if self.peers.is_main else quiet, self.total, self.step
        )

    def _restore(self, resume: bool) -> None:
        found = bool(self.peers.largest(int(self.state_path.exists())))
        if found and not resume:
            raise RecipeError(
                f"{self.folder} holds a run already; add --resume to continue it, or choose another folder with --out"
            )
        if found:
            header = read_header(self.state_path)
            check_continuation(self.state_path, header, self._header())
            load_state(self.state_path, self.module, self.optimizer, self.average)
            self.step = self.saved_step = self.first_step = header.step
            self.metrics = dict(header.metrics)
            self.meter = Meter(header.meter if self.peers.is_main else None)

    def _header(self) -> StateHeader:
        meter = merge_meters(self.peers.gather(self.meter.state()))
        return StateHeader(self.step, self.total, self.peers.world_size, self.recipe, meter, self.metrics)

    def go(self) -> TrainResult:
        if self.step:
            self.display.say(f"resuming {self.folder} at step {self.step} of {self.total}")
        status = _GO_ON
        with _stop_signals() as stop:
            while self.step < self.total and status == _GO_ON:
                finite = self._take_step()
                status = self.peers.largest(_GO_ON if finite and not stop else _INTERRUPTED if finite else _DIVERGED)
                if status == _DIVERGED:
                    self._refuse_divergence(self.step - 1)
                self.display.advance(self.step)
                if self._due(self.config.log_every):
                    self._log_training()
                if self._due(self.config.evaluate_every) and self.step < self.total:
                    self._evaluate()
                if self._due(self.config.checkpoint_every) or self.step == self.total or status == _INTERRUPTED:
                    self._save()
        rate = (self.step - self.first_step) * self.config.batch_size / max(self.train_seconds, 1e-9)
        if status == _INTERRUPTED and self.step < self.total:
            self.display.say(
                f"stopped at step {self.step} of {self.total}; the state is saved in {self.state_path}: "
                "run the same command with --resume to continue"
            )
            return TrainResult(self.step, True, self.metrics, None, self.state_path, rate)
        self._evaluate()
        if self.peers.is_main:
            with self._exported_weights():
                self.task.export(self.folder / CHECKPOINT_FOLDER, self.metrics)
        return TrainResult(self.step, False, self.metrics, self.folder / CHECKPOINT_FOLDER, self.state_path, rate)

    def _take_step(self) -> bool:
        """One optimiser step; returns whether its loss is known to be finite (a GPU is asked only when it must be)."""
        began = time.perf_counter()
        data_seed, global_seed = step_seeds(self.config.seed, self.peers.rank, self.step)
        torch.manual_seed(global_seed)  # for a module that draws by itself
        generator = torch.Generator().manual_seed(data_seed)
        rate = learning_rate_at(self.step, self.total, self.config)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.module.train()
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.precision == "bfloat16"):
            loss, metrics = self.step_module(self.step, generator, self.peers.rank, self.peers.world_size)
        loss.backward()
        metrics = {"loss": loss, **metrics}
        if self.config.gradient_clip is not None:
            metrics["gradient_norm"] = nn.utils.clip_grad_norm_(self.module.parameters(), self.config.gradient_clip)
        self.optimizer.step()
        if self.average is not None:
            self.average.update(self.module, self.step)
        self.meter.add(metrics)
        finite = bool(torch.isfinite(loss)) if self.device.type == "cpu" else True
        self.step += 1
        self.train_seconds += time.perf_counter() - began
        return finite

    def _due(self, every: int) -> bool:
        return every > 0 and self.step % every == 0

    def _log_training(self) -> None:
        state = merge_meters(self.peers.gather(self.meter.state()))
        self.meter = Meter()
        means = meter_means(state)
        if not math.isfinite(means["loss"]):
            self._refuse_divergence(self.step - 1)
        rate = (self.step - self.first_step) * self.config.batch_size / max(self.train_seconds, 1e-9)
        means["learning_rate"] = self.optimizer.param_groups[0]["lr"]
        if self.log is not None:
            self.log.write(self.step, "train", {**means, "samples_per_second": rate})
        left = (self.total - self.step) * self.config.batch_size / rate
        self.display.note(self.step, means["loss"], rate, left)

    @contextlib.contextmanager
    def _exported_weights(self) -> Iterator[None]:
        self.module.eval()
        with torch.no_grad(), self.average.applied_to(self.module) if self.average else contextlib.nullcontext():
            yield

    def _evaluate(self) -> None:
        metrics: dict[str, float] = {}
        if self.peers.is_main:
            with self._exported_weights():
                metrics = dict(self.task.evaluate())
        self.metrics = self.peers.gather(metrics)[0]
        if self.log is not None:
            self.log.write(self.step, "evaluate", self.metrics)
            figures = "  ".join(f"{name} {value:.4g}" for name, value in self.metrics.items())
            self.display.say(f"step {self.step}: evaluation  {figures}")

    def _save(self) -> None:
        header = self._header()
        loss = header.meter["sums"].get("loss", 0.0)
        finite = math.isfinite(loss) and all(bool(torch.isfinite(p).all()) for p in self.module.parameters())
        if self.peers.largest(int(not finite)):
            self._refuse_divergence(self.step - 1)
        trouble: Exception | None = None
        if self.peers.is_main:
            try:
                save_state(self.state_path, self.module, self.optimizer, self.average, header)
            except GhttError as error:
                trouble = error
        if self.peers.largest(int(trouble is not None)):
            raise trouble or GhttError("rank 0 could not save the training state")
        self.saved_step = self.step

    def _refuse_divergence(self, step: int) -> None:
        good = (
            f"the last good state is step {self.saved_step} in {self.state_path}"
            if self.saved_step >= 0
            else "no state had been saved yet"
        )
        raise DivergenceError(
            f"training diverged: the loss or the weights are not finite at step {step}; {good}; "
            "lower loop.learning_rate or set loop.gradient_clip"
        )

    def close(self) -> None:
        self.display.close()
        if self.log is not None:
            self.log.close()


def _total_steps(task: Task, config: LoopConfig) -> int:
    if config.epochs is None:
        return config.steps
    if not isinstance(task, EpochTask):
        raise RecipeError("loop.epochs needs a task with epochs; give loop.steps instead")
    return max(1, math.ceil(config.epochs * task.samples_per_epoch / config.batch_size))


def _compile_parts(module: nn.Module) -> None:
    # In place, so that the names of the weights stay; part by part, because tasks call blocks by method, not forward.
    for child in module.modules():
        if isinstance(child, (nn.ModuleList, nn.Sequential)):
            for part in child:
                part.compile()


@contextlib.contextmanager
def _stop_signals() -> Iterator[list[int]]:
    """Collects the first Ctrl-C or SIGTERM in a list; the second one acts as it would have without."""
    received: list[int] = []
    earlier: dict[int, Any] = {}

    def note(number: int, frame: FrameType | None) -> None:
        received.append(number)
        restore()

    def restore() -> None:
        for number, handler in earlier.items():
            signal.signal(number, handler)

    with contextlib.suppress(ValueError):  # outside the main thread signals are someone else's business
        for number in (signal.SIGINT, signal.SIGTERM):
            earlier[number] = signal.signal(number, note)
    try:
        yield received
    finally:
        restore()
