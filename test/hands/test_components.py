# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The component code: round trips, invariance to the camera, mirror symmetry, missing hands, gradients."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ghtt_core.hands import canonical, components, rigid

SEEDS = st.integers(0, 2**31)
FRAMES = 112


def at_frame(maps: rigid.RigidMap, frame: int) -> rigid.RigidMap:
    return rigid.RigidMap(maps.rotation[..., frame, :, :, :], maps.translation[..., frame, :, :])


@given(seed=SEEDS, shape=st.sampled_from([(), (2,), (1, 2)]))
@settings(max_examples=10, deadline=None)
@pytest.mark.parametrize(("dtype", "limit_mm"), [(torch.float64, 1e-4), (torch.float32, 0.05)])
def test_round_trip_over_the_whole_horizon(motion, template, dtype, limit_mm, seed, shape):
    joints = motion(seed, FRAMES, shape)
    code = components.encode(joints.to(dtype), template)
    assert code.features.shape == (*shape, FRAMES, 153)
    assert code.features.dtype == dtype
    base_to_camera = rigid.inverse(at_frame(code.camera_to_local, 0))
    decoded = components.decode(code.features, code.palm_size[..., 0, :], base_to_camera)
    assert (decoded.double() - joints).norm(dim=-1).max() * 1000 < limit_mm


@given(seed=SEEDS)
@settings(max_examples=10, deadline=None)
def test_float32_features_match_the_float64_reference(motion, template, seed):
    joints = motion(seed, 32, (2,))
    reference = components.encode(joints, template).features
    features = components.encode(joints.float(), template).features
    assert (features.double() - reference).abs().max() < 1e-4


@given(seed=SEEDS)
@settings(max_examples=10, deadline=None)
def test_features_do_not_depend_on_the_camera(motion, random_map, template, seed):
    joints = motion(seed, 20)
    moved = rigid.apply(random_map(seed + 1), joints.flatten(0, 2)).reshape(joints.shape)
    one, other = components.encode(joints, template), components.encode(moved, template)
    torch.testing.assert_close(other.features, one.features, atol=1e-8, rtol=0)
    torch.testing.assert_close(other.palm_size, one.palm_size)


@given(seed=SEEDS)
@settings(max_examples=10, deadline=None)
def test_a_mirrored_scene_has_mirrored_features(motion, template, seed):
    joints = motion(seed, 20)
    one = components.encode(joints, template)
    other = components.encode(components.mirror(joints), template)
    mirrored = components.mirror(components.local_joints(one.features))
    torch.testing.assert_close(components.local_joints(other.features), mirrored, atol=1e-9, rtol=0)
    flip = torch.diag(torch.tensor([-1.0, 1.0, 1.0], dtype=torch.float64))

    def reflect(maps: rigid.RigidMap) -> rigid.RigidMap:
        return rigid.RigidMap(flip @ maps.rotation @ flip, maps.translation @ flip)

    for ours, theirs in (("LEFT", "RIGHT"), ("RIGHT", "LEFT")):
        velocity = components.unpack_maps(one.features[..., getattr(components, f"VELOCITY_{ours}")], 1.0)
        expected = components.pack_maps(reflect(velocity), 1.0)
        found = other.features[..., getattr(components, f"VELOCITY_{theirs}")]
        torch.testing.assert_close(found, expected, atol=1e-8, rtol=0)
    between = components.unpack_maps(one.features[..., components.LEFT_TO_RIGHT], 1.0)
    expected = components.pack_maps(reflect(rigid.inverse(between)), 1.0)
    torch.testing.assert_close(other.features[..., components.LEFT_TO_RIGHT], expected, atol=1e-8, rtol=0)


def test_slices_hold_what_they_say(motion, template):
    joints = motion(4, 8)
    code = components.encode(joints, template)
    local = components.local_joints(code.features)
    torch.testing.assert_close(code.features[..., components.LOCAL_RIGHT], local[:, 1].flatten(-2))
    torch.testing.assert_close(canonical.palm_size(local), torch.ones(8, 2, dtype=torch.float64))
    still = torch.tensor([1.0, 0, 0, 0, 1, 0, 0, 0, 0], dtype=torch.float64)
    torch.testing.assert_close(code.features[0, components.VELOCITY_LEFT], still)
    velocity = code.features[3, components.VELOCITY_RIGHT]
    travelled = (joints[3, 1, 0] - joints[2, 1, 0]).norm()
    torch.testing.assert_close(velocity[6:].norm(), components.POSITION_SCALE * travelled)
    apart = (joints[3, 0, 0] - joints[3, 1, 0]).norm()
    torch.testing.assert_close(code.features[3, components.LEFT_TO_RIGHT][6:].norm(), apart)


def test_trajectory_of_predicted_velocities_meets_its_target(motion, template):
    code = components.encode(motion(5, 32, (3,)), template)
    base = at_frame(code.camera_to_local, 15)
    target = components.trajectory(code.camera_to_local, base)
    assert target.shape == (3, 32, 18)
    found = components.trajectory_from_features(code.features[:, 16:])
    torch.testing.assert_close(found, target[:, 16:], atol=1e-8, rtol=0)
    decoded = components.decode(code.features[:, 16:], code.palm_size[:, 15], rigid.inverse(base))
    torch.testing.assert_close(decoded, motion(5, 32, (3,))[:, 16:], atol=1e-8, rtol=0)


def test_normalised_size_gives_hands_of_exactly_the_given_size(motion, template):
    code = components.encode(motion(6, 10), template)
    features = torch.cat((code.features[:, :126] * 1.3, code.features[:, 126:]), dim=-1)
    base_to_camera = rigid.inverse(at_frame(code.camera_to_local, 0))
    size = torch.tensor([0.08, 0.09], dtype=torch.float64)
    decoded = components.decode(features, size, base_to_camera, normalise_size=True)
    torch.testing.assert_close(canonical.palm_size(decoded), size.expand(10, 2))


@given(seed=SEEDS, share=st.floats(0.0, 1.0))
@settings(max_examples=15, deadline=None)
def test_missing_hands_leave_finite_features_and_gradients(motion, template, seed, share):
    generator = torch.Generator().manual_seed(seed)
    valid = torch.rand(3, 16, 2, generator=generator) >= share
    joints = motion(seed, 16, (3,)).float()
    joints[~valid] = float("nan")
    joints.requires_grad_()
    code = components.encode(joints, template, valid)
    assert torch.isfinite(code.features).all()
    assert (code.palm_size > 0).all()
    assert (components.local_joints(code.features)[~valid] == 0).all()
    never = ~valid.any(dim=1)  # (3, 2)
    velocity = code.features[..., components.VELOCITY].reshape(3, 16, 2, 9).transpose(1, 2)
    still = torch.tensor([1.0, 0, 0, 0, 1, 0, 0, 0, 0])
    torch.testing.assert_close(velocity[never], still.expand_as(velocity[never]))
    between = code.features[never.any(dim=1)][..., components.LEFT_TO_RIGHT]
    torch.testing.assert_close(between, still.expand_as(between))
    base_to_camera = rigid.inverse(at_frame(code.camera_to_local, 0))
    decoded = components.decode(code.features, code.palm_size.mean(dim=1), base_to_camera, normalise_size=True)
    assert torch.isfinite(decoded).all()
    decoded.square().sum().backward()
    assert torch.isfinite(joints.grad[valid]).all()


def test_seen_frames_are_encoded_as_if_the_other_hand_had_never_been_lost(motion, template):
    joints = motion(7, 16)
    valid = torch.ones(16, 2, dtype=torch.bool)
    valid[5:9, 0] = False
    whole, partial = components.encode(joints, template), components.encode(joints, template, valid)
    right = slice(components.VELOCITY_RIGHT.start, components.VELOCITY_RIGHT.stop)
    torch.testing.assert_close(partial.features[:, right], whole.features[:, right])
    torch.testing.assert_close(partial.features[11:], whole.features[11:])
    torch.testing.assert_close(partial.features[:5], whole.features[:5])


def test_gradients_through_a_raw_prediction_are_finite():
    features = torch.zeros(2, 16, 153).requires_grad_()  # not even rotations
    components.trajectory_from_features(features).abs().sum().backward()
    assert torch.isfinite(features.grad).all()
