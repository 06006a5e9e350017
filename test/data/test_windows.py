# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ghtt_core.data.sequence import ActionSegment, HandSequence
from ghtt_core.data.store.sequence_store import StoreWriter, open_store
from ghtt_core.data.windows import NEWEST_CLIPS, ActionWindowSampler, PoseWindowSampler, cut_observed
from ghtt_core.errors import InputError
from ghtt_core.hands.layout import CLIP_FRAMES


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Two sequences whose joints spell their frame number in the store, with actions of known length."""
    folder = tmp_path_factory.mktemp("windows") / "store"
    first = 0
    with StoreWriter(folder) as writer:
        for frames, segments in ((100, ((10, 90),)), (700, ((0, 15), (20, 620), (640, 657)))):
            joints = np.broadcast_to(
                np.arange(first, first + frames, dtype=np.float32)[:, None, None, None], (frames, 2, 21, 3)
            )
            objects = np.full(frames, -1, np.int16)
            for start, end in segments:
                objects[start:end] = 0
            writer.append(
                HandSequence(
                    joints=joints.copy(),
                    valid=np.ones((frames, 2), bool),
                    stamps_ns=(np.arange(frames) * (1e9 / 30)).astype(np.int64),
                    segments=tuple(ActionSegment(s, e, f"do{s} cup", f"do{s}", "cup") for s, e in segments),
                    object_names=("cup",),
                    object_ids=objects,
                )
            )
            first += frames
    return open_store(folder)


def shown(window):
    return window.joints[:, :, 0, 0, 0].long()


def test_every_frame_of_every_sequence_is_a_start(store):
    sampler = PoseWindowSampler(store, cut_probability=0.0)
    assert len(sampler) == 800
    window = sampler.batch(torch.arange(800))
    assert torch.equal(shown(window)[:, 0], torch.arange(800))
    assert window.joints.shape == (800, 32, 2, 21, 3)
    assert window.joints.dtype == torch.float32
    assert window.hand_valid.all()


def test_windows_stop_at_the_end_of_their_sequence_and_repeat_its_last_frame(store):
    window = PoseWindowSampler(store, cut_probability=0.0).batch(torch.tensor([90, 99, 799]))
    assert torch.equal(window.frame_valid.sum(1), torch.tensor([10, 1, 1]))
    assert torch.equal(shown(window)[:, -1], torch.tensor([99, 99, 799]))
    assert torch.equal(shown(window)[0, :10], torch.arange(90, 100))


def test_only_the_chosen_sequences_are_drawn(store):
    sampler = PoseWindowSampler(store, sequences=np.array([1]))
    assert len(sampler) == 700
    assert shown(sampler.sample(200, torch.Generator().manual_seed(0))).min() >= 100


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31))
def test_a_cut_window_shows_consecutive_frames_with_copies_only_in_the_observed_part(seed):
    offset, valid = cut_observed(64, 1.0, torch.Generator().manual_seed(seed))
    for row_offset, row_valid in zip(offset, valid, strict=True):
        length = int(row_valid[:16].sum())
        assert 2 <= length <= 16
        assert row_valid[16:].all()
        assert torch.equal(row_offset[row_valid], torch.arange(length + 16))
        assert (row_offset[:16][~row_valid[:16]] == length - 1).all()


def test_a_quarter_of_the_windows_is_cut_by_default(store):
    window = PoseWindowSampler(store, sequences=np.array([1])).sample(4000, torch.Generator().manual_seed(1))
    cut = (~window.frame_valid[:, :16]).any(1).float().mean()
    # 14 of the 15 lengths are shorter than a clip; windows at the end of the video add a little.
    assert 0.19 < cut < 0.28


def test_sampling_repeats_with_the_same_generator(store):
    for sampler in (PoseWindowSampler(store), ActionWindowSampler(store, at_start=0.3, near_start=0.3)):
        first, second = (sampler.sample(50, torch.Generator().manual_seed(3)) for _ in range(2))
        assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_action_windows_are_consecutive_clips_inside_one_action(store):
    sampler = ActionWindowSampler(store)
    assert len(sampler) == 80 + 15 + 600 + 17
    window = sampler.sample(3000, torch.Generator().manual_seed(0))
    segments = {(int(b), int(e)) for b, e in sampler.segments[:, 1:3]}
    for i in range(0, 3000, 7):
        observed, predicted = int(window.n_observed[i]), int(window.n_predicted[i])
        assert 1 <= observed <= 16
        assert 0 <= predicted <= 16
        starts = torch.cat([window.clip_start[i, :observed], window.clip_start[i, 16 : 16 + predicted]])
        assert torch.equal(torch.diff(starts), torch.full((len(starts) - 1,), 16))
        begin, end = next((b, e) for b, e in segments if b <= starts[0] < e)
        assert starts[-1] < end
        clips = -(-(end - int(starts[0])) // 16)
        assert observed + predicted <= clips
        assert (predicted == 0) == (observed == min(clips, 16) and clips == observed)
        assert window.clip_valid[i].sum() == observed + predicted
        assert window.phase[i, 0] == (starts[0] - begin) // 16
        assert window.phase[i, 16] == window.phase[i, 0] + observed
        inside = torch.cat([window.clip_frames[i, :observed], window.clip_frames[i, 16 : 16 + predicted]])
        assert torch.equal(inside, torch.clamp(end - starts, max=16))
        assert (window.clip_object[i, :observed] == 0).all()
        assert (window.clip_object[i, observed:] == -1).all()


def test_the_last_partial_clip_is_included(store):
    sampler = ActionWindowSampler(store)
    whole = sampler.whole_actions()
    # 80, 15, 600 and 17 frames: 5, 1, 38 (16 seen) and 2 clips.
    assert whole.n_observed.tolist() == [5, 1, 16, 2]
    assert whole.clip_frames[1, 0] == 15
    assert whole.clip_frames[3, :2].tolist() == [16, 1]


def test_forecasts_start_every_clip_while_enough_is_left(store):
    forecast = ActionWindowSampler(store).forecasts(min_frames=30)
    assert (forecast.n_observed == 1).all()
    first = forecast.clip_start[:, 0]
    assert first[first < 100].tolist() == [10, 26, 42, 58]
    ends = torch.tensor([90, 115, 720, 757])
    assert all((ends[ends > f][0] - f) >= 30 for f in first)
    assert forecast.n_predicted.max() == 16


def test_windows_can_begin_at_or_around_the_start_of_an_action(store):
    begins = ActionWindowSampler(store).segments[:, 1]
    at_start = ActionWindowSampler(store, at_start=1.0).sample(200, torch.Generator().manual_seed(0))
    assert torch.isin(at_start.clip_start[:, 0], begins).all()
    assert (at_start.phase[:, 0] == 0).all()
    around = ActionWindowSampler(store, near_start=1.0, near_frames=5).sample(400, torch.Generator().manual_seed(0))
    distance = (around.clip_start[:, :1] - begins).abs().amin(1)
    assert distance.max() == 5
    assert (around.phase[:, 0] == 0).all()


def test_windows_can_be_what_is_newest_at_a_moment_of_an_action(store):
    window = ActionWindowSampler(store, newest=1.0).sample(500, torch.Generator().manual_seed(0))
    _, begin, end, _, _ = torch.from_numpy(store.segments)[window.label].unbind(1)  # every action has its own label
    start, sequence_start = window.clip_start[:, 0], torch.from_numpy(store.starts)[window.sequence]
    now = start + CLIP_FRAMES * window.n_observed
    early = begin - sequence_start < NEWEST_CLIPS * CLIP_FRAMES  # windows that do not fit are of the usual kind
    assert (early | ((begin < now) & (now <= end))).all()
    assert (window.n_observed[~early] <= NEWEST_CLIPS).all()
    assert (start >= sequence_start).all()
    before = (start < begin) & (window.n_observed > 1)
    assert 0.01 < before.float().mean() < 0.5
    annotated = torch.from_numpy(store.objects[(start + CLIP_FRAMES // 2).numpy()]).long()
    expected = torch.where(start + CLIP_FRAMES > begin, 0, annotated)  # 0 is the object of all actions here
    assert (window.clip_object[:, 0] == expected)[before].all()


def test_padding_points_at_frames_that_exist(store):
    window = ActionWindowSampler(store).sample(500, torch.Generator().manual_seed(0))
    ends = torch.from_numpy(store.ends)[window.sequence]
    assert (window.clip_start < ends[:, None]).all()


def test_nothing_to_draw_from_is_said(store):
    with pytest.raises(InputError, match="No sequence"):
        PoseWindowSampler(store, sequences=np.array([], np.int64))
    with pytest.raises(InputError, match="at least 16 frames"):
        PoseWindowSampler(store, frames=8)
    with pytest.raises(InputError, match="no labelled action"):
        ActionWindowSampler(store, min_frames=10_000)
    with pytest.raises(InputError, match="add up"):
        ActionWindowSampler(store, at_start=0.8, near_start=0.5)
