# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The memory of a stream: the right 16 frames, and for every candidate start the right clips in the right order."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from streaming_scenes import moving_hands, stream

from ghtt_core.hands.canonical import estimate_template, palm_size
from ghtt_core.hands.skeleton import skeleton_evidence
from ghtt_core.streaming.history import ClipHistory, FrameWindow
from ghtt_core.streaming.skeleton_memory import SkeletonMemory, skeletons_known_by


def filled(frames: int) -> ClipHistory:
    """Mid-level feature of frame t is (t, t)."""
    clips = ClipHistory(2, 3, torch.device("cpu"))
    for t in range(frames):
        clips.push(1000 * t, torch.tensor([float(t), float(t)]), None if t % 2 else torch.ones(3) * t)
    return clips


@pytest.mark.parametrize("frames", [1, 16, 17, 200, 256, 257, 1000])
def test_candidates_hold_the_newest_clips_in_order(frames: int) -> None:
    seen = filled(frames).candidates()
    rows = min(-(-frames // 16), 16)
    assert seen.mid_level.shape == (rows, rows, 2)
    for row in range(rows):
        expected = [frames - 1 - 16 * (row - column) for column in range(row + 1)]
        assert seen.clip_valid[row].tolist() == [column <= row for column in range(rows)]
        assert seen.mid_level[row, : row + 1, 0].tolist() == expected
        assert seen.object_valid[row, : row + 1].tolist() == [t % 2 == 0 for t in expected]


def test_clips_without_hands_are_masked() -> None:
    clips = filled(40)
    clips.push(40_000, None, None)
    seen = clips.candidates()
    assert seen.clip_valid[-1].tolist() == [True, True, False]
    assert clips.stamp_ns(40) == 40_000


def test_only_the_newest_256_stamps_are_kept() -> None:
    clips = filled(1000)
    assert clips.oldest == 744
    assert clips.stamp_ns(744) == 744_000
    clips.clear()
    assert clips.total == clips.oldest == 0


def test_window_slides_and_counts_absences() -> None:
    joints = moving_hands(30)
    window = FrameWindow(estimate_template(joints))
    for t, frame in enumerate(stream(joints, valid=lambda t: (True, t < 27))):
        window.push(frame)
        assert window.count == min(t + 1, 16)
        newest = window.joints[window.count - 1]
        assert np.array_equal(newest[0], joints[t, 0].numpy())
    assert np.array_equal(window.joints[:, 0], joints[14:, 0].numpy())
    assert window.since_seen.tolist() == [0, 3]
    assert window.frame_valid().all()
    assert torch.allclose(window.palm_size(), palm_size(joints[0])[None], atol=1e-5)
    window.clear()
    assert window.count == 0
    assert window.palm_size().isfinite().all()


@pytest.mark.parametrize("frames", [1, 2, 20, 300])
def test_a_stream_knows_the_same_skeletons_as_a_recording_by_then(frames: int) -> None:
    generator = torch.Generator().manual_seed(0)
    joints = moving_hands(frames) + 0.004 * torch.randn(frames, 2, 21, 3, generator=generator)
    template = estimate_template(joints)
    valid = torch.rand(frames, 2, 21, generator=generator) < 0.97
    memory = SkeletonMemory(template)
    for t in range(frames):
        memory.push(joints[max(t - 15, 0) : t + 1], valid[max(t - 15, 0) : t + 1])
    online = memory.skeleton()
    evidence = skeleton_evidence(joints, valid, template)
    batch = skeletons_known_by(evidence, torch.tensor([frames - 1]))
    assert torch.allclose(online.bones, batch.bones[0], atol=1e-6)
    assert torch.allclose(online.palm, batch.palm[0], atol=1e-6)
    memory.clear()
    memory.push(joints[:1], valid[:1])
    assert torch.allclose(memory.skeleton().bones, skeletons_known_by(evidence, torch.tensor([0])).bones[0])
