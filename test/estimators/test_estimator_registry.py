# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from ghtt_core.errors import InputError
from ghtt_core.estimators.camera import PinholeCamera
from ghtt_core.estimators.recorded import RecordedPoses
from ghtt_core.estimators.registry import create_estimator, estimator_names

BLANK = np.zeros((720, 1280, 3), np.uint8)


@pytest.fixture
def recording() -> SimpleNamespace:
    rng = np.random.default_rng(0)
    valid = np.ones((10, 2), bool)
    valid[4, 0] = False
    joints = rng.normal(size=(10, 2, 21, 3)).astype(np.float32)
    joints[4, 0] = np.nan
    joint_valid = np.ones(21, bool)
    joint_valid[1] = False
    return SimpleNamespace(
        joints=joints,
        valid=valid,
        stamps_ns=np.arange(10, dtype=np.int64) * 33_333_333,
        joint_valid=joint_valid,
        frame_id="world",
    )


def test_an_unknown_estimator_is_answered_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"'openpose'.*mediapipe, resnet18, recorded"):
        create_estimator("openpose")
    assert set(estimator_names()) == {"mediapipe", "resnet18", "recorded"}


def test_unknown_options_are_refused_before_anything_is_loaded(recording: SimpleNamespace) -> None:
    with pytest.raises(InputError, match="no option palm; it takes"):
        create_estimator("mediapipe", palm=0.08)
    with pytest.raises(InputError, match="no option path"):
        create_estimator("recorded", path="x.npz")
    with pytest.raises(InputError, match="needs a recording"):
        create_estimator("recorded")


def test_a_recording_is_replayed_as_it_is(recording: SimpleNamespace) -> None:
    poses = create_estimator("recorded", recording=recording)
    assert isinstance(poses, RecordedPoses)
    frames = list(poses)
    assert len(frames) == len(poses) == 10
    np.testing.assert_array_equal(frames[3].joints, recording.joints[3])
    assert [frame.stamp_ns for frame in frames] == recording.stamps_ns.tolist()
    assert frames[0].frame_id == "world"
    assert frames[0].confidence[0, 1] == 0  # never measured
    assert not frames[4].valid[0]
    assert np.isfinite(frames[4].joints).all()


def test_beside_a_video_the_nearest_recorded_frame_answers(recording: SimpleNamespace, camera: PinholeCamera) -> None:
    poses = RecordedPoses(recording)
    found = poses.estimate(BLANK, camera, 70_000_000)
    np.testing.assert_array_equal(found.joints, recording.joints[2])
    assert found.stamp_ns == 70_000_000
    late = poses.estimate(BLANK, camera, 5_000_000_000)
    assert not late.valid.any()
    assert not late.confidence.any()


def test_an_empty_recording_is_refused(recording: SimpleNamespace) -> None:
    recording.stamps_ns = recording.stamps_ns[:0]
    with pytest.raises(InputError, match="no frames"):
        RecordedPoses(recording)
