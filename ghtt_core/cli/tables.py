# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Print Table 1 or Table 3 of the paper with rows measured on a prepared dataset.

Table 1 is recognition: pose errors and action accuracy, camera by camera. Table 3 is prediction: P.a against P.b with
the true first future clip. With --json the whole report behind the table is kept, and with --evaluated a table is made
from such a report without measuring again. The paper's own figures are shown where they are known.

Examples:
  ghtt tables 1 --store data/h2o --split test
  ghtt tables 3 --store data/h2o --split test --fid out/train/paper_fid/checkpoint --json out/table3.json
  ghtt tables 3 --evaluated out/table3.json
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import tyro

from ghtt_core.errors import InputError

if TYPE_CHECKING:
    from ghtt_core.evaluation.dataset_report import ReportTable


@dataclass(frozen=True)
class TablesOptions:
    """Which table, of what.

    Attributes:
        table: Number of the table in the paper.
        store: A prepared dataset: the folder that `ghtt prepare` made.
        split: Which of its splits.
        model: Checkpoint folder; by default $GHTT_MODEL, else the one that ships.
        fid: Checkpoint folder of the network behind the Fréchet distance, for Table 3.
        observed: Whose observations to refine, where several estimators made some, for Table 1.
        view: Cameras to look at, for Table 1; all when none is named.
        variant: Where the first future clip comes from, for Table 3.
        placement: How predicted motion becomes joints: as the pipeline does, or exactly as in the paper.
        samples: Samples of each forecast.
        seed: Of samples and noise.
        true_stride: Frames from one true motion of the Fréchet distance to the next; 1 in the paper.
        evaluated: Report (JSON) that this command or `ghtt evaluate --store` wrote, instead of measuring.
        json: Where to keep the report behind the table.
        markdown: Where to keep the table as Markdown.
        device: Where networks run; auto takes a GPU that is there.
        threads: CPU threads.
    """

    table: tyro.conf.Positional[Literal["1", "3"]]
    store: Path | None = None
    split: str = "val"
    model: Path | None = None
    fid: Path | None = None
    observed: str | None = None
    view: tuple[str, ...] = ()
    variant: Literal["latent", "ground_truth"] = "ground_truth"
    placement: Literal["pipeline", "paper"] = "pipeline"
    samples: int = 20
    seed: int = 0
    true_stride: int = 1
    evaluated: Path | None = None
    json: Path | None = None
    markdown: Path | None = None
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: int = 2


def run(options: TablesOptions) -> None:
    """Measure, or read what was measured, and print the table.

    Raises:
        GhttError: If an option, the dataset, a checkpoint or a file cannot be used.
    """
    if (options.store is None) == (options.evaluated is None):
        raise InputError("Say what the table is of: either --store FOLDER or --evaluated FILE.")
    if options.threads < 1 or options.true_stride < 1:
        raise InputError("--threads and --true-stride must be at least 1.")

    from ghtt_core.evaluation.dataset_report import table_to_markdown, to_rich
    from ghtt_core.evaluation.report import check_writable, show, write_report, write_text

    for path in (options.json, options.markdown):
        if path is not None:
            check_writable(path)
    report = _measure(options) if options.evaluated is None else _read(options.evaluated)
    table = _table(options.table, report)
    if options.json is not None:
        write_report(options.json, report)
    if options.markdown is not None:
        write_text(options.markdown, table_to_markdown(table))
    show([to_rich(table)])


def _table(number: str, report: dict[str, Any]) -> ReportTable:
    from ghtt_core.evaluation.paper_tables import table_1, table_3

    try:
        return table_1(report) if number == "1" else table_3(report)
    except (KeyError, TypeError) as error:
        raise InputError(f"The report cannot be made into Table {number} ({error!r}); evaluate again.") from error


def _measure(options: TablesOptions) -> dict[str, Any]:
    from ghtt_core.models.model_folder import find_model

    assert options.store is not None, "checked on entry"
    folder = find_model(options.model)

    import torch

    from ghtt_core.cli.device import choose_device
    from ghtt_core.cli.evaluate import staged_progress
    from ghtt_core.evaluation.dataset_evaluation import DatasetConfig, evaluate_dataset, open_split
    from ghtt_core.evaluation.futures import FutureConfig
    from ghtt_core.models.checkpoint import load_checkpoint
    from ghtt_core.models.fid_checkpoint import load_fid

    torch.set_num_threads(min(options.threads, torch.get_num_threads()))
    checkpoint = load_checkpoint(folder, choose_device(options.device))
    config = DatasetConfig(
        future=FutureConfig(options.variant, options.placement, options.samples, seed=options.seed),
        parts=("recognition",) if options.table == "1" else ("prediction",),
        views=options.view,
        observed=options.observed,
        true_stride=options.true_stride,
    )
    name, store = open_split(options.store, options.split)
    fid = None if options.fid is None else load_fid(options.fid, checkpoint.template.device)
    with staged_progress() as progress:
        report = evaluate_dataset(checkpoint, store, config, name=name, split=options.split, fid=fid, progress=progress)
    for sentence in report["missing"]:
        print(f"note: {sentence}")
    return report


def _read(path: Path) -> dict[str, Any]:
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is not a report of `ghtt evaluate --store` ({error}).") from error
    if not isinstance(report, dict) or "dataset" not in report or "settings" not in report:
        raise InputError(f"{path} is not a report of `ghtt evaluate --store`; make one with its --json.")
    return report
