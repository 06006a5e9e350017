# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""An evaluation as one HTML file that needs nothing but itself: no script, no network."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

from ghtt_core.cli.report_pictures import MomentPicture
from ghtt_core.cli.report_plots import action_plot, error_plot, horizon_plot
from ghtt_core.evaluation.bag_evaluation import BagEvaluation
from ghtt_core.evaluation.report import number

_STYLE: Final = """
body { font: 15px/1.45 system-ui, sans-serif; color: #202124; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0.2rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
p.lead, figcaption, .note { color: #5f6368; }
table { border-collapse: collapse; margin: 0.6rem 0 1.2rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.22rem 0.8rem 0.22rem 0; text-align: right; border-bottom: 1px solid #e0e0e0; }
th:first-child, td:first-child { text-align: left; } th { font-weight: 600; } td small { color: #80868b; }
tr.best td { font-weight: 600; }
svg { width: 100%; height: auto; } .moments { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { margin: 0; width: 18.6rem; } figure img { width: 100%; border-radius: 4px; } figcaption { font-size: 0.85rem; }
.swatch { display: inline-block; width: 0.8em; height: 0.8em; border-radius: 2px; margin: 0 0.3em 0 0.9em; }
"""
_METRICS: Final = {
    "mpjpe_ra_mm": "relative to the wrist, mm",
    "mpjpe_pa_mm": "after alignment, mm",
    "acceleration_error_mm": "acceleration, mm/frame²",
    "mpjpe_ra_with_missing_mm": "relative, lost hands too, mm",
}
_METHODS: Final = {
    "input": "as observed",
    "refined_online": "refined online (what a robot gets)",
    "refined_offline": "refined offline (whole recording)",
    "one_euro": "One-Euro filter",
    "savitzky_golay": "Savitzky-Golay filter (looks ahead)",
    "p_a": "P.a: pose block alone",
    "p_b": "P.b: led by the action",
    "zero_velocity": "standing still",
    "constant_velocity": "constant velocity",
    "zero_velocity_raw": "standing still, from the observation",
    "constant_velocity_raw": "constant velocity, from the observation",
}


def make_page(evaluation: BagEvaluation, pictures: Sequence[MomentPicture]) -> str:
    """Put the report together.

    Args:
        evaluation: What was found.
        pictures: Of the worst moments.

    Returns:
        A whole page; the same evaluation gives the same text.
    """
    report = evaluation.report
    parts = [_head(report), _refinement(report, error_plot(evaluation)), _forecasts(report, horizon_plot(evaluation))]
    parts += [_actions(report, action_plot(evaluation)), _moments(pictures), _settings(report)]
    return whole_page(f"Evaluation of {report['bag']['name']}", parts)


def whole_page(title: str, parts: Iterable[str]) -> str:
    """A page that needs nothing but itself.

    Args:
        title: As text.
        parts: HTML, one after another; empty ones are left out.
    """
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f'<meta name="viewport" content="width=device-width">\n<style>{_STYLE}</style>\n</head>\n<body>\n'
        + "\n".join(filter(None, parts))
        + "\n</body>\n</html>\n"
    )


def _head(report: Mapping[str, Any]) -> str:
    bag, frames = report["bag"], report["pooled"]["frames"]
    left, right = bag["frames_with_left"] / frames, bag["frames_with_right"] / frames
    return (
        f"<h1>Evaluation of {escape(str(bag['name']))}</h1>\n"
        f'<p class="lead">Model {escape(report["model_id"])}; hands from {escape(bag["hands_from"])}; '
        f"{frames / 30:.1f} s at 30 frames per second; left hand in {left:.0%}, right hand in {right:.0%} of the "
        f"frames; compared with {escape(bag['reference'])}.</p>"
    )


def _refinement(report: Mapping[str, Any], plot: str) -> str:
    figures = report["pooled"]
    metrics = [metric for metric in _METRICS if metric in figures]
    if not metrics:
        return (
            "<h2>Refinement</h2>\n<p>The bag has no true hands (topic /ghtt/ground_truth/hands), so what refinement "
            "gains cannot be told. Forecasts below are compared with what was observed later, errors and all.</p>"
        )
    rows = []
    for method in figures[metrics[0]]:
        cells = []
        for metric in metrics:
            value, before = figures[metric][method], figures[metric]["input"]
            share = f" <small>{value / before:.2f} of it</small>" if value is not None and before else ""
            cells.append(number(value) + share)
        rows.append((method, cells))
    return (
        "<h2>Refinement</h2>\n"
        + _table(("method", *(_METRICS[metric] for metric in metrics)), rows, "refined_online")
        + plot
        + '<p class="note">Mean error of the newest frame relative to the wrist. Grey: a hand was not observed. '
        "Triangles: moments shown below.</p>"
    )


def _forecasts(report: Mapping[str, Any], plot: str) -> str:
    figures = report["pooled"]
    metrics = [metric for metric in figures if metric.startswith("forecast_")]
    parts = ["<h2>Forecast</h2>\n"]
    for metric in metrics:
        horizons = list(next(iter(figures[metric].values())))
        rows = [(method, [number(values[h]) for h in horizons]) for method, values in figures[metric].items()]
        words = metric.removeprefix("forecast_").removesuffix("_mm").replace("_", " ")
        words = words.replace("ade", "average displacement").replace("fde", "final displacement")
        parts.append(_table((f"{words}, mm", *(f"{horizon} s" for horizon in horizons)), rows, "p_b"))
    note = '<p class="note">Mean distance of the joints from where they were, by time ahead; best single guess.</p>'
    return "".join(parts) + (plot + note if plot else "<p>The recording is too short for a forecast.</p>")


def _actions(report: Mapping[str, Any], plot: str) -> str:
    if not plot:
        return ""
    scores = report["action"]
    text = "The bag says nothing about the true actions (topic /ghtt/ground_truth/action)."
    if scores is not None and scores["n"]:
        text = (
            f"Right in {scores['top1']:.0%} of {scores['n']} estimates made while an action was going on, among the "
            f"five most probable in {scores['top5']:.0%}; mean probability of the true action "
            f"{scores['probability_of_truth']:.2f}."
        )
    elif scores is not None:
        text = "No estimate was made while an action that the model knows was going on."
    if scores is not None and scores["unknown_labels"]:
        text += " The model does not know: " + ", ".join(scores["unknown_labels"][:12]) + "."
    note = (
        "Green: what is done. Blue: recognised, not known to be wrong; red: wrong; grey: nothing is done; pale: vague."
    )
    return f'<h2>Action</h2>\n<p>{escape(text)}</p>\n{plot}<p class="note">{note}</p>'


def _moments(pictures: Iterable[MomentPicture]) -> str:
    shown = "".join(
        f'<figure><img alt="" src="data:image/jpeg;base64,{base64.b64encode(picture.jpeg).decode()}">'
        f"<figcaption>{escape(picture.caption)}</figcaption></figure>"
        for picture in pictures
    )
    if not shown:
        return ""
    legend = "".join(
        f'<span class="swatch" style="background:{colour}"></span>{name}'
        for colour, name in (
            ("rgb(120,220,120)", "reference"),
            ("rgb(50,170,255)", "left hand, model"),
            ("rgb(255,140,50)", "right hand, model"),
        )
    )
    thin = "thin: the observation, or other samples of the forecast"
    return f'<h2>Worst moments</h2>\n<p class="note">{legend}; {thin}.</p>\n<div class="moments">{shown}</div>'


def _settings(report: Mapping[str, Any]) -> str:
    rows = [(str(name), [escape(str(value))]) for name, value in report["settings"].items()]
    return "<h2>Settings</h2>\n" + _table(("setting", "value"), rows, "")


def _table(headings: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]], best: str) -> str:
    """A table; cells are HTML already, names of rows and columns are not."""
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = "".join(
        f"<tr{' class=best' if name == best else ''}><td>{escape(_METHODS.get(name, name))}</td>"
        + "".join(f"<td>{cell}</td>" for cell in cells)
        + "</tr>"
        for name, cells in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>\n"
