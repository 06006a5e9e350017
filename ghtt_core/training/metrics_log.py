# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a training run tells: running means, `metrics.jsonl`, TensorBoard, and a progress bar or plain lines."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor

from ghtt_core.errors import MissingDependencyError, OutputError

METRICS_FILE = "metrics.jsonl"


class Meter:
    """Means of the metrics of the steps since the last logged line.

    Values stay on their device until they are asked for, so that a GPU is not made to wait at every step.
    """

    def __init__(self, state: Mapping[str, Any] | None = None) -> None:
        """Start from an earlier meter's `state()`, or empty."""
        self._sums: dict[str, float] = dict((state or {}).get("sums", {}))
        self._counts: dict[str, int] = dict((state or {}).get("counts", {}))
        self._waiting: list[tuple[int, str, Tensor]] = []
        self._bad_step: int | None = None

    def add(self, step: int, metrics: Mapping[str, Tensor]) -> None:
        """Add the metrics of one step, scalars on any device."""
        self._waiting += [(step, name, value.detach()) for name, value in metrics.items()]

    def first_bad_step(self) -> int | None:
        """The first step whose loss is not finite, or None."""
        self._settle()
        return self._bad_step

    def state(self) -> dict[str, dict[str, Any]]:
        """Sums and counts so far, as plain values."""
        self._settle()
        return {"sums": dict(self._sums), "counts": dict(self._counts)}

    def _settle(self) -> None:
        if not self._waiting:
            return
        values = torch.stack([value.float() for _, _, value in self._waiting]).tolist()  # one transfer for all
        for (step, name, _), value in zip(self._waiting, values, strict=True):
            self._sums[name] = self._sums.get(name, 0.0) + value
            self._counts[name] = self._counts.get(name, 0) + 1
            if name == "loss" and self._bad_step is None and not math.isfinite(value):
                self._bad_step = step
        self._waiting = []


def merge_meters(states: list[dict[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """The meters of several processes as one."""
    merged: dict[str, dict[str, Any]] = {"sums": {}, "counts": {}}
    for state in states:
        for part, values in state.items():
            for name, value in values.items():
                merged[part][name] = merged[part].get(name, 0) + value
    return merged


def meter_means(state: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Mean of each metric of a meter."""
    return {name: total / state["counts"][name] for name, total in state["sums"].items()}


class Clock:
    """Throughput of the optimiser steps; evaluating and saving do not count."""

    def __init__(self, step: int, batch_size: int) -> None:
        """Start at a step."""
        self._batch_size = batch_size
        self._began = time.perf_counter()
        self._first = self._last = (step, 0.0)

    def samples_per_second(self, step: int, since_last: bool = False) -> float:
        """Throughput up to a step, since the start or since the last call with `since_last`."""
        now = (step, time.perf_counter() - self._began)
        begin = self._last if since_last else self._first
        if since_last:
            self._last = now
        return (now[0] - begin[0]) * self._batch_size / max(now[1] - begin[1], 1e-9)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Do not count the time of the block."""
        stopped = time.perf_counter()
        try:
            yield
        finally:
            self._began += time.perf_counter() - stopped


class MetricsLog:
    """Appends lines to `metrics.jsonl`, and to TensorBoard where that was asked for."""

    def __init__(self, folder: Path, first_step: int, tensorboard: bool, evaluated: bool = True) -> None:
        """Open the log.

        Args:
            folder: The run's folder.
            first_step: Steps already done. Lines beyond it (of a run that was killed after its last save) are dropped,
                so that the file of a resumed run reads like that of an uninterrupted one.
            tensorboard: Also write TensorBoard events, into `folder/tensorboard`.
            evaluated: Whether an evaluation logged at `first_step` stays; False where it is about to be repeated.

        Raises:
            OutputError: The folder cannot be written.
            MissingDependencyError: TensorBoard is not installed.
        """
        self._path = folder / METRICS_FILE
        self._writer: Any = _tensorboard_writer(folder / "tensorboard", first_step) if tensorboard else None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._drop_lines_after(first_step, evaluated)
            self._file = self._path.open("a", encoding="utf-8")
        except OSError as error:
            raise OutputError(f"cannot write {self._path}: {error.strerror or error}") from error

    def _drop_lines_after(self, step: int, evaluated: bool) -> None:
        if not self._path.exists():
            return
        kept = []
        for line in self._path.read_text(encoding="utf-8").splitlines():
            try:
                entry = json.loads(line)
                if entry["step"] > step or (entry["step"] == step and entry["kind"] == "evaluate" and not evaluated):
                    continue
            except (ValueError, KeyError, TypeError):
                continue  # a line cut short by a crash
            kept.append(line + "\n")
        partial = self._path.with_name(METRICS_FILE + ".partial")
        partial.write_text("".join(kept), encoding="utf-8")
        partial.replace(self._path)

    def write(self, step: int, kind: str, values: Mapping[str, float]) -> None:
        """Write one line.

        Args:
            step: Steps done.
            kind: `train` or `evaluate`.
            values: Metrics by name.

        Raises:
            OutputError: The disk is full or the folder is gone.
        """
        try:
            self._file.write(json.dumps({"step": step, "kind": kind, **values}) + "\n")
            self._file.flush()
            if self._writer is not None:
                for name, value in values.items():
                    self._writer.add_scalar(f"{kind}/{name}", value, step)
                self._writer.flush()
        except OSError as error:
            raise OutputError(
                f"cannot write {self._path}: {error.strerror or error}; the training state saved before stays valid"
            ) from error

    def close(self) -> None:
        """Write out what is buffered and close."""
        try:
            os.fsync(self._file.fileno())
            self._file.close()
        except OSError as error:
            raise OutputError(f"cannot write {self._path}: {error.strerror or error}") from error
        finally:
            if self._writer is not None:
                self._writer.close()


def _tensorboard_writer(folder: Path, first_step: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingDependencyError(
            "TensorBoard is not installed: run pip install tensorboard, or train without --tensorboard "
            "(metrics.jsonl has the same figures)"
        ) from error
    return SummaryWriter(str(folder), purge_step=first_step + 1)


class ProgressDisplay:
    """A progress bar with throughput and time left on a terminal; elsewhere plain lines, one per logged line."""

    def __init__(self, console: Console, name: str, total_steps: int, first_step: int) -> None:
        """Show the run `name` of `total_steps` of which `first_step` are done."""
        self._console = console
        self._name = name
        self._total = total_steps
        self._bar: Progress | None = None
        if console.is_terminal:
            self._bar = Progress(
                TextColumn("[bold]{task.description}"), BarColumn(), MofNCompleteColumn(),
                TextColumn("{task.fields[note]}"), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
                console=console, transient=False,
            )  # fmt: skip
            self._task = self._bar.add_task(name, total=total_steps, completed=first_step, note="")
            self._bar.start()

    def advance(self, step: int) -> None:
        """Show that `step` steps are done."""
        if self._bar is not None:
            self._bar.update(self._task, completed=step)

    def note(self, step: int, loss: float, samples_per_second: float, seconds_left: float) -> None:
        """Show the figures of a logged line."""
        text = f"loss {loss:.5g}  {samples_per_second:,.0f} samples/s"
        if self._bar is not None:
            self._bar.update(self._task, completed=step, note=text)
        else:
            self.say(f"{self._name}: step {step}/{self._total}  {text}  {_duration(seconds_left)} left")

    def say(self, sentence: str) -> None:
        """Print a sentence (above the bar, where there is one)."""
        self._console.print(sentence, highlight=False, markup=False, soft_wrap=True)

    def close(self) -> None:
        """Leave the terminal as it was found."""
        if self._bar is not None:
            self._bar.stop()


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
