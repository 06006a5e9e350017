# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`ghtt evaluate --store`: the reports it writes and the sentences it refuses with."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from ghtt_core.cli.main import main
from ghtt_core.data.store.sequence_store import StoreWriter
from ghtt_core.data.synthetic.generator import SyntheticConfig, generate_sequence
from ghtt_core.data.synthetic.vocabulary import LABELS, OBJECT_NAMES
from ghtt_core.hands.canonical import estimate_template
from ghtt_core.models.action_block import ActionBlock
from ghtt_core.models.card import Card
from ghtt_core.models.checkpoint import save_checkpoint
from ghtt_core.models.config import BlockConfig
from ghtt_core.models.pose_block import PoseBlock

TINY = BlockConfig(width=16, heads=2, feedforward=16, encoder_layers=1, decoder_layers=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of one sequence without cameras, and a checkpoint of random weights that knows its labels."""
    folder = tmp_path_factory.mktemp("store")
    motion = generate_sequence(SyntheticConfig(sequences=1, frames=320, free_fraction=0.0), 2, 0)
    with StoreWriter(folder / "data" / "val", LABELS, OBJECT_NAMES) as writer:
        writer.append(motion)
    torch.manual_seed(0)
    template = estimate_template(torch.from_numpy(motion.joints[::10]).double()).tolist()
    card = Card(
        model_id="tiny",
        pose=TINY,
        palm_template=tuple(tuple(tuple(point) for point in hand) for hand in template),
        action=TINY,
        labels=LABELS,
        object_names=OBJECT_NAMES,
        text_encoder="table",
        text_width=8,
    )
    text = torch.from_numpy(np.random.default_rng(0).normal(size=(len(LABELS) + len(OBJECT_NAMES), 8))).float()
    blocks = {"pose_block": PoseBlock(TINY), "action_block": ActionBlock(TINY, 8)}
    save_checkpoint(folder / "model", blocks, card, text[: len(LABELS)], text[len(LABELS) :])
    return folder


def evaluate(folder: Path, *words: str) -> int:
    return main(["evaluate", "--model", str(folder / "model"), "--store", str(folder / "data"), *words])


def test_all_three_reports_and_the_tables(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {name: tmp_path / f"report.{name}" for name in ("json", "md", "html")}
    words = ("--json", str(files["json"]), "--markdown", str(files["md"]), "--report", str(files["html"]))
    assert evaluate(folder, *words, "--samples", "2", "--parts", "recognition", "prediction") == 0
    report = json.loads(files["json"].read_text())
    assert report["dataset"]["name"] == "data"
    assert report["streams"] is None
    page, text = files["html"].read_text(), files["md"].read_text()
    assert page.count("<svg") == 2
    assert "http-equiv" in page
    assert "<script" not in page
    shown = capsys.readouterr().out
    for words in ("MPJPE-RA", "P.b: led by the action", "APD left"):
        assert words in text
        assert words in page
    assert "noise on true poses stands in" in shown
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.json", "report.md"]


def test_without_a_file_the_tables_are_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(folder, "--samples", "2", "--parts", "prediction", "--variant", "ground_truth") == 0
    shown = capsys.readouterr().out
    assert "first future clip true" in " ".join(shown.split())
    assert "The report is in" not in shown


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--split", "test"), "is not a sequence store"),
        (("--noise", "paper"), "leave out --noise"),
        (("--image", "/camera"), "belong to --bag"),
        (("--view", "cam9"), "has no view 'cam9'"),
        (("--observed", "resnet18"), "ghtt prepare observe"),
        (("--fid", "{folder}/model"), "FID network"),
        (("--samples", "1"), "2 to 1000 samples"),
        (("--poses", "x.npz"), "--store FOLDER and --synthetic"),
        (("--true-stride", "0"), "at least 1"),
    ],
)
def test_bad_options_are_one_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    assert evaluate(folder, *(word.format(folder=folder) for word in words)) == 2
    complaint = capsys.readouterr().err
    assert sentence in complaint
    assert complaint.count("\n") == 1


def test_what_belongs_to_a_store_is_refused_elsewhere(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--synthetic", "--markdown", "x.md", "--json", "x.json"]) == 2
    assert "belong to --store" in capsys.readouterr().err
    assert main(["evaluate", "--synthetic"]) == 2
    assert "--json FILE" in capsys.readouterr().err


def tables(folder: Path, *words: str) -> int:
    return main(["tables", *words, "--model", str(folder / "model")])


def test_table_1_has_the_papers_rows_and_ours(folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ("--store", str(folder / "data"), "--markdown", str(tmp_path / "one.md"))
    assert tables(folder, "1", *words) == 0
    text = (tmp_path / "one.md").read_text()
    assert "| paper: Ours | not stated |" in text
    ours = next(line for line in text.splitlines() if line.startswith("| none: ours, clips"))
    relative, aligned, accuracy = (float(figure) for figure in ours.split("|")[2:5])
    assert relative > aligned > 0
    assert 0 <= accuracy <= 100
    assert "Table 1" in capsys.readouterr().out


def test_table_3_is_made_again_from_its_report(
    folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ("--store", str(folder / "data"), "--samples", "2", "--json", str(tmp_path / "three.json"))
    assert tables(folder, "3", *words, "--markdown", str(tmp_path / "three.md")) == 0
    assert "FID" in capsys.readouterr().out
    assert (
        tables(folder, "3", "--evaluated", str(tmp_path / "three.json"), "--markdown", str(tmp_path / "again.md")) == 0
    )
    text = (tmp_path / "three.md").read_text()
    assert (tmp_path / "again.md").read_text() == text
    assert "6.59 / 10.88 / 6.84" in text
    capsys.readouterr()
    assert tables(folder, "1", "--evaluated", str(tmp_path / "three.json")) == 2
    assert "no part 'recognition'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("1",), "either --store FOLDER or --evaluated FILE"),
        (("3", "--evaluated", "{folder}/model/card.json"), "not a report"),
        (("3", "--evaluated", "{folder}/none.json"), "not a report"),
    ],
)
def test_a_table_of_nothing_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    assert tables(folder, *(word.format(folder=folder) for word in words)) == 2
    assert sentence in capsys.readouterr().err
