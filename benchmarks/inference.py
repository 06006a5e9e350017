# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Time P, A and the forecasts against the floors of the machine.

python benchmarks/inference.py
python benchmarks/inference.py --size small --threads 2 --json out/inference.json

Prints, per size and number of threads, each workload as plain modules, by the fast path in float32 and in bfloat16,
beside the least time the arithmetic and the reading of the weights could take here, and beside the published research
implementation where its time is known (a similar server core, float32, batched; paper size). Workloads take turns, and
the least and the median of all turns are shown: on a busy machine the least is the better estimate. Where others keep
the processors busy all the time, `--processor-time` with one thread counts only the time this program got.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import floors
import torch
from rich.console import Console
from rich.table import Table

from ghtt_core.models.action_block import ActionBlock
from ghtt_core.models.config import PAPER, SMALL, SMALL_ACTION, BlockConfig
from ghtt_core.models.inference import FastActionBlock, FastPoseBlock, prepare_for_inference
from ghtt_core.models.pose_block import PoseBlock

SIZES = {"paper": (PAPER, PAPER), "small": (SMALL, SMALL_ACTION)}
TEXT_WIDTH = 512
SAMPLES, FUTURE, ROUNDS, CLIPS = 20, 5, 6, 16
REFERENCE_MS = {
    "P encode, 1 clip": (19.9, 14.0),
    "A encode + decode, 16 clips": (54.7, 35.0),
    "P.b, 20 x 5 clips": (1269.0, 810.0),
    "P.a, 20 x 6 clips": (5521.0, 4300.0),
}
"""Batched times of the research implementation with one and two threads."""


@dataclass(frozen=True)
class Row:
    """One workload in one form."""

    size: str
    threads: int
    workload: str
    form: str
    least_ms: float
    median_ms: float
    turns: int
    arithmetic_floor_ms: float
    reading_floor_ms: float
    reference_ms: float | None


class Workloads:
    """The four workloads of one pair of blocks."""

    def __init__(self, pose: PoseBlock | FastPoseBlock, action: ActionBlock | FastActionBlock) -> None:
        self.pose, self.action = pose, action
        width = pose.config.width
        generator = torch.Generator().manual_seed(0)
        self.features = torch.randn(1, 16, 153, generator=generator)
        self.mid_level = torch.randn(1, CLIPS, width, generator=generator)
        self.objects = torch.nn.functional.normalize(torch.randn(1, CLIPS, TEXT_WIDTH, generator=generator), dim=-1)
        self.noise = torch.randn(SAMPLES, ROUNDS, width, generator=generator)
        self.shared = isinstance(action, FastActionBlock)

    def pose_encode(self) -> object:
        return self._observe(self.features)

    def action_both(self) -> object:
        clips = torch.ones(1, CLIPS, dtype=torch.bool)
        encoding = self.action.encode(self.mid_level, self.objects, clips, clips)
        phase = torch.tensor([CLIPS])
        return self.action.decode(encoding.mu, encoding.clip_tokens, clips, phase, torch.ones(1, CLIPS).bool())

    def forecast_action(self) -> torch.Tensor:
        rows = 1 if self.shared else SAMPLES  # the fast path lets all samples share the observation
        clips = torch.ones(1, CLIPS, dtype=torch.bool)
        encoding = self.action.encode(self.mid_level, self.objects, clips, clips)
        alpha = self.action.reparameterise(encoding.mu, encoding.logvar, self.noise[:, 0], 5.0)
        future = self.action.decode(
            alpha,
            encoding.clip_tokens.expand(rows, -1, -1),
            clips.expand(rows, -1),
            torch.full((rows,), CLIPS),
            torch.ones(rows, FUTURE, dtype=torch.bool),
        )
        return self.pose.decode(future.flatten(0, 1))  # (100, 16, 153)

    def forecast_pose(self) -> torch.Tensor:
        rows = 1 if self.shared else SAMPLES
        encoding = self._observe(self.features)
        mu, logvar, tokens = (part.expand(SAMPLES, *part.shape[1:]) for part in encoding[:3])
        tokens = tokens[:rows]
        clips = []
        for step in range(ROUNDS):
            latent = self.pose.reparameterise(mu, logvar, self.noise[:, step], 5.0)
            clips.append(self.pose.decode(latent, tokens))
            if step + 1 < ROUNDS:
                mu, logvar, tokens, _ = self._observe(clips[-1])
        return torch.cat(clips, dim=1)

    def _observe(self, features: torch.Tensor) -> tuple[torch.Tensor, ...]:
        batch = len(features)
        frames = torch.ones(batch, 16, dtype=torch.bool)
        return self.pose.encode(features, frames, torch.ones(batch, 16, 2, 21, dtype=torch.bool))

    def named(self) -> dict[str, Callable[[], object]]:
        """The workloads by the name they are reported under."""
        calls = (self.pose_encode, self.action_both, self.forecast_action, self.forecast_pose)
        return dict(zip(REFERENCE_MS, calls, strict=True))


def work_of(pose: BlockConfig, action: BlockConfig) -> dict[str, floors.Work]:
    """The work each workload cannot avoid."""
    works = (
        floors.pose_encode(pose),
        floors.action_both(action, CLIPS, CLIPS),
        floors.forecast_action(pose, action, CLIPS, SAMPLES, FUTURE),
        floors.forecast_pose(pose, SAMPLES, ROUNDS),
    )
    return dict(zip(REFERENCE_MS, works, strict=True))


def take_turns(
    calls: dict[tuple[str, str], Callable[[], object]], seconds: float, clock: Callable[[], float]
) -> dict[tuple[str, str], list[float]]:
    """Runs all calls in turn until each had its share of time; gives the seconds of every turn."""
    turns: dict[tuple[str, str], list[float]] = {key: [] for key in calls}
    for call in calls.values():
        call()
    pending = set(calls)
    while pending:
        for key in sorted(pending):
            repeats = 0
            while repeats == 0 or (repeats < 10 and turns[key][-1] < 0.05):  # short ones more often per turn
                start = clock()
                calls[key]()
                turns[key].append(clock() - start)
                repeats += 1
            if len(turns[key]) >= 3 and sum(turns[key]) > seconds:
                pending.discard(key)
    return turns


def measure(size: str, threads: int, seconds: float, clock: Callable[[], float]) -> list[Row]:
    """All workloads in all forms of one size with one number of threads."""
    torch.set_num_threads(threads)
    machine = floors.measure_machine(clock)
    pose_sizes, action_sizes = SIZES[size]
    torch.manual_seed(0)
    pose = PoseBlock(pose_sizes).eval().requires_grad_(False)
    action = ActionBlock(action_sizes, TEXT_WIDTH).eval().requires_grad_(False)
    forms: dict[str, Workloads] = {"modules": Workloads(pose, action)}
    for form, dtype in (("fast", torch.float32), ("fast bf16", torch.bfloat16)):
        forms[form] = Workloads(prepare_for_inference(pose, dtype), prepare_for_inference(action, dtype))
    calls = {(name, form): call for form, loads in forms.items() for name, call in loads.named().items()}
    with torch.inference_mode():
        turns = take_turns(calls, seconds, clock)
    works, rows = work_of(pose_sizes, action_sizes), []
    for name in REFERENCE_MS:
        for form in forms:
            dtype = torch.bfloat16 if "bf16" in form else torch.float32
            times = [1e3 * turn for turn in turns[name, form]]
            known = size == "paper" and threads <= 2
            rows.append(
                Row(
                    size=size,
                    threads=threads,
                    workload=name,
                    form=form,
                    least_ms=min(times),
                    median_ms=statistics.median(times),
                    turns=len(times),
                    arithmetic_floor_ms=machine.arithmetic_ms(works[name], dtype),
                    reading_floor_ms=machine.reading_ms(works[name], dtype),
                    reference_ms=REFERENCE_MS[name][threads - 1] if known else None,
                )
            )
    show(
        size,
        threads,
        machine,
        rows,
        sum(p.numel() for p in pose.parameters()),
        sum(p.numel() for p in action.parameters()),
    )
    return rows


def show(size: str, threads: int, machine: floors.Machine, rows: list[Row], pose: int, action: int) -> None:
    """Prints the table of one size and number of threads."""
    rates = (
        f"{machine.flops[torch.float32] / 1e9:.0f} GFLOP/s float32, {machine.flops[torch.bfloat16] / 1e9:.0f} bfloat16"
    )
    title = f"{size}: P {pose / 1e6:.2f} M, A {action / 1e6:.2f} M parameters; {threads} thread(s): {rates}, "
    table = Table(title=title + f"{machine.bandwidth / 1e9:.1f} GB/s read", title_justify="left")
    for column in (
        "workload",
        "form",
        "least ms",
        "median",
        "FLOP floor",
        "x",
        "read floor",
        "x",
        "reference",
        "faster",
    ):
        table.add_column(column, justify="left" if column in ("workload", "form") else "right")
    for row in rows:
        known = (
            ("", "")
            if row.reference_ms is None
            else (f"{row.reference_ms:.1f}", f"{row.reference_ms / row.least_ms:.2f} x")
        )
        table.add_row(
            row.workload if row.form == "modules" else "",
            row.form,
            f"{row.least_ms:.2f}",
            f"{row.median_ms:.2f}",
            f"{row.arithmetic_floor_ms:.2f}",
            f"{row.least_ms / row.arithmetic_floor_ms:.2f}",
            f"{row.reading_floor_ms:.2f}",
            f"{row.least_ms / row.reading_floor_ms:.2f}",
            *known,
        )
    console = Console(width=150)
    console.print(table)
    if size == "small":
        per_form = {row.form: {r.workload: r.median_ms for r in rows if r.form == row.form} for row in rows}
        for form in ("fast", "fast bf16"):
            encode, both, sampled, _ = per_form[form].values()
            busy = (30 * encode + 5 * (both + sampled)) / 1e3
            console.print(f"  {form}: refining at 30 Hz, action and P.b at 5 Hz take {100 * busy:.0f} % of the time")


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, action="append", help="only this size (may be repeated)")
    parser.add_argument("--threads", type=int, action="append", help="only this number of threads (may be repeated)")
    parser.add_argument("--seconds", type=float, default=4.0, help="time for each workload and form")
    parser.add_argument("--processor-time", action="store_true", help="time on the processor; one thread only")
    parser.add_argument("--json", type=Path, help="also write all figures to this file")
    options = parser.parse_args()
    threads = options.threads or ((1,) if options.processor_time else (1, 2))
    if options.processor_time and set(threads) != {1}:
        parser.error("--processor-time counts all threads together, so it needs --threads 1")
    clock = time.process_time if options.processor_time else time.perf_counter
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    if load > 0.5 and not options.processor_time:
        print(f"The machine is busy (load {load:.1f} on {cores} cores): times are upper bounds, floors may be too.")
    rows = [
        row
        for size in options.size or SIZES
        for count in threads
        for row in measure(size, count, options.seconds, clock)
    ]
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        about = {"torch": torch.__version__, "machine": platform.platform(), "cores": cores, "load": load}
        options.json.write_text(json.dumps({"about": about, "rows": [asdict(row) for row in rows]}, indent=1) + "\n")


if __name__ == "__main__":
    main()
