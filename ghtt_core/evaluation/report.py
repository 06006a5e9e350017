# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Write reports as JSON, all or nothing, and show them as tables."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.measure import Measurement
from rich.table import Column, Table

from ghtt_core.errors import OutputError

_WIDEST: Final = 170
"""Columns that a table may take where the terminal is narrower: figures are never cut."""


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
        raise OutputError(f"{path} is a folder; give the name of a file.")


def write_report(path: Path, report: Mapping[str, Any]) -> None:
    """Write a report; an older one stays whole if this fails.

    Raises:
        OutputError: If it cannot be written.
    """
    write_text(path, json.dumps(report, indent=1, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file under its name only when it is complete.

    Raises:
        OutputError: If it cannot be written.
    """
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


_ROUNDING_MM: Final = 1e-6
"""Errors below are those of arithmetic; a share of them says nothing."""


def pose_table(figures: Mapping[str, Any], title: str) -> Table:
    """Refinement: one row per method, one column per metric; beside each error its ratio to the input's."""
    metrics = [name for name in figures if name.startswith(("mpjpe", "acceleration"))]
    table = _table(title, *(name.removesuffix("_mm").replace("_", " ") for name in metrics))
    for method in figures[metrics[0]]:
        cells = []
        for metric in metrics:
            value, before = figures[metric][method], figures[metric]["input"]
            ratio = f" ({value / before:.2f})" if value is not None and before and before > _ROUNDING_MM else ""
            cells.append(number(value) + ratio)
        table.add_row(method, *cells)
    return table


def forecast_tables(figures: Mapping[str, Any], title: str) -> list[Table]:
    """Forecasts: one table per metric, one row per method, one column per horizon, millimetres."""
    tables = []
    for metric in (name for name in figures if name.startswith("forecast_")):
        table = _table(f"{title}: {_words(metric)}", *_horizons(figures[metric]))
        for method, values in figures[metric].items():
            table.add_row(method, *(number(value) for value in values.values()))
        tables.append(table)
    return tables


def interval_tables(report: Mapping[str, Any], title: str) -> list[Table]:
    """Figures with intervals: one table per metric, one row per method."""
    metrics = {name: report[name] for name in report if name.startswith(("action_", "forecast_"))}
    metrics |= {f"p_b minus others, {name}": values for name, values in report["p_b_minus"].items()}
    tables = []
    for metric, methods in metrics.items():
        simple = metric.startswith("action_")
        table = _table(f"{title}: {_words(metric)}", *(["mean"] if simple else _horizons(methods)), "n")
        for method, entry in methods.items():
            values = [entry] if simple else list(entry.values())
            table.add_row(method, *map(_with_interval, values), str(max(value["n"] for value in values)))
        tables.append(table)
    return tables


def _table(title: str, *headings: str) -> Table:
    """A table whose first column, the method, is never cut on a narrow terminal."""
    return Table(Column("method", no_wrap=True), *headings, title=title)


def _horizons(methods: Mapping[str, Any]) -> list[str]:
    return [f"{horizon} s" for horizon in next(iter(methods.values()))]


def _words(metric: str) -> str:
    return metric.removesuffix("_mm").replace("_", " ") + (", mm" if metric.endswith("_mm") else "")


def _with_interval(entry: Mapping[str, Any]) -> str:
    interval = entry["ci95"]
    span = "" if interval is None else f" [{interval[0]:.2f}, {interval[1]:.2f}]"
    return number(entry["mean"]) + span


def show(tables: Iterable[Table]) -> None:
    """Print tables to the terminal; one that is too narrow for their words gets longer lines, not cut figures."""
    console = Console()
    wide = console.options.update(max_width=_WIDEST)
    for table in tables:
        natural = Measurement.get(console, wide, table).maximum
        Console(width=max(console.width, min(natural, _WIDEST))).print(table)


def number(value: float | None) -> str:
    """A figure with two decimals, or a dash where nothing was measured."""
    return "-" if value is None else f"{value:.2f}"


def _cannot_write(path: Path, error: OSError) -> OutputError:
    return OutputError(f"The report {path} cannot be written: {error.strerror or error}.")
