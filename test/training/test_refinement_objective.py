# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Refinement is trained on the joints that are published, through the anchor that places them."""

from __future__ import annotations

import torch
from torch import Tensor

from ghtt_core.data.synthetic.config import SyntheticConfig
from ghtt_core.data.synthetic.generator import generate_sequence
from ghtt_core.hands import components
from ghtt_core.hands.canonical import estimate_template
from ghtt_core.hands.components import LOCAL
from ghtt_core.hands.layout import CLIP_FRAMES
from ghtt_core.models.pose_block import PoseEncoding
from ghtt_core.training.augmentation import CorruptedInput
from ghtt_core.training.refinement_objective import refine_observed, refinement_loss


def clips() -> tuple[Tensor, Tensor]:
    """Joints (4, 16, 2, 21, 3) of a moving pair of hands and the palm template."""
    sequence = generate_sequence(SyntheticConfig(frames=96, vocabulary="h2o", leave_probability=0.0), 3, 0)
    joints = torch.from_numpy(sequence.joints)
    cut = torch.stack([joints[start : start + CLIP_FRAMES] for start in (0, 20, 40, 60)])
    return cut, estimate_template(joints).float()


def encoded(refined: Tensor) -> PoseEncoding:
    rest = torch.zeros(len(refined), 4)
    return PoseEncoding(mu=rest, logvar=rest, tokens=rest, refined=refined)


def observed(joints: Tensor, template: Tensor) -> CorruptedInput:
    seen = torch.ones(joints.shape[:-1], dtype=torch.bool)
    features = components.encode(joints, template, seen.all(-1)).features
    return CorruptedInput(features, joints, seen, torch.ones(len(joints), 2, dtype=torch.bool))


def loss_of(refined: Tensor, noisy: CorruptedInput, truth: Tensor, template: Tensor, mask: Tensor) -> Tensor:
    window = refine_observed(template, encoded(refined), noisy, torch.ones(len(truth), CLIP_FRAMES, dtype=torch.bool))
    return refinement_loss(window, truth, mask)


def test_true_components_of_true_joints_have_no_error() -> None:
    truth, template = clips()
    clean = observed(truth, template)
    everything = torch.ones_like(clean.features)
    assert loss_of(clean.features, clean, truth, template, everything) < 1e-3


def test_the_error_is_that_of_joints_about_their_wrist_and_only_of_those_that_count() -> None:
    truth, template = clips()
    clean = observed(truth, template)
    moved = truth + torch.tensor([0.3, 0.0, 0.1])  # as a whole: not what refinement is asked for
    everything = torch.ones_like(clean.features)
    assert loss_of(clean.features, clean, moved, template, everything) < 1e-3
    finger = truth.clone()
    finger[..., 8, 0] += 0.1
    one_off = loss_of(clean.features, clean, finger, template, everything)
    torch.testing.assert_close(one_off, torch.tensor(1.0 / 19), atol=2e-3, rtol=0)  # 1 dm in one of 19 joints
    masked = everything.clone()
    masked[..., LOCAL] = (
        masked[..., LOCAL]
        .reshape(4, CLIP_FRAMES, 2, 21, 3)
        .index_fill(3, torch.tensor([8]), 0.0)
        .reshape(4, CLIP_FRAMES, 126)
    )
    assert loss_of(clean.features, clean, finger, template, masked) < 1e-3


def test_the_network_learns_what_the_correction_leaves() -> None:
    truth, template = clips()
    noise = 0.004 * torch.randn(truth.shape, generator=torch.Generator().manual_seed(0))
    noisy = observed(truth + noise, template)
    everything = torch.ones_like(noisy.features)
    refined = noisy.features.clone().requires_grad_()
    optimizer = torch.optim.Adam([refined], lr=2e-3)
    first = loss_of(refined, noisy, truth, template, everything)
    for _ in range(40):
        optimizer.zero_grad()
        loss = loss_of(refined, noisy, truth, template, everything)
        loss.backward()
        assert refined.grad is not None
        assert torch.isfinite(refined.grad).all()
        optimizer.step()
    assert loss < 0.7 * first


def test_forecasts_take_the_clip_as_given() -> None:
    truth, template = clips()
    clean = observed(truth, template)
    refined = clean.features.clone().requires_grad_()
    whole = torch.ones(4, CLIP_FRAMES, dtype=torch.bool)
    assert refine_observed(template, encoded(refined), clean, whole).joints.requires_grad
    assert not refine_observed(template, encoded(refined), clean, whole).detached().joints.requires_grad
    assert not refine_observed(template, encoded(refined), clean, whole, keep=False).joints.requires_grad
