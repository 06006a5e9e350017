# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghtt_core.data.synthetic.body import make_subject
from ghtt_core.data.synthetic.generator import HELD_OUT_SUBJECT, SyntheticConfig, generate_dataset, generate_sequence
from ghtt_core.data.synthetic.grasps import POSTURE_TABLE, POSTURES
from ghtt_core.data.synthetic.hand_model import LIMIT_HIGH, LIMIT_LOW, forward_kinematics, limit_angles
from ghtt_core.data.synthetic.tracks import smooth_noise, submovements
from ghtt_core.data.synthetic.vocabulary import ACTIONS, LABELS, OBJECT_NAMES, VERBS
from ghtt_core.errors import RecipeError
from ghtt_core.hands.layout import MCP_JOINTS, PARENTS

FINGER_BONES = [j for j in range(21) if PARENTS[j] > 0]


@pytest.fixture(scope="module")
def acted():
    return list(generate_dataset(SyntheticConfig(sequences=24, frames=900, free_fraction=0.0), 5))


@pytest.fixture(scope="module")
def free():
    return list(generate_dataset(SyntheticConfig(sequences=24, frames=900, free_fraction=1.0), 5))


def bone_lengths(joints):
    return np.linalg.norm(joints[..., FINGER_BONES, :] - joints[..., [PARENTS[j] for j in FINGER_BONES], :], axis=-1)


def test_the_same_seed_gives_the_same_bits_and_another_one_another_motion():
    config = SyntheticConfig(frames=120)
    first, again, other = (generate_sequence(config, seed, 3) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.joints, again.joints)
    assert first.segments == again.segments
    assert np.abs(first.joints - other.joints).max() > 0.01


def test_a_sequence_does_not_depend_on_how_many_there_are():
    few, many = (list(generate_dataset(SyntheticConfig(sequences=n, frames=64), 9)) for n in (2, 4))
    for a, b in zip(few, many, strict=False):
        np.testing.assert_array_equal(a.joints, b.joints)


def test_hands_move_at_human_speeds(acted, free):
    for sequences in (acted, free):
        speed = np.concatenate(
            [
                (np.linalg.norm(np.diff(s.joints[:, :, 0], axis=0), axis=-1) * 30)[s.valid[1:] & s.valid[:-1]]
                for s in sequences
            ]
        )
        assert np.percentile(speed, 10) < 0.03, "hands are often nearly still"
        assert np.percentile(speed, 95) > 0.25, "and sometimes fast"
        assert speed.max() < 5.0, "but never jump"


def test_both_hands_are_near_each_other_and_in_front_of_the_camera(acted, free):
    for sequence in (*acted, *free):
        both = sequence.valid.all(axis=1)
        distance = np.linalg.norm(sequence.joints[both, 0, 0] - sequence.joints[both, 1, 0], axis=-1)
        assert np.median(distance) < 0.9
        assert sequence.joints[sequence.valid][..., 2].min() > 0.1


def test_bones_keep_their_length(acted):
    # Some sequences imitate recordings whose bones breathe by a millimetre or two; none does more.
    for sequence in acted:
        for hand in range(2):
            lengths = bone_lengths(sequence.joints[sequence.valid[:, hand], hand].astype(np.float64))
            assert lengths.std(axis=0).max() < 0.0045


def test_subjects_differ_in_size_and_are_the_same_in_every_data_set():
    shapes = [make_subject(i).shape for i in range(300)]
    palms = [np.linalg.norm(s.mcp + s.mcp_offset - s.wrist_offset, axis=1).mean() for s in shapes]
    assert 0.035 < min(palms) < 0.06
    assert 0.115 < max(palms) < 0.17
    np.testing.assert_array_equal(make_subject(7).shape.phalanges, shapes[7].phalanges)


def test_held_out_subjects_never_appear_in_training():
    training = {s.subject for s in generate_dataset(SyntheticConfig(sequences=40, frames=32, subjects=50), 0)}
    held_out = SyntheticConfig(sequences=40, frames=32, first_subject=HELD_OUT_SUBJECT, subjects=50)
    assert not training & {s.subject for s in generate_dataset(held_out, 0)}


def test_actions_are_labelled_last_seconds_and_cover_the_vocabulary(acted):
    segments = [segment for sequence in acted for segment in sequence.segments]
    assert {s.verb for s in segments} == set(VERBS)
    assert all((s.verb, s.noun) in ACTIONS and s.label == f"{s.verb} {s.noun}" for s in segments)
    seconds = np.array([s.end - s.start for s in segments]) / 30
    assert seconds.min() > 0.7
    assert 1.5 < np.median(seconds) < 4.5
    assert seconds.max() < 12
    labelled = sum(s.end - s.start for s in segments) / sum(len(s) for s in acted)
    assert 0.4 < labelled < 0.9, "streams also have transitions and idle time"


def test_objects_are_named_inside_actions_only(acted):
    for sequence in acted:
        inside = np.zeros(len(sequence), bool)
        for segment in sequence.segments:
            inside[segment.start : segment.end] = True
            assert OBJECT_NAMES[sequence.object_ids[segment.start]] == segment.noun
        assert ((sequence.object_ids >= 0) == inside).all()


def test_free_motion_has_no_labels_and_sometimes_loses_a_hand(free):
    assert not any(sequence.segments for sequence in free)
    assert any(not sequence.valid.all() for sequence in free)
    for sequence in free:
        assert (sequence.joints[~sequence.valid] == 0).all()


def test_labels_are_unique_and_not_every_pair_is_an_action():
    assert len(set(LABELS)) == len(LABELS)
    assert 30 <= len(LABELS) < len(VERBS) * len(OBJECT_NAMES) / 2


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31))
def test_joint_limits_hold_for_any_angles_and_bones_for_any_pose(seed):
    rng = np.random.default_rng(seed)
    limited = limit_angles(rng.normal(0.0, 2.0, (8, 22)))
    assert (limited >= LIMIT_LOW - 1e-9).all()
    assert (limited <= LIMIT_HIGH + 1e-9).all()
    shape = make_subject(seed % 1000).shape
    lengths = bone_lengths(forward_kinematics(limited, shape))
    # The distal bones of fingers and thumb are rigid whatever the pose (joint 5's bone starts at a shifted MCP).
    rigid = [i for i, j in enumerate(FINGER_BONES) if j % 4 in (3, 0)]
    np.testing.assert_allclose(lengths[:, rigid], np.broadcast_to(lengths[0, rigid], (8, len(rigid))), atol=1e-9)


def test_postures_are_within_the_limits_and_mean_what_they_say():
    assert (POSTURE_TABLE >= LIMIT_LOW).all()
    assert (POSTURE_TABLE <= LIMIT_HIGH).all()
    shape = make_subject(0).shape
    hands = {name: forward_kinematics(angles[None], shape)[0] for name, angles in POSTURES.items()}
    tip_to_palm = {name: np.linalg.norm(j[[8, 12, 16, 20]] - j[list(MCP_JOINTS)], axis=-1) for name, j in hands.items()}
    assert (tip_to_palm["fist"] < 0.7 * tip_to_palm["flat"]).all()
    pinch = {name: np.linalg.norm(j[4] - j[8]) for name, j in hands.items()}
    assert pinch["pinch"] < 0.03 < pinch["open"]
    assert tip_to_palm["point"][0] > 1.3 * tip_to_palm["point"][1:].max()


def test_submovements_reach_their_targets_smoothly():
    times = np.arange(120) / 30
    track = submovements(
        times, np.zeros(2), np.array([0.5, 2.0]), np.array([1.0, 1.0]), np.array([[1.0, 0.0], [1.0, 2.0]])
    )
    np.testing.assert_allclose(track[55], [1.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(track[-1], [1.0, 2.0], atol=1e-9)
    assert np.abs(np.diff(track, 2, axis=0)).max() * 900 < 12.0


def test_smooth_noise_has_unit_variance_and_its_band():
    noise = smooth_noise(np.random.default_rng(0), 8192, 16, 8.0, 11.0)
    assert noise.std() == pytest.approx(1.0, rel=0.05)
    power = (np.abs(np.fft.rfft(noise, axis=0)) ** 2).sum(axis=1)
    frequency = np.fft.rfftfreq(8192, 1 / 30)
    assert power[(frequency > 4) & (frequency < 15)].sum() > 0.97 * power.sum()


@pytest.mark.parametrize("wrong", [{"sequences": 0}, {"frames": 8}, {"free_fraction": 1.5}, {"subjects": 0}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(RecipeError):
        SyntheticConfig(**wrong)
