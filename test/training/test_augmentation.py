# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor

from ghtt_core.data.synthetic.generator import SyntheticConfig, generate_sequence
from ghtt_core.hands import components
from ghtt_core.hands.canonical import estimate_template, palm_size
from ghtt_core.hands.layout import FINGERS
from ghtt_core.training.augmentation import AugmentationConfig, corrupt, vary

CLIPS, FRAMES = 6, 16


@pytest.fixture(scope="module")
def joints() -> Tensor:
    sequence = generate_sequence(SyntheticConfig(sequences=1, frames=CLIPS * FRAMES, leave_probability=0.0), 3, 0)
    return torch.from_numpy(sequence.joints).unflatten(0, (CLIPS, FRAMES))


@pytest.fixture(scope="module")
def template(joints: Tensor) -> Tensor:
    return estimate_template(joints.flatten(0, 1)).float()


@pytest.fixture
def seen() -> Tensor:
    return torch.ones(CLIPS, FRAMES, 2, dtype=torch.bool)


@pytest.fixture
def measured() -> Tensor:
    return torch.ones(CLIPS, 21, dtype=torch.bool)


def test_another_camera_alone_leaves_the_components(joints: Tensor, template: Tensor, seen: Tensor) -> None:
    varied, _ = vary(joints, seen, template, AugmentationConfig(), torch.Generator().manual_seed(0))
    assert not torch.allclose(varied, joints, atol=1e-3)
    one, other = components.encode(joints, template).features, components.encode(varied, template).features
    torch.testing.assert_close(other, one, atol=2e-4, rtol=0)


def test_mirroring_exchanges_the_validity_of_the_hands(joints: Tensor, template: Tensor, seen: Tensor) -> None:
    seen[..., 0] = False
    config = AugmentationConfig(mirror_probability=1.0)
    _, valid = vary(joints, seen, template, config, torch.Generator().manual_seed(0))
    assert valid[..., 0].all()
    assert not valid[..., 1].any()


def test_a_varied_skeleton_is_constant_in_time(joints: Tensor, template: Tensor, seen: Tensor) -> None:
    config = AugmentationConfig(skeleton_sigma=0.05)
    varied, _ = vary(joints, seen, template, config, torch.Generator().manual_seed(0))
    before, after = palm_size(joints), palm_size(varied)
    ratio = after / before
    assert (ratio - 1).abs().max() > 0.005
    assert (ratio - ratio[:, :1]).abs().max() < 0.005


def test_fingers_are_stretched_as_a_whole_and_the_palm_is_not(joints: Tensor, template: Tensor, seen: Tensor) -> None:
    still = AugmentationConfig(finger_sigma=0.2)
    varied, _ = vary(joints, seen, template, still, torch.Generator().manual_seed(0))
    same, _ = vary(joints, seen, template, AugmentationConfig(), torch.Generator().manual_seed(0))
    torch.testing.assert_close(palm_size(varied), palm_size(same))
    for finger in FINGERS:
        before, after = (torch.diff(hands[..., list(finger), :], dim=-2).norm(dim=-1) for hands in (joints, varied))
        factor = after / before
        assert (factor - factor[:, :1, :, :1]).abs().max() < 1e-3  # one for all bones of a finger, at all times
        assert factor.std(0).max() > 0.05


def test_noisy_hands_can_be_held_to_a_skeleton(
    joints: Tensor, template: Tensor, seen: Tensor, measured: Tensor
) -> None:
    noisy = AugmentationConfig(detector_probability=1.0)
    loose, held = (
        corrupt(joints, seen, measured, template, config, torch.Generator().manual_seed(0))
        for config in (noisy, dataclasses.replace(noisy, hold_skeleton=True))
    )
    relative = [hands - hands[..., :1, :] for hands in (joints, loose.joints, held.joints)]
    error = [(hands - relative[0])[..., 2:, :].norm(dim=-1).mean() for hands in relative[1:]]
    assert error[1] < 0.95 * error[0]
    torch.testing.assert_close(held.features, components.encode(held.joints, template, seen).features)


def test_what_is_clean_stays_clean(joints: Tensor, template: Tensor, seen: Tensor, measured: Tensor) -> None:
    config = AugmentationConfig(clean_probability=1.0, missing_hand_frame=0.5)
    result = corrupt(joints, seen, measured, template, config, torch.Generator().manual_seed(0))
    torch.testing.assert_close(result.features, components.encode(joints, template).features)
    assert result.joint_valid[..., 2:].all()


def test_noise_leaves_everything_finite_and_masks_what_is_missing(
    joints: Tensor, template: Tensor, seen: Tensor, measured: Tensor
) -> None:
    config = AugmentationConfig(
        detector_probability=0.7,
        correlated_probability=0.5,
        missing_hand_frame=0.8,
        missing_joint=0.1,
        missing_hand=1.0,
    )
    result = corrupt(joints, seen, measured, template, config, torch.Generator().manual_seed(0))
    assert torch.isfinite(result.features).all()
    gone = ~result.hand_present
    assert gone.any(1).all()
    assert not result.joint_valid.transpose(1, 2)[gone].any()


def test_the_same_generator_gives_the_same_noise(
    joints: Tensor, template: Tensor, seen: Tensor, measured: Tensor
) -> None:
    config = AugmentationConfig(detector_probability=0.5, correlated_probability=0.5, missing_hand_frame=0.2)
    one = corrupt(joints, seen, measured, template, config, torch.Generator().manual_seed(4))
    other = corrupt(joints, seen, measured, template, config, torch.Generator().manual_seed(4))
    assert torch.equal(one.features, other.features)
    assert torch.equal(one.joint_valid, other.joint_valid)
