# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Refinement with a pose block that changes nothing must give the observation back, however it is windowed."""

from __future__ import annotations

import pytest
import torch
from streaming_scenes import TINY, moving_hands
from torch import Tensor, nn

from ghtt_core.errors import InputError
from ghtt_core.hands.canonical import estimate_template
from ghtt_core.hands.components import encode
from ghtt_core.hands.layout import VALID_JOINTS
from ghtt_core.models.pose_block import PoseBlock, PoseEncoding
from ghtt_core.streaming.anchoring import Anchor
from ghtt_core.streaming.refinement import bridged, refine_causal, refine_sequence, refine_windows

SHOWN = list(VALID_JOINTS)


class Echo(nn.Module):
    """A pose block that refines nothing: its output is its input."""

    def encode(self, features: Tensor, frame_valid: Tensor, joint_valid: Tensor) -> PoseEncoding:
        latent = features.new_zeros(len(features), 8)
        return PoseEncoding(latent, latent, features.new_zeros(*features.shape[:2], 8), features)


@pytest.fixture(scope="module")
def template() -> Tensor:
    return estimate_template(moving_hands(4)).float()


def everything(joints: Tensor) -> Tensor:
    return torch.ones(joints.shape[:-1], dtype=torch.bool)


def error_mm(a: Tensor, b: Tensor) -> float:
    return float((a - b)[..., SHOWN, :].norm(dim=-1).max()) * 1e3


@pytest.mark.parametrize("anchor", ["residual", "registration", "blend", Anchor("registration", recency=0.3)])
def test_window_comes_back_where_it_was(template: Tensor, anchor: Anchor) -> None:
    joints = torch.stack((moving_hands(16, 1), moving_hands(16, 2)))
    window = refine_windows(Echo(), template, joints, everything(joints), anchor=anchor)
    assert error_mm(window.joints, joints) < 0.1
    assert torch.allclose(window.newest_map().translation, joints[:, -1, :, 0], atol=1e-4)  # the wrist


@pytest.mark.parametrize("anchor", ["residual", "registration", "blend"])
def test_short_window_ignores_its_padding(template: Tensor, anchor: str) -> None:
    joints = moving_hands(16)[None]
    valid = everything(joints)
    real = torch.arange(16)[None] < 7
    spoiled = torch.where(real[..., None, None, None], joints, 99.0)
    window = refine_windows(Echo(), template, spoiled, valid, frame_valid=real, anchor=anchor)
    assert window.newest.tolist() == [6]
    assert error_mm(window.newest_joints(), joints[:, 6]) < 0.1


def test_missing_hand_leaves_the_other_alone(template: Tensor) -> None:
    joints = moving_hands(16)[None]
    valid = everything(joints)
    valid[:, :, 0] = False
    spoiled = joints.clone()
    spoiled[:, :, 0] = torch.nan
    window = refine_windows(Echo(), template, spoiled, valid)
    assert window.hand_seen.tolist() == [[False, True]]
    assert window.joints[:, :, 0].abs().max() == 0
    assert error_mm(window.joints[:, :, 1], joints[:, :, 1]) < 0.1


def test_registration_averages_wrist_noise(template: Tensor) -> None:
    joints = moving_hands(16)[None].expand(64, -1, -1, -1, -1)
    clean = encode(joints, template).features
    noisy = joints.clone()
    noisy[:, -1] += torch.randn(64, 2, 1, 3, generator=torch.Generator().manual_seed(0)) * 0.01

    class Clean(Echo):
        def encode(self, features: Tensor, frame_valid: Tensor, joint_valid: Tensor) -> PoseEncoding:
            return super().encode(clean, frame_valid, joint_valid)

    by_registration = refine_windows(Clean(), template, noisy, everything(noisy), anchor="registration")
    by_blend = refine_windows(Clean(), template, noisy, everything(noisy), anchor="blend")
    assert error_mm(by_registration.newest_joints(), joints[:, -1]) < 0.3 * error_mm(noisy, joints)
    assert error_mm(by_blend.newest_joints(), joints[:, -1]) > 0.9 * error_mm(noisy, joints)


@pytest.mark.parametrize("frames", [1, 2, 9, 16, 17, 61])
@pytest.mark.parametrize("stride", [1, 4, 16])
def test_sequences_of_any_length_come_back(template: Tensor, frames: int, stride: int) -> None:
    joints = moving_hands(frames)
    refined = refine_sequence(Echo(), template, joints, everything(joints), stride=stride, batch_size=3)
    assert refined.valid.all()
    assert error_mm(refined.joints, joints) < 0.1


def test_short_dropouts_are_bridged_and_long_ones_are_not(template: Tensor) -> None:
    joints = moving_hands(80)
    valid = everything(joints)
    valid[10:14, 0] = False
    valid[30:60, 1] = False
    valid[75:, 1] = False
    refined = refine_sequence(Echo(), template, torch.where(valid[..., None], joints, torch.nan), valid)
    assert refined.valid[:, 0].all()
    assert refined.valid[:, 1].tolist() == [not (30 <= t < 60 or t >= 75) for t in range(80)]
    assert torch.isfinite(refined.joints).all()
    assert refined.joints[30:60, 1].abs().max() == 0


def test_bridging_needs_both_sides() -> None:
    seen = torch.zeros(30, 2, dtype=torch.bool)
    seen[5:8, 0] = seen[12:20, 0] = True
    expected = [5 <= t < 20 for t in range(30)]
    assert bridged(seen)[:, 0].tolist() == expected
    assert not bridged(seen)[:, 1].any()
    assert bridged(seen, longest=3)[:, 0].tolist() == [5 <= t < 8 or 12 <= t < 20 for t in range(30)]


def test_causal_refinement_never_looks_ahead(template: Tensor) -> None:
    block = PoseBlock(TINY).eval()
    joints = moving_hands(40)
    changed = joints.clone()
    changed[25:] += 1.0
    first = refine_causal(block, template, joints, everything(joints), batch_size=7)
    second = refine_causal(block, template, changed, everything(joints), batch_size=7)
    assert torch.equal(first.joints[:25], second.joints[:25])
    assert not torch.equal(first.joints[25:], second.joints[25:])


def test_causal_refinement_of_an_echo_is_the_input(template: Tensor) -> None:
    joints = moving_hands(40)
    assert error_mm(refine_causal(Echo(), template, joints, everything(joints)).joints, joints) < 0.1


def test_bad_requests_are_refused_with_a_sentence(template: Tensor) -> None:
    joints = moving_hands(20)
    with pytest.raises(InputError, match="frames apart"):
        refine_sequence(Echo(), template, joints, everything(joints), stride=0)
    with pytest.raises(InputError, match="T >= 1"):
        refine_causal(Echo(), template, joints[:0], everything(joints)[:0])
    with pytest.raises(InputError, match="unknown"):
        refine_windows(Echo(), template, joints[None, :16], everything(joints)[None, :16], anchor="glue")


def test_a_window_knows_how_noisy_each_camera_axis_is(template: Tensor) -> None:
    joints = moving_hands(16)[None].expand(200, -1, -1, -1, -1)
    clean = encode(joints, template).features

    class Clean(Echo):
        def encode(self, features: Tensor, frame_valid: Tensor, joint_valid: Tensor) -> PoseEncoding:
            return super().encode(clean, frame_valid, joint_valid)

    sigma = torch.tensor([0.003, 0.001, 0.015])
    shaken = joints + sigma * torch.randn(200, 16, 2, 1, 3, generator=torch.Generator().manual_seed(0))
    seen = everything(shaken)
    seen[:, 3] = False
    noise = refine_windows(Clean(), template, shaken, seen).noise
    assert torch.allclose(noise.square().mean((0, 1)).sqrt(), sigma, rtol=0.1)
    assert refine_windows(Clean(), template, joints, seen).noise.max() < 1e-4
