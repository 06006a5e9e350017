# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from ghtt_core.evaluation.forecast_protocol import HORIZON_FRAMES, extrapolate, score_forecasts
from ghtt_core.evaluation.online import OnlineRun
from ghtt_core.evaluation.scores import means
from ghtt_core.evaluation.trials import Trial
from ghtt_core.streaming.forecast import Forecast
from ghtt_core.streaming.resampling import STEP_NS

STEP_MM = 3.0


def steady_track(frames: int) -> np.ndarray:
    """(T, 2, 21, 3): hands that move 3 mm per frame along x."""
    rest = np.random.default_rng(0).normal(0.0, 0.05, (2, 21, 3))
    return rest + np.arange(frames)[:, None, None, None] * np.array([STEP_MM / 1000, 0.0, 0.0])


def steady_trial(frames: int) -> Trial:
    track = steady_track(frames).astype(np.float32)
    valid, joints = np.ones((frames, 2), bool), np.ones(21, bool)
    return Trial("steady", track, valid, joints, track, valid, joints)


def standing_forecast(trial: Trial, newest: int, hands: tuple[bool, bool] = (True, True)) -> Forecast:
    """Sample 0 stands still, sample 1 is the truth as far as the recording goes."""
    truth = steady_track(newest + 31)[newest + 1 :]
    standing = np.broadcast_to(trial.reference[newest], truth.shape)
    return Forecast(np.stack([standing, truth]).astype(np.float32), newest * STEP_NS, STEP_NS, STEP_NS, np.array(hands))


def test_forecasts_of_a_steady_motion_in_closed_form() -> None:
    trial = steady_trial(60)
    forecasts = {newest: standing_forecast(trial, newest) for newest in (15, 23, 31)}
    online = OnlineRun(trial.reference, trial.reference_valid, {"p_a": forecasts})
    scores = score_forecasts(trial, online, ("p_a",), 2)
    figures = means(scores)
    for horizon, frames in HORIZON_FRAMES.items():
        standing = STEP_MM * (frames + 1) / 2
        assert figures["forecast_ade_mm"]["p_a"][horizon] == pytest.approx(standing, abs=1e-3)
        assert figures["forecast_ade_mm"]["zero_velocity"][horizon] == pytest.approx(standing, abs=1e-3)
        assert figures["forecast_ade_mm"]["constant_velocity"][horizon] == pytest.approx(0.0, abs=1e-3)
        assert figures["forecast_best_of_2_ade_mm"]["p_a"][horizon] == pytest.approx(0.0, abs=1e-3)
        assert figures["forecast_fde_mm"]["p_a"][horizon] == pytest.approx(STEP_MM * frames, abs=1e-3)
    assert figures["forecast_ade_mm"]["p_b"]["1.0"] is None  # no action block, no figure
    # Frames 15 and 23 have a second of future left, frame 31 only 28 frames.
    assert scores["forecast_ade_mm", "p_a", "1.0"].count == 2 * 2 * 30
    assert scores["forecast_ade_mm", "p_a", "0.5"].count == 3 * 2 * 15


def test_only_hands_that_were_forecast_and_seen_count() -> None:
    trial = steady_trial(50)
    trial.reference_valid[20, 0] = False
    online = OnlineRun(
        trial.reference, np.ones((50, 2), bool), {"p_a": {15: standing_forecast(trial, 15, (True, False))}}
    )
    scores = score_forecasts(trial, online, ("p_a",), 2)
    assert scores["forecast_ade_mm", "p_a", "0.25"].count == 7
    assert scores["forecast_ade_mm", "zero_velocity", "0.25"].count == 7


def test_baselines_start_from_the_refined_frame_and_raw_ones_from_the_input() -> None:
    trial = steady_trial(50)
    shifted = trial.reference + np.float32(0.010)
    online = OnlineRun(shifted, trial.reference_valid, {"p_a": {15: standing_forecast(trial, 15)}})
    figures = means(score_forecasts(trial, online, ("p_a",), 2))["forecast_ade_mm"]
    assert figures["constant_velocity"]["0.5"] == pytest.approx(10 * np.sqrt(3), abs=1e-2)
    assert figures["constant_velocity_raw"]["0.5"] == pytest.approx(0.0, abs=1e-2)


def test_a_recording_too_short_for_any_forecast_gives_none() -> None:
    trial = steady_trial(10)
    figures = means(score_forecasts(trial, OnlineRun(trial.reference, trial.reference_valid, {}), ("p_a",), 20))
    assert figures["forecast_best_of_20_ade_mm"]["zero_velocity"]["0.25"] is None


def test_constant_velocity_ignores_frames_without_the_hand() -> None:
    track = steady_track(12)
    tracked = np.ones((12, 2), bool)
    tracked[[8, 10], 0] = False
    track[8:11:2, 0] = 5.0  # garbage where the hand was not there
    tracked[:11, 1] = False  # one frame alone has no velocity
    _, moving = extrapolate(track, tracked, 4)
    np.testing.assert_allclose(moving[:, 0], steady_track(16)[12:, 0], atol=1e-12)
    np.testing.assert_allclose(moving[:, 1], np.broadcast_to(track[-1, 1], (4, 21, 3)))
