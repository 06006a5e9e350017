# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`ghtt prepare observe`."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ghtt_core.data.store.dataset import Dataset
    from ghtt_core.data.store.sequence_store import SequenceStore
    from ghtt_core.estimators.base import HandEstimator


@dataclass(frozen=True)
class ObserveOptions:
    """Run an estimator over the pictures of a prepared dataset and keep what it sees beside the store.

    `ghtt train object` and evaluation by view read it. A run that was stopped goes on with the same command.

    Attributes:
        store: Folder of the prepared dataset.
        split: Splits to look at; all that there are when none is named.
        view: Views to look at; all that have pictures when none is named.
        estimator: What turns pictures into hands; `ghtt models list` names them.
        image_model: Checkpoint folder of the estimator resnet18.
        name: Name to keep the observations under; by default the estimator's.
        image_features: Also keep the feature of every picture, where the estimator has one.
        source: Root of the dataset where its pictures lie now, if it moved since.
        overwrite: Make observations again that are there.
    """

    store: Path
    split: tuple[str, ...] = ()
    view: tuple[str, ...] = ()
    estimator: str = "resnet18"
    image_model: Path | None = None
    name: str | None = None
    image_features: bool = False
    source: Path | None = None
    overwrite: bool = False


def run_observe(options: ObserveOptions) -> None:
    """Observe every view that was asked for.

    Raises:
        GhttError: The dataset, a picture, the estimator or the disk do not allow it; finished sequences are kept.
        KeyboardInterrupt: It was stopped; finished sequences are kept.
    """
    from ghtt_core.data.store.dataset import open_dataset
    from ghtt_core.errors import InputError
    from ghtt_core.estimators.registry import create_estimator

    if options.estimator == "recorded":
        raise InputError("The estimator recorded has no eyes; choose another one.")
    dataset = open_dataset(options.store, options.source)
    jobs = _jobs(dataset, options)
    chosen: dict[str, Any] = {} if options.image_model is None else {"checkpoint": options.image_model}
    with closing(create_estimator(options.estimator, **chosen)) as estimator:
        for store, view in jobs:
            _observe(store, view, estimator, options)


def _jobs(dataset: Dataset, options: ObserveOptions) -> list[tuple[SequenceStore, str]]:
    """Stores and views to look at, all checked before any work begins."""
    from ghtt_core.errors import InputError

    jobs = []
    for split in options.split or tuple(dataset.splits):
        store = dataset.split(split)
        found = {
            view.name: None
            for sequence in range(len(store))
            for view in store.views(sequence)
            if view.images is not None
        }
        unknown = [name for name in options.view if name not in found]
        if unknown or not found:
            names = ", ".join(found) or "none"
            raise InputError(
                f"The split {split} of {dataset.folder} has pictures of the views {names}; asked for were "
                f"{', '.join(options.view) or 'all'}."
            )
        jobs += [(store, name) for name in options.view or tuple(found)]
    return jobs


def _observe(store: SequenceStore, view: str, estimator: HandEstimator, options: ObserveOptions) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from ghtt_core.data.pictures.images import ImageReader
    from ghtt_core.data.store.observations import ObservationWriter, observed_views, open_observations
    from ghtt_core.estimators.observing import maker_of, observe_sequence

    name, maker = options.name or estimator.name, maker_of(estimator)
    what = f"{store.folder.name}, {view}"
    if view in observed_views(store, name) and not options.overwrite:
        # Already there counts only if it is what would be made now.
        open_observations(store, name, view, maker.weights_sha256)
        print(f"{what}: observed already")
        return
    writer = ObservationWriter(store, name, view, maker, options.overwrite)
    missing = writer.missing()
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TextColumn("frames"), TimeRemainingColumn())
    console = Console(stderr=True)
    lengths = store.ends - store.starts
    with (
        ImageReader(store) as reader,
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress,
    ):
        task = progress.add_task(what, total=store.frames, completed=store.frames - int(lengths[missing].sum()))
        for sequence in missing:
            seen = observe_sequence(
                reader, sequence, view, estimator, options.image_features, lambda n: progress.advance(task, n)
            )
            writer.write(sequence, seen)
    whole = writer.finish()
    pictures = int(whole.seen.sum())
    left, right = (int(count) for count in whole.valid.sum(axis=0))
    print(f"{what}: {pictures} pictures, {left} with a left hand, {right} with a right hand; in {whole.folder}")
