# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Runs that end before their input does: Ctrl-C, a full disk, an input that breaks off. What was done stays."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
from collections import namedtuple
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest

from ghtt_core.cli.main import main
from ghtt_core.data.recordings import load_recording
from ghtt_core.errors import InputError
from ghtt_core.estimators.recorded import RecordedPoses

INTERRUPTED = """
import os, signal, sys
from ghtt_core.cli.main import main
from ghtt_core.streaming.predictor import MotionPredictor

update, calls = MotionPredictor.update, []

def interrupted(self, frame):
    calls.append(frame)
    if len(calls) == 20:
        os.kill(os.getpid(), signal.{signal})
    return update(self, frame)

MotionPredictor.update = interrupted
sys.exit(main(sys.argv[1:]))
"""


def frames_of(film: Path) -> int:
    capture, count = cv2.VideoCapture(str(film)), 0
    while capture.read()[0]:
        count += 1
    return count


def check_complete(out: Path, frames: int) -> None:
    """All three files are whole and tell of the same frames."""
    assert json.loads((out / "summary.json").read_text())["frames"] == frames
    with np.load(out / "motion.npz") as motion:
        assert len(motion["observed_joints"]) == frames
        assert all(np.isfinite(motion[name]).all() for name in ("joints", "action_probabilities", "p_b_offsets"))
    assert frames_of(out / "overlay.mp4") == frames
    assert sorted(path.name for path in out.iterdir()) == ["motion.mcap", "motion.npz", "overlay.mp4", "summary.json"]


@pytest.mark.parametrize("signal", ["SIGINT", "SIGTERM"])
def test_ctrl_c_keeps_what_was_done(signal: str, tmp_path: Path, demo_recording: Path, random_checkpoint: Path) -> None:
    words = ["run", "--poses", str(demo_recording), "--model", str(random_checkpoint), "--samples", "2"]
    ended = subprocess.run(
        [sys.executable, "-c", INTERRUPTED.format(signal=signal), *words, "--out", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 130
    assert ended.stderr.strip().splitlines() == ["ghtt run: interrupted; what was finished before is kept."]
    check_complete(tmp_path / "out", 20)


class BrokenPictures:
    """A video that shows twenty-five pictures and then turns out to be cut off."""

    name, width, height, fps, frame_count, is_live = "cut.mp4", 320, 240, 30.0, 60, False

    def __iter__(self) -> Iterator[object]:
        from ghtt_core.cli.video_source import VideoFrame

        for number in range(25):
            yield VideoFrame(number, round(number * 1e9 / 30), np.full((240, 320, 3), 90, np.uint8))
        raise InputError("cut.mp4 is cut off after frame 25.")

    def close(self) -> None:
        """Nothing to free."""


def test_a_video_that_breaks_off_keeps_what_was_seen(
    tmp_path: Path,
    demo_recording: Path,
    random_checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("ghtt_core.cli.picture_source.open_video", lambda path: BrokenPictures())
    poses = RecordedPoses(load_recording(demo_recording))
    monkeypatch.setattr("ghtt_core.cli.picture_source.create_estimator", lambda name, **options: poses)
    words = ["--video", "cut.mp4", "--model", str(random_checkpoint), "--out", str(tmp_path / "out"), "--samples", "2"]
    assert main(["run", *words]) == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert "cut off" in last
    assert "25 frames" in last
    check_complete(tmp_path / "out", 25)


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size, as a full disk or a quota would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [0, 50_000, 250_000])
def test_a_disk_that_takes_no_more_spoils_no_earlier_result(
    size: int, tmp_path: Path, demo_recording: Path, random_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["--poses", str(demo_recording), "--model", str(random_checkpoint), "--out", str(out), "--samples", "2"]
    assert main(["run", *words, "--frames", "30"]) == 0
    capsys.readouterr()
    earlier = (out / "motion.npz").stat().st_size
    with largest_file(size):
        code = main(["run", *words])
    lines = capsys.readouterr().err.strip().splitlines()
    assert code == 2
    assert len(lines) == 1
    assert "annot write" in lines[0]
    assert sorted(path.name for path in out.iterdir()) == ["motion.mcap", "motion.npz", "overlay.mp4", "summary.json"]
    # Each file is either the earlier one or a newer one that is whole.
    json.loads((out / "summary.json").read_text())
    with np.load(out / "motion.npz") as motion:
        assert len(motion["joints"]) == len(motion["stamps_ns"]) >= 1
        assert (out / "motion.npz").stat().st_size == earlier or len(motion["joints"]) != 30
    assert frames_of(out / "overlay.mp4") >= 1


def test_a_disk_that_fills_up_ends_the_run_in_time(
    tmp_path: Path,
    demo_recording: Path,
    random_checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    Usage = namedtuple("Usage", "total used free")
    left = iter([50_000_000, 20_000_000, 9_000_000, 1_000_000])
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, next(left)))
    words = ["--poses", str(demo_recording), "--model", str(random_checkpoint), "--samples", "2"]
    assert main(["run", *words, "--out", str(tmp_path / "out")]) == 2
    assert "full" in capsys.readouterr().err
    check_complete(tmp_path / "out", 45)
