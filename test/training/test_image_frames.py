# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures and targets of F go together: whatever is done to a picture, the joints stay on the hands in it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from drawn_pictures import write_drawn_dataset

from ghtt_core.data.store.dataset import open_dataset
from ghtt_core.hands import normalised_camera as normal
from ghtt_core.hands.layout import VALID_JOINTS
from ghtt_core.training.image_augmentation import (
    UNCHANGED,
    ImageAugmentation,
    PictureChange,
    change_picture,
    draw_changes,
)
from ghtt_core.training.image_frames import ImageFrames, in_picture

BACKGROUND = 90
SIZE = (240, 135)


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> ImageFrames:
    dataset = write_drawn_dataset(tmp_path_factory.mktemp("drawn"), sequences=2, frames=40, every=10)
    return ImageFrames(open_dataset(dataset).split("train"), SIZE, together=False)


@pytest.mark.parametrize(
    "change",
    [
        UNCHANGED,
        PictureChange(right=17, down=-9),
        PictureChange(mirrored=True),
        PictureChange(right=-20, down=5, mirrored=True),
    ],
)
def test_joints_stay_on_the_hands_of_a_changed_picture(frames: ImageFrames, change: PictureChange) -> None:
    on_hand = []
    for item in range(len(frames)):
        picture = change_picture(frames.read(item), change).astype(int)
        target = frames.target(item, change)
        x, y = np.rint(target.pixels[target.presence][:, VALID_JOINTS] / 2).astype(int).reshape(-1, 2).T
        inside = (x >= 0) & (x < SIZE[0]) & (y >= 0) & (y < SIZE[1])
        colours = picture[y[inside], x[inside]]
        black = (colours == 0).all(axis=1)  # shifted in from outside
        on_hand.append((np.abs(colours - BACKGROUND).max(axis=1) > 8)[~black])
    assert np.concatenate(on_hand).mean() > 0.97


def test_a_mirror_swaps_the_hands(frames: ImageFrames) -> None:
    both = next(item for item in range(len(frames)) if frames.target(item).presence.all())
    plain, mirrored = frames.target(both), frames.target(both, PictureChange(mirrored=True))
    np.testing.assert_allclose(mirrored.depth[0], plain.depth[1], atol=1e-3)
    np.testing.assert_allclose(normal.WIDTH - 1 - mirrored.pixels[0, :, 0], plain.pixels[1, :, 0], atol=0.5)


def test_a_hand_that_leaves_the_picture_is_no_longer_there() -> None:
    hand = np.random.default_rng(0).uniform(-0.05, 0.05, (2, 21, 3)) + np.array([0.0, 0.0, 0.5])
    matrix = normal.normalised_matrix()
    assert in_picture(hand, matrix).tolist() == [True, True]
    assert in_picture(hand + np.array([[[0.0, 0, 0]], [[0.6, 0, 0]]]), matrix).tolist() == [True, False]
    assert in_picture(hand - np.array([0.0, 0.0, 1.0]), matrix).tolist() == [False, False]


def test_clips_stay_in_one_view_of_one_sequence(frames: ImageFrames) -> None:
    for start in range(len(frames)):
        clip = frames.rows[frames.clip(start, 6, 1)]
        assert (clip[:, :2] == clip[0, :2]).all()
        assert (np.diff(clip[:, 2]) >= 0).all()


def test_views_strides_and_limits_choose_pictures(frames: ImageFrames) -> None:
    assert len(frames) == 2 * 2 * 4
    store = frames.store
    assert len(ImageFrames(store, SIZE, views=("cam4",))) == 8
    assert ImageFrames(store, SIZE, stride=20).rows[:, 2].max() == 20
    some = ImageFrames(store, SIZE, limit=5)
    assert len(some) == 5
    assert len({tuple(row) for row in some.rows.tolist()}) == 5


def test_colours_change_as_the_words_say() -> None:
    grey, red = np.full((8, 8, 3), 100, np.uint8), np.zeros((8, 8, 3), np.uint8)
    red[..., 2] = 200
    assert change_picture(grey, PictureChange(brightness=1.5))[0, 0].tolist() == [150, 150, 150]
    assert np.abs(change_picture(grey, PictureChange(hue=2.0, saturation=0.3))[0, 0].astype(int) - 100).max() <= 1
    assert np.ptp(change_picture(red, PictureChange(saturation=0.0))[0, 0]) <= 1
    blue, green, still_red = change_picture(red, PictureChange(hue=2 * np.pi / 3))[0, 0]
    assert max(blue, green) > still_red
    half = np.concatenate([np.full((8, 4, 3), 50, np.uint8), np.full((8, 4, 3), 150, np.uint8)], axis=1)
    flat = change_picture(half, PictureChange(contrast=0.0))
    assert np.abs(flat.astype(int) - 100).max() <= 1
    assert (change_picture(half, UNCHANGED) == half).all()


def test_changes_stay_within_what_was_asked_for() -> None:
    config = ImageAugmentation(centre_jitter=0.1, hue=0.1, brightness=0.2, mirror=0.25)
    changes = draw_changes(config, 400, 240, torch.Generator().manual_seed(0))
    assert {change.right for change in changes} == set(range(-24, 25))
    assert max(abs(change.hue) for change in changes) <= 2 * np.pi * 0.1
    assert min(change.brightness for change in changes) >= 0.8
    assert 0.15 < np.mean([change.mirrored for change in changes]) < 0.35
    again = draw_changes(config, 400, 240, torch.Generator().manual_seed(0))
    assert changes == again
