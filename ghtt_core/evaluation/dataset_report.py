# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The report on a dataset as tables that the terminal, Markdown and a page all show alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.table import Column, Table

from ghtt_core.evaluation.recognition_protocol import POSE_METHODS
from ghtt_core.evaluation.report import number
from ghtt_core.hands.layout import HAND_NAMES

METHODS: Final = {
    "input": "as observed",
    "refined_clips": "refined, clips side by side (the paper's way)",
    "refined_offline": "refined offline (whole recordings)",
    "refined_online": "refined online (newest frame)",
    "p_a": "P.a: pose block alone",
    "p_b": "P.b: led by the action",
    "zero_velocity": "standing still",
    "constant_velocity": "constant velocity",
    "true": "true motion",
}
_OBJECTS: Final = {
    "true": "object told",
    "estimated": "object estimated (E^PO)",
    "estimated_snapped": "object estimated, nearest known one",
    "none": "object unknown",
}
_METRICS: Final = {
    "mpjpe_ra_mm": "MPJPE-RA, mm",
    "mpjpe_pa_mm": "MPJPE-PA, mm",
    "acceleration_error_mm": "acceleration error, mm per frame squared",
    "ade_mm": "average displacement of the deterministic sample, mm",
    "fde_mm": "final displacement of the deterministic sample, mm",
    "mean_ade_mm": "average displacement, mean over samples, mm",
    "best_ade_mm": "average displacement of the best sample, mm",
}
_STREAM: Final = {
    "frame_accuracy": "frame accuracy, %",
    "detected": "actions detected, %",
    "detection_delay_s": "delay of detection, s",
}
_SEGMENTS: Final = {
    "f1_labelled": "F1@{}, labelled frames only",
    "f1": "F1@{}, all frames",
    "f1_at_once": "F1@{} of labels at once, labelled frames only",
}


@dataclass(frozen=True)
class ReportTable:
    """A table of texts.

    Attributes:
        title: What it shows.
        headings: One per column; the first column names the row.
        rows: Texts of each row.
        note: A sentence below it; empty for none.
    """

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def report_tables(report: Mapping[str, Any]) -> list[ReportTable]:
    """All tables of a report by `evaluate_dataset`, in the order to be read."""
    tables: list[ReportTable] = []
    if report["recognition"] is not None:
        tables += _recognition(report["recognition"])
    if report["prediction"] is not None:
        tables += _prediction(report["prediction"])
    if report["streams"] is not None:
        tables.append(_streams(report["streams"]))
    return tables


def cell(entry: Mapping[str, Any] | None, scale: float = 1.0, short: bool = False) -> str:
    """A figure with its interval, or a dash where nothing was measured."""
    if not entry or entry["mean"] is None:
        return "-"
    text = number(entry["mean"] * scale)
    if short or entry["ci95"] is None:
        return text
    low, high = entry["ci95"]
    return f"{text} [{number(low * scale)}, {number(high * scale)}]"


def to_rich(table: ReportTable) -> Table:
    """The table for a terminal; the first column is never cut."""
    shown = Table(
        Column(table.headings[0], no_wrap=True), *table.headings[1:], title=table.title, caption=table.note or None
    )
    for row in table.rows:
        shown.add_row(*row)
    return shown


def to_markdown(report: Mapping[str, Any], tables: Sequence[ReportTable]) -> str:
    """The whole report as Markdown."""
    lines = [f"# {title(report)}", "", lead(report), ""]
    lines += [table_to_markdown(table) for table in tables]
    if report["missing"]:
        lines += ["## What is missing", "", *(f"- {sentence}" for sentence in report["missing"]), ""]
    lines += ["## Settings", "", _line(["setting", "value"]), _line(["---", "---"])]
    lines += [_line(row) for row in settings_rows(report)]
    return "\n".join(lines) + "\n"


def table_to_markdown(table: ReportTable) -> str:
    """One table as Markdown, with its title and its note."""
    lines = [f"## {table.title}", "", _line(table.headings), _line(["---", *["---:"] * (len(table.headings) - 1)])]
    lines += [_line(row) for row in table.rows]
    return "\n".join([*lines, "", *([table.note, ""] if table.note else [])])


def title(report: Mapping[str, Any]) -> str:
    """Headline of a report."""
    return f"{report['model_id']} on {report['dataset']['name']}, {report['dataset']['split']}"


def lead(report: Mapping[str, Any]) -> str:
    """What was looked at, in a sentence."""
    data = report["dataset"]
    return (
        f"{data['sequences']} sequences of {data['subjects']} subjects, {data['frames']} frames at 30 per second, "
        f"{data['actions']} labelled actions of {data['labels']} labels. In brackets: {report['settings']['interval']}."
    )


def settings_rows(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Settings as rows; nested ones with a dot."""
    rows: list[tuple[str, str]] = []
    for name, value in report["settings"].items():
        if isinstance(value, Mapping):
            rows += [(f"{name}.{inner}", str(setting)) for inner, setting in value.items()]
        else:
            rows.append((name, str(value)))
    return rows


def _recognition(figures: Mapping[str, Any]) -> list[ReportTable]:
    tables = []
    views = list(figures["observed_by"])
    seen_by = ", ".join(dict.fromkeys(figures["observed_by"].values())) or "nobody"
    for metric in ("mpjpe_ra_mm", "mpjpe_pa_mm", "acceleration_error_mm"):
        by_view = figures.get(metric, {})
        rows = [(METHODS[m], *(cell(by_view.get(view, {}).get(m)) for view in views)) for m in POSE_METHODS]
        rows.append(("hand-frames", *(str(by_view.get(view, {}).get("input", {}).get("n", 0)) for view in views)))
        note = f"Observed by: {seen_by}."
        tables.append(ReportTable(f"Poses by view: {_METRICS[metric]}", ("", *views), tuple(rows), note))
    accuracy = figures.get("action_top1", {})
    if accuracy:
        columns = [name for name in ("true poses", *views) if name in accuracy]
        modes = [mode for mode in _OBJECTS if any(mode in accuracy[name] for name in columns)]
        rows = [(_OBJECTS[mode], *(cell(accuracy[name].get(mode), 100.0) for name in columns)) for mode in modes]
        rows.append(("windows", *(str(max((e["n"] for e in accuracy[name].values()), default=0)) for name in columns)))
        tables.append(ReportTable("Actions: top-1 accuracy by view, %", ("", *columns), tuple(rows)))
    return tables


def _prediction(figures: Mapping[str, Any]) -> list[ReportTable]:
    tables = []
    first = "true" if figures["variant"] == "ground_truth" else "predicted"
    for subset, found in figures["subsets"].items():
        about = f"segments of {subset}"
        methods = [m for m in ("p_a", "p_b") if m in found.get("apd_mm", {})]
        rows = []
        for method in methods:
            distance, kernel = found.get("fid", {}).get(method), found.get("kid", {}).get(method)
            spread = [
                cell(found[metric][method].get(hand)) for metric in ("apd_mm", "apd_local_mm") for hand in HAND_NAMES
            ]
            rows.append((METHODS[method], _distance(distance), _kernel(kernel), *spread))
        pooled = next(iter(found.get("fid", {}).values()), None)
        note = f"{found['segments']} segments, first future clip {first}."
        if pooled is not None:
            note += f" Distances: {pooled['n']} forecasts against {pooled['n_true']} true motions."
        headings = ("", "FID", "KID", "APD left, mm", "APD right, mm", "APD local left, mm", "APD local right, mm")
        tables.append(ReportTable(f"Forecasts, {about}: fidelity and diversity", headings, tuple(rows), note))
        for metric in ("ade_mm", "fde_mm", "best_ade_mm", "mean_ade_mm"):
            by_method = found.get(metric, {})
            times = list(next(iter(by_method.values()), {}))
            rows = [(METHODS[m], *(cell(values.get(t)) for t in times)) for m, values in by_method.items()]
            apart = found["p_b_minus_p_a"].get(metric)
            if rows and apart:
                rows.append(("P.b minus P.a", *(cell(apart.get(t)) for t in times)))
            if rows:
                counts = next(iter(by_method.values()))
                rows.append(("hand-frames", *(str(counts[t]["n"]) for t in times)))
                heads = ("", *(t if t == "end" else f"{t} s" for t in times))
                tables.append(ReportTable(f"Forecasts, {about}: {_METRICS[metric]}", heads, tuple(rows)))
        restless = found.get("acceleration_mm", {})
        rows = [(METHODS[method], cell(values["end"])) for method, values in restless.items()]
        if rows:
            heads = ("", "mm per frame squared")
            tables.append(ReportTable(f"Forecasts, {about}: mean acceleration", heads, tuple(rows)))
    return tables


def _streams(figures: Mapping[str, Any]) -> ReportTable:
    modes = [mode for mode in _OBJECTS if mode in figures["objects"]]
    rows = []
    for metric, words in _STREAM.items():
        scale = 1.0 if metric.endswith("_s") else 100.0
        rows.append((words, *(cell(figures["objects"][mode].get(metric), scale) for mode in modes)))
    for metric, words in _SEGMENTS.items():
        for overlap in ("10", "25", "50"):
            cells = (cell(figures["objects"][mode].get(metric, {}).get(overlap), 100.0) for mode in modes)
            rows.append((words.format(overlap), *cells))
    note = f"{figures['sequences']} sequences, {figures['frames']} frames, view {figures['view']}."
    return ReportTable("Untrimmed streams", ("", *(_OBJECTS[mode] for mode in modes)), tuple(rows), note)


def _distance(entry: Mapping[str, Any] | None) -> str:
    return "-" if not entry else number(entry["value"])


def _kernel(entry: Mapping[str, Any] | None) -> str:
    if not entry or entry["value"] is None:
        return "-"
    return f"{entry['value']:.4f} ± {entry['deviation']:.4f}"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(text.replace("|", "\\|") for text in cells) + " |"
