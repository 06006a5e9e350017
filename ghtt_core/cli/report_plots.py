# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The plots of an evaluation report, as SVG to be put into a page. The same figures give the same text."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ghtt_core.evaluation.bag_evaluation import BagEvaluation
from ghtt_core.hands.layout import FRAME_RATE

_MOST_POINTS: Final = 1200
"""More would be finer than a screen and make the page heavy."""
_MOST_LABELS: Final = 14
_INPUT, _REFINED, _TRUTH, _WRONG = "#9aa0a6", "#1f77b4", "#2e7d32", "#c62828"
_METHODS: Final[Mapping[str, tuple[str, str, str]]] = {
    "p_b": ("by action and pose (P.b)", "#d95f02", "-"),
    "p_a": ("by pose alone (P.a)", "#1f77b4", "-"),
    "constant_velocity": ("constant velocity", "#7a7a7a", "--"),
    "zero_velocity": ("standing still", "#b0b0b0", ":"),
}


def error_plot(evaluation: BagEvaluation) -> str:
    """Error of the newest frame over time, as observed and refined; empty without true hands."""
    if not evaluation.errors_mm:
        return ""
    figure, axes = new_figure(2.6)
    for name, colour, label in (("input", _INPUT, "as observed"), ("refined", _REFINED, "refined online")):
        errors = evaluation.errors_mm[name]
        seconds, values = thinned(errors)
        axes.plot(seconds, values, color=colour, linewidth=1.1, label=label)
    for moment in evaluation.moments:
        if moment.kind == "refined":
            axes.plot(moment.frame / FRAME_RATE, moment.error_mm, "v", color=_WRONG, markersize=5)
    unseen = np.asarray(~evaluation.bag.trial.observed_valid.all(1))
    for start, end in stretches(unseen):
        axes.axvspan(start / FRAME_RATE, end / FRAME_RATE, color="#000000", alpha=0.06, linewidth=0)
    axes.set(xlabel="seconds", ylabel="mm", xlim=(0, max(len(unseen) / FRAME_RATE, 0.1)))
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper right", frameon=False, ncols=2)
    return as_svg(figure, "errors")


def horizon_plot(evaluation: BagEvaluation) -> str:
    """Mean displacement by time ahead, of every forecast."""
    figure, axes = new_figure(3.0)
    drawn = False
    for method, (label, colour, style) in _METHODS.items():
        curve = evaluation.curves_mm.get(method)
        if curve is not None and np.isfinite(curve).any():
            ahead = np.arange(1, len(curve) + 1) / FRAME_RATE
            axes.plot(ahead, curve, color=colour, linestyle=style, linewidth=1.6, label=label)
            drawn = True
    if not drawn:
        return ""
    axes.set(xlabel="seconds ahead", ylabel="mm", xlim=(0, 1))
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper left", frameon=False)
    return as_svg(figure, "horizon")


def action_plot(evaluation: BagEvaluation) -> str:
    """What was recognised over time, above what was really done; empty where the model recognises nothing."""
    actions = sorted(evaluation.online.actions.items())
    truth = evaluation.bag.true_labels
    if not actions:
        return ""
    names = _names_to_show([action.label for _, action in actions], truth or ())
    rows = {name: len(names) - 1 - number for number, name in enumerate(names)}
    figure, axes = new_figure(0.9 + 0.27 * len(names))
    for start, end, label in _runs(truth or ()):
        if label in rows:
            axes.barh(
                rows[label], (end - start) / FRAME_RATE, left=start / FRAME_RATE, height=0.86, color=_TRUTH, alpha=0.25
            )
    frames = [frame for frame, _ in actions]
    lasts = [*frames[1:], frames[-1] + _usual_step(frames)]
    for (frame, action), last in zip(actions, lasts, strict=True):
        if action.label in rows:
            done = action.label if truth is None else truth[min(frame, len(truth) - 1)]
            axes.barh(
                rows[action.label],
                (min(last, frame + 2 * _usual_step(frames)) - frame) / FRAME_RATE,
                left=frame / FRAME_RATE,
                height=0.42,
                color=_REFINED if done == action.label else _WRONG if done else _INPUT,
                alpha=0.35 + 0.65 * action.top[0][1],
                linewidth=0,
            )
    axes.set_yticks(list(rows.values()), [_short(name) for name in rows])
    axes.set(
        xlabel="seconds", xlim=(0, max(len(evaluation.bag.trial) / FRAME_RATE, 0.1)), ylim=(-0.6, len(names) - 0.4)
    )
    axes.grid(axis="x", alpha=0.25)
    return as_svg(figure, "actions")


def thinned(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Seconds and values of a frame-by-frame curve, the largest of each group where there are too many to draw."""
    group = -(-len(values) // _MOST_POINTS)
    padded = np.append(values, np.full(-len(values) % group, np.nan)).reshape(-1, group)
    largest = np.where(np.isfinite(padded), padded, -np.inf).max(1)
    return np.arange(len(largest)) * group / FRAME_RATE, np.where(np.isfinite(largest), largest, np.nan)


def stretches(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and one past the last index of every run of True; at most 2000 of them."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)[:2000]]


def _names_to_show(recognised: Sequence[str], truth: Sequence[str]) -> list[str]:
    """Labels worth a row: those that are true, then the most recognised."""
    true = list(dict.fromkeys(label for label in truth if label))
    others = sorted(set(recognised) - set(true), key=lambda label: (-recognised.count(label), label))
    return [*true, *others][:_MOST_LABELS]


def _runs(labels: Sequence[str]) -> list[tuple[int, int, str]]:
    """Stretches of equal labels that are not empty."""
    runs: list[tuple[int, int, str]] = []
    for frame, label in enumerate(labels):
        if runs and runs[-1][2] == label and runs[-1][1] == frame:
            runs[-1] = (runs[-1][0], frame + 1, label)
        elif label:
            runs.append((frame, frame + 1, label))
    return runs


def _usual_step(frames: Sequence[int]) -> int:
    return int(np.median(np.diff(frames))) if len(frames) > 1 else 8


def _short(label: str) -> str:
    printable = "".join(letter if letter.isprintable() else "?" for letter in label).replace("$", r"\$")
    return printable if len(printable) <= 28 else printable[:27] + "…"


def new_figure(height: float) -> tuple[Figure, Any]:
    """A figure as wide as a page and so many inches high, and its axes."""
    figure = Figure(figsize=(9.2, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.25)
    axes.tick_params(labelsize=9)
    return figure, axes


def as_svg(figure: Figure, name: str) -> str:
    """The figure as an element to be put into a page: no date, and names that do not depend on the moment."""
    text = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": f"ghtt-{name}", "svg.fonttype": "path", "font.size": 9.5}):
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    content = text.getvalue()
    return content[content.index("<svg") :]
