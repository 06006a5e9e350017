# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`ghtt prepare h2o` and `ghtt prepare check` as a user calls them, stopped in the middle too."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from h2o_tree import Segment, write_tree

from ghtt_core.cli.main import main
from ghtt_core.data.store.dataset import open_dataset

SEGMENTS = {
    "train": {"subject1/h1/0": [Segment(24, 2, 12)], "subject1/h1/1": [Segment(2, 0, 5)]},
    "val": {"subject3/k2/1": [Segment(35, 0, 20)]},
}
FRAMES = {"subject1/h1/0": 20, "subject1/h1/1": 25, "subject3/k2/1": 30}
DEADLINE_S = 120.0


@pytest.fixture
def tree(tmp_path):
    return write_tree(tmp_path / "h2o", FRAMES, SEGMENTS, ("cam0", "cam4"))


def prepare(tree, store, *more):
    return main(["prepare", "h2o", "--source", str(tree.root), "--store", str(store), "--workers", "1", *more])


def test_prepare_then_check_counts_and_draws(tree, tmp_path, capsys):
    assert prepare(tree, tmp_path / "store") == 0
    said = capsys.readouterr().out
    assert "1 (122)" in said  # segments of the validation split beside the published ones
    assert "action_test.txt" in said
    assert "camera cam1" in said
    sheet = tmp_path / "sheet.png"
    assert main(["prepare", "check", "--store", str(tmp_path / "store"), "--sheet", str(sheet)]) == 0
    assert "all checksums are right" in capsys.readouterr().out
    picture = cv2.imread(str(sheet))
    assert picture.shape == (3 * 202, 2 * 360, 3)


def test_skeletons_lie_where_the_hands_are_on_each_picture(tree, tmp_path):
    assert prepare(tree, tmp_path / "store") == 0
    sheet = tmp_path / "sheet.png"
    assert main(["prepare", "check", "--store", str(tmp_path / "store"), "--sheet", str(sheet), "--rows", "1"]) == 0
    drawn = cv2.imread(str(sheet))[:202].astype(int)
    tree_joints = tree.camera_joints("subject1/h1/0", "cam0")[10]  # the middle of 20 frames
    fx, fy, cx, cy = 636.65, 637.25, 635.28, 366.87
    x = (tree_joints[..., 0] / tree_joints[..., 2] * fx + cx) * 360 / 1280
    y = (tree_joints[..., 1] / tree_joints[..., 2] * fy + cy) * 202 / 720
    background = drawn[190, 5]
    for hand in range(2):
        for joint in (0, 5, 9, 13, 17):
            column, row = round(x[hand, joint]), round(y[hand, joint])
            patch = drawn[row - 2 : row + 3, column - 2 : column + 3]
            assert np.abs(patch - background).sum(-1).max() > 100, (hand, joint)


def test_a_dataset_without_pictures_gets_blank_frames(tmp_path, capsys):
    tree = write_tree(tmp_path / "h2o", FRAMES, SEGMENTS, ("cam4",), pictures=None)
    assert prepare(tree, tmp_path / "store") == 0
    assert "pictures of cam4" in capsys.readouterr().out
    assert main(["prepare", "check", "--store", str(tmp_path / "store")]) == 0
    assert (tmp_path / "store" / "contact_sheet.jpg").is_file()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["h2o", "--source", "nowhere", "--store", "out"], "There is no folder nowhere"),
        (["check", "--store", "nowhere"], "nowhere is not a prepared dataset"),
        (["h2o", "--source", ".", "--store", "out", "--workers", "0"], "--workers must be at least 1"),
    ],
)
def test_mistakes_are_one_sentence(words, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["prepare", *words]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert len(said.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_malformed_file_is_named_or_skipped(tree, tmp_path, capsys):
    path = tree.root / "subject1/h1/1/cam0/hand_pose/000004.txt"
    path.write_text("1 2 3")
    assert prepare(tree, tmp_path / "store") == 2
    assert f"{path}, line 1: holds 3 numbers" in capsys.readouterr().err
    assert prepare(tree, tmp_path / "store", "--malformed", "skip") == 0
    assert f"malformed {path}, line 1" in capsys.readouterr().out.replace("\n", "")
    store = open_dataset(tmp_path / "store").split("train")
    assert np.flatnonzero(~store.sequence(1).valid[:, 0]).tolist() == [4]


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_was_stopped_leaves_nothing_but_what_the_next_one_needs(tree, tmp_path, stop):
    """A pipe in place of one file holds one worker up, so that the run is in the middle for as long as we like."""
    held = tree.root / "subject3/k2/1/cam0/hand_pose/000007.txt"
    content = held.read_text()
    held.unlink()
    os.mkfifo(held)
    words = ["prepare", "h2o", "--source", str(tree.root), "--store", str(tmp_path / "store")]
    process = subprocess.Popen([sys.executable, "-m", "ghtt_core.cli.main", *words], stderr=subprocess.PIPE)
    parts = tmp_path / ".store.preparing" / "parts"
    eventually(lambda: len(list(parts.glob("*.json"))) == 2)
    workers = children(process.pid)
    assert workers
    process.send_signal(stop)
    assert process.wait(DEADLINE_S) == (130 if stop == signal.SIGINT else -signal.SIGKILL)
    eventually(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
    assert not (tmp_path / "store").exists()
    kept = {path: path.stat().st_mtime_ns for path in parts.glob("*.json")}
    held.unlink()
    held.write_text(content)
    done = subprocess.run(
        [sys.executable, "-m", "ghtt_core.cli.main", *words], stderr=subprocess.PIPE, text=True, check=True
    )
    assert f"{len(kept)} sequences are ready" in done.stderr
    assert open_dataset(tmp_path / "store", verify=True).split("val").sequence(0).valid.all()


def eventually(condition):
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def children(parent):
    """Process numbers of the workers (not of Python's resource tracker)."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
            command = (status.parent / "cmdline").read_text()
        except OSError:
            continue
        if int(fields[1]) == parent and "spawn_main" in command:
            found.append(int(status.parent.name))
    return found
