# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Every oddity of Assembly101's layout, each against a stand-in tree whose truth is known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from assembly_tree import (
    ACTIONS,
    SERIALS,
    Recording,
    intrinsics,
    name_of,
    number_of,
    world_to_camera,
    write_assembly101,
)

from ghtt_core.cli.main import main
from ghtt_core.data.pictures.images import ImageReader
from ghtt_core.data.preparation.prepare import prepare
from ghtt_core.data.readers.assembly101 import Assembly101Reader
from ghtt_core.data.readers.assembly_labels import NIL, labels_at, read_taxonomy
from ghtt_core.data.readers.base import Faults, MalformedFileError
from ghtt_core.data.store.dataset import open_dataset
from ghtt_core.errors import InputError

REAL_TAXONOMY = Path(__file__).parents[4] / "shared" / "data" / "labels" / "assembly101_actions.csv"
ONE, TWO, THREE = name_of(9033), name_of(9044), name_of(9055)
RECORDINGS = {
    ONE: Recording(
        "train",
        61,
        fine=[(4, 9, "turn roof"), (7, 14, "show hand"), (20, 40, "lift roof")],
        anticipation=[(7, 14, "show hand"), (4, 9, "turn roof")],
        coarse={"assembly": [(2, 12, "attach roof")], "disassembly": [(14, 20, "detach roof")]},
        video_rate=60,
    ),
    TWO: Recording("validation", 40, fine=[(3, 10, "turn wheel with tool")], anticipation=[(3, 10, "show hand")]),
    THREE: Recording("test", 30, anticipation=[(3, 10, "show hand")], video_rate=30),
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return write_assembly101(tmp_path_factory.mktemp("assembly101"), RECORDINGS)


@pytest.fixture(scope="module")
def dataset(tree, tmp_path_factory):
    return prepare(Assembly101Reader(tree.root), tmp_path_factory.mktemp("prepared") / "assembly101", workers=1)


@pytest.fixture
def small(tmp_path):
    """A tree of one recording without videos, to be damaged."""
    return write_assembly101(tmp_path / "assembly101", {ONE: replace(RECORDINGS[ONE], video_rate=None, frames=12)})


def read(root, name=ONE, skip=False, **options):
    reader = Assembly101Reader(root, **options)
    faults = Faults("skip" if skip else "fatal")
    entry = next(entry for entry in reader.plan(faults).sequences if entry.name == name)
    return reader.read(entry, faults), faults


def test_poses_come_back_in_metres_in_our_order_at_half_the_rate(tree, dataset):
    store = dataset.split("train")
    measured = store.joint_valid[0]
    assert np.flatnonzero(~measured).tolist() == [1]
    assert len(store.joints) == 31  # frames 0, 2, ..., 60
    np.testing.assert_allclose(store.joints[:, :, measured], tree.world[ONE][::2][:, :, measured], atol=1e-6)
    assert store.valid.all()
    assert store.frame_ids == ("world",)


def test_the_palm_centre_fills_the_place_of_the_thumb_base(tree, dataset):
    np.testing.assert_allclose(dataset.split("train").joints[:, :, 1], tree.palms[ONE][::2], atol=1e-6)


def test_landmarks_0_are_the_left_hand(dataset):
    joints = dataset.split("train").joints
    assert (joints[:, 0, :, 0].mean(1) < 0).all()
    assert (joints[:, 1, :, 0].mean(1) > 0).all()


def test_labels_are_numbered_as_published_and_objects_too(dataset):
    store = dataset.split("train")
    assert store.labels == ("turn wheel with tool", "turn roof", "show hand", "lift roof")
    assert store.label_ids == (0, 1, 2, 3)
    assert (store.verbs[0], store.nouns[0]) == ("turn", "wheel")  # the noun is not the last word
    assert store.object_names == ("hand", "wheel", "roof")


def test_windows_come_from_the_anticipation_list_once_for_all_views_and_end_before_the_last_frame(dataset):
    segments = dataset.split("train").sequence(0).segments
    assert [(s.start, s.end, s.label) for s in segments] == [(4, 9, "turn roof"), (7, 14, "show hand")]


def test_the_last_frame_of_a_fine_segment_carries_its_label(dataset):
    fine = dataset.split("train").sequence(0).more_segments["fine"]
    assert labels_at(fine, 14) == ("show hand",)
    assert labels_at(fine, 15) == (NIL,)
    assert labels_at(fine, 3) == (NIL,)
    assert labels_at(fine, 4) == ("turn roof",)


def test_overlapping_labels_are_all_kept(dataset):
    fine = dataset.split("train").sequence(0).more_segments["fine"]
    assert labels_at(fine, 8) == labels_at(fine, 9) == ("turn roof", "show hand")


def test_the_object_of_a_frame_is_the_noun_of_the_action_that_began_last(dataset):
    store = dataset.split("train")
    objects = [store.object_names[number] if number >= 0 else NIL for number in store.objects]
    assert objects[3:8] == [NIL, "roof", "roof", "roof", "hand"]
    assert objects[14:16] == ["hand", NIL]


def test_the_object_is_the_noun_of_the_list_and_not_the_last_word(tree):
    sequence = read(tree.root, TWO)[0].sequence
    assert sequence.more_segments["fine"][0].label == "turn wheel with tool"
    assert sequence.object_names[sequence.object_ids[5]] == sequence.more_segments["fine"][0].noun == "wheel"


def test_segments_that_run_past_the_poses_are_cut(dataset):
    assert dataset.split("train").sequence(0).more_segments["fine"][-1].end == 31


def test_windows_come_from_the_fine_list_when_asked_for(tree):
    reading, _ = read(tree.root, segments="fine")
    assert [(s.start, s.end) for s in reading.sequence.segments] == [(4, 9), (7, 14), (20, 31)]


def test_coarse_labels_of_both_parts_are_kept_beside_the_fine_ones(dataset):
    store = dataset.split("train")
    coarse = store.sequence(0).more_segments["coarse"]
    assert [(s.start, s.end, s.label) for s in coarse] == [(2, 12, "attach roof"), (14, 20, "detach roof")]
    assert [label.name for label in store.more_segments["coarse"].labels] == ["attach roof", "detach roof"]


def test_head_and_tail_actions_are_told(tree):
    notes = Assembly101Reader(tree.root).plan(Faults()).notes
    assert notes["head_actions"] == ["show hand", "turn roof"]
    assert notes["tail_coarse_actions"] == ["detach roof"]


def test_splits_and_subjects_are_those_of_the_lists(dataset):
    assert {name: store.names for name, store in dataset.splits.items()} == {
        "train": (ONE,),
        "val": (TWO,),
        "test": (THREE,),
    }
    assert dataset.split("val").subjects == ("9044",)


def test_all_stores_share_one_numbering(dataset):
    assert dataset.split("train").labels == dataset.split("val").labels == dataset.split("test").labels


def test_fixed_views_have_intrinsics_of_small_pictures_and_look_from_where_they_stood(tree, dataset):
    views = dataset.split("train").views(0)
    assert [view.name for view in views] == [f"v{number}" for number in range(1, 9)]
    world = tree.world[ONE][::2]
    for number, view in enumerate(views):
        assert view.size == (480, 270)
        np.testing.assert_allclose(view.intrinsics[:2], intrinsics(number)[:2] * 480 / 1920)
        pose = world_to_camera(number)
        camera = world @ pose[:3, :3].T + pose[:3, 3]
        np.testing.assert_allclose(view.to_camera(world.astype(np.float32)), camera, atol=1e-5)
        assert (camera[..., 2] > 0.3).all()  # the hands are in front of the camera: the stand-in itself is sound


@pytest.mark.parametrize(("name", "split", "frame"), [(ONE, "train", 7), (ONE, "train", 30), (THREE, "test", 7)])
def test_a_frame_is_shown_by_its_own_picture_of_videos_of_60_and_of_30_frames_per_second(dataset, name, split, frame):
    picture_step = RECORDINGS[name].video_rate // 30
    with ImageReader(dataset.split(split)) as images:
        for number, view in ((0, "v1"), (5, "v6"), (7, "v8")):
            image = images.read(0, view, frame)
            assert image.shape == (270, 480, 3)
            assert number_of(image) == (frame * picture_step % 20, number)


def test_videos_are_left_where_they_are(tree, dataset):
    assert dataset.split("train").views(0)[2].images.path == f"recordings/{ONE}/{SERIALS[2]}_rgb.mp4"
    assert not [path for path in dataset.folder.rglob("*") if path.suffix in (".mp4", ".jpg", ".png")]


def test_frames_after_the_end_of_a_video_have_no_picture(tmp_path):
    tree = write_assembly101(tmp_path, {ONE: replace(RECORDINGS[ONE], frames=20)}, views=["C10118_rgb"])
    path = tree.root / "poses@60fps" / f"{ONE}.json"
    frames = json.loads(path.read_text())
    path.write_text(json.dumps([*frames, *({**frames[-1], "frame_index": number} for number in range(20, 30))]))
    (tree.root / "poses@60fps" / "train.txt").unlink()
    reading, _ = read(tree.root)
    images = {view.name: view.images for view in reading.sequence.views}
    assert [images["v3"].number(frame) for frame in (0, 9, 10, 14)] == [0, 18, -1, -1]
    assert images["v1"] is None
    assert any("v1" in piece.what for piece in reading.missing)


def test_what_is_missing_is_said_and_the_rest_is_offered(tmp_path, small):
    root = small.root
    (root / "annotations" / "calib.txt").unlink()
    (root / "annotations" / "coarse-annotations" / "actions.csv").unlink()
    for path in (root / "annotations" / "anticipation-annotations" / "CSVs").iterdir():
        path.unlink()
    (root / "poses@60fps" / f"{name_of(9099)}.json").write_text("[]")
    prepared = prepare(Assembly101Reader(root), tmp_path / "store", workers=1)
    said = " ".join(f"{piece.what} {piece.where}" for piece in prepared.missing)
    for word in ("calib.txt", "coarse-annotations/actions.csv", "CSVs/train.csv", name_of(9099), "split"):
        assert word in said
    sequence = prepared.split("train").sequence(0)
    assert sequence.segments[0].label == "turn roof"  # of the fine list, as the other one is not there
    assert sequence.views == ()


def test_withheld_labels_of_the_test_list_are_said_to_be_missing(small):
    path = small.root / "annotations/anticipation-annotations/CSVs/test.csv"
    path.write_text(f"id,video,start,end\n0,{ONE}/C10095_rgb.mp4,1,5\n")
    (small.root / "annotations/anticipation-annotations/CSVs/train.csv").unlink()
    (small.root / "annotations/fine-grained-annotations/train.csv").unlink()
    (small.root / "poses@60fps/train.txt").unlink()
    plan = Assembly101Reader(small.root).plan(Faults())
    assert [entry.split for entry in plan.sequences] == ["test"]
    assert any(piece.what == "labels in CSVs/test.csv" and piece.where == "test" for piece in plan.missing)


def test_a_hand_that_was_not_seen_is_not_valid(small):
    path = small.root / "poses@60fps" / f"{ONE}.json"
    frames = json.loads(path.read_text())
    del frames[0]["landmarks"]["1"]
    frames[2]["landmarks"]["0"] = [[0, 0, 0]] * 21
    frames[4]["landmarks"]["0"][3][1] = float("nan")
    path.write_text(json.dumps(frames))
    reading, _ = read(small.root)
    assert reading.sequence.valid[:3].tolist() == [[True, False], [False, True], [False, True]]
    assert (reading.sequence.joints[0, 1] == 0).all()


def test_frames_that_were_left_out_are_not_valid_and_the_others_keep_their_time(small):
    path = small.root / "poses@60fps" / f"{ONE}.json"
    frames = json.loads(path.read_text())
    path.write_text(json.dumps(frames[:3] + frames[6:]))
    (small.root / "poses@60fps/train.txt").unlink()
    reading, _ = read(small.root)
    assert reading.sequence.valid.all(1).tolist() == [True, True, False, True, True, True]
    measured = reading.sequence.joint_valid
    np.testing.assert_allclose(reading.sequence.joints[3:][:, :, measured], small.world[ONE][6::2][:, :, measured])


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def poses(root):
    return root / "poses@60fps" / f"{ONE}.json"


DAMAGES = {
    "truncated poses": (poses, lambda p: p.write_text(p.read_text()[:-500]), None, "ends inside"),
    "empty poses": (poses, lambda p: p.write_text(""), 1, "empty"),
    "no list": (poses, lambda p: p.write_text("{}"), 1, "list was expected"),
    "bad number in poses": (poses, lambda p: edit(p, '"0": [[', '"0": [[x'), 1, "frame 0 is not JSON"),
    "short hand": (poses, lambda p: edit(p, '"0": [[', '"0": [[1, 2, 3], ['), 1, "landmarks '0' are not 21 points"),
    "no landmarks": (poses, lambda p: edit(p, '"landmarks"', '"marks"'), 1, "no 'landmarks'"),
    "frame count": (lambda r: r / "poses@60fps/train.txt", lambda p: edit(p, " 12", " 13"), None, "says 13"),
    "frame list": (lambda r: r / "poses@60fps/train.txt", lambda p: edit(p, " 12", " twelve"), 1, "number of frames"),
    "segment": (
        lambda r: r / "annotations/fine-grained-annotations/train.csv",
        lambda p: edit(p, ",7,14,", ",14,7,"),
        3,
        "from '14' to '7'",
    ),
    "column": (
        lambda r: r / "annotations/fine-grained-annotations/train.csv",
        lambda p: edit(p, "start_frame", "begin"),
        1,
        "no column start_frame",
    ),
    "action twice": (
        lambda r: r / "annotations/fine-grained-annotations/actions.csv",
        lambda p: edit(p, "3,1,0,2,turn roof", "3,0,0,2,turn roof"),
        5,
        "there twice",
    ),
    "head action": (
        lambda r: r / "annotations/fine-grained-annotations/head_actions.txt",
        lambda p: edit(p, "turn roof", "turn rouf"),
        2,
        "'turn rouf'",
    ),
    "coarse action": (
        lambda r: r / f"annotations/coarse-annotations/coarse_labels/assembly_{ONE}.txt",
        lambda p: edit(p, "attach", "atach"),
        1,
        "no action 'atach roof'",
    ),
    "calibration row": (lambda r: r / "annotations/calib.txt", lambda p: edit(p, "1241.0", "fx"), 11, "3 numbers"),
    "calibration block": (lambda r: r / "annotations/calib.txt", lambda p: edit(p, "\n", "\n\n"), 2, "3 numbers"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_malformed_file_is_named_with_its_line(small, damage):
    where, spoil, line, words = DAMAGES[damage]
    spoil(where(small.root))
    with pytest.raises(MalformedFileError) as caught:
        read(small.root)
    assert words in str(caught.value)
    assert caught.value.line == line or line is None
    assert Path(caught.value.path).is_file()


@pytest.mark.parametrize("damage", ["short hand", "segment", "head action", "coarse action", "frame count"])
def test_a_malformed_piece_can_be_skipped(small, damage):
    where, spoil, _, words = DAMAGES[damage]
    spoil(where(small.root))
    reading, faults = read(small.root, skip=True)
    assert len(reading.sequence) == 6
    assert any(words in fault.what for fault in faults.found)


def test_a_damaged_recording_is_left_out_when_faults_are_skipped(tree, tmp_path):
    root = write_assembly101(
        tmp_path / "tree", {name: replace(r, video_rate=None) for name, r in RECORDINGS.items()}
    ).root
    poses(root).write_text(poses(root).read_text()[:-500])
    prepared = prepare(Assembly101Reader(root), tmp_path / "store", on_fault="skip", workers=1)
    assert sorted(prepared.splits) == ["test", "val"]
    assert [fault.path for fault in prepared.faults] == [str(poses(root))]


def test_another_folder_is_refused_with_a_sentence(tmp_path):
    with pytest.raises(InputError, match=r"it has no folder poses@60fps"):
        Assembly101Reader(tmp_path).plan(Faults())


def test_the_command_prepares_it_and_prepares_it_once(small, tmp_path, capsys):
    store = tmp_path / "store"
    arguments = ["prepare", "assembly101", "--source", str(small.root), "--store", str(store), "--workers", "1"]
    assert main(arguments) == 0
    assert f"prepared assembly101 in {store}" in capsys.readouterr().out
    assert open_dataset(store, verify=True).split("train").frames == 6
    assert main(arguments) == 2
    assert "--overwrite" in capsys.readouterr().err


def test_the_real_taxonomy_has_its_published_numbers():
    if not REAL_TAXONOMY.is_file():
        pytest.skip("the labels of Assembly101 are not here")
    labels, nouns = read_taxonomy(REAL_TAXONOMY, Faults())
    assert (len(labels), len({label.verb for label in labels}), len(nouns)) == (1380, 24, 90)
    assert [label.published_id for label in labels] == list(range(1380))
    assert (labels[10].name, labels[10].noun) == ("clap hand", "hand")
    assert (labels[182].name, labels[182].noun) == ("unscrew track with screwdriver", "track")
    assert nouns[27] == "hand"


def test_the_stand_in_numbers_actions_otherwise_than_it_lists_them():
    assert [action[0] for action in ACTIONS] != sorted(action[0] for action in ACTIONS)
