# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghtt_core.data.synthetic.body import make_subject
from ghtt_core.data.synthetic.grasps import POSTURE_TABLE
from ghtt_core.data.synthetic.hand_model import forward_kinematics
from ghtt_core.data.synthetic.world.anatomy import hand_joints
from ghtt_core.data.synthetic.world.channel import Channel, Cycle
from ghtt_core.data.synthetic.world.dice import Dice
from ghtt_core.data.synthetic.world.exact import direction_of, elevation_of, exp, exp_of, sincos, sincos_of
from ghtt_core.data.synthetic.world.pose import blended, constant_track, pose_of, track_of

ANGLES = st.tuples(st.floats(-1.5, 4.6), st.floats(-1.5, 1.5), st.floats(-2.0, 4.1))
PLACES = st.tuples(*[st.floats(-1.0, 1.0)] * 3)


def test_functions_are_as_accurate_as_numpys():
    x = np.linspace(-60.0, 60.0, 40_001)
    sine, cosine = sincos(x)
    np.testing.assert_allclose(sine, np.sin(x), atol=3e-16)
    np.testing.assert_allclose(cosine, np.cos(x), atol=3e-16)
    np.testing.assert_allclose(exp(x), np.exp(x), rtol=2e-14)


def test_one_number_has_the_bits_it_has_in_an_array():
    x = np.linspace(-20.0, 20.0, 501)
    sine, cosine = sincos(x)
    assert [sincos_of(float(v)) for v in x] == list(zip(sine.tolist(), cosine.tolist(), strict=True))
    assert [exp_of(float(v)) for v in x] == exp(x).tolist()


@given(st.floats(-3.1, 3.1), st.floats(0.01, 100.0))
def test_directions_are_those_of_atan2(angle, length):
    y, x = length * math.sin(angle), length * math.cos(angle)
    assert direction_of(y, x) == pytest.approx(math.atan2(y, x), abs=1e-12)
    assert elevation_of(math.sin(angle / 2.1)) == pytest.approx(angle / 2.1, abs=1e-7)


@given(ANGLES, PLACES)
def test_angles_come_back_from_a_pose(angles, place):
    pose = pose_of(place, angles)
    np.testing.assert_allclose(np.array(pose.rows) @ np.array(pose.rows).T, np.eye(3), atol=1e-12)
    again = pose_of(place, pose.angles())
    np.testing.assert_allclose(again.rows, pose.rows, atol=1e-6)
    there_and_back = pose.inverse() @ pose
    np.testing.assert_allclose(there_and_back.rows, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(there_and_back.at, 0.0, atol=1e-12)


@settings(max_examples=30)
@given(ANGLES, PLACES, ANGLES, PLACES)
def test_tracks_chain_and_mirror_like_single_poses(angles, place, others, elsewhere):
    a, b = pose_of(place, angles), pose_of(elsewhere, others)
    tracks = [track_of(np.array([p]), np.array([q])) for p, q in ((place, angles), (elsewhere, others))]
    for single, track in ((a @ b, tracks[0] @ tracks[1]), (a.mirrored(), tracks[0].mirrored())):
        np.testing.assert_allclose(track.turn[0], single.rows, atol=1e-12)
        np.testing.assert_allclose(track.at[0], single.at, atol=1e-12)
    # The mirror image of a chain is the chain of mirror images.
    np.testing.assert_allclose((a @ b).mirrored().rows, (a.mirrored() @ b.mirrored()).rows, atol=1e-12)


def test_a_blend_is_a_rotation_and_meets_both_ends():
    a, b = pose_of((0.0, 0.0, 0.0), (0.1, 0.2, 0.3)), pose_of((0.1, 0.0, 0.0), (0.3, 0.1, 0.6))
    repeated = [constant_track(pose) @ track_of(np.zeros((3, 3)), np.zeros((3, 3))) for pose in (a, b)]
    mixed = blended(*repeated, np.array([0.0, 0.5, 1.0]))
    np.testing.assert_allclose(mixed.turn[0], a.rows, atol=1e-12)
    np.testing.assert_allclose(mixed.turn[2], b.rows, atol=1e-12)
    np.testing.assert_allclose(mixed.turn[1] @ mixed.turn[1].T, np.eye(3), atol=1e-12)


def test_hands_are_those_of_the_hand_model():
    for identity in (0, 7):
        shape = make_subject(identity).shape
        np.testing.assert_allclose(
            hand_joints(POSTURE_TABLE, shape), forward_kinematics(POSTURE_TABLE, shape), atol=1e-12
        )


def test_dice_have_the_distributions_they_promise():
    dice = Dice(3, 1)
    normal, uniform = dice.normals(40_000), dice.uniforms(40_000)
    assert abs(normal.mean()) < 0.02
    assert normal.std() == pytest.approx(1.0, abs=0.02)
    assert np.abs(normal).max() <= 3.4642
    assert uniform.mean() == pytest.approx(0.5, abs=0.01)
    assert uniform.min() >= 0.0
    assert uniform.max() < 1.0
    picks = [dice.choice("ab", (3.0, 1.0)) for _ in range(4000)]
    assert picks.count("a") / 4000 == pytest.approx(0.75, abs=0.03)
    assert np.median([dice.factor(0.3) for _ in range(2000)]) == pytest.approx(1.0, abs=0.03)
    waits = [dice.wait(2.0, 3.0) for _ in range(2000)]
    assert 0.0 <= min(waits) < 0.05
    assert max(waits) == 3.0


def test_streams_of_different_keys_differ_and_one_key_repeats():
    assert Dice(1, 2).uniforms(4).tolist() == Dice(1, 2).uniforms(4).tolist()
    assert Dice(1, 2).uniforms(4).tolist() != Dice(1, 3).uniforms(4).tolist()


@pytest.mark.parametrize("make", [lambda d: d.noise(20_000, 4, 5.0), lambda d: d.tremor(20_000, 4, 9.5)])
def test_noise_has_unit_variance_and_is_smooth(make):
    noise = make(Dice(0, 0))
    assert noise.std() == pytest.approx(1.0, abs=0.06)
    assert noise.std(axis=0).min() > 0.85


def test_tremor_is_around_its_frequency():
    power = np.abs(np.fft.rfft(Dice(0, 1).tremor(8192, 4, 9.5), axis=0)) ** 2
    frequency = np.fft.rfftfreq(8192, 1 / 30)
    assert power[np.abs(frequency - 9.5) < 2.0].sum() > 0.95 * power.sum()


def test_moves_reach_their_targets_and_jumps_start_anew():
    channel = Channel([0.0, 1.0])
    assert channel.move(0.5, 1.0, [2.0, 1.0]) == 1.5
    channel.jump(3.0, [5.0, 5.0])
    # Asked for before the jump, done after it.
    channel.move(2.5, 1.0, [6.0, 5.0])
    track = channel.render(120)
    np.testing.assert_allclose(track[0], [0.0, 1.0])
    np.testing.assert_allclose(track[60], [2.0, 1.0])
    np.testing.assert_allclose(track[90], [5.0, 5.0], atol=1e-3)
    np.testing.assert_allclose(track[-1], [6.0, 5.0])
    assert np.abs(np.diff(track[:90], axis=0)).max() < 0.14


def test_what_began_before_the_stream_is_under_way_at_its_start():
    channel = Channel([0.0])
    channel.move(-0.5, 1.0, [1.0])
    track = channel.render(30)[:, 0]
    assert track[0] == pytest.approx(0.5)
    assert track[-1] == 1.0


def test_a_cycle_has_its_rate_and_leaves_nothing_behind():
    channel = Channel([0.0])
    channel.cycle(Cycle(1.0, 5.0, 2.0, np.array([0.3]), 0.0, 0.0, [0.0] * 5))
    track = channel.render(180)[:, 0]
    assert (track[:30] == 0).all()
    assert (track[150:] == 0).all()
    assert np.abs(track).max() == pytest.approx(0.3, abs=0.01)
    crossings = np.flatnonzero(np.diff(np.sign(track[40:140])) > 0)
    assert np.diff(crossings).mean() == pytest.approx(15.0, abs=0.6)
