# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What `ghtt evaluate --store` does: the paper's protocol on a split of a dataset, as tables, text and page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ghtt_core.evaluation.dataset_evaluation import DatasetConfig, evaluate_dataset, open_split
from ghtt_core.evaluation.dataset_report import report_tables, to_markdown, to_rich
from ghtt_core.evaluation.futures import FutureConfig
from ghtt_core.evaluation.report import write_text
from ghtt_core.models.fid_checkpoint import load_fid

if TYPE_CHECKING:
    from rich.table import Table

    from ghtt_core.cli.evaluate_options import EvaluateOptions
    from ghtt_core.models.checkpoint import Checkpoint


def evaluate_store(
    options: EvaluateOptions, checkpoint: Checkpoint, progress: Callable[[str, int, int], None]
) -> tuple[dict[str, Any], list[Table]]:
    """Evaluate, and write Markdown and the page where they are wanted.

    Args:
        options: Of the command.
        checkpoint: The model.
        progress: Called with what is done, how much of it, and how much there is.

    Returns:
        The report for JSON and the tables for the terminal.

    Raises:
        GhttError: If the dataset, the FID network or an option cannot be used, or a file cannot be written.
    """
    assert options.store is not None, "checked by the command"
    config = DatasetConfig(
        future=FutureConfig(options.variant, options.placement, options.samples, seed=options.seed),
        parts=options.parts,
        views=options.view,
        observed=options.observed,
        stream_frames=options.stream_frames,
        true_stride=options.true_stride,
    )
    name, store = open_split(options.store, options.split)
    fid = None if options.fid is None else load_fid(options.fid, checkpoint.template.device)
    report = evaluate_dataset(checkpoint, store, config, name=name, split=options.split, fid=fid, progress=progress)
    tables = report_tables(report)
    if options.markdown is not None:
        write_text(options.markdown, to_markdown(report, tables))
    if options.report is not None:
        from ghtt_core.cli.report_dataset_page import make_dataset_page

        write_text(options.report, make_dataset_page(report, tables))
    for sentence in report["missing"]:
        print(f"note: {sentence}")
    return report, [to_rich(table) for table in tables]
