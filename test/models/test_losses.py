# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The losses: their values on known input, what masks hide, and batches in which nothing is valid."""

from __future__ import annotations

import math

import pytest
import torch

from ghtt_core.models.action_block import ActionEncoding
from ghtt_core.models.losses import (
    ActionLossWeights,
    PoseLossWeights,
    action_block_loss,
    feature_mask,
    image_pose_loss,
    kl_divergence,
    label_contrast,
    masked_l1,
    mid_level_l1,
    pose_block_loss,
)


def test_masked_l1_is_the_mean_over_what_is_shown() -> None:
    prediction, target = torch.zeros(2, 3), torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    mask = torch.tensor([[True, False, True], [False, False, True]])
    assert masked_l1(prediction, target, mask).item() == pytest.approx((1 + 3 + 6) / 3)


def test_hidden_nan_reaches_neither_value_nor_gradient() -> None:
    prediction = torch.ones(2, 3, requires_grad=True)
    target = torch.tensor([[0.0, torch.nan, 0.0], [torch.nan, 0.0, 0.0]])
    loss = masked_l1(prediction, target, target.isfinite())
    loss.backward()
    assert loss.item() == 1.0
    assert prediction.grad is not None
    assert prediction.grad.isfinite().all()


def test_nothing_valid_gives_zero_and_no_gradient() -> None:
    feature = torch.randn(4, 5, 8, requires_grad=True)
    nothing = torch.zeros(4, 5, dtype=torch.bool)
    index = torch.zeros(4, dtype=torch.int64)
    losses = (
        mid_level_l1(feature, torch.zeros(4, 5, 8), nothing),
        kl_divergence(feature[:, 0], feature[:, 1], nothing[:, 0]),
        label_contrast(feature[:, 0], torch.randn(3, 8), index, nothing[:, 0]),
    )
    torch.stack(losses).sum().backward()
    assert all(loss.item() == 0.0 for loss in losses)
    assert feature.grad is not None
    assert (feature.grad == 0).all()


def test_kl_of_the_standard_normal_is_zero_and_grows_away_from_it() -> None:
    zero = torch.zeros(3, 10)
    assert kl_divergence(zero, zero).item() == 0.0
    assert kl_divergence(zero + 2.0, zero).item() == pytest.approx(0.5 * 4.0 * 10)
    variance = 4.0
    want = 10 * 0.5 * (variance - 1 - math.log(variance))
    assert kl_divergence(zero, zero + math.log(variance)).item() == pytest.approx(want)
    assert kl_divergence(torch.randn(64, 10), torch.randn(64, 10)).item() > -1e-8


def test_feature_mask_hides_joints_and_keeps_velocities() -> None:
    joints = torch.ones(1, 2, 21, dtype=torch.bool)
    joints[0, 1, 4] = False
    mask = feature_mask(joints)
    assert mask.shape == (1, 153)
    assert (~mask).nonzero()[:, 1].tolist() == [63 + 12, 63 + 13, 63 + 14]
    assert not feature_mask(joints, torch.tensor([False])).any()


def test_label_contrast_prefers_the_right_label_and_moves_both_sides() -> None:
    labels = torch.randn(7, 16, requires_grad=True)
    right = label_contrast(labels.detach(), labels, torch.arange(7))
    wrong = label_contrast(labels.detach(), labels, torch.arange(7).roll(1))
    assert right.item() < wrong.item()
    feature = torch.randn(7, 16, requires_grad=True)
    label_contrast(feature, labels, torch.arange(7)).backward()
    assert feature.grad is not None
    assert labels.grad is not None
    assert labels.grad.abs().sum() > 0


def test_invalid_rows_may_carry_any_label() -> None:
    feature, labels = torch.randn(3, 8), torch.randn(4, 8)
    valid = torch.tensor([True, True, False])
    want = label_contrast(feature[:2], labels, torch.tensor([1, 2]))
    got = label_contrast(feature, labels, torch.tensor([1, 2, -100]), valid)
    torch.testing.assert_close(got, want)


def test_pose_block_loss_is_the_papers_sum() -> None:
    zero, one, mask = torch.zeros(2, 16, 153), torch.ones(2, 16, 153), torch.ones(2, 16, 153, dtype=torch.bool)
    track, shown = torch.full((2, 16, 18), 3.0), torch.ones(2, 16, 18, dtype=torch.bool)
    shown[..., 9:] = False  # the right hand is not there
    track[..., 9:] = 1e6
    mu = torch.full((2, 4), 2.0)
    terms = pose_block_loss(
        (one, zero, mask), (2 * one, zero, mask), (track, 0 * track, shown), mu, 0 * mu, PoseLossWeights()
    )
    assert terms["total"].item() == pytest.approx(1 + 2 + 3 + 1e-5 * 8)


def test_action_block_loss_is_the_papers_sum() -> None:
    alpha, labels, index = torch.randn(2, 8), torch.randn(5, 8), torch.tensor([0, 3])
    encoding = ActionEncoding(torch.zeros(2, 8), torch.zeros(2, 8), torch.zeros(2, 4, 8))
    future = torch.tensor([[True, True, False], [False, False, False]])
    prediction = torch.ones(2, 3, 8)
    terms = action_block_loss((prediction, 0 * prediction, future), alpha, labels, index, encoding, ActionLossWeights())
    assert terms["mid_level"].item() == 1.0
    want = 1.0 + 0.1 * label_contrast(alpha, labels, index).item()
    assert terms["total"].item() == pytest.approx(want)


def test_image_pose_loss_averages_per_sample() -> None:
    pixel, depth = torch.zeros(3, 2, 21, 2), torch.zeros(3, 2, 21)
    joints = torch.ones(3, 2, 21, dtype=torch.bool)
    joints[1, 1] = False  # one hand: still as heavy as the other sample
    joints[2] = False  # nothing to learn from
    shifted = (pixel + torch.tensor([2.0, 4.0, 1e9])[:, None, None, None], depth)
    sample = torch.tensor([True, True, True])
    assert image_pose_loss(shifted, (pixel, depth), joints, sample).item() == pytest.approx(3.0)
    assert image_pose_loss(shifted, (pixel, depth), joints, ~sample).item() == 0.0
    deep = (pixel, depth + 0.01)
    assert image_pose_loss(deep, (pixel, depth), joints, sample, weight_depth=100.0).item() == pytest.approx(1.0)
    squared = image_pose_loss(shifted, (pixel, depth), joints, sample, squared=True)
    assert squared.item() == pytest.approx((4 + 16) / 2)
