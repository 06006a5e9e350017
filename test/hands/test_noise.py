# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Noise models: their sizes are the stated ones, a seed repeats them, and zero noise changes nothing."""

from __future__ import annotations

import math

import pytest
import torch

from ghtt_core.hands import components, rigid
from ghtt_core.hands.noise import DetectorNoise, ImagePlaneNoise, PaperNoise

FRAMES = 2000


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def angles(features: torch.Tensor, noisy: torch.Tensor, part: slice) -> torch.Tensor:
    before, after = (rigid.rotation_from_6d(f[..., part][..., :6]) for f in (features, noisy))
    return rigid.rotation_to_vector(after @ before.transpose(-1, -2)).norm(dim=-1)


def test_paper_noise_has_the_sizes_of_the_paper(motion, template):
    features = components.encode(motion(0, FRAMES), template).features
    noisy = PaperNoise()(features, generator())
    difference = noisy - features
    assert difference[..., :126].std() == pytest.approx(0.025, rel=0.02)
    for part, angle, translation in (
        (components.VELOCITY_LEFT, math.pi / 144, 0.075),
        (components.VELOCITY_RIGHT, math.pi / 144, 0.075),
        (components.LEFT_TO_RIGHT, math.pi / 36, 0.05),
    ):
        assert difference[..., part][..., 6:].std() == pytest.approx(translation, rel=0.05)
        assert angles(features, noisy, part).square().mean().sqrt() == pytest.approx(angle, rel=0.08)


def test_detector_noise_moves_turns_and_loses_hands(motion):
    joints = motion(1, FRAMES)
    noisy, valid = DetectorNoise(joint=0.0)(joints, generator())
    shift = (noisy - joints)[..., 0, :]
    torch.testing.assert_close(shift.std(dim=(0, 1)), torch.tensor([0.003, 0.003, 0.015]).double(), rtol=0.06, atol=0)
    assert (~valid).double().mean() == pytest.approx(0.05, abs=0.012)
    spread = [(j - j[..., :1, :]).norm(dim=-1) for j in (joints, noisy)]
    torch.testing.assert_close(spread[1], spread[0], msg="without joint noise a hand moves as one rigid body")
    noisy, _ = DetectorNoise(wrist=0.0, wrist_depth=0.0, angle=0.0)(joints, generator())
    assert (noisy - joints).std() == pytest.approx(0.003, rel=0.02)


def test_image_plane_noise_acts_on_pixels_and_depth(motion):
    joints = motion(2, FRAMES)
    noisy = ImagePlaneNoise(depth=0.0, depth_scale=0.0, relative_depth=0.0)(joints, generator())
    torch.testing.assert_close(noisy[..., 2], joints[..., 2])
    pixels = 240.0 * (noisy[..., :2] / noisy[..., 2:] - joints[..., :2] / joints[..., 2:])
    assert pixels.std() == pytest.approx(2.0, rel=0.02)
    noisy = ImagePlaneNoise(pixels=0.0)(joints, generator())
    torch.testing.assert_close(noisy[..., :2] / noisy[..., 2:], joints[..., :2] / joints[..., 2:])
    depth = (noisy - joints)[..., 2]
    assert depth.std() > 0.015
    assert depth[..., 1:].std() > depth[..., 0].std() * 0.98
    behind = torch.zeros(2, 2, 21, 3)
    assert torch.isfinite(ImagePlaneNoise()(behind, generator())).all()


def test_a_seed_repeats_the_noise_and_zero_sizes_change_nothing(motion, template):
    joints = motion(3, 8).float()
    features = components.encode(joints, template).features
    assert torch.equal(PaperNoise()(features, generator(5)), PaperNoise()(features, generator(5)))
    assert not torch.equal(PaperNoise()(features, generator(5)), PaperNoise()(features, generator(6)))
    torch.testing.assert_close(PaperNoise(0.0, 0.0, 0.0, 0.0, 0.0)(features, generator()), features, atol=1e-6, rtol=0)
    same, valid = DetectorNoise(0.0, 0.0, 0.0, 0.0, 0.0)(joints, generator())
    torch.testing.assert_close(same, joints, atol=1e-6, rtol=0)
    assert valid.all()
    torch.testing.assert_close(ImagePlaneNoise(0.0, 0.0, 0.0, 0.0)(joints, generator()), joints, atol=1e-6, rtol=0)
