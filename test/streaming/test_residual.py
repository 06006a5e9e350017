# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What is smooth in the difference between observation and network is kept, what is white noise is dropped."""

from __future__ import annotations

import torch
from streaming_scenes import moving_hands
from torch import Tensor, nn

from ghtt_core.hands.canonical import estimate_template
from ghtt_core.hands.components import encode
from ghtt_core.models.pose_block import PoseEncoding
from ghtt_core.streaming.refinement import refine_windows
from ghtt_core.streaming.residual import smooth_part

WINDOWS = 200


def white(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def rms(values: Tensor) -> float:
    return float(values.square().mean().sqrt())


def test_white_noise_is_dropped_and_a_slow_mistake_kept() -> None:
    time = torch.arange(16.0)[None, :, None, None]
    mistake = 2.0 * white(WINDOWS, 1, 2, 60) + 0.1 * white(WINDOWS, 1, 2, 60, seed=1) * time
    noise = white(WINDOWS, 16, 2, 60, seed=2)
    # A constant cannot be told from a mistake: of white noise it is one of 16 directions.
    assert rms(smooth_part(noise)) < 1.05 * (1 / 16) ** 0.5
    assert rms(smooth_part(mistake) - mistake) < 0.1
    assert rms(smooth_part(mistake + noise) - mistake) < 0.45


def test_groups_of_different_noise_do_not_hide_each_other() -> None:
    noise = white(WINDOWS, 16, 2, 30) * torch.tensor([0.003, 0.03])[:, None]
    mistake = torch.tensor([0.01, 0.0])[:, None]
    kept = smooth_part(mistake + noise)
    assert rms((kept - mistake)[:, :, 0]) < 0.002
    assert rms(kept[:, :, 1]) < 0.015


def test_nothing_in_nothing_out() -> None:
    assert torch.equal(smooth_part(torch.zeros(1, 16, 2, 3)), torch.zeros(1, 16, 2, 3))
    assert torch.isfinite(smooth_part(torch.full((1, 16, 2, 3), 1e-30))).all()


def test_units_do_not_matter() -> None:
    path = white(WINDOWS, 16, 2, 9).cumsum(1) + white(WINDOWS, 16, 2, 9, seed=1)
    assert torch.allclose(smooth_part(path * 1e-3) * 1e3, smooth_part(path), atol=1e-3)


class Wrong(nn.Module):
    """A network that knows the motion but has longer fingers in mind, and turns the hand a little too much."""

    def __init__(self, clean: Tensor) -> None:
        super().__init__()
        self.refined = clean.clone()
        self.refined[..., :126] *= torch.linspace(0.95, 1.05, 126)

    def encode(self, features: Tensor, frame_valid: Tensor, joint_valid: Tensor) -> PoseEncoding:
        latent = torch.zeros(len(features), 8)
        return PoseEncoding(latent, latent, torch.zeros(*features.shape[:2], 8), self.refined.expand_as(features))


def test_a_biased_network_and_a_noisy_detector_correct_each_other() -> None:
    joints = moving_hands(16)[None].expand(WINDOWS, -1, -1, -1, -1)
    template = estimate_template(moving_hands(4)).float()
    network = Wrong(encode(joints[:1], template).features)
    everything = torch.ones(joints.shape[:-1], dtype=torch.bool)
    noisy = joints + 0.003 * white(*joints.shape)

    def error_mm(observed: Tensor, anchor: str) -> float:
        refined = refine_windows(network, template, observed, everything, anchor=anchor).joints
        return float((refined - joints)[..., 2:, :].norm(dim=-1).mean()) * 1e3

    without_noise = error_mm(joints, "residual")
    assert without_noise < 0.3 * error_mm(joints, "registration")
    raw = float((noisy - joints)[..., 2:, :].norm(dim=-1).mean()) * 1e3
    assert error_mm(noisy, "residual") < 0.5 * raw
    assert error_mm(noisy, "residual") < error_mm(noisy, "registration")
