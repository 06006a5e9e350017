# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ghtt_core.data.recordings import save_recording
from ghtt_core.data.sequence import HandSequence
from ghtt_core.errors import InputError
from ghtt_core.evaluation.trials import Trial, load_trials, noise_generator, noisy_trial, pair_trial
from ghtt_core.models.checkpoint import Checkpoint


def error_mm(trial: Trial) -> np.ndarray:
    """(T, 2) mean distance of observed from reference joints, millimetres."""
    return 1000 * np.linalg.norm(trial.observed - trial.reference, axis=-1).mean(-1)


def test_without_noise_the_observation_is_the_recording(recordings: list[Path], checkpoint: Checkpoint) -> None:
    trial = load_trials(recordings, [], "none", 0, checkpoint.template)[1]
    assert error_mm(trial)[trial.observed_valid].max() == 0.0
    np.testing.assert_array_equal(trial.observed_valid, trial.reference_valid)
    assert not trial.observed_valid[20:26, 1].any()
    assert trial.joint_valid.shape == (50, 2, 21)


def test_noise_of_a_file_does_not_depend_on_the_other_files(recordings: list[Path], checkpoint: Checkpoint) -> None:
    together = load_trials(recordings, [], "detector", 7, checkpoint.template)
    backwards = load_trials(recordings[::-1], [], "detector", 7, checkpoint.template)
    alone = load_trials(recordings[1:], [], "detector", 7, checkpoint.template)
    for other in (backwards[0], alone[0]):
        np.testing.assert_array_equal(together[1].observed, other.observed)
        np.testing.assert_array_equal(together[1].observed_valid, other.observed_valid)
    another_seed = load_trials(recordings[1:], [], "detector", 8, checkpoint.template)
    assert not np.array_equal(alone[0].observed, another_seed[0].observed)


def test_detector_noise_has_the_promised_size_and_loses_hands(motion: HandSequence, checkpoint: Checkpoint) -> None:
    trial = noisy_trial("x", motion, "detector", noise_generator(0, "x"), checkpoint.template)
    lost = 1.0 - trial.observed_valid.mean()
    assert 0.01 < lost < 0.12
    assert not trial.observed[~trial.observed_valid].any()
    wrist = (trial.observed - trial.reference)[:, :, 0][trial.observed_valid]
    assert wrist[:, 2].std() == pytest.approx(0.0153, rel=0.25)
    assert wrist[:, 0].std() == pytest.approx(0.0042, rel=0.25)


def test_paper_noise_does_not_drift_from_clip_to_clip(motion: HandSequence, checkpoint: Checkpoint) -> None:
    trial = noisy_trial("x", motion, "paper", noise_generator(0, "x"), checkpoint.template)
    assert trial.observed_valid.all()
    clips = error_mm(trial)[:112].reshape(7, 16, 2)
    assert 3.0 < clips[:, 0].mean() < 25.0  # the first frame of a clip carries one step of noise
    assert clips[:, -1].mean() > 1.5 * clips[:, 0].mean()  # it adds up along the clip
    assert clips[-1].mean() < 3.0 * clips[0].mean()  # and starts afresh


def test_paper_noise_of_a_missing_hand_is_finite(motion: HandSequence, checkpoint: Checkpoint) -> None:
    valid = motion.valid.copy()
    valid[10:30, 0] = False
    joints = np.where(valid[..., None, None], motion.joints, np.float32(0))
    trial = noisy_trial(
        "x", replace(motion, valid=valid, joints=joints), "paper", noise_generator(0, "x"), checkpoint.template
    )
    assert np.isfinite(trial.observed).all()
    np.testing.assert_array_equal(trial.observed_valid, valid)


def test_a_reference_is_matched_by_time(motion: HandSequence) -> None:
    late = HandSequence(motion.joints[10:60], motion.valid[10:60], motion.stamps_ns[10:60], name="late")
    trial = pair_trial("late", late, motion)
    assert len(trial) == len(motion)
    np.testing.assert_array_equal(trial.observed_valid.all(1), (np.arange(120) >= 10) & (np.arange(120) < 60))
    assert error_mm(trial)[10:60].max() == 0.0
    elsewhere = replace(late, stamps_ns=late.stamps_ns + 10**12)
    with pytest.raises(InputError, match="no time in common"):
        pair_trial("late", elsewhere, motion)


def test_a_60_fps_recording_is_evaluated_at_30(tmp_path: Path, motion: HandSequence, checkpoint: Checkpoint) -> None:
    fast = replace(motion, stamps_ns=motion.stamps_ns // 2, segments=(), object_ids=None)
    save_recording(tmp_path / "fast.npz", fast)
    trial = load_trials([tmp_path / "fast.npz"], [], "none", 0, checkpoint.template)[0]
    assert len(trial) == 60
    assert error_mm(trial).max() == 0.0


def test_unmeasured_joints_are_not_scored_but_the_palm_can_be_read(motion: HandSequence) -> None:
    joint_valid = np.ones(21, bool)
    joint_valid[[0, 1]] = False
    trial = noisy_trial("x", replace(motion, joint_valid=joint_valid), "none", torch.Generator(), torch.zeros(2, 5, 3))
    assert not trial.scored[0]
    assert trial.measured[0]
    assert not trial.measured[1]
    none = np.zeros(21, bool)
    with pytest.raises(InputError, match="nothing to score"):
        noisy_trial("x", replace(motion, joint_valid=none), "none", torch.Generator(), torch.zeros(2, 5, 3))


def test_options_that_contradict_each_other(recordings: list[Path], checkpoint: Checkpoint, tmp_path: Path) -> None:
    template = checkpoint.template
    with pytest.raises(InputError, match="one file per file"):
        load_trials(recordings, recordings[:1], "none", 0, template)
    with pytest.raises(InputError, match="leave out --noise"):
        load_trials(recordings, recordings, "detector", 0, template)
    with pytest.raises(InputError, match="twice"):
        load_trials([recordings[0], recordings[0]], [], "none", 0, template)
    twin = tmp_path / recordings[0].name
    twin.write_bytes(recordings[0].read_bytes())
    names = [trial.name for trial in load_trials([recordings[0], twin], [], "none", 0, template)]
    assert len(set(names)) == 2
