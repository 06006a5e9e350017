# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A stream of hands in, refined hands, actions and forecasts out: states, determinism, bounds, and no NaN ever."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from streaming_scenes import LABELS, TEXT_WIDTH, moving_hands, stream, tiny_checkpoint

from ghtt_core.errors import InputError
from ghtt_core.hands.frame import HandFrame
from ghtt_core.models.checkpoint import Checkpoint, load_checkpoint
from ghtt_core.models.model_folder import find_model
from ghtt_core.streaming.predictor import MotionPredictor, PredictorConfig
from ghtt_core.streaming.refinement import refine_causal
from ghtt_core.streaming.resampling import STEP_NS
from ghtt_core.streaming.status import Status
from ghtt_core.streaming.update import Update

QUICK = PredictorConfig(samples=3, horizon_frames=20, action_stride=4, forecast_stride=8, mismatch_limit=100.0)
"""For networks of random weights, to which every hand is strange."""


def run(predictor: MotionPredictor, frames: Iterable[HandFrame]) -> list[Update]:
    return [predictor.update(frame) for frame in frames]


def assert_clean(updates: list[Update]) -> None:
    for update in updates:
        for frame in update.refined:
            assert np.isfinite(frame.joints).all()
            assert np.isfinite(frame.confidence).all()
            assert frame.joints[~frame.valid].size == 0 or np.abs(frame.joints[~frame.valid]).max() == 0
        if update.forecast is not None:
            assert np.isfinite(update.forecast.samples).all()
        if update.action is not None:
            assert np.isfinite(update.action.probabilities).all()


def assert_same_bits(first: list[Update], second: list[Update]) -> None:
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        assert a.status == b.status
        assert len(a.refined) == len(b.refined)
        for x, y in zip(a.refined, b.refined, strict=True):
            assert x.stamp_ns == y.stamp_ns
            assert np.array_equal(x.joints, y.joints)
        assert (a.action is None) == (b.action is None)
        if a.action is not None and b.action is not None:
            assert np.array_equal(a.action.probabilities, b.action.probabilities)
        assert len(a.forecasts) == len(b.forecasts)
        for one, two in zip(a.forecasts, b.forecasts, strict=True):
            assert np.array_equal(one.samples, two.samples)


def test_a_stream_warms_up_and_then_gives_everything_when_due(checkpoint: Checkpoint) -> None:
    updates = run(MotionPredictor(checkpoint, QUICK), stream(moving_hands(64)))
    assert_clean(updates)
    assert [update.status for update in updates[:15]] == [Status.WARMING_UP] * 15
    assert {update.status for update in updates[15:]} == {Status.OK}
    assert all(len(update.refined) == 1 for update in updates)
    assert [t + 1 for t, update in enumerate(updates) if update.action] == [16, *range(18, 65, 4)]
    assert [t + 1 for t, update in enumerate(updates) if update.forecast] == list(range(16, 65, 8))
    last, named = updates[-1], updates[61].action
    assert set(last.timings_ms) == {"refine", "action", "forecast", "total"}
    assert named is not None
    assert named.label == LABELS[named.index] == named.top[0][0]
    assert named.probabilities.sum() == pytest.approx(1, abs=1e-4)
    assert 0 <= named.entropy <= 1
    forecast = last.forecast
    assert forecast is not None
    assert last.newest is not None
    assert forecast.t0_ns == last.newest.stamp_ns
    assert forecast.samples.shape == (3, 20, 2, 21, 3)
    assert forecast.stamps_ns[0] == forecast.t0_ns + STEP_NS
    assert np.array_equal(forecast.at(forecast.t0_ns)[0], last.newest.joints)


def test_online_refinement_is_causal_refinement(checkpoint: Checkpoint) -> None:
    joints = moving_hands(40)
    updates = run(MotionPredictor(checkpoint, QUICK), stream(joints))
    online = np.stack([update.refined[0].joints for update in updates])
    mask = torch.ones(joints.shape[:-1], dtype=torch.bool)
    batched = refine_causal(checkpoint.pose_block, checkpoint.template, joints, mask).joints.numpy()
    assert np.abs(online[1:] - batched[1:]).max() < 1e-4
    assert np.array_equal(online[0], joints[0].numpy())  # one frame alone cannot be refined


@pytest.mark.parametrize("method", ["action", "both"])
def test_same_input_and_seed_give_the_same_bits(checkpoint: Checkpoint, method: str) -> None:
    config = PredictorConfig(samples=3, horizon_frames=40, forecast_method=method, action_stride=8, forecast_stride=8)
    predictor = MotionPredictor(checkpoint, config, seed=3)
    first = run(predictor, stream(moving_hands(40)))
    predictor.reset()
    again = run(predictor, stream(moving_hands(40)))
    fresh = run(MotionPredictor(checkpoint, config, seed=3), stream(moving_hands(40)))
    assert_same_bits(first, again)
    assert_same_bits(first, fresh)
    shared = run(MotionPredictor(checkpoint, replace(config, threads=3), seed=3), stream(moving_hands(40)))[39].forecast
    other = run(MotionPredictor(checkpoint, config, seed=4), stream(moving_hands(40)))[39].forecast
    mine = first[39].forecast
    assert mine is not None
    assert shared is not None
    np.testing.assert_allclose(shared.samples, mine.samples, atol=1e-5)  # threads share the work, not the result
    assert other is not None
    assert np.array_equal(mine.samples[0], other.samples[0])
    assert not np.array_equal(mine.samples[1], other.samples[1])


def test_both_forecasts_start_from_the_same_hands(checkpoint: Checkpoint) -> None:
    config = PredictorConfig(samples=2, horizon_frames=20, forecast_method="both", forecast_stride=8)
    update = run(MotionPredictor(checkpoint, config), stream(moving_hands(24)))[-1]
    assert [forecast.method for forecast in update.forecasts] == ["action", "pose"]
    first, second = update.forecasts
    assert update.forecast is first
    assert np.array_equal(first.at(first.t0_ns), second.at(second.t0_ns))
    assert not np.array_equal(first.samples, second.samples)


def test_bfloat16_stays_near_float32(checkpoint: Checkpoint) -> None:
    newest = []
    for precision in ("float32", "bfloat16", "auto"):
        config = PredictorConfig(samples=2, horizon_frames=17, precision=precision)
        update = run(MotionPredictor(checkpoint, config), stream(moving_hands(18)))[-1]
        assert update.forecast is not None
        newest.append(update.newest.joints)
    assert np.abs(newest[0] - newest[1]).max() < 0.01
    assert np.array_equal(newest[0], newest[2])  # refinement stays in float32


def test_a_60_hz_camera_gives_the_same_as_30_hz(checkpoint: Checkpoint) -> None:
    joints = moving_hands(40)
    twice = joints.repeat_interleave(2, dim=0)
    stamps = [round(k * 1e9 / 60) for k in range(80)]
    fast = run(MotionPredictor(checkpoint, QUICK), stream(twice, stamps))
    slow = run(MotionPredictor(checkpoint, QUICK), stream(joints))
    assert [len(update.refined) for update in fast] == [1, 0] * 40
    assert_same_bits(fast[::2], slow)


def test_dropped_frames_are_filled_and_forecasts_still_come(checkpoint: Checkpoint) -> None:
    joints = moving_hands(60)
    kept = [t for t in range(60) if t not in (20, 31, 32, 33)]
    updates = run(MotionPredictor(checkpoint, QUICK), stream(joints[kept], [round(t * 1e9 / 30) for t in kept]))
    assert_clean(updates)
    assert sum(len(update.refined) for update in updates) == 60
    assert sum(update.forecast is not None for update in updates) == 6


def test_time_that_jumps_starts_anew(checkpoint: Checkpoint) -> None:
    predictor = MotionPredictor(checkpoint, QUICK)
    first = run(predictor, stream(moving_hands(40), [10**12 + t * STEP_NS for t in range(40)]))
    for start in (10**9, 10**9 + 10**10):  # a bag that loops, then a gap of seconds
        again = run(predictor, stream(moving_hands(40), [start + t * STEP_NS for t in range(40)]))
        assert again[0].restarted
        assert again[0].status == Status.WARMING_UP
        assert np.allclose(again[-1].refined[0].joints, first[-1].refined[0].joints, atol=1e-5)


def test_a_frozen_camera_is_stale(checkpoint: Checkpoint) -> None:
    predictor = MotionPredictor(checkpoint, QUICK)
    assert predictor.status_at(0) == Status.WARMING_UP
    frames = list(stream(moving_hands(20)))
    run(predictor, frames)
    update = predictor.update(frames[-1])
    assert update.status == Status.STALE_INPUT
    assert not update.refined
    assert update.forecast is None
    newest = frames[-1].stamp_ns
    assert predictor.status_at(newest + 10**7) == Status.OK
    assert predictor.status_at(newest + 10**9) == Status.STALE_INPUT


def test_hands_are_held_briefly_then_lost_then_found(checkpoint: Checkpoint) -> None:
    config = PredictorConfig(samples=2, horizon_frames=16, forecast_stride=1, hold_frames=4)
    hidden = range(30, 60)
    updates = run(
        MotionPredictor(checkpoint, config),
        stream(moving_hands(90), valid=lambda t: (t not in hidden, t not in hidden)),
    )
    assert_clean(updates)
    for t, update in enumerate(updates):
        held = t not in range(34, 60)
        assert update.refined[0].valid.tolist() == [held, held], t
        assert (update.forecast is not None) == (held and t >= 15)
        assert (update.status == Status.HANDS_LOST) == (not held)
    fading = [updates[t].refined[0].confidence.min() for t in range(29, 34)]
    assert fading == sorted(fading, reverse=True)


@pytest.mark.parametrize("hand", [0, 1])
def test_one_hand_is_enough(checkpoint: Checkpoint, hand: int) -> None:
    updates = run(MotionPredictor(checkpoint, QUICK), stream(moving_hands(40), valid=lambda _: (hand == 0, hand == 1)))
    assert_clean(updates)
    last = updates[39].forecast
    assert last is not None
    assert last.hands.tolist() == [hand == 0, hand == 1]
    assert np.abs(last.samples[:, :, 1 - hand]).max() == 0
    assert updates[39].status == Status.OK


def test_nothing_ever_seen_is_lost_and_not_an_error(checkpoint: Checkpoint) -> None:
    updates = run(MotionPredictor(checkpoint, QUICK), stream(moving_hands(40), valid=lambda _: (False, False)))
    assert {update.status for update in updates} == {Status.HANDS_LOST}
    assert all(update.forecast is None and update.action is None for update in updates)
    assert_clean(updates)


@given(st.data())
@settings(max_examples=10, deadline=None)
def test_no_stream_however_odd_gives_nan_or_an_exception(data: st.DataObject) -> None:
    predictor = MotionPredictor(_ODD, PredictorConfig(samples=2, horizon_frames=17, action_stride=3, forecast_stride=5))
    base = moving_hands(30)
    stamp = 0
    updates = []
    for t in range(30):
        stamp += data.draw(st.sampled_from([STEP_NS] * 6 + [0, STEP_NS // 2, 3 * STEP_NS, 10**9, -STEP_NS, -(10**9)]))
        kind = data.draw(st.sampled_from(["real"] * 6 + ["zeros", "huge", "millimetres", "line", "nan hidden"]))
        joints = base[t].numpy().copy()
        valid = np.array([data.draw(st.booleans()) or kind == "real", True])
        if kind == "zeros":
            joints[:] = 0.0
        elif kind == "huge":
            joints *= 1e30
        elif kind == "millimetres":
            joints *= 1e3
        elif kind == "line":
            joints[..., 1:] = 0.5
        elif kind == "nan hidden":
            valid[0], joints[0] = False, np.nan
        updates.append(predictor.update(HandFrame(stamp, joints, valid)))
    assert_clean(updates)


_ODD = tiny_checkpoint()


def test_memory_and_work_stay_the_same_for_thousands_of_frames(checkpoint: Checkpoint) -> None:
    config = PredictorConfig(samples=2, horizon_frames=17, action_stride=60, forecast_stride=60)
    predictor = MotionPredictor(checkpoint, config)
    hands = list(stream(moving_hands(30)))

    def feed(first: int, last: int) -> None:
        for t in range(first, last):
            old = hands[t % 30]
            predictor.update(HandFrame(t * STEP_NS, old.joints, old.valid))

    def blocks() -> int:
        gc.collect()
        return sys.getallocatedblocks()

    feed(0, 300)
    before = blocks()
    feed(300, 900)
    middle = blocks()
    feed(900, 2100)
    # Python's own caches may take a few blocks more; a stream that kept anything would take one per frame.
    assert middle - before < 300
    assert blocks() - middle < 300


def test_object_features_reach_the_action_block(checkpoint: Checkpoint) -> None:
    def probabilities(row: int | None) -> np.ndarray:
        feature = None if row is None else checkpoint.object_text[row].numpy()
        updates = run(MotionPredictor(checkpoint, QUICK), stream(moving_hands(40), object_feature=lambda _: feature))
        assert updates[37].action is not None
        return updates[37].action.probabilities

    assert not np.allclose(probabilities(0), probabilities(None), atol=1e-5)
    bad = HandFrame(0, moving_hands(1)[0].numpy(), np.array([True, True]), object_feature=np.zeros(3, np.float32))
    with pytest.raises(InputError, match=f"{TEXT_WIDTH} numbers"):
        MotionPredictor(checkpoint, QUICK).update(bad)


def test_a_prescribed_action_leads_the_forecast(checkpoint: Checkpoint) -> None:
    def forecast(label: str | None) -> np.ndarray:
        predictor = MotionPredictor(checkpoint, QUICK)
        predictor.prescribe_action(label)
        updates = run(predictor, stream(moving_hands(40)))
        assert updates[39].forecast is not None
        return updates[39].forecast.samples

    assert not np.allclose(forecast(LABELS[0])[:, 16:], forecast(LABELS[1])[:, 16:], atol=1e-3)
    with pytest.raises(InputError, match="does not know"):
        MotionPredictor(checkpoint, QUICK).prescribe_action("fly away")


def test_a_model_without_actions_forecasts_by_pose() -> None:
    updates = run(MotionPredictor(tiny_checkpoint(action=False), QUICK), stream(moving_hands(40)))
    assert_clean(updates)
    assert updates[39].action is None
    assert updates[39].forecast is not None
    assert updates[39].forecast.method == "pose"


@pytest.mark.parametrize(
    "values",
    [
        {"samples": 0},
        {"horizon_frames": 97},
        {"forecast_method": "guess"},
        {"first_clip": "guess"},
        {"precision": "int8"},
        {"action_stride": -1},
        {"hold_frames": 16},
        {"top_k": 0},
        {"sampling_factor": -1.0},
    ],
)
def test_impossible_settings_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(InputError):
        PredictorConfig(**values)


def test_hands_unlike_any_are_said_to_be() -> None:
    checkpoint = load_checkpoint(find_model(None))
    joints = moving_hands(40)
    other_order = joints[:, :, [0, *range(17, 21), *range(1, 17)]]
    for hands, expected in ((joints, Status.OK), (other_order, Status.OUT_OF_DISTRIBUTION)):
        updates = run(MotionPredictor(checkpoint, PredictorConfig(samples=2)), stream(hands))
        assert {update.status for update in updates[15:]} == {expected}
        assert {update.forecast.status for update in updates if update.forecast} == {expected}
        assert_clean(updates)
