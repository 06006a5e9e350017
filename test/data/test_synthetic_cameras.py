# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from ghtt_core.data.synthetic.cameras import VIEW_NAMES, camera_rig
from ghtt_core.data.synthetic.config import SyntheticConfig
from ghtt_core.data.synthetic.performance import perform_world
from ghtt_core.data.synthetic.visibility import in_view
from ghtt_core.errors import InputError


@pytest.fixture(scope="module")
def performances():
    config = SyntheticConfig(frames=240, vocabulary="h2o", free_fraction=0.2)
    return [perform_world(config, 5, index) for index in range(12)]


def rig(performance, names=VIEW_NAMES):
    return camera_rig(performance.appearance_seed, performance.sequence.joints, performance.sequence.valid, names)


def eye(view, frame=0):
    pose = view.pose(frame)
    return -pose[:, :3].T @ pose[:, 3]


def test_four_cameras_stand_still_and_one_moves_with_the_head(performances):
    views = rig(performances[0])
    assert [view.name for view in views] == list(VIEW_NAMES)
    assert [view.moving for view in views] == [False] * 4 + [True]
    assert {view.size for view in views} == {(480, 270)}
    assert len(views[4].world_to_camera) == 240
    steps = np.linalg.norm(np.diff([eye(views[4], frame) for frame in range(240)], axis=0), axis=1)
    assert 0 < steps.mean() < 0.02


def test_nearly_all_joints_are_in_the_pictures(performances):
    shares = np.array(
        [
            [in_view(view, view.to_camera(p.sequence.joints))[p.sequence.valid].mean() for view in rig(p)]
            for p in performances
        ]
    )
    assert shares.mean() > 0.9
    assert shares.mean(axis=0).min() > 0.8


def test_hands_are_large_enough_to_be_read(performances):
    for performance in performances[:4]:
        for view in rig(performance):
            pixels = view.project(view.to_camera(performance.sequence.joints))
            length = np.linalg.norm(pixels[:, :, 12] - pixels[:, :, 0], axis=-1)
            assert 20 < np.nanmedian(length) < 250


def test_fixed_cameras_look_down_from_all_around(performances):
    eyes = np.array([[eye(view) for view in rig(p)[:4]] for p in performances])
    assert eyes[..., 2].min() >= 0.1
    assert (eyes[:, 0, 0] < 0).all()
    assert (eyes[:, 1, 0] > 0).all()
    assert (eyes[:, 2:, 1] > 0.2).all()  # opposite the person
    assert np.std(eyes, axis=0).min() > 0.01


def test_the_rig_differs_between_seeds_and_not_between_calls(performances):
    sequence = performances[0].sequence
    first, again, other = (camera_rig(seed, sequence.joints, sequence.valid) for seed in (1, 1, 2))
    for a, b, c in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(a.world_to_camera, b.world_to_camera)
        np.testing.assert_array_equal(a.intrinsics, b.intrinsics)
        assert np.abs(a.world_to_camera[0] - c.world_to_camera[0]).max() > 0.01


def test_a_view_is_the_same_whichever_others_are_asked_for(performances):
    whole, two = rig(performances[1]), rig(performances[1], ("cam4", "cam1"))
    np.testing.assert_array_equal(two[0].world_to_camera, whole[4].world_to_camera)
    np.testing.assert_array_equal(two[1].intrinsics, whole[1].intrinsics)


def test_an_unknown_view_is_refused_with_the_names_there_are(performances):
    with pytest.raises(InputError, match="cam0, cam1"):
        rig(performances[0], ("cam9",))


def test_a_rig_can_be_placed_where_no_hand_was_ever_seen():
    views = camera_rig(3, np.zeros((5, 2, 21, 3), np.float32), np.zeros((5, 2), bool))
    assert all(np.isfinite(view.world_to_camera).all() for view in views)
