# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The standard deviation of refined joints follows the noise of the detections and says when it knows nothing."""

from __future__ import annotations

import numpy as np
import torch
from streaming_scenes import moving_hands, stream

from ghtt_core.models.checkpoint import Checkpoint
from ghtt_core.streaming.predictor import MotionPredictor, PredictorConfig
from ghtt_core.streaming.uncertainty import FEWEST_FRAMES, joint_deviation

NO_FORECAST = PredictorConfig(action_stride=0, forecast_stride=0)


def test_the_deviation_is_that_of_the_noise() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(4000, 2, 21, 3)).astype(np.float32)
    noise = np.linspace(0.001, 0.02, 42, dtype=np.float32).reshape(2, 21)
    seen = truth + noise[..., None] * rng.normal(size=truth.shape).astype(np.float32)
    found = joint_deviation(seen, truth, np.ones((4000, 2, 21), bool))
    assert np.allclose(found, noise, rtol=0.05)


def test_joints_hardly_ever_measured_have_no_deviation() -> None:
    valid = np.zeros((16, 2, 21), bool)
    valid[: FEWEST_FRAMES - 1] = True
    valid[:FEWEST_FRAMES, 1] = True
    found = joint_deviation(np.ones((16, 2, 21, 3), np.float32), np.zeros((16, 2, 21, 3), np.float32), valid)
    assert (found[0] == 0).all()
    assert (found[1] == 1).all()


def test_every_refined_frame_has_one_and_noisier_hands_a_larger_one(checkpoint: Checkpoint) -> None:
    joints = moving_hands(40)
    noisy = joints.clone()
    noisy[:, 1] += 0.02 * torch.randn(noisy[:, 1].shape, generator=torch.Generator().manual_seed(0))
    predictor = MotionPredictor(checkpoint, NO_FORECAST)
    frames = stream(noisy, valid=lambda t: (True, t < 38))
    updates = [predictor.update(frame) for frame in frames]
    assert all(len(update.deviations) == len(update.refined) for update in updates)
    last = updates[-1].deviations[0]
    assert last.shape == (2, 21)
    assert np.isfinite(last).all()
    assert last[1].mean() > last[0].mean() > 0
    assert (updates[0].deviations[0] == 0).all()
