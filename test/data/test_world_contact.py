# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
from collections import defaultdict

import numpy as np
import pytest

from ghtt_core.data.synthetic.generator import SyntheticConfig
from ghtt_core.data.synthetic.performance import perform_world
from ghtt_core.data.synthetic.world.anatomy import flesh_points, flesh_radii, hand_joints, make_performer
from ghtt_core.data.synthetic.world.grips import distance_to, grasp_of, scaled
from ghtt_core.data.synthetic.world.kitchen import kitchen
from ghtt_core.data.synthetic.world.things import KINDS

ACTED = SyntheticConfig(frames=900, free_fraction=0.0, vocabulary="h2o")
HOLLOW = ("take out", "put in")
"""Verbs with which fingers belong inside a vessel: its primitives are solid, the real one is not."""


@pytest.fixture(scope="module")
def performances():
    return [perform_world(ACTED, 8, index) for index in range(14)]


def depth_in(thing, points):
    """Metres that points (T, N, 3) lie below the surface of a thing; 0 outside."""
    pose = thing.object_to_world.astype(np.float64)
    local = np.einsum("tij,tni->tnj", pose[:, :, :3], points - pose[:, None, :, 3])
    deepest = np.zeros(points.shape[:2])
    for part in thing.parts:
        own, half = local - part.part_to_object[:, 3], part.size / 2
        if part.kind == "box":
            outside = np.abs(own) - half
        else:
            outside = np.stack([np.hypot(own[..., 0], own[..., 1]) - half[0], np.abs(own[..., 2]) - half[2]], axis=-1)
        deepest = np.maximum(deepest, -outside.max(axis=-1))
    return deepest


def finger_points(joints):
    """Points along the middle of the digits, knuckles left out: (T, 2, 21, 3) to (T, 40, 3)."""
    digits = [joints[:, :, k + 1 : k + 5] for k in (0, 4, 8, 12, 16)]
    points = [np.concatenate([d[:, :, 1:], (d[:, :, 1:3] + d[:, :, 2:4]) / 2], axis=2) for d in digits]
    return np.concatenate(points, axis=2).reshape(len(joints), -1, 3)


def in_hand(performance, thing):
    """(T, 2) whether a hand is on the thing: its digits are within 2 cm of its surface and the thing is up."""
    kind = KINDS[thing.name]
    centre = thing.object_to_world[:, :, 3] + thing.object_to_world[:, :, 2] * np.float32(kind.height / 2)
    tips = performance.sequence.joints[:, :, [4, 8, 12]].mean(axis=2)
    near = np.linalg.norm(tips - centre[:, None], axis=-1) < 0.09
    return near & (thing.visible & (thing.object_to_world[:, 2, 3] > 0.03))[:, None]


def test_every_grip_touches_what_it_holds_with_several_digits():
    for identity in (1, 4, 12):
        performer = make_performer(identity)
        for name, kind in KINDS.items():
            for factor in (0.9, 1.12):
                thing = scaled(kind, factor)
                for grip_name, grip in thing.grips.items():
                    grasp = grasp_of(performer, thing, grip, grip.angles[0] * np.pi / 180)
                    points = flesh_points(hand_joints(grasp.closed[None], performer.body) - performer.centre)[0]
                    gap = distance_to(grip.surface or thing.parts, grasp.hand_to_thing.inverse(), points) - flesh_radii(
                        performer.scale
                    )
                    touching = (gap.min(axis=1) < 0.003).sum()
                    assert touching >= 2, (name, grip_name, gap.min(axis=1))
                    assert gap.min() > -0.02, (name, grip_name)


def test_hands_close_further_on_smaller_things():
    performer = make_performer(4)
    bends = []
    for factor in (0.85, 1.0, 1.15):
        thing = scaled(KINDS["cocoa"], factor)
        grasp = grasp_of(performer, thing, thing.grips["wrap"], 1.0)
        bends.append(sum(grasp.closed[[1, 2, 5, 6, 9, 10]]))
    assert bends[0] > bends[1] > bends[2]


def test_fingers_stay_outside_of_things_by_a_few_millimetres_on_average(performances):
    deepest = []
    for performance in performances:
        points = finger_points(performance.sequence.joints.astype(np.float64))
        solid = np.ones(len(points), bool)
        for segment in performance.sequence.segments:
            solid[segment.start : segment.end] = segment.verb not in HOLLOW
        depth = np.zeros(len(points))
        touched = np.zeros(len(points), bool)
        for thing in performance.objects:
            depth = np.maximum(depth, np.where(thing.visible, depth_in(thing, points).max(axis=1), 0.0))
            touched |= in_hand(performance, thing).any(axis=1) if thing.name in KINDS else False
        deepest.append(depth[solid & touched])
    deepest = np.concatenate(deepest)
    assert len(deepest) > 2000
    # The deepest of forty points along ten digits, frame by frame.
    assert deepest.mean() < 0.004
    assert np.median(deepest) < 0.002


def test_a_held_thing_moves_with_the_hand(performances):
    slips, ways = [], []
    for performance in performances:
        joints = performance.sequence.joints.astype(np.float64)
        for thing in performance.objects:
            if thing.name not in ("milk", "lotion", "spray", "cocoa", "chips", "espresso", "cappuccino"):
                continue
            held = in_hand(performance, thing)
            for hand in range(2):
                along = np.flatnonzero(held[1:, hand] & held[:-1, hand])
                step = np.diff(thing.object_to_world[:, :, 3].astype(np.float64), axis=0)
                fast = along[np.linalg.norm(step[along], axis=1) > 0.008]
                if len(fast) < 10:
                    continue
                # Where the thing was relative to the hand's knuckles, frame by frame.
                knuckles = joints[:, hand, [5, 9, 13, 17]].mean(axis=1)
                distance = np.linalg.norm(thing.object_to_world[:, :, 3] - knuckles, axis=1)
                slips.append(np.median(np.abs(np.diff(distance))[fast]))
                ways.append(np.median(np.linalg.norm(step[fast], axis=1)))
    assert len(slips) >= 6
    assert np.median(slips) < 0.15 * np.median(ways)


def test_things_rest_on_the_table_and_never_sink_into_it(performances):
    resting = 0
    for performance in performances:
        for thing in performance.objects:
            height = thing.object_to_world[:, 2, 3][thing.visible]
            assert height.min() > -0.02, thing.name
            still = np.abs(np.diff(thing.object_to_world[:, :, 3], axis=0)).max(axis=1) < 1e-6
            at_rest = thing.object_to_world[:-1, 2, 3][still & thing.visible[:-1]]
            resting += len(at_rest)
    assert resting > 3000


def test_things_never_jump_while_they_are_seen(performances):
    for performance in performances:
        for thing in performance.objects:
            seen = thing.visible[1:] & thing.visible[:-1]
            step = np.linalg.norm(np.diff(thing.object_to_world[:, :, 3], axis=0), axis=1)
            assert step[seen].max(initial=0.0) < 0.15, thing.name
            turn = thing.object_to_world[:, :, :3].astype(np.float64)
            np.testing.assert_allclose(turn @ turn.swapaxes(1, 2), np.broadcast_to(np.eye(3), turn.shape), atol=1e-4)


def test_both_hands_have_their_part():
    """While a lid is worked on one hand turns and the other one holds still."""
    turning = defaultdict(list)
    for index in range(8):
        performance = kitchen(dataclasses.replace(ACTED, frames=600), 31, index, ["milk"])
        for segment in performance.sequence.segments:
            if segment.verb in ("open", "close") and segment.noun == "milk":
                joints = performance.sequence.joints[segment.start : segment.end].astype(np.float64)
                across = joints[:, :, 5] - joints[:, :, 17]
                across /= np.linalg.norm(across, axis=-1, keepdims=True)
                angle = np.arccos(np.clip((across[1:] * across[:-1]).sum(axis=-1), -1, 1)).sum(axis=0)
                turning["busy"].append(angle.max())
                turning["calm"].append(angle.min())
    assert len(turning["busy"]) >= 4
    assert np.mean(turning["busy"]) > 2.0 * np.mean(turning["calm"])
