# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the `ghtt prepare` commands of all datasets share: options, progress bar and the tables at the end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from ghtt_core.data.readers.base import DatasetReader, SourcePlan, SourceSequence
    from ghtt_core.data.store.dataset import Dataset

_FAULTS_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class PreparationOptions:
    """What all datasets take.

    Attributes:
        source: Root of the dataset.
        store: Folder of the result; it appears when everything is in it.
        malformed: What a malformed file does: stop at it, or skip it and list it at the end.
        workers: Processes that read.
        overwrite: Replace a prepared dataset that is there.
    """

    source: Path
    store: Path
    malformed: Literal["fatal", "skip"] = "fatal"
    workers: int = 2
    overwrite: bool = False


def run_reader(reader: DatasetReader, options: PreparationOptions) -> Dataset:
    """Prepare a dataset and say what became of it.

    Raises:
        GhttError: The source, a file in it or the disk do not allow it.
    """
    from rich.console import Console

    from ghtt_core.data.preparation.prepare import Listener, prepare

    console = Console(stderr=True)
    with _progress(console) as progress:

        class Bar(Listener):
            task: TaskID

            def begin(self, plan: SourcePlan, kept: int) -> None:
                if kept:
                    console.print(f"{kept} sequences are ready from an earlier run.", highlight=False)
                self.task = progress.add_task(reader.dataset, total=len(plan.sequences), completed=kept)

            def done(self, entry: SourceSequence) -> None:
                progress.advance(self.task)

        dataset = prepare(reader, options.store, options.malformed, options.workers, options.overwrite, Bar())
    show_dataset(dataset)
    print(f"prepared {dataset.name} in {dataset.folder}")
    return dataset


def show_dataset(dataset: Dataset) -> None:
    """Print what a dataset has, beside what is published of it, and what it lacks."""
    from rich.console import Console
    from rich.table import Table

    from ghtt_core.data.preparation.prepare import summarised
    from ghtt_core.data.readers.published import PUBLISHED, Counts

    console = Console(soft_wrap=True)
    table = Table("split", box=None, pad_edge=False)
    for heading in ("sequences", "frames", "both hands", "segments", "labels", "pictures"):
        table.add_column(heading, justify="right")
    for name, store in dataset.splits.items():
        published = PUBLISHED.get(dataset.name, {}).get(name, Counts())
        both = float(store.valid.all(1).mean())
        pictures = sum(sum(v.images is not None for v in store.views(sequence)) for sequence in range(len(store)))
        table.add_row(
            name,
            _beside(len(store), published.sequences),
            _beside(store.frames, published.frames),
            f"{both:.1%}",
            _beside(len(store.segments), published.segments),
            _beside(len(set(store.segments[:, 3].tolist())), published.labels),
            f"{pictures} views",
        )
    console.print(table)
    if dataset.name in PUBLISHED:
        console.print("(published counts in brackets where they differ)", highlight=False)
    if dataset.missing:
        lacks = Table("missing", "where", "so", box=None, pad_edge=False, title="what is missing", title_justify="left")
        for row in summarised(dataset.missing):
            lacks.add_row(*row)
        console.print(lacks)
    for fault in dataset.faults[:_FAULTS_SHOWN]:
        line = "" if fault.line is None else f", line {fault.line}"
        console.print(f"malformed {fault.path}{line}: {fault.what}; left out: {fault.consequence}", highlight=False)
    if len(dataset.faults) > _FAULTS_SHOWN:
        console.print(f"... and {len(dataset.faults) - _FAULTS_SHOWN} more malformed files in dataset.json")


def _beside(count: int, published: int | None) -> str:
    return f"{count}" if published in (None, count) else f"{count} ({published})"


def _progress(console: Console) -> Progress:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("sequences"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
    )
