# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghtt_core.data.sequence import ActionSegment, HandSequence, verb_and_noun
from ghtt_core.errors import InputError


def make(stamps_s, valid=None, segments=(), **changes):
    """Hands that move at a constant speed: the wrist's x is its time."""
    stamps_s = np.asarray(stamps_s, float)
    joints = np.zeros((len(stamps_s), 2, 21, 3), np.float32)
    joints[..., 0] = stamps_s[:, None, None]
    valid = np.ones((len(stamps_s), 2), bool) if valid is None else valid
    fields = {"joints": joints, "valid": valid, "stamps_ns": np.round(stamps_s * 1e9).astype(np.int64)}
    return HandSequence(**{**fields, "segments": segments, "name": "clip", **changes})


def test_a_sequence_at_the_wanted_rate_is_returned_as_it_is():
    sequence = make(np.arange(40) / 30)
    assert sequence.resampled() is sequence


def test_resampling_halves_60_frames_per_second_and_keeps_positions():
    resampled = make(np.arange(61) / 60).resampled()
    assert len(resampled) == 31
    np.testing.assert_allclose(resampled.joints[:, 0, 0, 0], np.arange(31) / 30, atol=1e-6)
    assert resampled.valid.all()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0.004, 0.2), min_size=3, max_size=60))
def test_resampling_any_clock_gives_uniform_stamps_inside_the_recording_and_exact_positions(steps):
    resampled = make(np.cumsum([0.0, *steps])).resampled()
    steps_ns = np.diff(resampled.stamps_ns)
    np.testing.assert_allclose(steps_ns, 1e9 / 30, atol=1e9 / 30 * 0.05)
    assert resampled.stamps_ns[-1] <= np.round(sum(steps) * 1e9) + 1
    times = (resampled.stamps_ns - resampled.stamps_ns[0]) * 1e-9
    # A clock within 2 % of 30 frames/s is taken as it is, so positions may differ by that much of a frame.
    np.testing.assert_allclose(resampled.joints[:, 1, 5, 0], times, atol=0.02 / 30 + 1e-5)


def test_a_four_second_gap_stays_a_gap():
    stamps = np.concatenate([np.arange(30) / 30, 5 + np.arange(30) / 30])
    resampled = make(stamps).resampled()
    times = resampled.stamps_ns * 1e-9
    inside = (times > 29.5 / 30) & (times < 4.99)
    assert not resampled.valid[inside].any()
    assert resampled.valid[~inside].all()
    assert (resampled.joints[inside] == 0).all()


def test_a_hand_lost_in_one_of_two_neighbours_is_lost_between_them():
    valid = np.ones((61, 2), bool)
    valid[31, 0] = False
    resampled = make(np.arange(61) / 50, valid).resampled()
    assert resampled.valid[:, 1].all()
    assert 0 < (~resampled.valid[:, 0]).sum() <= 2


def test_segments_keep_their_times_when_the_rate_changes():
    resampled = make(np.arange(120) / 60, segments=(ActionSegment(60, 90, "stir cup", "stir", "cup"),)).resampled()
    (segment,) = resampled.segments
    assert (segment.start, segment.end) == (30, 45)


def test_a_single_frame_survives_resampling():
    assert len(make([0.0]).resampled()) == 1


def test_unseen_hands_may_hold_nan_in_the_source_but_never_inside():
    joints = np.full((3, 2, 21, 3), np.nan, np.float32)
    valid = np.zeros((3, 2), bool)
    sequence = make([0.0, 0.1, 0.2], valid, joints=joints)
    assert (sequence.joints == 0).all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"joints": np.zeros((0, 2, 21, 3), np.float32)}, "no frames"),
        ({"joints": np.zeros((3, 2, 20, 3), np.float32)}, r"\(T, 2, 21, 3\)"),
        ({"joints": np.zeros((3, 2, 21, 3))}, "float64"),
        ({"joints": np.full((3, 2, 21, 3), np.inf, np.float32)}, "NaN or infinite"),
        ({"valid": np.ones((3, 1), bool)}, "valid"),
        ({"stamps_ns": np.array([0, 5, 5])}, "frame 2 repeats"),
        ({"stamps_ns": np.array([0, 5, 4])}, "frame 2 goes backwards"),
        ({"stamps_ns": np.array([0, 5])}, "time stamp per frame"),
        ({"segments": (ActionSegment(1, 4, "a b", "a", "b"),)}, "outside 0 to 3"),
        ({"object_ids": np.array([0, 0, 1], np.int16), "object_names": ("cup",)}, "object names"),
    ],
)
def test_a_wrong_sequence_is_refused_with_a_sentence(changes, words):
    with pytest.raises(InputError, match=words):
        make([0.0, 0.1, 0.2], **changes)


def test_stamps_in_the_wrong_unit_do_not_exhaust_memory():
    with pytest.raises(InputError, match="unit of its time stamps"):
        make([0.0, 1e6, 2e6]).resampled()


@pytest.mark.parametrize(
    ("label", "verb", "noun"),
    [
        ("pour milk", "pour", "milk"),
        ("take out chips", "take out", "chips"),
        ("open the box", "open", "box"),
        ("pick up", "pick up", ""),
        ("wave", "wave", ""),
        ("", "", ""),
    ],
)
def test_a_label_says_what_is_done_and_with_what(label: str, verb: str, noun: str) -> None:
    assert verb_and_noun(label) == (verb, noun)
