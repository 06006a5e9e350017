# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ghtt_core.data.sequence import ActionSegment, HandSequence
from ghtt_core.data.store.sequence_store import StoreWriter, open_store
from ghtt_core.data.taxonomy import ActionLabel
from ghtt_core.data.views import ImageSource, View, scaled_intrinsics
from ghtt_core.errors import InputError

K = np.array([[400.0, 0, 240], [0, 410, 135], [0, 0, 1]])
QUARTER = np.array([[0.0, -1, 0, 0.1], [1, 0, 0, 0.2], [0, 0, 1, 0.9]], np.float32)
"""A quarter turn about z, then a shift."""


def moving(frames):
    poses = np.tile(QUARTER, (frames, 1, 1))
    poses[:, 2, 3] += np.arange(frames, dtype=np.float32) / 100
    return poses


def sequence(frames=12, views=(), fps=30.0, **more):
    rng = np.random.default_rng(frames)
    return HandSequence(
        joints=rng.normal(size=(frames, 2, 21, 3)).astype(np.float32),
        valid=np.ones((frames, 2), bool),
        stamps_ns=np.round(np.arange(frames) * (1e9 / fps)).astype(np.int64),
        frame_id="world",
        name="s",
        views=tuple(views),
        **more,
    )


def test_a_point_is_turned_and_shifted_with_column_vectors():
    view = View("c", K, (480, 270), QUARTER[None])
    points = np.tile(np.array([1.0, 0, 0], np.float32), (5, 2, 21, 1))
    seen = view.to_camera(points)
    np.testing.assert_allclose(seen[3, 1, 20], [0.1, 1.2, 0.9], atol=1e-6)  # (1,0,0) turns to (0,1,0)
    np.testing.assert_allclose(view.project(seen)[0, 0, 0], [400 / 9 + 240, 410 * 12 / 9 + 135], rtol=1e-6)
    assert np.isnan(view.project(np.array([0, 0, -1.0], np.float32))).all()


def test_a_moving_camera_has_a_pose_per_frame():
    view = View("c", K, (480, 270), moving(4))
    seen = view.to_camera(np.zeros((4, 2, 21, 3), np.float32))
    np.testing.assert_allclose(seen[:, 0, 0, 2], [0.9, 0.91, 0.92, 0.93], atol=1e-6)
    np.testing.assert_array_equal(view.pose(2), moving(4)[2])


def test_intrinsics_scale_with_the_picture():
    small = scaled_intrinsics(K, (480, 270), (240, 135))
    np.testing.assert_allclose(small, [[200, 0, 120], [0, 205, 67.5], [0, 0, 1]])


def test_pictures_are_numbered_by_first_and_step():
    source = ImageSource("frames", "a/rgb/%06d.png", first=3, step=2)
    assert source.file(source.number(5)) == "a/rgb/000013.png"
    assert ImageSource("video", "v/e1.mp4", step=2).number(7) == 14
    gone = replace(source, present=np.array([True, False]))
    assert (gone.number(0), gone.number(1)) == (3, -1)


@pytest.mark.parametrize("path", ["", "/etc/%06d.png", "../%06d.png", "a/%d.png", "a/b.png", "a/%06d/%06d.png"])
def test_patterns_that_find_no_picture_are_refused(path):
    with pytest.raises(InputError):
        ImageSource("frames", path)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"intrinsics": K.astype(np.float32)}, "float64"),
        ({"intrinsics": -K}, "impossible"),
        ({"world_to_camera": QUARTER}, "world_to_camera"),
        ({"world_to_camera": 2 * QUARTER[None]}, "not a rotation"),
        ({"world_to_camera": np.stack((QUARTER, QUARTER * [[1], [1], [-1]])).astype(np.float32)}, "frame 1"),
        ({"world_to_camera": np.full((1, 3, 4), np.nan, np.float32)}, "not a rotation"),
    ],
)
def test_cameras_that_cannot_be_are_refused(change, word):
    with pytest.raises(InputError, match=word):
        View(**{"name": "c", "intrinsics": K, "size": (480, 270), "world_to_camera": QUARTER[None], **change})


def test_a_view_of_another_length_is_refused():
    with pytest.raises(InputError, match="not as long"):
        sequence(12, [View("c", K, (480, 270), moving(11))])
    with pytest.raises(InputError, match="two views of one name"):
        sequence(12, [View("c", K, (480, 270), moving(12))] * 2)


def test_views_come_back_from_a_store_as_they_were(tmp_path):
    present = np.ones(12, bool)
    present[4] = False
    uneven = np.array([0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14], np.int32)
    views = [
        View("still", K, (480, 270), QUARTER[None], ImageSource("frames", "a/%06d.png", 5, 1, present)),
        View("worn", K * [[2], [2], [1]], (960, 540), moving(12), ImageSource("video", "a/e1.mp4", 0, 2)),
        View("odd", K, (480, 270), moving(12), ImageSource("video", "b.mp4", present=present, numbers=uneven)),
        View("blind", K, (480, 270), QUARTER[None]),
    ]
    with StoreWriter(tmp_path / "s", source_root=tmp_path / "source") as writer:
        writer.append(sequence(7))
        writer.append(sequence(12, views))
    store = open_store(tmp_path / "s", verify=True)
    assert store.views(0) == ()
    assert store.view_names(1) == ("still", "worn", "odd", "blind")
    assert store.source_root == tmp_path / "source"
    for got, given in zip(store.sequence(1).views, views, strict=True):
        assert (got.name, got.size) == (given.name, given.size)
        np.testing.assert_array_equal(got.intrinsics, given.intrinsics)
        np.testing.assert_array_equal(got.world_to_camera, given.world_to_camera)
        if given.images is None:
            assert got.images is None
            continue
        assert got.images.path == given.images.path
        assert [got.images.number(i) for i in range(12)] == [given.images.number(i) for i in range(12)]


def test_views_keep_up_when_a_sequence_is_resampled(tmp_path):
    views = [
        View("even", K, (480, 270), moving(24), ImageSource("video", "a.mp4", 10, 1)),
        View("still", K, (480, 270), QUARTER[None], ImageSource("video", "a.mp4", 10, 1)),
    ]
    halved = sequence(24, views, fps=60.0).resampled(30.0)
    np.testing.assert_array_equal(halved.views[0].world_to_camera, moving(24)[::2])
    assert [halved.views[1].images.number(i) for i in range(3)] == [10, 12, 14]
    slow = sequence(24, views, fps=25.0).resampled(30.0)
    numbers = [slow.views[0].images.number(i) for i in range(len(slow))]
    times = 10 + np.arange(len(slow)) * 25 / 30
    assert np.abs(numbers - times).max() <= 0.5 + 1e-9
    with StoreWriter(tmp_path / "s") as writer:
        writer.append(slow)
    back = open_store(tmp_path / "s").views(0)[0]
    assert [back.images.number(i) for i in range(len(slow))] == numbers


def test_overlapping_segments_and_further_labels_are_kept(tmp_path):
    take_out = ActionLabel("take out cup", "take out", "cup", 24)
    coarse = ActionSegment(0, 12, "make coffee", "make", "coffee")
    given = sequence(
        12,
        segments=(take_out.segment(0, 8), ActionSegment(4, 12, "read book", "read", "book")),
        more_segments={"coarse": (coarse,)},
    )
    labels = (ActionLabel("read book", "read", "book", 3), take_out)
    with StoreWriter(tmp_path / "s", labels, more_labels={"coarse": ("idle", "make coffee")}) as writer:
        writer.append(sequence(5))
        writer.append(given)
    store = open_store(tmp_path / "s")
    assert (store.label_ids, store.verbs, store.nouns) == ((3, 24), ("read", "take out"), ("book", "cup"))
    assert store.segments[:, :4].tolist() == [[1, 5, 13, 1], [1, 9, 17, 0]]
    assert store.more_segments["coarse"].segments.tolist() == [[1, 5, 17, 1]]
    back = store.sequence(1)
    assert back.segments == given.segments
    assert back.more_segments["coarse"] == (coarse,)


def test_where_pictures_lie_is_no_part_of_the_content(tmp_path):
    for name in ("a", "b"):
        with StoreWriter(tmp_path / name, source_root=tmp_path / f"{name}-source") as writer:
            writer.append(sequence(5))
    first, second = open_store(tmp_path / "a"), open_store(tmp_path / "b")
    assert first.fingerprint == second.fingerprint
    assert first.source_root != second.source_root
