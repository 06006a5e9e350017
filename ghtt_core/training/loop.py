# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The one training loop. A task says what is trained and what its loss is; the loop does the rest.

A run is a pure function of its recipe: the draws of step k on process r come from (seed, r, k), so a run that was
stopped at any step and resumed ends in the same bits as one that was not.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import torch
from rich.console import Console
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from ghtt_core.errors import GhttError, OutputError, RecipeError
from ghtt_core.training.distributed import Peers, per_rank_batch
from ghtt_core.training.metrics_log import Clock, Meter, MetricsLog, ProgressDisplay, merge_meters, meter_means
from ghtt_core.training.optimization import WeightAverage, build_optimizer, learning_rate_at, step_seeds
from ghtt_core.training.recipe import LoopConfig
from ghtt_core.training.resume import STATE_FILE, StateHeader, check_continuation, load_state, read_header, save_state
from ghtt_core.training.stopping import stop_signals
from ghtt_core.training.task import EpochTask, StepModule, Task, compile_parts

__all__ = [
    "CHECKPOINT_FOLDER",
    "DivergenceError",
    "EpochTask",
    "LoopConfig",
    "Task",
    "TrainResult",
    "check_run_folder",
    "train",
]

CHECKPOINT_FOLDER = "checkpoint"

_GO_ON, _INTERRUPTED, _DIVERGED = 0, 1, 2


class DivergenceError(GhttError):
    """The loss or the weights of a training run stopped being finite."""


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


def check_run_folder(folder: Path, resume: bool) -> bool:
    """Whether `folder` holds the state of a run that is to be continued.

    Raises:
        OutputError: It holds a run and `resume` does not say to continue it.
    """
    found = (folder / STATE_FILE).exists()
    if found and not resume:
        raise OutputError(f"{folder} holds a run already: add --resume to continue it, or give another folder as --out")
    return found


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
        self.recipe = json.loads(json.dumps({**(recipe or {}), "loop": dataclasses.asdict(config)}))
        self.module = task.module.to(device)
        self.optimizer = build_optimizer(self.module, config)
        self.average = WeightAverage(self.module, config.ema_decay) if config.ema_decay is not None else None
        self.state_path = folder / STATE_FILE
        self.step, self.saved_step, self.metrics, self.meter = 0, -1, dict[str, float](), Meter()
        self._restore(resume)
        self.clock = Clock(self.step, config.batch_size)
        if config.compile:
            compile_parts(self.module)
        self.step_module: nn.Module = StepModule(task)
        if self.peers.world_size > 1:
            # Which parameters a step uses depends on the task's coin flips, hence find_unused_parameters.
            self.step_module = DistributedDataParallel(
                self.step_module, find_unused_parameters=True, broadcast_buffers=False
            )
        done = self.step == self.total  # then only the last evaluation and the export are done again
        self.log = MetricsLog(folder, self.step, tensorboard, evaluated=not done) if self.peers.is_main else None
        quiet = Console(quiet=True)
        self.display = ProgressDisplay(
            (console or Console(stderr=True)) if self.peers.is_main else quiet, self.folder.name, self.total, self.step
        )

    def _restore(self, resume: bool) -> None:
        if check_run_folder(self.folder, resume):
            header = read_header(self.state_path)
            check_continuation(self.state_path, header, self._header())
            load_state(self.state_path, self.module, self.optimizer, self.average)
            self.step = self.saved_step = header.step
            self.meter = Meter(header.meter if self.peers.is_main else None)

    def _header(self) -> StateHeader:
        meter = merge_meters(self.peers.gather(self.meter.state()))
        return StateHeader(self.step, self.total, self.peers.world_size, self.recipe, meter)

    def go(self) -> TrainResult:
        if self.step:
            self.display.say(f"resuming {self.folder} at step {self.step} of {self.total}")
        interrupted = False
        with stop_signals() as stop:
            while self.step < self.total and not interrupted:
                self._take_step()
                interrupted = self._agree(bool(stop))
                self.display.advance(self.step)
                if self._due(self.config.log_every):
                    self._log_training()
                if self._due(self.config.checkpoint_every) or self.step == self.total or interrupted:
                    self._save()
                if self._due(self.config.evaluate_every) and self.step < self.total:
                    self._evaluate()
        rate = self.clock.samples_per_second(self.step)
        if interrupted and self.step < self.total:
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

    def _take_step(self) -> None:
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
        self.meter.add(self.step, metrics)
        self.step += 1

    def _agree(self, stop: bool) -> bool:
        """Whether some process was told to stop; ends the run on all of them where some loss is not finite."""
        due = self._due(self.config.log_every) or self._due(self.config.checkpoint_every) or self.step == self.total
        # A GPU is made to wait for the answer only where it has to anyway.
        diverged = (self.device.type == "cpu" or due) and self.meter.first_bad_step() is not None
        status = self.peers.largest(_DIVERGED if diverged else _INTERRUPTED if stop else _GO_ON)
        if status == _DIVERGED:
            bad = [step for step in self.peers.gather(self.meter.first_bad_step()) if step is not None]
            self._refuse_divergence(f"the loss is not finite at step {min(bad)}")
        return status == _INTERRUPTED

    def _due(self, every: int) -> bool:
        return every > 0 and self.step % every == 0

    def _log_training(self) -> None:
        means = meter_means(merge_meters(self.peers.gather(self.meter.state())))
        self.meter = Meter()
        means["learning_rate"] = self.optimizer.param_groups[0]["lr"]
        rate = self.clock.samples_per_second(self.step, since_last=True)
        if self.log is not None:
            self.log.write(self.step, "train", {**means, "samples_per_second": rate})
        left = (self.total - self.step) * self.config.batch_size / rate
        self.display.note(self.step, means["loss"], rate, left)

    @contextlib.contextmanager
    def _exported_weights(self) -> Iterator[None]:
        self.module.eval()
        averaged = self.average.applied_to(self.module) if self.average else contextlib.nullcontext()
        eager = torch.compiler.set_stance("force_eager")  # compiling again for other batch sizes would not pay
        with torch.no_grad(), averaged, eager if self.config.compile else contextlib.nullcontext():
            yield

    def _evaluate(self) -> None:
        metrics: dict[str, float] = {}
        with self.clock.stopped():
            if self.peers.is_main:
                with self._exported_weights():
                    metrics = dict(self.task.evaluate())
            self.metrics = self.peers.gather(metrics)[0]
        if self.log is not None:
            self.log.write(self.step, "evaluate", self.metrics)
            figures = "  ".join(f"{name} {value:.4g}" for name, value in self.metrics.items())
            self.display.say(f"step {self.step}: evaluation  {figures}")

    def _save(self) -> None:
        with self.clock.stopped():
            # The last step may have spoiled the weights while its loss was still finite.
            if not all(bool(torch.isfinite(parameter).all()) for parameter in self.module.parameters()):
                self._refuse_divergence(f"the weights are not finite after step {self.step - 1}")
            header = self._header()
            trouble: GhttError | None = None
            if self.peers.is_main:
                try:
                    save_state(self.state_path, self.module, self.optimizer, self.average, header)
                except OutputError as error:
                    trouble = error
            if self.peers.largest(int(trouble is not None)):
                raise trouble or OutputError("rank 0 could not save the training state")
            self.saved_step = self.step

    def _refuse_divergence(self, what: str) -> NoReturn:
        good = f"the last good state, of step {self.saved_step}, is in {self.state_path}"
        raise DivergenceError(
            f"training diverged: {what}; {good if self.saved_step >= 0 else 'no state had been saved yet'}; "
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
