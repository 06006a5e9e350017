# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from ghtt_core.cli.main import main
from ghtt_core.data.recordings import save_recording
from ghtt_core.data.sequence import HandSequence
from ghtt_core.data.synthetic.generator import SyntheticConfig, generate_sequence
from ghtt_core.hands.canonical import estimate_template
from ghtt_core.models.card import Card
from ghtt_core.models.checkpoint import save_checkpoint
from ghtt_core.models.config import BlockConfig
from ghtt_core.models.pose_block import PoseBlock

TINY = BlockConfig(width=16, heads=2, feedforward=16, encoder_layers=1, decoder_layers=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean recording, a noisy copy of it, and a checkpoint of random weights without an action block."""
    folder = tmp_path_factory.mktemp("evaluate")
    motion = generate_sequence(SyntheticConfig(sequences=1, frames=60, free_fraction=0.0), 0, 0)
    save_recording(folder / "clean.npz", motion)
    noisy = motion.joints + np.random.default_rng(0).normal(0.0, 0.004, motion.joints.shape).astype(np.float32)
    save_recording(folder / "noisy.npz", HandSequence(noisy, motion.valid, motion.stamps_ns))
    torch.manual_seed(0)
    template = estimate_template(torch.from_numpy(motion.joints[::10]).double()).tolist()
    card = Card(
        model_id="tiny", pose=TINY, palm_template=tuple(tuple(tuple(point) for point in hand) for hand in template)
    )
    save_checkpoint(folder / "model", {"pose_block": PoseBlock(TINY)}, card)
    return folder


def evaluate(folder: Path, *words: str) -> int:
    return main(["evaluate", "--model", str(folder / "model"), *words])


def test_a_report_and_its_tables(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "deep" / "report.json"
    words = ("--poses", str(folder / "clean.npz"), "--noise", "paper", "--samples", "2", "--json", str(report))
    assert evaluate(folder, *words) == 0
    figures = json.loads(report.read_text())["pooled"]
    assert figures["mpjpe_ra_mm"]["input"] > 1.0
    shown = capsys.readouterr().out
    assert "savitzky_golay" in shown
    assert str(report) in shown
    assert [path.name for path in report.parent.iterdir()] == ["report.json"]


def test_a_reference_makes_the_poses_the_noisy_input(folder: Path, tmp_path: Path) -> None:
    words = ("--poses", str(folder / "noisy.npz"), "--reference", str(folder / "clean.npz"), "--samples", "2")
    assert evaluate(folder, *words, "--json", str(tmp_path / "report.json")) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert 4.0 < report["files"]["noisy.npz"]["mpjpe_ra_mm"]["input"] < 12.0
    assert report["settings"]["paired"] is True


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--poses", "{folder}/clean.npz", "{tmp}/words.npz"), "not an .npz file"),
        (("--poses", "{tmp}/none.npz"), "no recording"),
        (("--poses", "{folder}/clean.npz", "--reference", "{folder}/clean.npz", "--noise", "paper"), "leave out"),
        (("--poses", "{folder}/clean.npz", "--samples", "0"), "--samples"),
        (("--poses", "{folder}/clean.npz", "--threads", "0"), "--threads"),
        (("--poses", "{folder}/clean.npz", "--synthetic"), "one of --poses FILE"),
        (("--synthetic",), "no action block"),
        ((), "one of --poses FILE"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_an_older_report(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    (tmp_path / "words.npz").write_text("not a recording")
    report = tmp_path / "report.json"
    report.write_text("older")
    filled = [word.format(folder=folder, tmp=tmp_path) for word in words]
    assert evaluate(folder, *filled, "--json", str(report)) == 2
    shown = capsys.readouterr().err
    assert sentence in shown
    assert len(shown.strip().splitlines()) == 1
    assert report.read_text() == "older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.json", "words.npz"]


def test_a_report_that_cannot_be_written_is_refused_before_the_work(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file" / "report.json", tmp_path):
        assert evaluate(folder, "--poses", str(folder / "clean.npz"), "--json", str(place)) == 2
        assert str(place) in capsys.readouterr().err


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "ghtt evaluate --poses" in shown
    assert "--synthetic" in shown
