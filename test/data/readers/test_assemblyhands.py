# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Every oddity of AssemblyHands' layout, each against a stand-in tree whose truth is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from assembly_tree import Recording, intrinsics, name_of, number_of, world_to_camera, write_assembly101
from assemblyhands_tree import EGO_INTRINSICS, HEADSET, Stretch, write_assemblyhands

from ghtt_core.cli.main import main
from ghtt_core.data.pictures.images import ImageReader
from ghtt_core.data.preparation.prepare import prepare
from ghtt_core.data.readers.assembly_labels import NIL, labels_at
from ghtt_core.data.readers.assemblyhands import AssemblyHandsReader
from ghtt_core.data.readers.base import Faults, MalformedFileError
from ghtt_core.data.store.dataset import open_dataset
from ghtt_core.errors import InputError

ONE, TWO, THREE, ELSEWHERE = name_of(9033), name_of(9044), name_of(9055), name_of(9066)
RECORDINGS = {
    ONE: Recording(
        "train", 8, fine=[(55, 60, "show hand"), (40, 52, "turn roof")], anticipation=[(55, 60, "show hand")]
    ),
    TWO: Recording("validation", 8, fine=[(1, 5, "lift roof")], anticipation=[(1, 5, "lift roof")]),
    THREE: Recording("test", 8, fine=[(3, 9, "show hand")], anticipation=[(3, 9, "show hand")]),
}
# AssemblyHands cuts its own splits: its "val" has a training and a test recording of Assembly101.
STRETCHES = {
    ONE: Stretch("val", 100, 18),
    TWO: Stretch("train", 0, 6),
    THREE: Stretch("val", 31, 5),
    ELSEWHERE: Stretch("train", 10, 4),
}


def write(root, recordings=RECORDINGS, stretches=STRETCHES, pictures=True):
    """Assembly101 with AssemblyHands in it."""
    write_assembly101(root, recordings)
    return write_assemblyhands(root / "asshand", stretches, pictures)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return write(tmp_path_factory.mktemp("ass101"))


@pytest.fixture(scope="module")
def source(tree):
    return tree.root.parent


@pytest.fixture(scope="module")
def dataset(source, tmp_path_factory):
    return prepare(AssemblyHandsReader(source), tmp_path_factory.mktemp("prepared") / "assemblyhands", workers=1)


@pytest.fixture
def small(tmp_path):
    """A tree of one recording without pictures, to be damaged."""
    return write(tmp_path / "ass101", {ONE: RECORDINGS[ONE]}, {ONE: Stretch("val", 100, 6)}, pictures=False)


def read(root, name=ONE, skip=False, **options):
    reader = AssemblyHandsReader(root, **options)
    faults = Faults("skip" if skip else "fatal")
    entry = next(entry for entry in reader.plan(faults).sequences if entry.name == name)
    return reader.read(entry, faults), faults


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def joint_file(root, split="val"):
    return root / "annotations" / split / f"assemblyhands_{split}_joint_3d_v1-1.json"


def calibration_file(root):
    return root / "annotations" / "val" / "assemblyhands_val_ego_calib_v1-1.json"


def test_poses_come_back_in_metres_in_our_order_left_hand_first(tree, dataset):
    store = dataset.split("train")
    measured = store.joint_valid[0]
    assert np.flatnonzero(~measured).tolist() == [1]
    np.testing.assert_allclose(store.joints[:, :, measured], tree.world[ONE][:, :, measured], atol=1e-6)
    assert (store.joints[:, 0, :, 0].mean(1) < 0).all()


def test_frame_numbers_are_at_60_per_second_and_every_second_one_is_annotated(dataset):
    assert [dataset.split(split).frames for split in ("train", "val", "test")] == [18, 6, 5]


def test_joint_valid_is_not_used(dataset):
    assert all(store.valid.all() for store in dataset.splits.values())


def test_splits_are_those_of_assembly101_whichever_file_the_poses_are_in(dataset):
    assert {split: store.names for split, store in dataset.splits.items()} == {
        "train": (ONE,),
        "val": (TWO,),
        "test": (THREE,),
    }


def test_a_recording_in_no_split_of_assembly101_is_left_out_and_said_to_be(dataset):
    assert any(piece.where == ELSEWHERE for piece in dataset.missing)
    assert not any(ELSEWHERE in store.names for store in dataset.splits.values())


def test_actions_are_those_of_assembly101_from_the_first_annotated_frame_on(dataset):
    # The stretch begins at frame 100 of 60 per second: frame 50 of the lists.
    sequence = dataset.split("train").sequence(0)
    assert [(s.start, s.end, s.label) for s in sequence.segments] == [(5, 10, "show hand")]
    fine = sequence.more_segments["fine"]
    assert labels_at(fine, 2) == ("turn roof",)  # its last frame, 52
    assert labels_at(fine, 3) == (NIL,)
    assert labels_at(fine, 10) == ("show hand",)


def test_labels_are_numbered_as_assembly101_numbers_them(dataset):
    assert dataset.split("val").labels[:2] == ("turn wheel with tool", "turn roof")
    assert dataset.split("val").label_ids == (0, 1, 2, 3)


def test_views_are_the_headset_and_the_six_fixed_cameras_of_the_publication(dataset):
    names = ("e1", "e2", "e3", "e4", "v1", "v2", "v3", "v4", "v6", "v8")
    assert dataset.split("train").view_names(0) == names


def test_all_eight_fixed_cameras_can_be_had(source):
    reading, _ = read(source, all_exo_views=True)
    assert [view.name for view in reading.sequence.views[4:]] == [f"v{number}" for number in range(1, 9)]


def test_fixed_cameras_map_the_world_to_the_camera(tree, dataset):
    world = tree.world[ONE]
    for view in dataset.split("train").views(0)[4:]:
        number = int(view.name[1]) - 1
        assert (view.size, view.moving) == ((480, 270), False)
        np.testing.assert_allclose(view.intrinsics[:2], intrinsics(number)[:2] * 480 / 1920)
        pose = world_to_camera(number)
        camera = world @ pose[:3, :3].T + pose[:3, 3]
        np.testing.assert_allclose(view.to_camera(world.astype(np.float32)), camera, atol=1e-5)


def test_the_headset_has_a_pose_for_every_frame(tree, dataset):
    world = tree.world[ONE]
    for number, view in enumerate(dataset.split("train").views(0)[:4]):
        assert view.moving
        assert view.size[1] == 270
        np.testing.assert_allclose(view.intrinsics[:2], EGO_INTRINSICS[:2] * 270 / 480)
        poses = tree.headset[ONE][:, number]
        camera = np.einsum("tij,thkj->thki", poses[:, :, :3], world) + poses[:, None, None, :, 3]
        np.testing.assert_allclose(view.to_camera(world.astype(np.float32)), camera, atol=1e-5)


def test_pictures_of_the_headset_are_found_by_frame_number(dataset):
    with ImageReader(dataset.split("train")) as images:
        assert [number_of(images.read(0, f"e{view + 1}", 7)) for view in range(4)] == [(7, view) for view in range(4)]
        assert images.view(0, "e3").images.file(images.view(0, "e3").images.number(7)).endswith("_mono10bit/000114.jpg")


def test_videos_begin_at_the_first_annotated_frame(dataset):
    with ImageReader(dataset.split("train")) as images:
        for view in (1, 6, 8):
            assert number_of(images.read(0, f"v{view}", 7)) == (7, view - 1)


def test_pictures_are_not_copied(dataset):
    assert not [path for path in dataset.folder.rglob("*") if path.suffix in (".mp4", ".jpg")]
    assert dataset.split("train").views(0)[0].images.path.startswith("asshand/images/ego_images_rectified/val/")


def test_frames_without_a_picture_are_told(tmp_path):
    tree = write(tmp_path, stretches={ONE: STRETCHES[ONE]})
    spans = tree.root / "annotations" / "exo_with_img_info.json"
    edit(spans, '"v2": [[100, 136]]', '"v2": [[104, 110], [120, 136]]')
    (tree.root / f"images/ego_images_rectified/val/{ONE}/{HEADSET[1]}_mono10bit/000106.jpg").unlink()
    calibration = json.loads(calibration_file(tree.root).read_text())
    del calibration["calibration"][ONE]["extrinsics"]["000110"][f"{HEADSET[0]}_mono10bit"]
    calibration_file(tree.root).write_text(json.dumps(calibration))
    reading, _ = read(tmp_path)
    images = {view.name: view.images for view in reading.sequence.views}
    there = {name: [images[name].number(frame) >= 0 for frame in range(11)] for name in ("v1", "v2", "e1", "e2")}
    assert there["v1"] == [True] * 11
    assert there["v2"] == [frame in (2, 3, 4, 10) for frame in range(11)]
    assert there["e1"] == [frame != 5 for frame in range(11)]  # the camera's pose is not known
    assert there["e2"] == [frame != 3 for frame in range(11)]
    assert images["v2"].number(2) == 2


def test_the_sequence_is_the_annotated_stretch(small):
    edit(small.root / "annotations" / "val_annotated@fps60.json", "[100, 112]", "[102, 118]")
    reading, _ = read(small.root.parent)
    assert reading.sequence.valid.all(1).tolist() == [True] * 5 + [False] * 3
    measured = reading.sequence.joint_valid
    np.testing.assert_allclose(
        reading.sequence.joints[:5][:, :, measured], small.world[ONE][1:][:, :, measured], atol=1e-6
    )
    assert reading.sequence.segments[0].start == 4  # frame 55 of the lists, which is frame 110


def test_without_the_list_of_stretches_it_goes_from_the_first_to_the_last_annotated_frame(small):
    (small.root / "annotations" / "val_annotated@fps60.json").unlink()
    annotations = json.loads(joint_file(small.root).read_text())
    del annotations["annotations"][ONE]["000104"]
    joint_file(small.root).write_text(json.dumps(annotations))
    reading, _ = read(small.root.parent)
    assert reading.sequence.valid.all(1).tolist() == [True, True, False, True, True, True]


def test_it_can_lie_beside_the_lists_or_anywhere(tree, source, tmp_path):
    alone = read(tree.root)[0].sequence
    assert [segment.label for segment in alone.segments] == ["show hand"]
    assert alone.views[0].images.path.startswith("images/")
    elsewhere = write_assemblyhands(tmp_path / "hands", {ONE: STRETCHES[ONE]}, pictures=False).root
    assert [segment.start for segment in read(elsewhere, assembly101=source)[0].sequence.segments] == [5]


def test_without_assembly101_its_own_splits_are_used_and_there_are_no_actions(tmp_path):
    root = write_assemblyhands(tmp_path / "hands", {ONE: Stretch("val", 100, 4), TWO: Stretch("train", 0, 3)}).root
    prepared = prepare(AssemblyHandsReader(root), tmp_path / "store", workers=1)
    assert {split: store.names for split, store in prepared.splits.items()} == {"train": (TWO,), "val": (ONE,)}
    assert len(prepared.split("val").segments) == 0
    assert any(piece.what == "lists of Assembly101" for piece in prepared.missing)


def test_what_is_missing_is_said_and_the_rest_is_offered(small, tmp_path):
    (small.root / "cam_para" / f"{ONE}.json").unlink()
    calibration_file(small.root).unlink()
    prepared = prepare(AssemblyHandsReader(small.root.parent), tmp_path / "store", workers=1)
    said = [piece.what for piece in prepared.missing]
    for what in ("cam_para", calibration_file(small.root).name, joint_file(small.root, "test").name):
        assert what in said
    assert prepared.split("train").view_names(0) == ()
    assert len(prepared.split("train").segments) == 1


DAMAGES = {
    "truncated poses": (joint_file, lambda p: p.write_text(p.read_text()[:-700]), "ends inside"),
    "no annotations": (joint_file, lambda p: edit(p, '"annotations"', '"notes"'), "no object 'annotations'"),
    "bad number": (joint_file, lambda p: edit(p, '"world_coord": [[', '"world_coord": [[x'), f"'{ONE}' is not JSON"),
    "41 points": (joint_file, lambda p: edit(p, "[[", "[[1, 2], ["), "frame '000100': 'world_coord' is not 42 points"),
    "frame name": (joint_file, lambda p: edit(p, '"000102"', '"frame2"'), "frame 'frame2', which is no number"),
    "matrix": (
        calibration_file,
        lambda p: edit(p, '"000100": {"HMC_21176875_mono10bit": [[', '"000100": {"HMC_21176875_mono10bit": [[1], ['),
        "'000100', 'HMC_21176875_mono10bit' is no 3 x 4 matrix",
    ),
    "intrinsics": (calibration_file, lambda p: edit(p, "[[191.5, ", "[[-191.5, "), "impossible intrinsics"),
    "camera": (calibration_file, lambda p: edit(p, "HMC_21176875", "HMC_1"), "'HMC_1_mono10bit' is no camera"),
    "serial": (lambda r: r / "cam_para" / f"{ONE}.json", lambda p: edit(p, "C10095_rgb", "C1"), "camera 0 of the list"),
    "focal": (lambda r: r / "cam_para" / f"{ONE}.json", lambda p: edit(p, '"fx"', '"f"'), "lacks 'fx'"),
    "spans": (
        lambda r: r / "annotations" / "exo_with_img_info.json",
        lambda p: edit(p, '"v1": [[100, 112]]', '"v1": "all"'),
        "no list of [start, end]",
    ),
    "stretch": (
        lambda r: r / "annotations" / "val_annotated@fps60.json",
        lambda p: edit(p, "[100, 112]", "[112, 100]"),
        "impossible span",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_malformed_file_is_named_with_what_is_wrong_in_it(small, damage):
    where, spoil, words = DAMAGES[damage]
    spoil(where(small.root))
    with pytest.raises(MalformedFileError) as caught:
        read(small.root.parent)
    assert words in str(caught.value)
    assert Path(caught.value.path) == where(small.root)


@pytest.mark.parametrize("damage", ["41 points", "matrix", "intrinsics", "camera", "serial", "focal", "spans"])
def test_a_malformed_piece_can_be_skipped(small, damage):
    where, spoil, words = DAMAGES[damage]
    spoil(where(small.root))
    reading, faults = read(small.root.parent, skip=True)
    assert len(reading.sequence) == 6
    assert any(words in fault.what for fault in faults.found)


def test_a_recording_in_two_files_is_read_from_the_first(small):
    joint_file(small.root, "test").parent.mkdir()
    joint_file(small.root, "test").write_text(joint_file(small.root).read_text())
    with pytest.raises(MalformedFileError, match="is in the file of val, too"):
        read(small.root.parent)
    assert len(read(small.root.parent, skip=True)[0].sequence) == 6


def test_another_folder_is_refused_with_a_sentence(tmp_path):
    with pytest.raises(InputError, match="it has no annotations/train/assemblyhands_train_joint_3d"):
        AssemblyHandsReader(tmp_path).plan(Faults())


def test_the_command_prepares_it_in_two_processes(source, tmp_path, capsys):
    store = tmp_path / "store"
    assert main(["prepare", "assemblyhands", "--source", str(source), "--store", str(store), "--views", "all"]) == 0
    assert f"prepared assemblyhands in {store}" in capsys.readouterr().out
    assert len(open_dataset(store, verify=True).split("train").view_names(0)) == 12
