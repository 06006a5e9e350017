# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`ghtt evaluate --bag`: figures that agree with those of recordings, a page that stands alone, the same bits again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from ghtt_core.bags.convert import fill_action, fill_hand_observation, fill_refined_hands
from ghtt_core.bags.messages import new_message
from ghtt_core.bags.topics import ACTION_RECOGNITION, HAND_OBSERVATION, REFINED_HANDS, TRUE_ACTION, TRUE_HANDS
from ghtt_core.bags.writer import BagWriter
from ghtt_core.cli.main import main
from ghtt_core.cli.report_plots import stretches, thinned
from ghtt_core.data.recordings import load_recording
from ghtt_core.estimators.recorded import RecordedPoses
from ghtt_core.hands.frame import HandFrame
from ghtt_core.streaming.status import Status
from ghtt_core.streaming.update import ActionEstimate

FRAMES = range(20, 110)


def write_bag(
    path: Path,
    recording: Path,
    *,
    truth: bool = True,
    actions: bool = True,
    change: Callable[[HandFrame], HandFrame] = lambda frame: frame,
) -> Path:
    bag = BagWriter(path)
    bag.add_topic("/ghtt/hand_observation", HAND_OBSERVATION)
    bag.add_topic(TRUE_HANDS, REFINED_HANDS)
    bag.add_topic(TRUE_ACTION, ACTION_RECOGNITION)
    observed, clean = RecordedPoses(load_recording(recording)), RecordedPoses(load_recording(recording, "reference"))
    labels = {20: "grab bottle", 53: "", 66: "<b>bake & boil</b>"}
    for index in FRAMES:
        frame = observed.frame(index)
        message = new_message(HAND_OBSERVATION)
        fill_hand_observation(message, change(frame))
        bag.write("/ghtt/hand_observation", message, frame.stamp_ns)
        if truth:
            message = new_message(REFINED_HANDS)
            true = clean.frame(index)
            fill_refined_hands(message, true, status=Status.OK, model_id="truth")
            bag.write(TRUE_HANDS, message, frame.stamp_ns)
        if actions and index in labels:
            message = new_message(ACTION_RECOGNITION)
            label = labels[index]
            action = ActionEstimate(frame.stamp_ns, label, 0, ((label, 1.0),), np.ones(1, np.float32), 0.0, 0)
            fill_action(
                message,
                action if label else None,
                stamp_ns=frame.stamp_ns,
                frame_id="camera",
                status=Status.OK,
                labels=(label,),
            )
            bag.write(TRUE_ACTION, message, frame.stamp_ns)
    bag.close()
    return path


def evaluate(bag: Path, model: Path, out: Path, *words: str) -> int:
    base = ["evaluate", "--bag", str(bag), "--model", str(model), "--samples", "2", "--json", str(out / "report.json")]
    return main([*base, *words])


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory, demo_recording: Path, random_checkpoint: Path) -> Path:
    """A folder with a bag, its report and its page."""
    folder = tmp_path_factory.mktemp("evaluated")
    write_bag(folder / "bag", demo_recording)
    assert evaluate(folder / "bag", random_checkpoint, folder, "--report", str(folder / "report.html")) == 0
    return folder


def test_the_figures_are_those_of_the_same_recording(
    evaluated: Path, tmp_path: Path, demo_recording: Path, random_checkpoint: Path
) -> None:
    with np.load(demo_recording) as arrays:
        part = slice(FRAMES.start, FRAMES.stop)
        shared = {"t": arrays["t"][part], "frame": arrays["frame"]}
        np.savez(tmp_path / "noisy.npz", joints=arrays["joints"][part], valid=arrays["valid"][part], **shared)
        clean = arrays["reference"][part]
        np.savez(tmp_path / "clean.npz", joints=clean, valid=arrays["valid"][part], **shared)
    words = ["--poses", str(tmp_path / "noisy.npz"), "--reference", str(tmp_path / "clean.npz"), "--samples", "2"]
    model = ["--model", str(random_checkpoint)]
    assert main(["evaluate", *words, *model, "--json", str(tmp_path / "poses.json")]) == 0
    poses = json.loads((tmp_path / "poses.json").read_text())["pooled"]
    bag = json.loads((evaluated / "report.json").read_text())
    assert bag["bag"]["reference"] == "true hands"
    for metric, methods in bag["pooled"].items():
        if metric.endswith("_mm"):
            assert methods == poses[metric], metric


def test_actions_are_scored_where_the_model_knows_them(evaluated: Path) -> None:
    scores = json.loads((evaluated / "report.json").read_text())["action"]
    assert scores["n"] >= 2
    assert scores["n_nothing_done"] >= 1
    assert 0 <= scores["top1"] <= scores["top5"] <= 1
    assert scores["unknown_labels"] == ["<b>bake & boil</b>"]


class Page(HTMLParser):
    """Collects what a browser would fetch or run, and checks that elements are closed."""

    VOID = frozenset({"meta", "img", "path", "use", "br", "rect"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "iframe", "object", "b")
        for name, value in attributes:
            if name in ("src", "href", "xlink:href") and value and not value.startswith(("data:", "#")):
                self.fetched.append(value)
            assert not name.startswith("on")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_stands_alone_and_shows_everything(evaluated: Path) -> None:
    text = (evaluated / "report.html").read_text()
    page = Page()
    page.feed(text)
    assert page.open == []
    assert page.fetched == []
    for heading in ("Refinement", "Forecast", "Action", "Worst moments", "Settings"):
        assert heading in page.text
    assert "<b>bake & boil</b>" in page.text
    assert text.count("<svg") == 3
    assert 4 <= text.count("data:image/jpeg") <= 6
    assert not re.search(r"url\((?!#)", text)
    assert "nan" not in page.text.lower().replace("nanosec", "")


def test_the_same_bag_gives_the_same_bits(evaluated: Path, tmp_path: Path, random_checkpoint: Path) -> None:
    assert evaluate(evaluated / "bag", random_checkpoint, tmp_path, "--report", str(tmp_path / "report.html")) == 0
    for name in ("report.json", "report.html"):
        assert (tmp_path / name).read_bytes() == (evaluated / name).read_bytes()


def test_a_bag_without_truth_is_compared_with_itself(
    tmp_path: Path, demo_recording: Path, random_checkpoint: Path
) -> None:
    bag = write_bag(tmp_path / "bag", demo_recording, truth=False, actions=False)
    page = tmp_path / "report.html"
    assert evaluate(bag, random_checkpoint, tmp_path, "--report", str(page)) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["bag"]["reference"] == "the observations themselves"
    assert report["action"] is None
    assert "mpjpe_ra_mm" not in report["pooled"]
    assert report["pooled"]["forecast_ade_mm"]["p_a"]["0.5"] > 0
    assert "no true hands" in page.read_text()


def test_what_cannot_be_evaluated_is_said(
    tmp_path: Path, demo_recording: Path, random_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from dataclasses import replace

    unseen = write_bag(
        tmp_path / "unseen", demo_recording, change=lambda frame: replace(frame, valid=np.zeros(2, np.bool_))
    )
    other = write_bag(tmp_path / "other", demo_recording, change=lambda frame: replace(frame, frame_id="world"))
    report = str(tmp_path / "report.json")
    cases = {
        ("--bag", str(unseen)): "No hand is seen",
        ("--bag", str(other)): "record the truth in the observations' frame",
        ("--bag", str(unseen), "--noise", "paper"): "leave out --noise",
        ("--bag", str(unseen), "--image", "/image"): "There is no topic /image",
        ("--bag", str(tmp_path / "missing")): "There is no bag",
        ("--synthetic", "--bag", str(unseen)): "one of --poses",
        ("--synthetic", "--report", "page.html"): "belong to --bag",
    }
    for words, sentence in cases.items():
        assert main(["evaluate", "--json", report, "--model", str(random_checkpoint), *words]) == 2
        assert sentence in capsys.readouterr().err
    assert not Path(report).exists()


def test_long_curves_are_thinned_by_their_largest_values() -> None:
    values = np.zeros(10_000)
    values[4321] = 9.0
    values[5000:6000] = np.nan
    seconds, drawn = thinned(values)
    assert len(drawn) <= 1200
    assert np.nanmax(drawn) == 9.0
    assert abs(seconds[int(np.nanargmax(drawn))] - 4321 / 30) < 0.5
    assert np.isnan(drawn).any()
    assert stretches(np.array([True, False, True, True])) == [(0, 1), (2, 4)]
