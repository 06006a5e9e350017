# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How fast a dataset in H2O's layout becomes a store, and how fast training reads windows from it.

python benchmarks/data_reading.py
python benchmarks/data_reading.py --frames 2000 --workers 1 --json out/data_reading.json

Writes a stand-in tree of the given size (five cameras with poses of hands and camera in one text file per frame, and
pictures, hard links of one), prepares it as `ghtt prepare h2o` does, and samples windows in one thread. Goals: 10,000
frames in 60 s on two cores; 20,000 windows of 32 frames per second and core.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from ghtt_core.data.preparation.prepare import prepare
from ghtt_core.data.readers.h2o import H2OReader
from ghtt_core.data.store.dataset import Dataset
from ghtt_core.data.windows import ActionWindowSampler, PoseWindowSampler

sys.path.insert(0, str(Path(__file__).parents[1] / "test" / "standins"))

SEQUENCE_FRAMES = 500
GOAL_PREPARE_S, GOAL_WINDOWS = 60.0, 20_000


def write_stand_in(root: Path, frames: int) -> None:
    """A tree of `frames` frames in sequences of 500."""
    from h2o_tree import Segment, write_tree

    names = [f"subject1/h1/{number}" for number in range(-(-frames // SEQUENCE_FRAMES))]
    lengths = {name: min(SEQUENCE_FRAMES, frames - SEQUENCE_FRAMES * i) for i, name in enumerate(names)}
    actions = {
        name: [Segment(1 + start // 50 % 36, start, start + 40) for start in range(0, count - 49, 50)]
        for name, count in lengths.items()
    }
    write_tree(root, lengths, {"train": actions}, same_picture=True)


def windows_per_second(draw: Callable[[int, torch.Generator], object], batch: int, seconds: float = 2.0) -> float:
    """Windows per second of one core's time, after a first batch that maps the file."""
    generator = torch.Generator().manual_seed(0)
    draw(batch, generator)
    begin, drawn = time.process_time(), 0
    while time.process_time() - begin < seconds:
        draw(batch, generator)
        drawn += batch
    return drawn / (time.process_time() - begin)


def measure(frames: int, workers: int) -> dict[str, float]:
    """All figures by name."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        begin = time.perf_counter()
        write_stand_in(folder / "h2o", frames)
        figures = {"stand-in written, s": time.perf_counter() - begin}
        begin = time.perf_counter()
        dataset: Dataset = prepare(H2OReader(folder / "h2o"), folder / "store", workers=workers)
        figures["prepared, s"] = time.perf_counter() - begin
        figures["frames/s"] = frames / figures["prepared, s"]
        store = dataset.split("train")
        for batch in (64, 256):
            figures[f"pose windows/s, batch {batch}"] = windows_per_second(PoseWindowSampler(store).sample, batch)
        figures["action windows/s, batch 256"] = windows_per_second(ActionWindowSampler(store).sample, 256)
    return figures


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    figures = measure(options.frames, options.workers)
    table = Table(title=f"{options.frames} frames, {options.workers} processes, {os.cpu_count()} cores", box=None)
    table.add_column("what")
    table.add_column("figure", justify="right")
    table.add_column("against the goal", justify="right")
    for name, value in figures.items():
        ratio = ""
        if name == "prepared, s":
            ratio = f"{GOAL_PREPARE_S * options.frames / 10_000 / value:.1f} x"
        elif "windows/s" in name:
            ratio = f"{value / GOAL_WINDOWS:.1f} x"
        table.add_row(name, f"{value:,.1f}", ratio)
    Console().print(table)
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
