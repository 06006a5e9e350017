# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Filling of frames without a hand."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ghtt_core.hands import canonical, missing, rigid

SEEDS = st.integers(0, 2**31)


@given(seed=SEEDS, share=st.sampled_from([0.2, 0.7, 0.95]))
@settings(max_examples=15, deadline=None)
def test_joints_are_filled_as_numpy_interpolates(motion, seed, share):
    valid = torch.rand(2, 20, 2, generator=torch.Generator().manual_seed(seed)) >= share
    joints = motion(seed, 20, (2,))
    filled = missing.fill_joints(torch.where(valid[..., None, None], joints, torch.nan), valid)
    assert torch.equal(filled[valid], joints[valid])
    for clip, hand in np.ndindex(2, 2):
        seen = np.flatnonzero(valid[clip, :, hand].numpy())
        track = filled[clip, :, hand, 8, 0].numpy()
        if seen.size == 0:
            assert (track == 0).all()
        else:
            np.testing.assert_allclose(track, np.interp(np.arange(20), seen, joints[clip, seen, hand, 8, 0].numpy()))


def test_maps_are_filled_along_a_straight_and_evenly_turning_way(motion, template):
    whole = canonical.camera_to_local(motion(3, 9), template)
    wrist = torch.linspace(0, 0.2, 9, dtype=torch.float64)[:, None, None] * torch.ones(2, 3, dtype=torch.float64)
    angle = torch.linspace(0, 0.5, 9, dtype=torch.float64)[:, None, None] * torch.tensor([0.0, 0.6, 0.8]).double()
    rotation = rigid.rotation_from_vector(angle.expand(9, 2, 3))
    truth = rigid.inverse(rigid.RigidMap(rotation, wrist))
    valid = torch.zeros(9, 2, dtype=torch.bool)
    valid[[0, 8]] = True
    holes = rigid.RigidMap(
        torch.where(valid[..., None, None], truth.rotation, whole.rotation),
        torch.where(valid[..., None], truth.translation, torch.nan),
    )
    filled = missing.fill_maps(holes, valid)
    back = rigid.inverse(filled)
    torch.testing.assert_close(back.translation, wrist)
    torch.testing.assert_close(back.rotation, rotation, atol=2e-3, rtol=0)
    torch.testing.assert_close(torch.det(filled.rotation), torch.ones(9, 2, dtype=torch.float64))


def test_a_hand_never_seen_gets_the_identity():
    maps = rigid.RigidMap(torch.full((4, 2, 3, 3), torch.nan), torch.full((4, 2, 3), torch.nan))
    filled = missing.fill_maps(maps, torch.zeros(4, 2, dtype=torch.bool))
    torch.testing.assert_close(filled.rotation, torch.eye(3).expand(4, 2, 3, 3))
    torch.testing.assert_close(filled.translation, torch.zeros(4, 2, 3))
