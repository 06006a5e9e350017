# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Every oddity of H2O's layout, each against a stand-in tree whose truth is known."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from h2o_tree import CAMERAS, Segment, StandIn, shown, write_tree

from ghtt_core.data.pictures.images import ImageReader
from ghtt_core.data.preparation.prepare import prepare
from ghtt_core.data.readers.base import Faults, MalformedFileError
from ghtt_core.data.readers.h2o import FULL_SIZE, H2OReader
from ghtt_core.data.readers.h2o_labels import LABELS, find_list, read_list
from ghtt_core.data.readers.published import PUBLISHED
from ghtt_core.data.store.dataset import open_dataset
from ghtt_core.errors import InputError

REAL_LISTS = Path(__file__).parents[4] / "shared" / "data" / "labels"
FRAMES = {"subject1/h1/0": 40, "subject3/k2/1": 30, "subject4/o1/0": 35}
SEGMENTS = {
    "train": {"subject1/h1/0": [Segment(24, 2, 12), Segment(31, 15, 39)]},
    "val": {"subject3/k2/1": [Segment(35, 0, 20)]},
    "test": {"subject4/o1/0": [Segment(7, 5, 25)]},
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> StandIn:
    return write_tree(tmp_path_factory.mktemp("h2o"), FRAMES, SEGMENTS)


@pytest.fixture(scope="module")
def dataset(tree, tmp_path_factory):
    return prepare(H2OReader(tree.root), tmp_path_factory.mktemp("prepared") / "h2o", workers=1)


def read(root, name="subject1/h1/0", skip=False, **options):
    reader = H2OReader(root, **options)
    faults = Faults("skip" if skip else "fatal")
    entry = next(e for e in reader.plan(faults).sequences if e.name == name)
    return reader.read(entry, faults), faults


@pytest.fixture
def own_tree(tmp_path):
    """A small tree of its own, to be damaged."""
    return write_tree(
        tmp_path / "h2o", {"subject1/h1/0": 6}, {"train": {"subject1/h1/0": [Segment(1, 0, 4)]}}, pictures=None
    )


@pytest.mark.parametrize("camera", ["auto", "cam1", "cam4"])
def test_poses_come_back_in_the_world_in_metres_from_any_camera(tree, camera):
    reading, _ = read(tree.root, world_camera=camera)
    assert reading.sequence.frame_id == "world"
    assert reading.sequence.valid.all()
    np.testing.assert_allclose(reading.sequence.joints, tree.world["subject1/h1/0"], atol=1e-6)


def test_the_left_hand_is_the_first_64_numbers(tree, dataset):
    joints = dataset.split("train").joints[:40]
    assert (joints[:, 0, :, 0].mean(1) < 0).all()
    assert (joints[:, 1, :, 0].mean(1) > 0).all()


def test_joints_keep_their_order_and_the_thumb_base_is_not_measured(tree, dataset):
    joint_valid = dataset.split("train").joint_valid[0]
    assert np.flatnonzero(~joint_valid).tolist() == [1]
    np.testing.assert_allclose(dataset.split("train").joints[7], tree.world["subject1/h1/0"][7], atol=1e-6)


def test_views_look_from_where_the_cameras_were_and_only_the_worn_one_moves(tree, dataset):
    store = dataset.split("train")
    views = store.views(0)
    assert [view.name for view in views] == list(CAMERAS)
    assert [view.moving for view in views] == [False, False, False, False, True]
    joints = np.array(store.joints[:40])
    for view in views:
        np.testing.assert_allclose(view.to_camera(joints), tree.camera_joints("subject1/h1/0", view.name), atol=2e-6)


def test_intrinsics_belong_to_the_pictures_that_are_offered(tree, dataset):
    small = dataset.split("train").views(0)[0]
    assert small.size == (480, 270)
    np.testing.assert_allclose(small.intrinsics[[0, 1, 0, 1], [0, 1, 2, 2]] / 0.375, [636.65, 637.25, 635.28, 366.87])
    reading, _ = read(tree.root, size=FULL_SIZE)
    full = reading.sequence.views[0]
    assert (full.size, full.intrinsics[0, 2]) == ((1280, 720), 635.28)
    assert full.images is None  # this tree has the small pictures alone


def test_the_end_of_an_action_is_one_past_its_last_frame_unless_told_otherwise(tree):
    exclusive, _ = read(tree.root)
    assert [(s.start, s.end) for s in exclusive.sequence.segments] == [(2, 12), (15, 39)]
    inclusive, _ = read(tree.root, inclusive_ends=True)
    assert [(s.start, s.end) for s in inclusive.sequence.segments] == [(2, 13), (15, 40)]


def test_actions_are_numbered_from_one_and_have_verbs_of_two_words(dataset):
    store = dataset.split("train")
    assert store.label_ids == tuple(range(1, 37))
    first, second = store.sequence(0).segments
    assert (first.label, first.verb, first.noun) == ("take out espresso", "take out", "espresso")
    assert (second.label, second.verb, second.noun) == ("apply lotion", "apply", "lotion")
    assert dataset.split("val").sequence(0).segments[0].label == "spray spray"


def test_frames_outside_all_actions_have_no_object(dataset):
    store = dataset.split("train")
    objects = np.array(store.objects[:40])
    assert {store.object_names[i] for i in objects[2:12]} == {"espresso"}
    assert (objects[[0, 1, 12, 13, 14, 39]] == -1).all()


def test_a_test_list_without_labels_keeps_the_bounds_and_says_what_is_missing(dataset):
    sequence = dataset.split("test").sequence(0)
    assert sequence.segments == ()
    assert [(s.start, s.end) for s in sequence.more_segments["unlabelled"]] == [(5, 25)]
    assert any(piece.what == "labels of actions" and piece.where == "test" for piece in dataset.missing)


def test_a_test_list_with_labels_has_them_in_its_last_column(tmp_path):
    tree = write_tree(tmp_path, {"subject4/o1/0": 30}, SEGMENTS, pictures=None, test_labels=True)
    reading, _ = read(tree.root, "subject4/o1/0")
    assert [(s.label, s.start, s.end) for s in reading.sequence.segments] == [("grab chips", 5, 25)]
    assert reading.sequence.more_segments == {}


def test_pictures_are_read_where_they_are(tree, dataset):
    store = dataset.split("train")
    with ImageReader(store) as images:
        for camera in CAMERAS:
            for frame in (0, 17, 39):
                picture = images.read(0, camera, frame)
                assert picture.shape == (270, 480, 3)
                assert tuple(picture[100, 200]) == shown(camera, frame)
    assert store.source_root == tree.root


def test_a_tree_that_moved_is_found_by_the_environment(tree, dataset, tmp_path, monkeypatch):
    moved = tmp_path / "elsewhere"
    shutil.copytree(tree.root / "subject3", moved / "subject3")
    monkeypatch.setenv("GHTT_SOURCE", str(moved))
    with ImageReader(open_dataset(dataset.folder).split("val")) as images:
        assert tuple(images.read(0, "cam2", 3)[0, 0]) == shown("cam2", 3)
    with (
        ImageReader(open_dataset(dataset.folder, source_root=tmp_path).split("val")) as images,
        pytest.raises(InputError, match=r"000003\.png cannot be read.*GHTT_SOURCE"),
    ):
        images.read(0, "cam2", 3)


def test_full_pictures_stand_in_for_small_ones(tmp_path):
    tree = write_tree(tmp_path / "t", {"subject1/h1/0": 3}, SEGMENTS, cameras=("cam0", "cam4"), pictures="rgb")
    dataset = prepare(H2OReader(tree.root), tmp_path / "s", workers=1)
    with ImageReader(dataset.split("train")) as images:
        picture = images.read(0, "cam4", 2)
    assert picture.shape == (270, 480, 3)
    assert tuple(picture[5, 5]) == shown("cam4", 2)


def test_a_hand_that_was_not_annotated_is_not_valid(own_tree):
    path = own_tree.root / "subject1/h1/0/cam0/hand_pose/000002.txt"
    words = path.read_text().split()
    words[64] = "0"
    path.write_text(" ".join(words))
    reading, _ = read(own_tree.root)
    assert reading.sequence.valid[2].tolist() == [True, False]
    assert not reading.sequence.joints[2, 1].any()
    assert reading.sequence.valid[[0, 1, 3, 4, 5]].all()


def test_file_numbers_are_frame_numbers_also_where_files_are_missing(own_tree):
    for camera in CAMERAS:
        (own_tree.root / f"subject1/h1/0/{camera}/hand_pose/000001.txt").unlink()
    reading, _ = read(own_tree.root)
    assert len(reading.sequence) == 6
    assert reading.sequence.valid[:, 0].tolist() == [True, False, True, True, True, True]
    np.testing.assert_allclose(reading.sequence.joints[5], own_tree.world["subject1/h1/0"][5], atol=1e-6)


@pytest.mark.parametrize(
    ("file", "content", "where"),
    [
        ("cam0/hand_pose/000003.txt", "1 2 3", "line 1: holds 3 numbers instead of 128"),
        ("cam0/hand_pose/000003.txt", "1.0 \n" * 70 + "oops\n" + "1 " * 57, "line 71: holds something that is not a"),
        ("cam0/hand_pose/000003.txt", "1 " * 127 + "nan", "line 1: holds a number that is not finite"),
        ("cam0/cam_pose/000003.txt", "2 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1", "line 1: is not a rotation"),
        ("cam0/cam_pose/000003.txt", "1 0 0 0 0 -1 0 0 0 0 1 0 0 0 0 1", "line 1: is not a rotation"),
    ],
)
def test_a_malformed_frame_is_fatal_or_skipped_with_its_path_and_line(own_tree, file, content, where):
    path = own_tree.root / "subject1/h1/0" / file
    path.write_text(content)
    with pytest.raises(MalformedFileError, match=where) as caught:
        read(own_tree.root)
    assert str(caught.value).startswith(str(path))
    reading, faults = read(own_tree.root, skip=True)
    assert [(fault.path, fault.line) for fault in faults.found] == [(str(path), caught.value.line)]
    assert reading.sequence.valid[:, 0].tolist() == [True, True, True, False, True, True]


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("9 subject1/h1/0 37 0 4 0 5", "the action 37"),
        ("9 subject1/h1/0 0 0 4 0 5", "the action 0"),
        ("9 subject1/h1/0 3 4 4 0 5", "from frame 4 to 4"),
        ("9 subject1/h1/0 3 x 4 0 5", "not a whole number"),
        ("9 subject1/h1/0 3", "3 columns"),
        ("9 ../../etc 3 0 4 0 5", "names the sequence"),
    ],
)
def test_a_malformed_row_is_fatal_or_skipped(own_tree, row, what):
    path = own_tree.root / "action_labels/action_train.txt"
    path.write_text(path.read_text() + row + "\n")
    with pytest.raises(MalformedFileError, match=f"line 3: .*{what}"):
        read(own_tree.root)
    reading, faults = read(own_tree.root, skip=True)
    assert (len(reading.sequence.segments), len(faults.found)) == (1, 1)


def test_missing_pieces_reduce_what_is_offered_and_are_listed(tmp_path):
    tree = write_tree(tmp_path / "t", {"subject1/h1/0": 8}, SEGMENTS, cameras=("cam1", "cam4"), pictures="rgb480_270")
    shutil.rmtree(tree.root / "subject1/h1/0/cam1/rgb480_270")
    (tree.root / "subject1/h1/0/cam4/rgb480_270/000002.png").unlink()
    dataset = prepare(H2OReader(tree.root), tmp_path / "s", workers=1)
    assert list(dataset.splits) == ["train"]
    said = {(piece.what, piece.where) for piece in dataset.missing}
    assert said >= {
        ("sequence", "subject3/k2/1"),
        ("pictures of cam1", "subject1/h1/0"),
        ("camera cam0", "subject1/h1/0"),
        ("split", "val"),
    }
    with ImageReader(dataset.split("train")) as images:
        assert [images.has(0, "cam4", frame) for frame in range(4)] == [True, True, False, True]
        with pytest.raises(InputError, match="no picture of frame 2"):
            images.read(0, "cam4", 2)


def test_actions_beyond_the_frames_that_are_there_are_cut_and_reported(tmp_path):
    tree = write_tree(tmp_path / "t", {"subject1/h1/0": 10}, {"train": {"subject1/h1/0": [Segment(1, 4, 9)]}})
    for camera in CAMERAS:
        for frame in range(6, 10):
            (tree.root / f"subject1/h1/0/{camera}/hand_pose/{frame:06d}.txt").unlink()
            (tree.root / f"subject1/h1/0/{camera}/rgb480_270/{frame:06d}.png").unlink()
    reading, _ = read(tree.root)
    assert [(s.start, s.end) for s in reading.sequence.segments] == [(4, 6)]
    assert any(piece.what == "last frames" for piece in reading.missing)


def test_archives_of_the_worn_camera_alone_and_loose_lists_are_understood(tmp_path):
    tree = write_tree(tmp_path, {"subject1/h1/0": 5}, SEGMENTS, ("cam4",), None, False, "_ego", "label_split")
    reading, _ = read(tree.root)
    assert reading.sequence.subject == "subject1"
    assert [view.name for view in reading.sequence.views] == ["cam4"]
    np.testing.assert_allclose(reading.sequence.joints, tree.world["subject1/h1/0"], atol=1e-6)


def test_without_lists_scenes_make_the_splits(tmp_path):
    frames = {"subject3/k1/0": 3, "subject3/k2/0": 3, "subject4/h1/10": 3, "subject4/h1/9": 3}
    write_tree(tmp_path, frames, {}, ("cam4",), None)
    plan = H2OReader(tmp_path).plan(Faults())
    assert [(e.split, e.name) for e in plan.sequences] == [
        ("train", "subject3/k1/0"),
        ("val", "subject3/k2/0"),
        ("test", "subject4/h1/9"),
        ("test", "subject4/h1/10"),
    ]


def test_a_folder_that_is_not_h2o_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no sequence of H2O"):
        H2OReader(tmp_path).plan(Faults())
    with pytest.raises(InputError, match="There is no folder"):
        H2OReader(tmp_path / "no").plan(Faults())


@pytest.mark.skipif(not REAL_LISTS.is_dir(), reason="H2O's published lists are not here")
def test_the_published_lists_have_the_published_counts(tmp_path):
    names = [line.split(" ", 1)[1] for line in (REAL_LISTS / "h2o_actions.txt").read_text().splitlines()]
    assert [label.name for label in LABELS] == names[1:]
    for split in ("train", "val", "test"):
        os.symlink(REAL_LISTS / f"h2o_action_{split}.txt", tmp_path / f"action_{split}.txt")
        path = find_list(Path("nowhere"), tmp_path, split)
        listed = read_list(path, split, False, Faults())
        counts = PUBLISHED["h2o"][split]
        assert len(listed) == counts.sequences
        assert sum(len(s.segments) for s in listed.values()) == counts.segments
        assert sum(s.last_frame + 1 for s in listed.values()) == counts.frames
        labels = {segment.label for s in listed.values() for segment in s.segments}
        assert labels == ({None} if split == "test" else set(range(36)))
