# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The canonical palm frame: Kabsch fits, the wrist at the origin, and the template's estimation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from ghtt_core.errors import InputError
from ghtt_core.hands import canonical, components, rigid
from ghtt_core.hands.layout import PALM_JOINTS

SEEDS = st.integers(0, 2**31)


@given(seed=SEEDS, flatness=st.sampled_from([1.0, 0.05, 0.0]), dtype=st.sampled_from([torch.float32, torch.float64]))
@settings(max_examples=20, deadline=None)
def test_camera_to_local_matches_scipy(motion, template, seed, flatness, dtype):
    generator = torch.Generator().manual_seed(seed)
    joints = motion(seed, 3)
    joints = joints + 0.004 * torch.randn(joints.shape, generator=generator, dtype=torch.float64)
    wrist = joints[..., :1, :].clone()
    joints = (joints - wrist) * torch.tensor([1.0, 1.0, flatness], dtype=torch.float64) + wrist
    found = canonical.camera_to_local(joints.to(dtype), template)
    palm = (joints - wrist)[..., list(PALM_JOINTS), :].numpy()
    for index in np.ndindex(3, 2):
        target = template[index[1]].numpy()
        # scipy turns column vectors: target ~ matrix @ palm.
        fit, _ = Rotation.align_vectors(target - target.mean(0), palm[index] - palm[index].mean(0))
        atol = 1e-4 if dtype == torch.float32 else 1e-8
        np.testing.assert_allclose(found.rotation[index].double().numpy(), fit.as_matrix().T, atol=atol)
    local = rigid.apply(found, joints.to(dtype))
    torch.testing.assert_close(local[..., 0, :], torch.zeros_like(local[..., 0, :]), atol=1e-6, rtol=0)


def test_a_palm_without_a_unique_frame_still_gets_a_finite_proper_map(template):
    joints = torch.zeros(3, 2, 21, 3)
    joints[1, ..., 2] = 0.5
    joints[2, ..., 1] = torch.linspace(0, 0.1, 21)
    found = canonical.camera_to_local(joints, template)
    torch.testing.assert_close(torch.det(found.rotation), torch.ones(3, 2))
    assert torch.isfinite(found.translation).all()


@given(seed=SEEDS)
@settings(max_examples=15, deadline=None)
def test_kabsch_recovers_a_motion_from_the_points_that_count(random_map, seed):
    generator = torch.Generator().manual_seed(seed)
    truth = random_map(seed, (4,))
    source = torch.randn(4, 12, 3, generator=generator, dtype=torch.float64)
    target = rigid.apply(truth, source)
    weights = torch.rand(4, 12, generator=generator, dtype=torch.float64)
    weights[:, 8:] = 0.0
    target[:, 8:] += 5.0
    found = canonical.kabsch(source, target, weights)
    torch.testing.assert_close(found.rotation, truth.rotation)
    torch.testing.assert_close(found.translation, truth.translation)


def test_kabsch_without_weight_is_the_identity():
    found = canonical.kabsch(torch.randn(2, 5, 3), torch.randn(2, 5, 3), torch.zeros(2, 5))
    torch.testing.assert_close(found.rotation, torch.eye(3).expand(2, 3, 3))
    torch.testing.assert_close(found.translation, torch.zeros(2, 3))


def test_template_has_size_one_chirality_and_anatomical_axes(motion):
    template = canonical.estimate_template(motion(1, 40, (3,)).flatten(0, 1))
    assert template.dtype == torch.float64
    left, right = template
    torch.testing.assert_close(left, right * torch.tensor([-1.0, 1.0, 1.0], dtype=torch.float64))
    torch.testing.assert_close(right[0], torch.zeros(3, dtype=torch.float64))
    assert abs(right[1:].norm(dim=-1).mean() - 1) < 1e-9
    assert right[1, 0] > 0 > right[4, 0], "x points to the index side"
    assert (right[1:, 1] > 0.5).all(), "y points to the fingers"
    assert right[:, 2].abs().max() > 0.01, "a palm is not flat"


@given(seed=SEEDS)
@settings(max_examples=5, deadline=None)
def test_template_does_not_depend_on_pose_scale_or_which_hand(motion, random_map, seed):
    joints = motion(2, 12)
    moved = rigid.apply(random_map(seed, (12, 2)), joints) * 1000.0
    one = canonical.estimate_template(joints)
    torch.testing.assert_close(canonical.estimate_template(moved), one, atol=1e-6, rtol=0)
    torch.testing.assert_close(canonical.estimate_template(components.mirror(joints)), one, atol=1e-6, rtol=0)
    only_left = torch.tensor([True, False]).expand(12, 2)
    torch.testing.assert_close(canonical.estimate_template(joints, only_left), one, atol=1e-6, rtol=0)


def test_template_needs_a_hand():
    with pytest.raises(InputError, match="at least one valid hand"):
        canonical.estimate_template(torch.zeros(4, 2, 21, 3))
    with pytest.raises(InputError, match="at least one valid hand"):
        canonical.estimate_template(torch.randn(4, 2, 21, 3), torch.zeros(4, 2, dtype=torch.bool))
