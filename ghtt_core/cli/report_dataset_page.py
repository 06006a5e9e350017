# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The report on a dataset as one HTML file that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

import numpy as np

from ghtt_core.cli.report_page import whole_page
from ghtt_core.cli.report_plots import as_svg, new_figure
from ghtt_core.evaluation.dataset_report import METHODS, ReportTable, lead, settings_rows, title

_COLOURS: Final = {
    "input": "#9aa0a6",
    "refined_clips": "#9ecae1",
    "refined_offline": "#08519c",
    "refined_online": "#1f77b4",
    "p_b": "#d95f02",
    "p_a": "#1f77b4",
    "constant_velocity": "#7a7a7a",
    "zero_velocity": "#b0b0b0",
}


def make_dataset_page(report: Mapping[str, Any], tables: Sequence[ReportTable]) -> str:
    """Put the page together; the same report gives the same text.

    Args:
        report: By `evaluate_dataset`.
        tables: Its tables.
    """
    plots = {"Poses by view": _views_plot(report), "Forecasts": _horizon_plot(report)}
    parts = [f"<h1>{escape(title(report))}</h1>", f'<p class="lead">{escape(lead(report))}</p>']
    for table in tables:
        parts.append(f"<h2>{escape(table.title)}</h2>")
        topic = next((name for name in plots if table.title.startswith(name)), None)
        if topic is not None:
            parts.append(plots.pop(topic))
        parts.append(_table(table.headings, table.rows))
        parts.append(f'<p class="note">{escape(table.note)}</p>' if table.note else "")
    if report["missing"]:
        items = "".join(f"<li>{escape(sentence)}</li>" for sentence in report["missing"])
        parts.append(f"<h2>What is missing</h2>\n<ul>{items}</ul>")
    parts.append("<h2>Settings</h2>\n" + _table(("setting", "value"), settings_rows(report)))
    return whole_page(title(report), parts)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>\n"


def _views_plot(report: Mapping[str, Any]) -> str:
    """Wrist-relative error of every method, view by view, with intervals."""
    by_view = (report["recognition"] or {}).get("mpjpe_ra_mm", {})
    views = [view for view in by_view if by_view[view]["input"]["mean"] is not None]
    if not views:
        return ""
    figure, axes = new_figure(2.8)
    methods = list(by_view[views[0]])
    width = 0.8 / len(methods)
    for place, method in enumerate(methods):
        entries = [by_view[view][method] for view in views]
        means = np.array([entry["mean"] for entry in entries])
        ends = np.array([entry["ci95"] or (entry["mean"], entry["mean"]) for entry in entries]).T
        at = np.arange(len(views)) + (place - (len(methods) - 1) / 2) * width
        # An interval by resampling need not hold the mean of few groups; a bar cannot reach below nothing.
        reach = np.stack((means - ends[0], ends[1] - means)).clip(min=0)
        axes.bar(
            at, means, width, yerr=reach, color=_COLOURS[method], label=METHODS[method], error_kw={"linewidth": 0.8}
        )
    axes.set_xticks(range(len(views)), views)
    axes.set_ylabel("MPJPE-RA, mm")
    axes.legend(frameon=False, fontsize=8, ncols=2)
    return as_svg(figure, "views")


def _horizon_plot(report: Mapping[str, Any]) -> str:
    """Average displacement by horizon of the subset with the longest actions."""
    subsets = (report["prediction"] or {}).get("subsets", {})
    if not subsets:
        return ""
    by_method = subsets[list(subsets)[-1]].get("ade_mm", {})
    figure, axes = new_figure(2.8)
    drawn = False
    for method, values in by_method.items():
        points = [(float(t), e["mean"]) for t, e in values.items() if t != "end" and e["mean"] is not None]
        if points:
            axes.plot(*zip(*points, strict=True), marker="o", color=_COLOURS[method], label=METHODS[method])
            drawn = True
    if not drawn:
        return ""
    axes.set(xlabel="seconds ahead", ylabel="average displacement, mm", xlim=(0, None), ylim=(0, None))
    axes.legend(frameon=False, fontsize=8)
    return as_svg(figure, "forecasts")
