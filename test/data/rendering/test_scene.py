# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ghtt_core.data.synthetic.cameras import camera_rig
from ghtt_core.data.synthetic.config import SyntheticConfig
from ghtt_core.data.synthetic.performance import Performance, perform_world
from ghtt_core.data.synthetic.posed import PosedObject, Primitive
from ghtt_core.data.synthetic.rendering.scene import SceneRenderer
from ghtt_core.data.synthetic.visibility import hidden_joints, in_view

FRAMES = 48


@pytest.fixture(scope="module")
def performance():
    config = SyntheticConfig(frames=FRAMES, vocabulary="h2o", free_fraction=0.0, joint_convention="anatomical")
    return perform_world(config, 3, 1)


@pytest.fixture(scope="module")
def views(performance):
    return camera_rig(performance.appearance_seed, performance.sequence.joints, performance.sequence.valid)


def without_hands(performance):
    sequence = performance.sequence
    return replace(performance, sequence=replace(sequence, valid=np.zeros_like(sequence.valid)))


def changed(first, second):
    return np.abs(first.astype(int) - second.astype(int)).max(axis=-1) > 12


def test_a_picture_depends_on_performance_view_and_frame_alone(performance, views):
    renderer = SceneRenderer(performance, views)
    forward = [renderer.draw(frame, 4) for frame in (0, 20, 40)]
    again = SceneRenderer(performance, views)
    for frame, picture in zip((40, 20, 0), forward[::-1], strict=True):
        again.draw(frame, 0)
        np.testing.assert_array_equal(again.draw(frame, 4), picture)
    assert forward[0].shape == (270, 480, 3)
    assert forward[0].dtype == np.uint8


def test_another_appearance_seed_changes_the_look_and_not_the_place_of_hands(performance, views):
    other = replace(performance, appearance_seed=performance.appearance_seed + 1)
    first, second = SceneRenderer(performance, views), SceneRenderer(other, views)
    assert changed(first.draw(10, 0), second.draw(10, 0)).mean() > 0.5
    masks = [
        changed(SceneRenderer(p, views).draw(10, 0), SceneRenderer(without_hands(p), views).draw(10, 0))
        for p in (performance, other)
    ]
    assert (masks[0] & masks[1]).sum() > 0.3 * (masks[0] | masks[1]).sum()


@pytest.mark.parametrize("number", range(5))
def test_joints_that_a_camera_sees_lie_on_hands_in_its_picture(performance, views, number):
    sequence, view = performance.sequence, views[number]
    seen = view.to_camera(sequence.joints)
    free = in_view(view, seen, 2.0) & ~hidden_joints(view, sequence.joints, sequence.valid, performance.objects)
    full, empty = SceneRenderer(performance, views), SceneRenderer(without_hands(performance), views)
    hits = []
    for frame in range(0, FRAMES, 16):
        mask = changed(full.draw(frame, number), empty.draw(frame, number))
        pixels = np.round(view.project(seen[frame])[free[frame]]).astype(int)
        hits += mask[pixels[:, 1], pixels[:, 0]].tolist()
    assert len(hits) > 30
    assert np.mean(hits) > 0.85


def box_before(performance, view, frame, distance):
    """A plate between one camera and the middle of the hands."""
    joints = performance.sequence.joints[frame]
    pose = view.pose(frame).astype(np.float64)
    rotation = pose[:, :3]
    centre = (view.to_camera(performance.sequence.joints)[frame].reshape(-1, 3)).mean(0) * distance
    size = np.array([0.5, 0.5, 0.01], np.float32)
    part = Primitive("box", size, np.eye(3, 4, dtype=np.float32), np.array([0.2, 0.3, 0.9], np.float32))
    at = rotation.T @ (centre - pose[:, 3])
    poses = np.concatenate([rotation.T, at[:, None]], axis=1).astype(np.float32)
    frames = len(performance.sequence)
    assert np.isfinite(joints).all()
    return PosedObject("plate", (part,), np.broadcast_to(poses, (frames, 3, 4)), np.ones(frames, bool))


def test_a_plate_before_the_lens_hides_the_hands_and_one_behind_them_does_not(performance, views):
    view, frame = views[2], 10
    counts = []
    for distance in (0.5, 1.6):
        plate = box_before(performance, view, frame, distance)
        shown = Performance(performance.sequence, (plate,), performance.appearance_seed)
        bare = Performance(without_hands(performance).sequence, (plate,), performance.appearance_seed)
        pictures = [SceneRenderer(p, views).draw(frame, 2) for p in (shown, bare)]
        counts.append(changed(*pictures)[60:-60, 120:-120].sum())
    assert counts[0] < 0.2 * counts[1]


def test_things_that_are_not_there_are_not_drawn(performance, views):
    thing = performance.objects[0]
    hidden = replace(thing, visible=np.zeros(FRAMES, bool))
    gone = Performance(performance.sequence, (hidden, *performance.objects[1:]), performance.appearance_seed)
    assert changed(SceneRenderer(performance, views).draw(20, 1), SceneRenderer(gone, views).draw(20, 1)).any() == bool(
        thing.visible[20]
    )


def test_a_scene_with_a_single_frame_and_no_things_can_be_drawn(performance):
    sequence = performance.sequence
    first = replace(
        sequence,
        joints=sequence.joints[:1],
        valid=sequence.valid[:1],
        stamps_ns=sequence.stamps_ns[:1],
        segments=(),
        object_ids=sequence.object_ids[:1],
    )
    views = camera_rig(1, first.joints, first.valid)
    renderer = SceneRenderer(Performance(first, (), 1), views)
    assert all(renderer.draw(0, number).std() > 1 for number in range(5))
