# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections import defaultdict
from hashlib import sha256
from itertools import pairwise

import numpy as np
import pytest

from ghtt_core.data.synthetic.generator import SyntheticConfig, generate_dataset, generate_sequence, write_dataset
from ghtt_core.data.synthetic.performance import perform_world
from ghtt_core.data.synthetic.vocabularies import vocabulary_of
from ghtt_core.data.synthetic.world.anatomy import make_performer
from ghtt_core.data.synthetic.world.dice import Dice
from ghtt_core.data.synthetic.world.h2o_vocabulary import typical_seconds
from ghtt_core.data.synthetic.world.kitchen import act_out, kitchen
from ghtt_core.errors import RecipeError
from ghtt_core.hands.layout import PARENTS

ACTED = SyntheticConfig(frames=1200, free_fraction=0.0, vocabulary="h2o")
WORDS = vocabulary_of("h2o")
FROZEN_CONFIG = SyntheticConfig(frames=300, free_fraction=0.4, vocabulary="h2o")
FROZEN = "427afecff657c964e5bbcf430ffc35f5dc2df08378b324dd4e40f89ca0e5a667"
"""When the world is changed on purpose: raise MOTION_VERSION and freeze the hash anew."""


def hash_of_world() -> str:
    digest = sha256()
    for index in range(6):
        sequence = generate_sequence(FROZEN_CONFIG, 5, index)
        digest.update(sequence.joints.tobytes() + sequence.valid.tobytes() + repr(sequence.segments).encode())
        for thing in perform_world(FROZEN_CONFIG, 5, index).objects:
            digest.update(thing.name.encode() + thing.object_to_world.tobytes() + thing.visible.tobytes())
    return digest.hexdigest()


@pytest.fixture(scope="module")
def performances():
    return [perform_world(ACTED, 2, index) for index in range(32)]


def test_the_labels_are_h2os_in_its_order():
    assert len(WORDS.labels) == 36
    assert WORDS.object_names == ("book", "espresso", "lotion", "spray", "milk", "cocoa", "chips", "cappuccino")
    by_number = {number + 1: label for number, label in enumerate(WORDS.labels)}
    known = {1: "grab book", 8: "grab cappuccino", 9: "place book", 17: "open lotion", 20: "close lotion",
             23: "pour milk", 24: "take out espresso", 27: "take out cappuccino", 28: "put in espresso",
             31: "apply lotion", 32: "apply spray", 33: "read book", 34: "read espresso", 35: "spray spray",
             36: "squeeze lotion"}  # fmt: skip
    assert {number: by_number[number] for number in known} == known


def test_the_same_seed_gives_the_same_hash_on_any_machine():
    assert hash_of_world() == FROZEN


def test_the_hash_does_not_depend_on_what_the_processor_offers():
    # Without the wide instructions numpy takes other implementations of everything it has several of.
    features = "X86_V3 X86_V4 AVX512_ICL AVX512_SPR AVX2 FMA3 AVX512F AVX512CD AVX512_SKX ASIMDHP ASIMDDP ASIMDFHM SVE"
    code = "import sys; sys.path.insert(0, sys.argv[1]); import test_world_actions as t; print(t.hash_of_world())"
    environment = {**os.environ, "NPY_DISABLE_CPU_FEATURES": features, "PYTHONWARNINGS": "ignore"}
    run = subprocess.run(
        [sys.executable, "-c", code, os.path.dirname(__file__)], env=environment, capture_output=True, text=True
    )
    assert run.stdout.strip() == FROZEN, run.stderr


def test_any_number_of_workers_writes_the_same_data(tmp_path):
    config = dataclasses.replace(FROZEN_CONFIG, sequences=6, frames=120)
    stores = [write_dataset(config, 1, tmp_path / str(n), workers=n) for n in (1, 2, 3)]
    assert len({store.sha256["joints"] for store in stores}) == 1
    assert tuple(stores[0].labels) == WORDS.labels
    assert tuple(stores[0].object_names) == WORDS.object_names


def test_the_old_vocabulary_stays_the_default():
    assert SyntheticConfig().vocabulary == "workbench"
    with pytest.raises(RecipeError, match="vocabulary"):
        SyntheticConfig(vocabulary="kitchen")  # type: ignore[arg-type]


def test_actions_have_typical_durations_and_follow_each_other_sensibly(performances):
    seconds, following = defaultdict(list), defaultdict(list)
    for performance in performances:
        segments = performance.sequence.segments
        for segment in segments:
            assert segment.label == f"{segment.verb} {segment.noun}"
            assert segment.label in WORDS.labels
            seconds[segment.label].append((segment.end - segment.start) / 30)
        for before, after in pairwise(segments):
            assert after.start >= before.end - 1
            if before.noun == after.noun:
                following[after.verb].append(before.verb)
    assert len(seconds) >= 34, "nearly all actions occur in a small data set"
    ratios = [np.median(s) / typical_seconds(*label.rsplit(" ", 1)) for label, s in seconds.items() if len(s) >= 6]
    assert 0.85 < np.median(ratios) < 1.15
    assert all(0.6 < ratio < 1.5 for ratio in ratios)
    assert set(following["close"]) <= {"pour", "take out", "squeeze", "place", "grab", "open"}
    assert following["grab"].count("place") > 0.6 * len(following["grab"])
    assert set(following["put in"]) <= {"take out", "grab"}
    assert set(following["pour"]) == {"open"}


def test_streams_have_pauses_and_idle_time(performances):
    labelled = sum(s.end - s.start for p in performances for s in p.sequence.segments)
    assert 0.5 < labelled / sum(len(p.sequence) for p in performances) < 0.85
    frames_with_object = sum((p.sequence.object_ids >= 0).sum() for p in performances)
    assert frames_with_object == labelled


def test_bones_keep_their_length(performances):
    bones = [j for j in range(2, 21) if PARENTS[j] > 0 and j % 4 != 1]
    for performance in performances[:12]:
        joints = performance.sequence.joints.astype(np.float64)
        lengths = np.linalg.norm(joints[:, :, bones] - joints[:, :, [PARENTS[j] for j in bones]], axis=-1)
        # Convention offsets sit on knuckles, so bones that start there are left out; quantisation leaves microns.
        rigid = [i for i, j in enumerate(bones) if PARENTS[j] % 4 != 1]
        assert lengths[..., rigid].std(axis=0).max() < 1e-5


def test_hands_move_at_human_speeds_and_turn_as_quickly_as_people_do(performances):
    speed, turning = [], []
    for performance in performances:
        joints = performance.sequence.joints.astype(np.float64)
        speed.append(np.linalg.norm(np.diff(joints[:, :, 0], axis=0), axis=-1).ravel() * 30)
        along = joints[:, :, 9] - joints[:, :, 0]
        across = np.cross(along, joints[:, :, 5] - joints[:, :, 17])
        axes = [
            along / np.linalg.norm(along, axis=-1, keepdims=True),
            across / np.linalg.norm(across, axis=-1, keepdims=True),
        ]
        frame = np.stack([*axes, np.cross(*axes)], axis=-1)
        trace = np.einsum("tnij,tnij->tn", frame[1:], frame[:-1])
        turning.append(np.arccos(np.clip((trace - 1) / 2, -1, 1)).ravel() * 30)
    speed, turning = np.concatenate(speed), np.concatenate(turning)
    assert 0.03 < np.median(speed) < 0.15
    assert speed.max() < 6.0
    assert 0.015 < (turning > 6.0).mean() < 0.08
    assert turning.max() < 45.0


def test_left_handers_do_everything_the_other_way_round():
    right = dataclasses.replace(make_performer(3), left_handed=False)
    left = dataclasses.replace(right, left_handed=True)
    # Nothing of a book or a box has a thread, so the whole performance is a mirror image.
    a, b = (act_out(Dice(4, 4), performer, 400, ["book", "cappuccino"]) for performer in (right, left))
    assert a.segments == b.segments
    np.testing.assert_array_equal(a.joints[:, 0] * [-1.0, 1.0, 1.0], b.joints[:, 1])
    np.testing.assert_array_equal(a.joints[:, 1] * [-1.0, 1.0, 1.0], b.joints[:, 0])
    for mine, theirs in zip(a.poses, b.poses, strict=True):
        np.testing.assert_array_equal(mine.at * [-1.0, 1.0, 1.0], theirs.at)


def test_lids_open_counter_clockwise_for_everybody():
    for left_handed in (False, True):
        performer = dataclasses.replace(make_performer(3), left_handed=left_handed)
        turned = []
        for seed in range(6):
            motion = act_out(Dice(seed), performer, 700, ["milk"])
            # Several cartons may take part; what belongs together is told by the plan.
            pairs = [(n, motion.things.index(t.parents[0][1])) for n, t in enumerate(motion.things) if t.parents]
            for segment in [s for s in motion.segments if s.label == "open milk"]:
                since, until = segment.start, segment.start + int(0.55 * (segment.end - segment.start))
                angles = []
                for lid, milk in pairs:
                    lids, milks = motion.poses[lid].turn[since:until], motion.poses[milk].turn[since:until]
                    relative = np.einsum("tij,tik->tjk", milks, lids)
                    angle = np.unwrap(np.arctan2(relative[:, 1, 0], relative[:, 0, 0]))
                    angles.append(angle[-1] - angle[0])
                turned.append(max(angles, key=abs))
        assert turned
        assert min(turned) > 0.3


def test_free_motion_has_no_labels_and_no_things():
    config = dataclasses.replace(FROZEN_CONFIG, free_fraction=1.0)
    performance = perform_world(config, 1, 0)
    assert not performance.sequence.segments
    assert not performance.objects


def test_sequences_are_in_a_camera_and_performances_in_the_world():
    for sequence in generate_dataset(dataclasses.replace(ACTED, sequences=8, frames=300, leave_probability=1.0), 3):
        assert sequence.frame_id == "camera"
        assert sequence.joints[sequence.valid][..., 2].min() > 0.15
        assert (sequence.joints[~sequence.valid] == 0).all()
    world, seen = perform_world(ACTED, 3, 1).sequence, generate_sequence(ACTED, 3, 1)
    assert world.frame_id == "world"
    assert world.segments == seen.segments
    # The same hand shape frame by frame: only the view differs.
    for hand in range(2):
        sizes = [np.linalg.norm(s.joints[:, hand, 9] - s.joints[:, hand, 0], axis=-1) for s in (world, seen)]
        np.testing.assert_allclose(sizes[0][seen.valid[:, hand]], sizes[1][seen.valid[:, hand]], atol=1e-5)


def test_two_subjects_with_one_seed_differ_in_size_and_manner():
    a, b = (kitchen(dataclasses.replace(ACTED, first_subject=n, subjects=1), 1, 1).sequence for n in (10, 11))
    assert a.subject != b.subject
    assert np.abs(a.joints - b.joints).max() > 0.05
