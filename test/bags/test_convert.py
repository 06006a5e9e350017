# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Messages filled from the pipeline's results hold the same numbers, survive the wire, and say what is missing."""

from __future__ import annotations

from array import array
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ghtt_core.bags import convert, convert_motion
from ghtt_core.bags.messages import decode, encode, new_message
from ghtt_core.errors import InputError
from ghtt_core.hands.frame import HandFrame
from ghtt_core.streaming.forecast import Forecast
from ghtt_core.streaming.status import Status
from ghtt_core.streaming.update import ActionEstimate

STAMP_NS = 1_700_000_000_123_456_789


def hand_frame(valid: tuple[bool, bool] = (True, True), feature: bool = False, seed: int = 0) -> HandFrame:
    generator = np.random.default_rng(seed)
    joints = generator.normal(scale=0.05, size=(2, 21, 3)).astype(np.float32) + np.float32([0, 0, 0.6])
    return HandFrame(
        stamp_ns=STAMP_NS,
        joints=joints,
        valid=np.array(valid),
        confidence=generator.uniform(size=(2, 21)).astype(np.float32),
        object_feature=generator.normal(size=384).astype(np.float32) if feature else None,
        frame_id="left_camera_optical",
    )


def forecast(hands: tuple[bool, bool] = (True, True), samples: int = 20, steps: int = 96) -> Forecast:
    generator = np.random.default_rng(1)
    positions = generator.normal(scale=0.05, size=(samples, steps, 2, 21, 3)).astype(np.float32) + np.float32(0.5)
    positions[:, :, ~np.array(hands)] = 0
    weights = generator.uniform(0.1, 1, samples).astype(np.float32)
    return Forecast(
        samples=positions,
        t0_ns=STAMP_NS,
        step_ns=33_333_333,
        first_offset_ns=33_333_333,
        hands=np.array(hands),
        weights=weights / weights.sum(),
        origin=positions[0, 0],
        frame_id="world",
        method="action",
        seed=2**40,
    )


def action() -> ActionEstimate:
    shares = np.float32([0.05, 0.7, 0.25])
    return ActionEstimate.from_log_probabilities(
        np.log(shares), ("pour", "stir", "pass"), stamp_ns=STAMP_NS, segment_start_ns=STAMP_NS - 10**9, top_k=2
    )


def over_the_wire(message: Any, name: str) -> Any:
    return decode(encode(message, f"ghtt_ros/msg/{name}"), f"ghtt_ros/msg/{name}")


def like_rclpy(message: Any) -> Any:
    """The same fields in the containers that rclpy's generated classes use."""
    if isinstance(message, list):
        return [like_rclpy(item) for item in message]
    if isinstance(message, np.ndarray):
        if message.dtype == bool:
            return message.tolist()
        return message if message.size else array(message.dtype.char)
    if not hasattr(message, "__dataclass_fields__"):
        return message
    return SimpleNamespace(**{name: like_rclpy(getattr(message, name)) for name in message.__dataclass_fields__})


@pytest.mark.parametrize("valid", [(True, True), (True, False), (False, False)])
@pytest.mark.parametrize("feature", [True, False])
def test_an_observation_survives_the_wire(valid: tuple[bool, bool], feature: bool) -> None:
    frame = hand_frame(valid, feature)
    message = new_message("ghtt_ros/msg/HandObservation")
    convert.fill_hand_observation(message, frame, "clip:abc")
    message = over_the_wire(message, "HandObservation")
    back = convert.read_hand_frame(message)
    assert back.stamp_ns == STAMP_NS
    assert back.frame_id == "left_camera_optical"
    assert back.valid.tolist() == list(valid)
    np.testing.assert_array_equal(back.joints[back.valid], frame.joints[frame.valid])
    np.testing.assert_array_equal(back.confidence[back.valid], frame.confidence[frame.valid])
    assert not back.joints[~back.valid].any()
    assert message.object_encoder == ("clip:abc" if feature else "")
    if feature:
        np.testing.assert_array_equal(back.object_feature, frame.object_feature)
    else:
        assert back.object_feature is None


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 125), st.sampled_from([np.nan, np.inf, -np.inf, 1e30]))
def test_a_message_with_impossible_joints_loses_that_hand_only(index: int, value: float) -> None:
    message = new_message("ghtt_ros/msg/HandObservation")
    convert.fill_hand_observation(message, hand_frame())
    message.joints[index] = value
    message.confidence[0] = np.nan
    frame = convert.read_hand_frame(message)
    broken = index // 63
    assert not frame.valid[broken]
    assert frame.valid[1 - broken]
    assert np.isfinite(frame.joints).all()
    assert np.isfinite(frame.confidence).all()


def test_the_same_functions_fill_messages_of_rclpy() -> None:
    names = ("HandObservation", "RefinedHands", "ActionRecognition", "PredictedMotion", "MotionEnvelope")
    plain = {name: new_message(f"ghtt_ros/msg/{name}") for name in (*names, "SkeletonLayout")}
    ros = {name: like_rclpy(message) for name, message in plain.items()}
    for messages in (plain, ros):
        convert.fill_hand_observation(messages["HandObservation"], hand_frame(feature=True))
        convert.fill_refined_hands(messages["RefinedHands"], hand_frame(), status=Status.OK, model_id="m")
        convert.fill_action(
            messages["ActionRecognition"],
            action(),
            stamp_ns=0,
            frame_id="camera",
            status=Status.OK,
            labels=("pour", "stir", "pass"),
        )
        convert_motion.fill_predicted_motion(messages["PredictedMotion"], forecast(samples=3, steps=4), model_id="m")
        convert_motion.fill_motion_envelope(
            messages["MotionEnvelope"], forecast(samples=3, steps=4), coverage=0.9, model_id="m", part="finger"
        )
        convert.fill_skeleton_layout(messages["SkeletonLayout"], STAMP_NS)
    assert isinstance(ros["PredictedMotion"].positions, array)
    assert ros["MotionEnvelope"].part.typecode == "B"
    assert ros["HandObservation"].valid == [True, True]
    assert isinstance(ros["RefinedHands"].joints, np.ndarray)
    for name, message in plain.items():
        for field in message.__dataclass_fields__:
            if not hasattr(getattr(message, field), "__dataclass_fields__") and field != "wrist":
                expected, found = getattr(message, field), getattr(ros[name], field)
                assert np.array_equal(np.asarray(expected), np.asarray(found)), f"{name}.{field}"


def test_refined_hands_carry_the_pose_of_the_palm() -> None:
    from ghtt_core.hands.canonical import camera_to_local, estimate_template
    from ghtt_core.hands.rigid import apply

    frame = hand_frame((True, False))
    template = estimate_template(torch.from_numpy(frame.joints)[None])
    message = new_message("ghtt_ros/msg/RefinedHands")
    convert.fill_refined_hands(
        message,
        frame,
        status=Status.WARMING_UP,
        model_id="ghtt-small",
        latency_s=0.02,
        standard_deviation=np.full((2, 21), 0.003),
        wrists=convert.palm_poses(frame, template),
    )
    message = over_the_wire(message, "RefinedHands")
    assert message.status == 1
    assert message.latency == pytest.approx(0.02)
    assert message.standard_deviation.tolist() == pytest.approx([0.003] * 21 + [0.0] * 21)
    left, right = message.wrist
    # The pose moves local joints back to where they were seen.
    from transforms3d.quaternions import quat2mat

    local = apply(camera_to_local(torch.from_numpy(frame.joints), template), torch.from_numpy(frame.joints))[0].numpy()
    turn = quat2mat([left.orientation.w, left.orientation.x, left.orientation.y, left.orientation.z])
    place = [left.position.x, left.position.y, left.position.z]
    np.testing.assert_allclose(local @ turn.T + place, frame.joints[0], atol=1e-5)
    assert (right.orientation.w, right.position.z) == (1.0, 0.0)


def test_an_action_names_its_ranking_with_indices() -> None:
    message = new_message("ghtt_ros/msg/ActionRecognition")
    labels = ("pour", "stir", "pass")
    name = convert.taxonomy_id("kitchen", labels)
    convert.fill_action(
        message, action(), stamp_ns=0, frame_id="camera", status=Status.OK, labels=labels, taxonomy_id=name
    )
    message = over_the_wire(message, "ActionRecognition")
    assert (message.label, message.label_id) == ("stir", 1)
    assert (message.top_labels, message.top_ids.tolist()) == (["stir", "pass"], [1, 2])
    assert message.top_probabilities.tolist() == pytest.approx([0.7, 0.25])
    assert message.taxonomy_id.startswith("kitchen:")
    assert convert.read_action(message)[1] == "stir"
    convert.fill_action(message, None, stamp_ns=5, frame_id="camera", status=Status.HANDS_LOST, labels=labels)
    assert (message.label, message.label_id, message.status, message.top_labels) == ("", -1, 3, [])
    assert message.header.stamp.nanosec == 5


@pytest.mark.parametrize("hands", [(True, True), (False, True)])
def test_a_forecast_survives_the_wire(hands: tuple[bool, bool]) -> None:
    ahead = forecast(hands)
    message = new_message("ghtt_ros/msg/PredictedMotion")
    convert_motion.fill_predicted_motion(
        message, ahead, model_id="ghtt-small", person_id="p", action=action(), latency_s=0.03
    )
    message = over_the_wire(message, "PredictedMotion")
    assert (message.sample_count, message.step_count, message.joint_count) == (20, 96, 42)
    assert message.hands == hands[0] + 2 * hands[1]
    np.testing.assert_array_equal(message.positions.reshape(ahead.samples.shape), ahead.samples)
    np.testing.assert_array_equal(message.origin.reshape(2, 21, 3), ahead.origin)
    np.testing.assert_allclose(message.mean.reshape(ahead.mean.shape), ahead.mean, atol=1e-6)
    samples, weights = ahead.samples[:, 40].reshape(20, 42, 3).astype(float), ahead.weights.astype(float)
    for joint in (0, 12, 41):
        if hands[joint // 21]:
            cov = np.cov(samples[:, joint].T, aweights=weights, ddof=0)
            index = (40 * 42 + joint) * 6
            expected = [cov[0, 0], cov[0, 1], cov[0, 2], cov[1, 1], cov[1, 2], cov[2, 2]]
            np.testing.assert_allclose(message.covariance[index : index + 6], expected, rtol=1e-3, atol=1e-8)
    assert message.seed == 2**40
    assert message.action_labels == ["stir", "pass"]
    assert (message.coverage, len(message.radius), message.calibration_id) == (0.0, 0, "")


def test_the_light_variant_leaves_only_the_samples_out() -> None:
    message = new_message("ghtt_ros/msg/PredictedMotion")
    radius = np.full((96, 2, 21), 0.02)
    convert_motion.fill_predicted_motion(
        message, forecast(), model_id="m", samples=False, radius=radius, coverage=0.9, calibration_id="c"
    )
    assert (message.sample_count, message.step_count, len(message.positions), len(message.weights)) == (0, 96, 0, 0)
    assert (len(message.mean), len(message.covariance), len(message.radius)) == (96 * 126, 96 * 42 * 6, 96 * 42)
    assert (message.coverage, message.calibration_id) == (0.9, "c")


def test_a_message_without_forecast_says_why() -> None:
    message = new_message("ghtt_ros/msg/PredictedMotion")
    convert_motion.fill_predicted_motion(message, forecast(), model_id="m")
    convert_motion.fill_no_motion(message, stamp_ns=STAMP_NS, frame_id="world", status=Status.STALE_INPUT)
    message = over_the_wire(message, "PredictedMotion")
    assert (message.status, message.step_count, message.hands, len(message.positions)) == (2, 0, 0, 0)
    envelope = new_message("ghtt_ros/msg/MotionEnvelope")
    convert_motion.fill_no_envelope(envelope, stamp_ns=STAMP_NS, frame_id="world", status=Status.HANDS_LOST)
    assert (over_the_wire(envelope, "MotionEnvelope").status, envelope.step_count) == (3, 0)


def test_an_envelope_holds_spheres_of_the_hands_that_are_there() -> None:
    ahead = forecast((False, True))
    message = new_message("ghtt_ros/msg/MotionEnvelope")
    convert_motion.fill_motion_envelope(message, ahead, coverage=1.0, model_id="m", part="finger", stride=3)
    message = over_the_wire(message, "MotionEnvelope")
    assert (message.step_count, message.sphere_count) == (32, 6)
    assert message.hand.tolist() == [1] * 6
    assert message.part.tolist() == [0, 1, 2, 3, 4, 5]
    centres, radii = message.centres.reshape(32, 6, 3), message.radii.reshape(32, 6)
    assert message.step.nanosec == 3 * ahead.step_ns
    tips = ahead.samples[:, ::3, 1, [2, 3, 4]]  # the thumb
    distance = np.linalg.norm(tips - centres[None, :, None, 1], axis=-1).max((0, 2))
    np.testing.assert_allclose(distance, radii[:, 1], rtol=1e-5)
    with pytest.raises(InputError, match="finger"):
        convert_motion.fill_motion_envelope(message, ahead, coverage=0.9, model_id="m", part="joint")


def test_times_that_no_message_can_hold_are_refused() -> None:
    message = new_message("ghtt_ros/msg/PredictedMotion")
    with pytest.raises(InputError, match="2038"):
        convert_motion.fill_no_motion(message, stamp_ns=2**62, frame_id="", status=Status.OK)


def test_the_skeleton_names_every_joint() -> None:
    message = new_message("ghtt_ros/msg/SkeletonLayout")
    convert.fill_skeleton_layout(message, STAMP_NS)
    message = over_the_wire(message, "SkeletonLayout")
    assert message.hand_names == ["left", "right"]
    assert len(message.joint_names) == 21
    assert message.parents[0] == -1
    assert (message.parents[1:] < np.arange(1, 21)).all()


def test_cut_or_random_bytes_are_a_sentence() -> None:
    message = new_message("ghtt_ros/msg/ActionRecognition")
    convert.fill_action(message, action(), stamp_ns=0, frame_id="", status=Status.OK, labels=("pour", "stir", "pass"))
    data = encode(message, "ghtt_ros/msg/ActionRecognition")
    for length in range(0, len(data) - 4, 3):
        with pytest.raises(InputError, match="ActionRecognition"):
            decode(data[:length], "ghtt_ros/msg/ActionRecognition")
