# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The pieces behind a run's files: spools, the motion file, the film, percentiles, the search for a checkpoint."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghtt_core.cli.latency import LatencyMeter
from ghtt_core.cli.motion_file import MotionRecorder
from ghtt_core.cli.spool import ArraySpool, write_json, write_npz
from ghtt_core.cli.video_writer import VideoWriter, cut_incomplete_fragment
from ghtt_core.errors import CheckpointError, OutputError
from ghtt_core.models.model_folder import find_model
from ghtt_core.streaming.forecast import Forecast


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.bool_, np.float16])
@pytest.mark.parametrize("shape", [(), (3,), (2, 5)])
def test_a_spool_gives_back_what_went_in(tmp_path: Path, dtype: type, shape: tuple[int, ...]) -> None:
    items = [np.random.default_rng(i).normal(size=shape).astype(dtype) for i in range(7)]
    spool = ArraySpool(tmp_path / "items.bin", shape, dtype)
    for item in items:
        spool.append(item)
    spool.close()
    write_npz(tmp_path / "out.npz", {"items": spool}, {"note": np.array("hello")})
    with np.load(tmp_path / "out.npz") as read:
        assert np.array_equal(read["items"], np.array(items))
        assert read["items"].dtype == dtype
        assert str(read["note"]) == "hello"


def test_an_empty_spool_is_an_empty_array(tmp_path: Path) -> None:
    spool = ArraySpool(tmp_path / "items.bin", (4, 2), np.float32)
    spool.close()
    write_npz(tmp_path / "out.npz", {"items": spool}, {})
    with np.load(tmp_path / "out.npz") as read:
        assert read["items"].shape == (0, 4, 2)


def test_a_file_that_cannot_be_replaced_stays(tmp_path: Path) -> None:
    (tmp_path / "out.json").mkdir()
    with pytest.raises(OutputError, match=r"Cannot write .*out\.json"):
        write_json(tmp_path / "out.json", {"a": 1})
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]


def test_arrays_cut_short_by_a_full_disk_keep_the_same_length(tmp_path: Path) -> None:
    recorder = MotionRecorder(tmp_path, ("a", "b"), "camera")
    joints = np.ones((2, 21, 3), np.float32)
    for frame in range(5):
        recorder.add_refined(frame, joints, np.array([True, False]))
    # What a failed flush leaves: the last frame's joints never reached the disk.
    scratch = next(path for path in tmp_path.iterdir() if path.is_dir())
    for spool in recorder._spools.values():
        spool._file.flush()
    with (scratch / "joints.bin").open("r+b") as file:
        file.truncate(4 * joints.nbytes + 10)
    recorder.finish(tmp_path / "motion.npz")
    with np.load(tmp_path / "motion.npz") as motion:
        assert len(motion["joints"]) == len(motion["valid"]) == len(motion["stamps_ns"]) == len(motion["t"]) == 4
        assert (motion["joints"][:, 1] == 0).all()
    assert [path.name for path in tmp_path.iterdir()] == ["motion.npz"]


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 40), st.integers(1, 4), st.floats(-3, 3))
def test_stored_forecasts_are_right_to_half_a_millimetre(
    tmp_path_factory: pytest.TempPathFactory, steps: int, samples: int, place: float
) -> None:
    folder = tmp_path_factory.mktemp("motion")
    motion = np.random.default_rng(steps).uniform(-0.4, 0.4, (samples, steps, 2, 21, 3)).astype(np.float32)
    motion[:, :, 1] = 0
    forecast = Forecast(
        motion + np.float32(place) * np.array([1, 0], np.float32)[:, None, None], 5, 100, 100, np.array([True, False])
    )
    recorder = MotionRecorder(folder, (), "camera")
    recorder.add_forecast("p_b", forecast)
    recorder.finish(folder / "motion.npz")
    with np.load(folder / "motion.npz") as stored:
        kept = np.searchsorted(forecast.stamps_ns, stored["p_b_times_ns"][0])
        joints = stored["p_b_origin"][0] + stored["p_b_offsets"][0].astype(np.float32)
        assert np.abs(joints[:, :, 0] - forecast.samples[:, kept, 0]).max() < 5e-4
        assert (stored["p_b_offsets"][0][:, :, 1] == 0).all()
        assert stored["p_b_times_ns"][0, -1] == forecast.end_ns


@pytest.mark.parametrize(("width", "height", "fps"), [(96, 64, 30.0), (97, 65, 29.97), (64, 64, 12.5)])
def test_films_keep_size_rate_and_number_of_frames(tmp_path: Path, width: int, height: int, fps: float) -> None:
    writer = VideoWriter(tmp_path / "film.mp4", width, height, fps)
    for shade in range(0, 200, 10):
        writer.write(np.full((height, width, 3), shade, np.uint8))
    assert not (tmp_path / "film.mp4").exists()
    writer.close()
    film = cv2.VideoCapture(str(tmp_path / "film.mp4"))
    shades = []
    while (read := film.read())[0]:
        shades.append(read[1].mean())
    assert read[1] is None or read[1].shape == (height // 2 * 2, width // 2 * 2, 3)
    assert film.get(cv2.CAP_PROP_FPS) == pytest.approx(fps, rel=1e-3)
    assert np.allclose(shades, np.arange(0, 200, 10), atol=6)


def test_a_film_takes_as_long_as_what_it_shows(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "film.mp4", 64, 64, 30)
    for seconds in (0.0, 0.1, 0.4, 4.0, 4.0, 5.0):
        writer.write(np.zeros((64, 64, 3), np.uint8), round(seconds * 1e9))
    writer.close()
    with av.open(str(tmp_path / "film.mp4")) as film:
        times = [float(picture.pts * picture.time_base) for picture in film.decode(video=0)]
    assert times == pytest.approx([0.0, 0.1, 0.4, 4.0, 4.0, 5.0], abs=1e-3)


def test_a_film_without_frames_leaves_nothing(tmp_path: Path) -> None:
    VideoWriter(tmp_path / "film.mp4", 64, 64, 30).close()
    assert list(tmp_path.iterdir()) == []


def test_a_film_cut_anywhere_plays_up_to_its_last_whole_part(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "film.mp4", 64, 64, 10)
    noise = np.random.default_rng(0)
    for _ in range(40):
        writer.write(noise.integers(0, 255, (64, 64, 3), dtype=np.uint8))
    writer.close()
    whole = (tmp_path / "film.mp4").read_bytes()
    counts = set()
    for share in (0.3, 0.5, 0.7, 0.9):
        cut = tmp_path / "cut.mp4"
        cut.write_bytes(whole[: int(share * len(whole))])
        assert cut_incomplete_fragment(cut)
        film, count = cv2.VideoCapture(str(cut)), 0
        while film.read()[0]:
            count += 1
        assert count == film.get(cv2.CAP_PROP_FRAME_COUNT)
        # At most the second that was being written is lost, and a little for uneven sizes.
        assert 40 * share - 14 <= count <= 40
        counts.add(count)
    assert len(counts) > 2
    cut.write_bytes(whole[:40])
    assert not cut_incomplete_fragment(cut)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.01, 1e5), min_size=1, max_size=200))
def test_percentiles_are_right_to_a_percent(durations: list[float]) -> None:
    meter = LatencyMeter()
    for duration in durations:
        meter.add(duration)
    for share in (0.5, 0.95):
        exact = np.quantile(durations, share, method="inverted_cdf")
        assert meter.percentile(share) == pytest.approx(exact, rel=0.012)


def test_no_measurement_is_zero() -> None:
    assert LatencyMeter().summary() == {"p50": 0.0, "p95": 0.0}


def test_the_checkpoint_is_the_chosen_one_or_the_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "other").mkdir()
    monkeypatch.setenv("GHTT_MODEL", str(tmp_path / "other"))
    assert find_model(tmp_path / "mine") == tmp_path / "mine"
    assert find_model(None) == tmp_path / "other"
    with pytest.raises(CheckpointError, match="no checkpoint folder"):
        find_model(tmp_path / "nowhere")
