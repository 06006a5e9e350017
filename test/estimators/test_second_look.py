# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The second look: hands come to lie where the network sees them in their crops."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from seeing_network import write_seeing_checkpoint

from ghtt_core.data.synthetic.config import SyntheticConfig
from ghtt_core.data.synthetic.generator import generate_sequence
from ghtt_core.estimators.camera import PinholeCamera
from ghtt_core.estimators.registry import create_estimator
from ghtt_core.estimators.second_look import SecondLook
from ghtt_core.hands.hand_camera import HandCamera
from ghtt_core.hands.layout import LEFT, RIGHT
from ghtt_core.hands.normalised_camera import project
from ghtt_core.models.config import HandCropConfig
from ghtt_core.models.hand_crop import CROP_MARGIN, HandCropNetwork
from ghtt_core.models.image_checkpoint import load_image_checkpoint, save_image_checkpoint

HANDS = generate_sequence(SyntheticConfig(frames=64, leave_probability=0.0), 5, 0).joints[20].astype(np.float64)
LENS = np.array([[380.0, 0.0, 240.0], [0.0, 380.0, 135.0], [0.0, 0.0, 1.0]])
SIZES = HandCropConfig(base_width=4, input_size=48, hidden=8)


def crop_network(hand: np.ndarray, mirrored: bool) -> HandCropNetwork:
    """A network that sees one pose in every crop: all weights of its heads are zero, the answer is in the biases."""
    network = HandCropNetwork(SIZES)
    pose = HandCamera.aimed(project(hand, LENS), LENS, CROP_MARGIN, mirrored).encode(hand)
    with torch.no_grad():
        for head in (network.hand_head[2], network.extent_head, network.attention.maps):
            torch.nn.init.zeros_(head.weight)  # type: ignore[arg-type]
            torch.nn.init.zeros_(head.bias)  # type: ignore[arg-type]
        numbers = np.concatenate([pose.places, pose.depth[:, None]], axis=1)
        network.hand_head[2].bias.copy_(torch.from_numpy(numbers).flatten())  # type: ignore[operator]
        network.extent_head.bias.fill_(float(pose.extent))
    return network.eval()


def test_hands_are_placed_by_what_their_crops_say() -> None:
    picture, both = np.zeros((270, 480, 3), np.uint8), np.ones(2, bool)
    for hand in (LEFT, RIGHT):
        look = SecondLook(crop_network(HANDS[hand], hand == LEFT), torch.float32)
        again = look(picture, LENS, HANDS, both)
        np.testing.assert_allclose(again[hand], HANDS[hand], atol=1e-5)
        assert np.abs(again[1 - hand] - HANDS[1 - hand]).max() > 1e-3  # the other hand has another pose


def test_hands_that_are_not_there_are_not_looked_for() -> None:
    look = SecondLook(crop_network(HANDS[RIGHT], False), torch.float32)
    picture, off = np.zeros((270, 480, 3), np.uint8), HANDS + 0.01
    again = look(picture, LENS, off, np.array([False, True]))
    assert np.array_equal(again[LEFT], off[LEFT])
    assert not np.array_equal(again[RIGHT], off[RIGHT])
    assert np.array_equal(look(picture, LENS, off, np.zeros(2, bool)), off)


def test_the_estimator_uses_the_second_look_of_its_checkpoint(tmp_path: Path) -> None:
    """In a picture of another size, with both hands mirrored twins of each other."""
    twins = np.stack([HANDS[RIGHT] * (-1.0, 1.0, 1.0), HANDS[RIGHT]])
    blurred = twins + np.random.default_rng(0).normal(0, 0.004, twins.shape)
    first = load_image_checkpoint(write_seeing_checkpoint(tmp_path / "first", blurred))
    network = crop_network(HANDS[RIGHT], False)
    card = replace(first.card, crop=SIZES)
    save_image_checkpoint(tmp_path / "second", first.network, card, first.object_text, network)
    lens = PinholeCamera(480.0, 480.0, 480.0, 270.0, 960, 540)  # the normalised camera
    picture = np.full((540, 960, 3), 90, np.uint8)
    shapes = []
    for name in ("first", "second"):
        frame = create_estimator("resnet18", checkpoint=tmp_path / name).estimate(picture, lens, 0)
        assert frame.valid.all()
        right = frame.joints[RIGHT] - frame.joints[RIGHT, 0]
        shapes.append((right, frame.joints[LEFT] - frame.joints[LEFT, 0]))
    mirror = np.array([-1.0, 1.0, 1.0])
    error = [np.abs(right - left * mirror).mean() for right, left in shapes]
    assert error[1] < 0.3 * error[0]  # one network answered for both, in a mirror
