# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from ghtt_core.baselines.filters import SavitzkyGolayFilter
from ghtt_core.data.sequence import HandSequence
from ghtt_core.errors import CheckpointError, InputError
from ghtt_core.evaluation.metrics import mpjpe_pa_mm, mpjpe_ra_mm
from ghtt_core.evaluation.online import run_online
from ghtt_core.evaluation.protocol import EvaluationConfig, evaluate_trials, make_predictor
from ghtt_core.evaluation.refinement_protocol import POSE_METHODS
from ghtt_core.evaluation.synthetic import evaluate_synthetic
from ghtt_core.evaluation.trials import load_trials, noise_generator, noisy_trial
from ghtt_core.models.checkpoint import Checkpoint, load_checkpoint
from ghtt_core.streaming.refinement import refine_causal, refine_sequence

CONFIG = EvaluationConfig("detector", seed=1, samples=3)


@pytest.fixture(scope="module")
def report(recordings: list[Path], checkpoint: Checkpoint) -> dict:
    return evaluate_trials(checkpoint, load_trials(recordings, [], "detector", 1, checkpoint.template), CONFIG)


def test_a_report_has_every_method_metric_and_horizon(report: dict) -> None:
    json.dumps(report, allow_nan=False)
    for figures in (report["pooled"], *report["files"].values()):
        for metric in ("mpjpe_ra_mm", "mpjpe_pa_mm", "acceleration_error_mm"):
            assert set(figures[metric]) == set(POSE_METHODS)
            assert all(value > 0 for value in figures[metric].values())
            assert len(set(figures["n"][metric].values())) == 1  # all methods on the same hand-frames
        for metric in ("forecast_ade_mm", "forecast_best_of_3_ade_mm"):
            for method in ("p_a", "p_b", "zero_velocity", "constant_velocity"):
                assert set(figures[metric][method]) == {"0.25", "0.5", "1.0"}
    assert report["model_id"] == "tiny"
    assert report["settings"]["seed"] == 1
    assert report["pooled"]["frames"] == 110


def test_pooled_figures_are_weighted_by_hand_frames(report: dict) -> None:
    files = report["files"].values()
    for metric in ("mpjpe_ra_mm", "acceleration_error_mm"):
        counts = [figures["n"][metric]["input"] for figures in files]
        values = [figures[metric]["one_euro"] for figures in files]
        pooled = report["pooled"][metric]["one_euro"]
        assert pooled == pytest.approx(np.average(values, weights=counts))
        assert report["pooled"]["n"][metric]["input"] == sum(counts)


def test_the_same_seed_gives_the_same_report(report: dict, recordings: list[Path], checkpoint: Checkpoint) -> None:
    backwards = load_trials(recordings[::-1], [], "detector", 1, checkpoint.template)
    again = evaluate_trials(checkpoint, backwards, CONFIG)
    assert again["files"] == report["files"]


def test_methods_are_what_their_names_say(report: dict, recordings: list[Path], checkpoint: Checkpoint) -> None:
    trial = load_trials(recordings[1:], [], "detector", 1, checkpoint.template)[0]
    figures = report["files"][trial.name]
    seen = trial.observed_valid & trial.reference_valid
    assert figures["n"]["mpjpe_ra_mm"]["input"] == seen.sum()
    assert figures["mpjpe_ra_mm"]["input"] == mpjpe_ra_mm(trial.observed, trial.reference, seen).mean
    smooth = SavitzkyGolayFilter()(trial.observed.astype(np.float64), trial.observed_valid)
    assert figures["mpjpe_pa_mm"]["savitzky_golay"] == mpjpe_pa_mm(smooth, trial.reference, seen).mean
    offline = refine_sequence(
        checkpoint.pose_block,
        checkpoint.template,
        torch.from_numpy(trial.observed),
        torch.from_numpy(trial.joint_valid),
    )
    refined = offline.joints.double().numpy()
    assert figures["mpjpe_ra_mm"]["refined_offline"] == mpjpe_ra_mm(refined, trial.reference, seen).mean
    lost = trial.reference_valid & ~trial.observed_valid
    assert lost.any()
    extra = figures["n"]["mpjpe_ra_with_missing_mm"]["input"] - figures["n"]["mpjpe_ra_mm"]["input"]
    assert 0 < extra <= lost.sum()


def test_the_online_figure_is_the_newest_frame_of_every_window(motion: HandSequence, checkpoint: Checkpoint) -> None:
    """Streaming one frame at a time and one batched call over all windows agree; the first frame stays as it came."""
    trial = noisy_trial("x", motion, "detector", noise_generator(3, "x"), checkpoint.template)
    online = run_online(make_predictor(checkpoint, CONFIG, "cpu"), trial)
    joints, joint_valid = torch.from_numpy(trial.observed), torch.from_numpy(trial.joint_valid)
    batched = refine_causal(checkpoint.pose_block, checkpoint.template, joints, joint_valid)
    both = online.valid & batched.valid.numpy()
    assert both[trial.observed_valid].all()
    both[0] = False
    np.testing.assert_allclose(online.joints[both], batched.joints.numpy()[both], atol=1e-5)
    np.testing.assert_array_equal(online.joints[0], trial.observed[0])
    assert sorted(online.forecasts["p_a"]) == list(range(15, 120, 8)) == sorted(online.forecasts["p_b"])


def test_a_checkpoint_without_action_block_has_no_p_b(pose_model_folder: Path, recordings: list[Path]) -> None:
    checkpoint = load_checkpoint(pose_model_folder)
    trials = load_trials(recordings[:1], [], "none", 0, checkpoint.template)
    figures = evaluate_trials(checkpoint, trials, EvaluationConfig(samples=2))["pooled"]
    assert figures["forecast_ade_mm"]["p_a"]["0.5"] > 0
    assert figures["forecast_ade_mm"]["p_b"]["0.5"] is None
    assert figures["mpjpe_ra_mm"]["input"] == pytest.approx(0.0, abs=1e-6)
    with pytest.raises(CheckpointError, match="no action block"):
        evaluate_synthetic(checkpoint, EvaluationConfig(), "none", 1)


def test_one_frame_is_enough_for_a_report(motion: HandSequence, checkpoint: Checkpoint) -> None:
    alone = HandSequence(motion.joints[:1], motion.valid[:1], motion.stamps_ns[:1])
    trial = noisy_trial("one", alone, "none", torch.Generator(), checkpoint.template)
    figures = evaluate_trials(checkpoint, [trial], EvaluationConfig(samples=2))["pooled"]
    assert figures["mpjpe_ra_mm"]["savitzky_golay"] == pytest.approx(0.0, abs=1e-6)
    assert figures["acceleration_error_mm"]["input"] is None


def test_synthetic_subjects(checkpoint: Checkpoint) -> None:
    config = EvaluationConfig(samples=2)
    report = evaluate_synthetic(checkpoint, config, "detector", 2)
    json.dumps(report, allow_nan=False)
    assert report["action_top1"]["with_object"]["n"] == report["actions"] > 8
    assert 0.0 <= report["action_top1"]["without_object"]["mean"] <= 1.0
    ade = report["forecast_ade_mm"]
    for method in ("p_a", "p_b", "p_b_without_object", "zero_velocity", "constant_velocity"):
        assert ade[method]["1.0"]["subjects"] == 2
        assert ade[method]["1.0"]["n"] == ade["p_a"]["1.0"]["n"]
    gap = report["p_b_minus"]["forecast_ade_mm"]["p_a"]["1.0"]
    assert gap["mean"] == pytest.approx(ade["p_b"]["1.0"]["mean"] - ade["p_a"]["1.0"]["mean"])
    # Before the action block speaks (the first clip) the object cannot matter.
    assert ade["p_b"]["0.5"]["mean"] == pytest.approx(ade["p_b_without_object"]["0.5"]["mean"])


def test_impossible_settings() -> None:
    with pytest.raises(InputError, match="--samples"):
        EvaluationConfig(samples=0)
    with pytest.raises(InputError, match="--seed"):
        EvaluationConfig(seed=-1)
