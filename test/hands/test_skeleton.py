# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Skeletons are measured through noise, and hold noisy hands nearer to the truth without touching clean ones."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ghtt_core.data.synthetic.config import SyntheticConfig
from ghtt_core.data.synthetic.generator import generate_sequence
from ghtt_core.hands.canonical import estimate_template
from ghtt_core.hands.layout import RELATIVE_JOINTS
from ghtt_core.hands.skeleton import (
    NUM_BONES,
    Skeleton,
    SkeletonEvidence,
    estimate_skeleton,
    hold_skeleton,
    skeleton_evidence,
)

SIGMA = 0.006
"""Metres, of every coordinate of every joint: what per-frame detectors have."""


@pytest.fixture(scope="module")
def hands() -> Tensor:
    """(200, 2, 21, 3) hands at work: fingers keep their lengths exactly, palms arch a little."""
    return torch.from_numpy(
        generate_sequence(SyntheticConfig(frames=200, vocabulary="h2o"), seed=3, index=0).joints
    ).double()


@pytest.fixture(scope="module")
def template(hands: Tensor) -> Tensor:
    return estimate_template(hands)


def everything(joints: Tensor) -> Tensor:
    return torch.ones(joints.shape[:-1], dtype=torch.bool)


def noisy(joints: Tensor) -> Tensor:
    return joints + SIGMA * torch.randn(joints.shape, generator=torch.Generator().manual_seed(0), dtype=joints.dtype)


def measure(joints: Tensor, template: Tensor) -> Skeleton:
    return estimate_skeleton(skeleton_evidence(joints, everything(joints), template))


def error_mm(joints: Tensor, truth: Tensor) -> float:
    relative = (joints - joints[..., :1, :]) - (truth - truth[..., :1, :])
    return float(relative[..., list(RELATIVE_JOINTS), :].norm(dim=-1).mean()) * 1e3


def test_bones_are_measured_through_noise(hands: Tensor, template: Tensor) -> None:
    true, seen = measure(hands, template), measure(noisy(hands), template)
    assert true.bones.shape == (2, NUM_BONES)
    error = seen.bones / true.bones - 1
    assert error.abs().mean() < 0.04
    assert abs(float(error.mean())) < 0.01  # noise alone makes them longer, as the next line shows
    longer = skeleton_evidence(noisy(hands), everything(hands), template).squared.mean(0).sqrt() / true.bones - 1
    assert longer.mean() > 0.05
    assert (seen.palm - true.palm).norm(dim=-1).max() < 0.0015


def test_noisy_hands_come_nearer_to_the_truth_and_clean_ones_hardly_move(hands: Tensor, template: Tensor) -> None:
    seen = noisy(hands)
    held = hold_skeleton(seen, everything(seen), measure(seen, template))
    assert error_mm(held, hands) < 0.9 * error_mm(seen, hands)
    assert error_mm(hold_skeleton(hands, everything(hands), measure(hands, template)), hands) < 0.6


def test_what_was_not_measured_stays_as_it_was(hands: Tensor, template: Tensor) -> None:
    seen = noisy(hands)
    valid = everything(seen)
    valid[:, 0] = False  # no left hand at all
    valid[50:60, 1, 9] = False  # no palm
    valid[:, 1, 20] = False  # no fingertip
    seen[~valid] = torch.nan
    skeleton = estimate_skeleton(skeleton_evidence(seen, valid, template))
    assert skeleton.bones.isfinite().all()
    assert (skeleton.bones[0] == 0).all()
    held = hold_skeleton(seen, valid, skeleton)
    assert torch.equal(held[50:60], seen[50:60]) or torch.equal(held[50:60].isnan(), seen[50:60].isnan())
    assert torch.equal(held.isnan(), seen.isnan())
    assert not torch.equal(held[0, 1, 8], seen[0, 1, 8])
    nothing = Skeleton(torch.zeros_like(skeleton.palm), torch.zeros_like(skeleton.bones))
    assert torch.equal(hold_skeleton(hands, everything(hands), nothing), hands)


def test_single_wild_frames_do_not_count(hands: Tensor, template: Tensor) -> None:
    wild = hands.clone()
    wild[20::40] *= 3.0
    assert (measure(wild, template).bones / measure(hands, template).bones - 1).abs().max() < 0.1  # else 0.15 and more


def test_evidence_of_batches_is_that_of_each(hands: Tensor, template: Tensor) -> None:
    batch = torch.stack((hands[:40], hands[40:80]))
    together = skeleton_evidence(batch, everything(batch), template)
    alone = skeleton_evidence(batch[1], everything(batch[1]), template)
    for part, own in zip(together, alone, strict=True):
        assert torch.allclose(part[1].double(), own.double(), atol=1e-12)
    assert isinstance(together.pick(0), SkeletonEvidence)
    assert torch.allclose(estimate_skeleton(together).bones[1], estimate_skeleton(alone).bones)
