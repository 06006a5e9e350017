# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The paper's protocol on a prepared dataset: which segments, which frames, and what the figures must be."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from protocol_world import ACTIONS, open_val, write_fid, write_world

from ghtt_core.data.store.observations import Maker, ObservationWriter, Seen
from ghtt_core.data.store.sequence_store import SequenceStore
from ghtt_core.errors import InputError
from ghtt_core.evaluation.dataset_evaluation import DatasetConfig, evaluate_dataset, open_split
from ghtt_core.evaluation.dataset_report import report_tables, to_markdown
from ghtt_core.evaluation.frechet import frechet_distance
from ghtt_core.evaluation.futures import FutureConfig, SegmentForecaster, read_motion
from ghtt_core.evaluation.motion_features import describe_motions, true_statistics
from ghtt_core.evaluation.segments import forecast_segments, recognition_windows
from ghtt_core.evaluation.view_observations import ViewReader
from ghtt_core.models.checkpoint import Checkpoint
from ghtt_core.models.fid_checkpoint import FidCheckpoint, load_fid
from ghtt_core.streaming.forecasting import FIRST_CLIP, ObservedAction, forecast_action, forecast_pose
from ghtt_core.streaming.refinement import refine_windows


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_world(tmp_path_factory.mktemp("world") / "data")


@pytest.fixture(scope="module")
def store(world: Path) -> SequenceStore:
    return open_val(world)


@pytest.fixture(scope="module")
def fid(tmp_path_factory: pytest.TempPathFactory) -> FidCheckpoint:
    return load_fid(write_fid(tmp_path_factory.mktemp("fid") / "net"))


@pytest.fixture(scope="module")
def report(checkpoint: Checkpoint, store: SequenceStore, fid: FidCheckpoint) -> dict[str, Any]:
    config = DatasetConfig(FutureConfig(samples=3), true_stride=16, stream_frames=400)
    return evaluate_dataset(checkpoint, store, config, name="tiny", split="val", fid=fid)


def test_segments_start_every_clip_while_enough_of_the_action_is_left(store: SequenceStore) -> None:
    second = forecast_segments(store, 30)
    starts = [int(start) for start in second.start[second.sequence == 0]]
    assert starts == [20, 50, 66, *range(120, 361, 16)]
    long = forecast_segments(store, 60)
    assert [int(start) for start in long.start[long.sequence == 0]] == [50, *range(120, 331, 16)]
    assert (second.end - second.start).max() == 112
    assert (second.end <= second.start + second.left).all()
    assert second.phase[second.start == 66].tolist() == [1]


def test_true_motions_of_the_distance_start_at_every_frame(store: SequenceStore) -> None:
    every = forecast_segments(store, 60, stride=1)
    assert len(every) == 2 * sum(max(end - start - 60 + 1, 0) for start, end in ACTIONS)


def test_an_action_is_one_window_unless_it_is_longer_than_16_clips(store: SequenceStore) -> None:
    windows = recognition_windows(store)
    first = windows.sequence == 0
    spans = list(zip(windows.start[first].tolist(), windows.end[first].tolist(), strict=True))
    assert spans == [(0, 20), (20, 50), (50, 110), (120, 376), (376, 390)]
    assert windows.phase[first].tolist() == [0, 0, 0, 0, 16]


def test_a_single_last_frame_is_no_window(world: Path, store: SequenceStore) -> None:
    table = store.segments.copy()
    table[:, 2] = np.minimum(table[:, 2], table[:, 1] + 257)
    assert len(recognition_windows(replace(store, segments=table))) == len(ACTIONS) * 2


def test_forecasts_agree_with_the_pipeline_given_the_same_noise(checkpoint: Checkpoint, store: SequenceStore) -> None:
    segments = forecast_segments(store, 60).take(slice(0, 1))
    motion = read_motion(store, segments)
    made = SegmentForecaster(checkpoint, store, FutureConfig(samples=2, know_object=False))(motion, segments)
    observed = motion.hand_valid[:, :16, :, None] & motion.joint_valid[:, None, None]
    pose, action = checkpoint.pose_block, checkpoint.action_block
    assert action is not None
    with torch.inference_mode():
        window = refine_windows(pose, checkpoint.template, motion.joints[:, :16], observed)
        noise = torch.randn(3, 8, 16, generator=torch.Generator().manual_seed(0))
        noise[0] = 0.0
        expected = forecast_pose(pose, window, frames=96, noise=noise[:, :6])
        torch.testing.assert_close(made["p_a"], expected, atol=1e-4, rtol=1e-3)
        there = torch.ones(1, 1, dtype=torch.bool)
        mid_level = window.encoding.mu[:, None]
        encoding = action.encode(mid_level, torch.zeros(1, 1, action.text_width), there, ~there, torch.tensor([0]))
        seen = ObservedAction(encoding, there, torch.tensor([1]))
        expected = forecast_action(pose, action, window, seen, frames=96, noise=noise[:, 6:], first_clip=FIRST_CLIP)
        torch.testing.assert_close(made["p_b"], expected, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("placement", ["pipeline", "paper"])
@pytest.mark.parametrize("variant", ["latent", "ground_truth"])
def test_forecasts_go_on_from_the_last_true_frame(
    checkpoint: Checkpoint, store: SequenceStore, variant: Any, placement: Any
) -> None:
    segments = forecast_segments(store, 112).take(slice(0, 3))
    motion = read_motion(store, segments)
    config = FutureConfig(variant, placement, samples=2)
    made = SegmentForecaster(checkpoint, store, config)(motion, segments)
    last = motion.joints[:, config.given - 1, :, 0]
    for joints in made.values():
        assert joints.shape == (3, 3, 112 - config.given, 2, 21, 3)
        # Untrained velocities go anywhere, yet a step of the wrist stays a step: the start is the last true frame.
        step = (joints[:, 0, 0, :, 0] - last).norm(dim=-1)
        assert (step < 0.25).all()
        assert torch.isfinite(joints).all()


def test_samples_do_not_depend_on_the_batches(checkpoint: Checkpoint, store: SequenceStore) -> None:
    segments = forecast_segments(store, 60)
    whole = SegmentForecaster(checkpoint, store, FutureConfig(samples=2))
    split = SegmentForecaster(checkpoint, store, FutureConfig(samples=2))
    four = segments.take(slice(0, 4))
    together = whole(read_motion(store, four), four)["p_b"]
    for row in range(4):
        one = segments.take(slice(row, row + 1))
        torch.testing.assert_close(
            split(read_motion(store, one), one)["p_b"], together[row : row + 1], atol=1e-4, rtol=1e-3
        )


def test_true_motion_itself_has_distance_zero(store: SequenceStore, fid: FidCheckpoint) -> None:
    true = true_statistics(store, fid, 16, stride=16)[">2s"]
    again = true_statistics(store, fid, 16, stride=16)[">2s"]
    assert true.count == len(forecast_segments(store, 60))
    assert frechet_distance(true, again) == pytest.approx(0.0, abs=1e-6)


def test_local_joints_have_the_wrist_at_the_origin(store: SequenceStore, checkpoint: Checkpoint) -> None:
    segments = forecast_segments(store, 60).take(slice(0, 2))
    local = describe_motions(read_motion(store, segments), checkpoint.template, None).local
    assert local.shape == (2, 112, 2, 21, 3)
    assert local[..., 0, :].abs().max() < 1e-6


def test_noise_stands_in_for_an_estimator_and_is_named(report: dict[str, Any]) -> None:
    assert report["recognition"]["observed_by"] == {"near": "truth with 2.5D noise", "far": "truth with 2.5D noise"}
    assert any("noise on true poses" in sentence for sentence in report["missing"])
    error = report["recognition"]["mpjpe_ra_mm"]
    # The same noise in pixels is more millimetres from further away.
    assert error["far"]["input"]["mean"] > error["near"]["input"]["mean"] > 5.0
    assert error["near"]["input"]["n"] == error["near"]["refined_clips"]["n"]


def test_every_window_is_recognised_once(report: dict[str, Any]) -> None:
    accuracy = report["recognition"]["action_top1"]
    assert report["recognition"]["windows"] == 10
    assert {entry["n"] for view in accuracy.values() for entry in view.values()} == {10}
    assert set(accuracy) == {"true poses", "near", "far"}
    assert set(accuracy["near"]) == {"true", "none"}


def test_subsets_have_their_segments_and_figures(report: dict[str, Any], store: SequenceStore) -> None:
    subsets = report["prediction"]["subsets"]
    assert subsets[">1s"]["segments"] == len(forecast_segments(store, 30))
    assert subsets[">2s"]["segments"] == len(forecast_segments(store, 60))
    for found in subsets.values():
        assert found["fid"]["p_a"]["n"] == 3 * found["segments"]
        assert found["fid"]["p_b"]["value"] > 0
        assert found["apd_mm"]["p_a"]["left"]["n"] == found["segments"]
        # The best of the samples is never worse than their mean.
        assert found["best_ade_mm"]["p_a"]["end"]["mean"] <= found["mean_ade_mm"]["p_a"]["end"]["mean"]
        assert found["ade_mm"]["zero_velocity"]["0.5"]["mean"] < found["ade_mm"]["zero_velocity"]["2.0"]["mean"]
        errors = {method: found["ade_mm"][method]["1.0"]["mean"] for method in ("p_a", "p_b")}
        apart = found["p_b_minus_p_a"]["ade_mm"]["1.0"]["mean"]
        assert apart == pytest.approx(errors["p_b"] - errors["p_a"])
    # An action of exactly 60 frames has 44 to forecast: it counts up to one second, not to two.
    counts = {t: entry["n"] for t, entry in subsets[">2s"]["ade_mm"]["p_a"].items()}
    assert counts["1.0"] == 2 * 30 * len(forecast_segments(store, 60))
    assert counts["2.0"] == 2 * 60 * len(forecast_segments(store, 76))


def test_with_the_true_first_clip_only_what_follows_is_scored(checkpoint: Checkpoint, store: SequenceStore) -> None:
    config = DatasetConfig(FutureConfig("ground_truth", samples=2), parts=("prediction",))
    found = evaluate_dataset(checkpoint, store, config, name="tiny", split="val")
    assert found["prediction"]["given_frames"] == 32
    short = found["prediction"]["subsets"][">1s"]
    assert short["segments"] == len(forecast_segments(store, 33))
    assert "fid" not in short
    assert found["recognition"] is None
    assert any("--fid" in sentence for sentence in found["missing"])


def test_streams_are_scored_with_and_without_objects(report: dict[str, Any]) -> None:
    streams = report["streams"]
    assert streams["frames"] == 400
    assert any("1 of 2 sequences went through" in sentence for sentence in report["missing"])
    for scores in streams["objects"].values():
        assert 0.0 <= scores["frame_accuracy"]["mean"] <= 1.0
        assert scores["frame_accuracy"]["n"] == sum(end - start for start, end in ACTIONS)
        assert scores["detected"]["n"] == len(ACTIONS)


def test_what_an_estimator_saw_is_refined(checkpoint: Checkpoint, world: Path, tmp_path: Path) -> None:
    store = open_val(write_world(tmp_path / "data"))
    maker = Maker("resnet18", "f-tiny", "0" * 64, "table")
    writer = ObservationWriter(store, "resnet18", "far", maker)
    rng = np.random.default_rng(0)
    for number in range(2):
        camera = next(view for view in store.views(number) if view.name == "far")
        frames = slice(int(store.starts[number]), int(store.ends[number]))
        truth = camera.to_camera(np.array(store.joints[frames]))
        noisy = (truth + rng.normal(0, 0.01, truth.shape)).astype(np.float32)
        valid = np.array(store.valid[frames])
        features = rng.normal(size=(len(truth), checkpoint.card.text_width)).astype(np.float16)
        writer.write(number, Seen(noisy, valid, np.ones(len(truth), bool), features))
    writer.finish()
    config = DatasetConfig(FutureConfig(samples=2), parts=("recognition",))
    found = evaluate_dataset(checkpoint, store, config, name="tiny", split="val")["recognition"]
    assert found["observed_by"] == {"far": "f-tiny"}
    # 10 mm per coordinate on wrist and joint alike: sqrt(2) times the length of a 3-D vector of 10 mm noise.
    assert 16.0 < found["mpjpe_ra_mm"]["far"]["input"]["mean"] < 32.0
    assert set(found["action_top1"]["far"]) == {"true", "none", "estimated", "estimated_snapped"}
    with pytest.raises(InputError, match="no observations of view 'near'"):
        ViewReader(store, "resnet18", ("near",))


def test_a_view_that_is_not_there_is_refused(store: SequenceStore) -> None:
    with pytest.raises(InputError, match="it has near, far"):
        ViewReader(store, views=("top",))


def test_the_report_is_json_and_markdown(report: dict[str, Any]) -> None:
    text = to_markdown(report, report_tables(report))
    assert json.loads(json.dumps(report, allow_nan=False)) == json.loads(json.dumps(report))
    assert "| P.b: led by the action |" in text
    assert "MPJPE-RA, mm" in text
    assert not re.search(r"\bnan\b", text)


def test_a_split_that_is_not_there_is_named(world: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no split 'test'; it has val"):
        open_split(world, "test")
    with pytest.raises(InputError, match="ghtt prepare"):
        open_split(tmp_path / "nothing", "val")
