# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Write reports as JSON, all or nothing, and show them as tables."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ghtt_core.errors import OutputError


def check_writable(path: Path) -> None:
    """Find out before the work whether a report can be written there; makes the folder.

    Raises:
        OutputError: If it cannot.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}."):
            pass
    except OSError as error:
        raise _cannot_write(path, error) from error
    if path.is_dir():
        raise OutputError(f"{path} is a folder; give --json the name of a file.")


def write_report(path: Path, report: Mapping[str, Any]) -> None:
    """Write a report; an older one stays whole if this fails.

    Raises:
        OutputError: If it cannot be written.
    """
    text = json.dumps(report, indent=1, allow_nan=False) + "\n"
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, prefix=f".{path.name}.", delete=False, encoding="utf-8"
        ) as file:
            temporary = Path(file.name)
            file.write(text)
        os.chmod(temporary, 0o644)
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise _cannot_write(path, error) from error


def pose_table(figures: Mapping[str, Any], title: str) -> Table:
    """Refinement: one row per method, one column per metric; beside each error its ratio to the input's."""
    metrics = [name for name in figures if name.startswith(("mpjpe", "acceleration"))]
    headings = [name.removesuffix("_mm").replace("_", " ") for name in metrics]
    table = Table("method", *headings, title=title)
    for method in figures[metrics[0]]:
        cells = []
        for metric in metrics:
            value, before = figures[metric][method], figures[metric]["input"]
            ratio = f"  ({value / before:.2f})" if value is not None and before else ""
            cells.append(number(value) + ratio)
        table.add_row(method, *cells)
    return table


def forecast_table(figures: Mapping[str, Any], title: str) -> Table:
    """Forecasts: one row per method, one column per metric and horizon, millimetres."""
    metrics = [name for name in figures if name.startswith("forecast_")]
    horizons = list(next(iter(figures[metrics[0]].values())))
    headings = [
        f"{metric.removeprefix('forecast_').removesuffix('_mm').replace('_', ' ')} {horizon} s"
        for metric in metrics
        for horizon in horizons
    ]
    table = Table("method", *headings, title=title)
    for method in figures[metrics[0]]:
        table.add_row(method, *(number(figures[metric][method][horizon]) for metric in metrics for horizon in horizons))
    return table


def interval_table(report: Mapping[str, Any], title: str) -> Table:
    """Figures with intervals: one row per metric and method, one column per horizon."""
    table = Table("metric", "method", "", "0.25 s", "0.5 s", "1.0 s", "n", title=title)
    for metric in (name for name in report if name.startswith(("action_", "forecast_", "p_b_minus"))):
        entries = report[metric]["forecast_ade_mm"] if metric == "p_b_minus" else report[metric]
        for method, entry in entries.items():
            if "mean" in entry:
                table.add_row(metric, method, _with_interval(entry), "", "", "", str(entry["n"]))
            else:
                cells = [_with_interval(value) for value in entry.values()]
                table.add_row(metric, method, "", *cells, str(max(value["n"] for value in entry.values())))
    return table


def _with_interval(entry: Mapping[str, Any]) -> str:
    interval = entry["ci95"]
    span = "" if interval is None else f" [{interval[0]:.2f}, {interval[1]:.2f}]"
    return number(entry["mean"]) + span


def show(tables: Iterable[Table]) -> None:
    """Print tables to the terminal."""
    console = Console()
    for table in tables:
        console.print(table)


def number(value: float | None) -> str:
    """A figure with two decimals, or a dash where nothing was measured."""
    return "-" if value is None else f"{value:.2f}"


def _cannot_write(path: Path, error: OSError) -> OutputError:
    return OutputError(f"The report {path} cannot be written: {error.strerror or error}.")
