# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ghtt_core.data.synthetic.cameras import camera_rig
from ghtt_core.data.synthetic.config import SyntheticConfig
from ghtt_core.data.synthetic.detector import DetectorModel, detect
from ghtt_core.data.synthetic.performance import perform_world
from ghtt_core.data.synthetic.posed import PosedObject, Primitive
from ghtt_core.data.synthetic.visibility import hidden_joints, in_view
from ghtt_core.data.views import View

PERFECT = DetectorModel(
    pixels=0.0, slow_pixels=0.0, depth=0.0, depth_share=0.0, relative_depth=0.0, hand_depth=0.0, slow_hand_depth=0.0,
    scale_bias=0.0, depth_bias=0.0, quality_spread=0.0, lost=0.0, lost_hidden=0.0, blur_px=1e9, swaps=0.0,
)  # fmt: skip
FRONT = View(
    "front", np.array([[240.0, 0, 240], [0, 240.0, 135], [0, 0, 1]]), (480, 270), np.eye(3, 4, dtype=np.float32)[None]
)


def flat_hands(frames=4, apart=0.2, depth=0.6):
    """Two open hands side by side, facing a camera at the origin."""
    joints = np.zeros((frames, 2, 21, 3), np.float32)
    for finger in range(5):
        for bone in range(4):
            joints[:, :, 1 + 4 * finger + bone, 0] = -0.04 + 0.02 * finger
            joints[:, :, 1 + 4 * finger + bone, 1] = -0.04 - 0.03 * bone
    joints[:, 0, :, 0] -= apart / 2
    joints[:, 1, :, 0] += apart / 2
    joints[..., 2] += depth
    return joints, np.ones((frames, 2), bool)


def thing(kind, size, at, frames=4):
    pose = np.eye(3, 4, dtype=np.float32)
    pose[:, 3] = at
    part = Primitive(kind, np.array(size, np.float32), np.eye(3, 4, dtype=np.float32), np.ones(3, np.float32))
    return PosedObject(kind, (part,), np.broadcast_to(pose, (frames, 3, 4)), np.ones(frames, bool))


@pytest.fixture(scope="module")
def scene():
    config = SyntheticConfig(frames=300, vocabulary="h2o", free_fraction=0.0)
    performance = perform_world(config, 5, 2)
    views = camera_rig(performance.appearance_seed, performance.sequence.joints, performance.sequence.valid)
    return performance, views


def test_open_hands_beside_each_other_hide_nothing():
    joints, valid = flat_hands()
    assert not hidden_joints(FRONT, joints, valid).any()


def test_a_hand_behind_the_other_is_hidden_and_not_the_other_way_round():
    joints, valid = flat_hands(apart=0.0)
    joints[:, 0, :, 2] += 0.1
    hidden = hidden_joints(FRONT, joints, valid)
    assert hidden[:, 0].mean() > 0.8
    assert not hidden[:, 1].any()
    valid[:, 1] = False
    assert not hidden_joints(FRONT, joints, valid).any()


@pytest.mark.parametrize("kind", ["box", "cylinder", "sphere"])
def test_a_thing_hides_what_is_behind_it_only(kind):
    joints, valid = flat_hands()
    before, behind, beside = (
        thing(kind, (0.16, 0.16, 0.16), at) for at in ((-0.05, -0.03, 0.35), (-0.05, -0.03, 0.9), (0.3, -0.03, 0.35))
    )
    assert hidden_joints(FRONT, joints, valid, (before,))[:, 0].mean() > 0.7
    assert not hidden_joints(FRONT, joints, valid, (before,))[:, 1].all()
    assert not hidden_joints(FRONT, joints, valid, (behind, beside)).any()
    gone = replace(before, visible=np.zeros(4, bool))
    assert not hidden_joints(FRONT, joints, valid, (gone,)).any()


def test_joints_beside_behind_and_before_the_picture_are_out_of_view():
    joints = np.array([[0, 0, 1], [1.1, 0, 1], [0, 0.6, 1], [0, 0, -1], [0, 0, 0.01]], np.float32)
    assert in_view(FRONT, joints[None])[0].tolist() == [True, False, False, False, False]


def test_a_perfect_detector_says_what_is_true(scene):
    performance, views = scene
    sequence = performance.sequence
    said = detect(views[0], sequence.joints, sequence.valid, performance.objects, 1, PERFECT)
    np.testing.assert_allclose(said.joints[said.valid], views[0].to_camera(sequence.joints)[said.valid], atol=1e-5)
    assert said.valid.mean() > 0.9
    assert not said.swapped.any()


def test_errors_are_those_of_a_detector_and_depth_is_the_worst_of_them(scene):
    performance, views = scene
    sequence = performance.sequence
    errors = []
    for number, view in enumerate(views):
        said = detect(view, sequence.joints, sequence.valid, performance.objects, number)
        good = said.valid & ~said.swapped[:, None]
        errors.append((said.joints - view.to_camera(sequence.joints))[good])
        assert 0.6 < said.valid.mean() < 1.0
        assert (said.joints[~said.valid] == 0).all()
        assert np.isfinite(said.joints).all()
    error = np.concatenate(errors).reshape(-1, 3)
    assert 0.008 < np.linalg.norm(error, axis=1).mean() < 0.06
    assert error[:, 2].std() > 1.5 * error[:, :2].std()


def test_a_recording_keeps_its_depth_bias(scene):
    performance, views = scene
    sequence = performance.sequence
    biases = []
    for seed in range(8):
        said = detect(views[1], sequence.joints, sequence.valid, performance.objects, seed)
        good = said.valid & ~said.swapped[:, None]
        depth = (said.joints - views[1].to_camera(sequence.joints))[..., 2]
        halves = [np.median(depth[part][good[part]]) for part in (slice(0, 150), slice(150, 300))]
        biases.append(halves)
    assert np.corrcoef(np.array(biases).T)[0, 1] > 0.7


def test_hidden_joints_are_the_noisier_ones(scene):
    performance, views = scene
    sequence = performance.sequence
    model = replace(PERFECT, pixels=2.0)
    said = detect(views[3], sequence.joints, sequence.valid, performance.objects, 1, model)
    error = np.linalg.norm(said.joints - views[3].to_camera(sequence.joints), axis=-1)
    hidden = hidden_joints(views[3], sequence.joints, sequence.valid, performance.objects)
    good = said.valid[..., None] & np.ones_like(hidden)
    assert error[hidden & good].mean() > 1.7 * error[~hidden & good].mean()


def test_hands_out_of_the_picture_and_hands_that_race_are_lost():
    joints, valid = flat_hands(40)
    joints[:, 0, :, 0] -= 2.0
    said = detect(FRONT, joints, valid, (), 1, PERFECT)
    assert said.valid[:, 1].all()
    assert not said.valid[:, 0].any()
    joints, valid = flat_hands(40)
    joints[::2, 1, :, 0] += 0.3
    racing = detect(FRONT, joints, valid, (), 1, replace(PERFECT, blur_px=40.0))
    assert racing.valid[:, 0].all()
    assert racing.valid[:, 1].mean() < 0.3


def test_left_and_right_are_swapped_only_when_they_are_near_each_other():
    eager = replace(PERFECT, swaps=400.0)
    far, valid = flat_hands(200, apart=0.5)
    assert not detect(FRONT, far, valid, (), 1, eager).swapped.any()
    near, valid = flat_hands(200, apart=0.09)
    said = detect(FRONT, near, valid, (), 1, eager)
    assert said.swapped.any()
    truth = FRONT.to_camera(near)
    both = said.swapped & said.valid.all(axis=1)
    np.testing.assert_allclose(said.joints[both], truth[both][:, ::-1], atol=1e-5)


def test_the_same_seed_gives_the_same_answers(scene):
    performance, views = scene
    sequence = performance.sequence
    first, again, other = (
        detect(views[4], sequence.joints, sequence.valid, performance.objects, seed) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.joints, again.joints)
    assert np.abs(first.joints - other.joints).max() > 0.01
