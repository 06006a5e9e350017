# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`ghtt run` on recorded poses: the three files, their content, and that the same input gives the same result."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from ghtt_core.cli.main import main
from ghtt_core.data.recordings import load_recording

SUMMARY_KEYS = {
    "frames",
    "frames_with_left",
    "frames_with_right",
    "frames_refined",
    "forecasts",
    "model_id",
    "estimator",
    "latency_ms",
    "fps",
}


def run(*words: object) -> int:
    return main(["run", *map(str, words)])


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory, demo_recording: Path, random_checkpoint: Path) -> Path:
    """A run over two seconds with both forecasts."""
    out = tmp_path_factory.mktemp("run") / "deep" / "out"
    words = ("--poses", demo_recording, "--model", random_checkpoint, "--forecast", "both", "--samples", 3)
    assert run(*words, "--frames", 60, "--out", out) == 0
    return out


def test_leaves_three_files_and_nothing_else(result: Path) -> None:
    assert sorted(path.name for path in result.iterdir()) == [
        "motion.mcap",
        "motion.npz",
        "overlay.mp4",
        "summary.json",
    ]


def test_summary_counts_what_happened(result: Path, demo_recording: Path) -> None:
    summary = json.loads((result / "summary.json").read_text())
    valid = load_recording(demo_recording).valid[:60]
    assert set(summary) == SUMMARY_KEYS
    assert (summary["frames"], summary["frames_refined"]) == (60, 60)
    assert (summary["frames_with_left"], summary["frames_with_right"]) == tuple(valid.sum(0))
    assert (summary["model_id"], summary["estimator"]) == ("random-tiny", "recorded")
    assert set(summary["latency_ms"]) == {"estimate", "refine", "action", "forecast", "total"}
    for stage in summary["latency_ms"].values():
        assert 0 <= stage["p50"] <= stage["p95"]
    assert summary["fps"] > 0


def test_motion_file_explains_itself_and_is_consistent(result: Path) -> None:
    with np.load(result / "motion.npz") as motion:
        summary = json.loads((result / "summary.json").read_text())
        assert "metres" in str(motion["README"])
        assert motion["joints"].shape == (60, 2, 21, 3)
        assert np.isfinite(motion["joints"]).all()
        assert np.array_equal(np.round(np.diff(motion["stamps_ns"]) / 1e6), np.full(59, 33))
        assert np.allclose(motion["action_probabilities"].sum(1), 1, atol=1e-5)
        assert motion["action_probabilities"].shape[1] == len(motion["action_labels"])
        assert (motion["action_start_ns"] <= motion["action_stamps_ns"]).all()
        forecasts = 0
        for kind in ("p_a", "p_b"):
            stamps, times, offsets = (motion[f"{kind}_{name}"] for name in ("stamps_ns", "times_ns", "offsets"))
            forecasts += len(stamps)
            assert offsets.shape == (len(stamps), 3, times.shape[1], 2, 21, 3)
            assert np.isfinite(offsets).all()
            assert (times > stamps[:, None]).all()
            assert np.allclose((times[:, -1] - stamps) / 1e9, 3.2)
        assert forecasts == summary["forecasts"] > 0


def test_motion_file_is_a_recording_again(result: Path) -> None:
    recording = load_recording(result / "motion.npz")
    assert len(recording) == 60
    assert not recording.joint_valid[1]


def test_overlay_is_a_film_of_all_frames(result: Path) -> None:
    film = cv2.VideoCapture(str(result / "overlay.mp4"))
    frames = []
    while (read := film.read())[0]:
        frames.append(read[1])
    assert film.get(cv2.CAP_PROP_FPS) == pytest.approx(30, abs=0.1)
    assert len(frames) == 60
    assert frames[0].shape == (720, 1280, 3)
    # Something bright is drawn, and it moves.
    assert frames[30].max() > 200
    assert (cv2.absdiff(frames[30], frames[50]).max(axis=2) > 60).sum() > 200


def test_same_input_and_seed_give_the_same_bits(tmp_path: Path, short_recording: Path, random_checkpoint: Path) -> None:
    words = ("--poses", short_recording, "--model", random_checkpoint, "--samples", 2, "--no-overlay", "--out")
    contents = []
    for name in ("first", "second"):
        assert run(*words, tmp_path / name) == 0
        with np.load(tmp_path / name / "motion.npz") as motion:
            contents.append({key: motion[key] for key in motion.files})
    assert all(np.array_equal(value, contents[1][key]) for key, value in contents[0].items())
    assert not (tmp_path / "first" / "overlay.mp4").exists()


def test_a_recording_with_a_hole_of_four_seconds_goes_on_after_it(
    tmp_path: Path, short_recording: Path, random_checkpoint: Path
) -> None:
    with np.load(short_recording) as arrays:
        times = arrays["t"] + np.where(np.arange(60) >= 30, 4.0, 0.0)
        np.savez(tmp_path / "hole.npz", joints=arrays["joints"], valid=arrays["valid"], t=times)
    words = ("--poses", tmp_path / "hole.npz", "--model", random_checkpoint, "--samples", 2, "--no-overlay")
    assert run(*words, "--out", tmp_path / "out") == 0
    with np.load(tmp_path / "out" / "motion.npz") as motion:
        steps = np.diff(motion["stamps_ns"]) / 1e9
        assert steps.max() > 3.9
        assert len(motion["joints"]) == 60


def test_one_frame_is_enough_for_a_result(tmp_path: Path, short_recording: Path, random_checkpoint: Path) -> None:
    words = ("--poses", short_recording, "--model", random_checkpoint, "--frames", 1)
    assert run(*words, "--out", tmp_path / "out") == 0
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (summary["frames"], summary["forecasts"]) == (1, 0)
    assert cv2.VideoCapture(str(tmp_path / "out" / "overlay.mp4")).read()[0]
    with np.load(tmp_path / "out" / "motion.npz") as motion:
        assert motion["joints"].shape == (1, 2, 21, 3)


def test_a_recording_without_any_hand_gives_an_empty_result(tmp_path: Path, random_checkpoint: Path) -> None:
    np.savez(
        tmp_path / "empty.npz", joints=np.zeros((20, 2, 21, 3), np.float32), valid=np.zeros((20, 2), bool), fps=30.0
    )
    words = ("--poses", tmp_path / "empty.npz", "--model", random_checkpoint)
    assert run(*words, "--out", tmp_path / "out") == 0
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (summary["frames"], summary["frames_refined"], summary["forecasts"]) == (20, 0, 0)


def test_demo_says_what_refinement_changed(
    tmp_path: Path,
    demo_recording: Path,
    random_checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "assets").mkdir()
    with np.load(demo_recording) as arrays:
        short = {name: arrays[name][:45] for name in ("joints", "valid", "t", "reference")}
        np.savez(tmp_path / "assets" / "demo.npz", **short)
    monkeypatch.setattr("ghtt_core.cli.demo.files", lambda package: tmp_path)
    assert main(["demo", "--out", str(tmp_path / "demo"), "--model", str(random_checkpoint)]) == 0
    assert "mm as detected" in capsys.readouterr().out
    assert json.loads((tmp_path / "demo" / "summary.json").read_text())["frames"] == 45
