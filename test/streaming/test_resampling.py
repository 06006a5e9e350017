# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Any camera timing becomes about 30 frames per second, with values that are true at their stamps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghtt_core.hands.frame import HandFrame
from ghtt_core.streaming.resampling import MAX_GAP_NS, STEP_NS, StampResampler, interpolate

SPEED = 0.5  # metres per second, of every joint along x


def frame(stamp_ns: int, valid: tuple[bool, bool] = (True, True), feature: float | None = None) -> HandFrame:
    joints = np.zeros((2, 21, 3), np.float32)
    joints[..., 0] = SPEED * (stamp_ns % 10**12) / 1e9
    return HandFrame(
        stamp_ns, joints, np.array(valid), object_feature=None if feature is None else np.full(3, feature, np.float32)
    )


def resample(stamps: list[int]) -> list[HandFrame]:
    resampler = StampResampler()
    return [out for stamp in stamps for out in resampler.push(frame(stamp)).frames]


def check_true(frames: list[HandFrame]) -> None:
    for out in frames:
        assert np.allclose(out.joints[..., 0], SPEED * (out.stamp_ns % 10**12) / 1e9, atol=2e-5)


def test_a_30_hz_camera_passes_unchanged() -> None:
    stamps = [10**18 + round(k * 1e9 / 30) for k in range(100)]
    assert [out.stamp_ns for out in resample(stamps)] == stamps


@pytest.mark.parametrize("rate", [10, 15, 24, 25, 29.97, 30, 50, 60, 90, 110, 240])
def test_any_rate_becomes_30_hz(rate: float) -> None:
    stamps = [round(k * 1e9 / rate) for k in range(int(20 * rate))]
    frames = resample(stamps)
    check_true(frames)
    assert len(frames) == pytest.approx(600, rel=0.01)
    steps = np.diff([out.stamp_ns for out in frames])
    assert steps.min() > 0.6 * STEP_NS
    assert steps.max() < 1.4 * STEP_NS


@given(st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_jitter_and_single_drops_keep_the_rate(seed: int) -> None:
    rng = np.random.default_rng(seed)
    stamps = (1e9 + np.arange(300) * 1e9 / 30 + rng.uniform(-4e6, 4e6, 300)).astype(np.int64)
    stamps = stamps[rng.random(300) > 0.1]
    frames = resample([int(stamp) for stamp in stamps])
    check_true(frames)
    assert abs(len(frames) - (stamps[-1] - stamps[0]) / STEP_NS) < 4
    assert (np.diff([out.stamp_ns for out in frames]) > 0).all()


def test_a_steady_camera_is_never_delayed() -> None:
    resampler = StampResampler()
    for k in range(3000):  # 29.97 Hz: 100 ms of drift against a fixed grid over this time
        stamp = round(k * 1e9 / 29.97)
        assert [out.stamp_ns for out in resampler.push(frame(stamp)).frames] == [stamp]


def test_repeated_and_late_stamps_are_ignored() -> None:
    resampler = StampResampler()
    resampler.push(frame(10**9))
    for stamp in (10**9, 10**9 - 1, 10**9 - 50_000_000):
        result = resampler.push(frame(stamp))
        assert result.ignored
        assert not result.frames
    assert len(resampler.push(frame(10**9 + STEP_NS)).frames) == 1


@pytest.mark.parametrize("jump", [-(10**9), 4 * 10**9, MAX_GAP_NS + 1])
def test_jumps_start_anew(jump: int) -> None:
    resampler = StampResampler()
    resampler.push(frame(10**10))
    result = resampler.push(frame(10**10 + jump))
    assert result.restarted
    assert [out.stamp_ns for out in result.frames] == [10**10 + jump]


def test_a_bridged_gap_gives_a_bounded_number_of_frames() -> None:
    resampler = StampResampler()
    resampler.push(frame(0))
    result = resampler.push(frame(MAX_GAP_NS))
    assert not result.restarted
    assert 7 <= len(result.frames) <= 8
    check_true(list(result.frames))


def test_interpolation_masks_what_neither_side_knows() -> None:
    before, after = frame(0, (True, False), 0.0), frame(30, (True, True), 1.0)
    early, late = interpolate(before, after, 10), interpolate(before, after, 20)
    assert early.valid.tolist() == [True, False]
    assert late.valid.tolist() == [True, True]
    assert early.joints[1].max() == 0
    assert early.object_feature is before.object_feature
    assert late.object_feature is after.object_feature


def test_reset_forgets_the_grid() -> None:
    resampler = StampResampler()
    resampler.push(frame(10**12))
    resampler.reset()
    result = resampler.push(frame(5))
    assert [out.stamp_ns for out in result.frames] == [5]
    assert not result.restarted
