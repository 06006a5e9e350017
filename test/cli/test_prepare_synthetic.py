# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib
import subprocess
import sys
import time

import av
import cv2
import numpy as np
import pytest

from ghtt_core.cli.prepare_synthetic import SyntheticOptions, run_synthetic
from ghtt_core.data.pictures.images import ImageReader
from ghtt_core.data.recordings import load_recording
from ghtt_core.data.store.dataset import open_dataset
from ghtt_core.data.store.observations import observed_views, open_observations
from ghtt_core.errors import InputError, OutputError
from ghtt_core.estimators.camera import PinholeCamera

SMALL = {"sequences": 6, "frames": 32, "val_share": 0.2, "test_share": 0.2, "workers": 1}


def digest(folder):
    total = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        total.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return total.hexdigest()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    store = tmp_path_factory.mktemp("synthetic") / "data"
    run_synthetic(SyntheticOptions(store, images="jpeg", picture_every=8, views=("cam2", "cam4"), clips=1, **SMALL))
    return store


def test_splits_hold_different_people_and_all_share_the_labels(folder):
    dataset = open_dataset(folder, verify=True)
    assert {name: len(store) for name, store in dataset.splits.items()} == {"train": 4, "val": 1, "test": 1}
    people = [set(store.subjects) for store in dataset.splits.values()]
    assert not people[0] & people[1] | people[1] & people[2] | people[0] & people[2]
    assert {len(store.labels) for store in dataset.splits.values()} == {36}
    assert dataset.name == "synthetic-h2o"


def test_pictures_are_there_for_the_frames_that_were_asked_for(folder):
    store = open_dataset(folder).split("train")
    reader = ImageReader(store)
    views = store.views(1)
    assert [view.name for view in views] == ["cam2", "cam4"]
    picture = reader.read(1, "cam4", 16)
    assert picture.shape == (270, 480, 3)
    assert picture.std() > 5
    assert views[0].images.number(8) == 8
    assert views[0].images.number(9) == -1
    files = sorted((folder / "pictures" / "train-000001" / "cam2").iterdir())
    assert [path.name for path in files] == ["000000.jpg", "000008.jpg", "000016.jpg", "000024.jpg"]


def test_a_clip_is_a_video_with_its_intrinsics_and_true_hands(folder):
    clip = folder / "clips" / "test-000000-cam4"
    with av.open(str(clip.with_suffix(".mp4"))) as video:
        frames = [frame.to_ndarray(format="bgr24") for frame in video.decode(video=0)]
    assert len(frames) == 32
    camera = PinholeCamera.from_yaml(clip.with_suffix(".yaml"))
    view = open_dataset(folder).split("test").views(0)[1]
    assert (camera.fx, camera.cy) == pytest.approx((view.intrinsics[0, 0], view.intrinsics[1, 2]))
    truth = load_recording(clip.with_suffix(".npz"))
    assert len(truth) == 32
    world = open_dataset(folder).split("test").sequence(0)
    np.testing.assert_allclose(truth.joints[truth.valid], view.to_camera(world.joints)[truth.valid], atol=1e-6)
    still = cv2.imread(str(folder / "pictures" / "test-000000" / "cam4" / "000008.jpg"))
    assert np.abs(frames[8].astype(int) - still.astype(int)).mean() < 8


def test_the_same_options_give_the_same_files_with_any_number_of_workers(folder, tmp_path):
    store = tmp_path / "data"
    options = {**SMALL, "workers": 2}
    run_synthetic(SyntheticOptions(store, images="jpeg", picture_every=8, views=("cam2", "cam4"), **options))
    for name in ("train-000003", "test-000000"):
        assert digest(store / "pictures" / name) == digest(folder / "pictures" / name)
    for split in ("train", "val", "test"):
        assert (store / split / "joints.npy").read_bytes() == (folder / split / "joints.npy").read_bytes()
    notes = [open_dataset(path).notes["train-000003"]["pictures_sha256"] for path in (store, folder)]
    assert notes[0] == notes[1]


def test_poses_alone_have_cameras_but_no_pictures(tmp_path):
    run_synthetic(SyntheticOptions(tmp_path / "data", detections=True, **SMALL))
    store = open_dataset(tmp_path / "data").split("train")
    assert [view.images for view in store.views(0)] == [None] * 5
    assert not (tmp_path / "data" / "pictures").exists()
    assert observed_views(store, "detector") == ("cam0", "cam1", "cam2", "cam3", "cam4")
    said = open_observations(store, "detector", "cam2")
    true = store.views(1)[2].to_camera(store.sequence(1).joints)
    error = np.linalg.norm(said.joints[32:64] - true, axis=-1)[said.valid[32:64]]
    assert 0.001 < np.median(error) < 0.1


def test_a_killed_run_goes_on_where_it_was(tmp_path):
    def command(store):
        options = "--sequences 3 --frames 32 --val-share 0 --test-share 0 --workers 1 --images jpeg --views cam0"
        prepare = [sys.executable, "-m", "ghtt_core.cli.main", "prepare", "synthetic", "--store", str(store)]
        return [*prepare, *options.split(), "--picture-every", "8"]

    store, whole = tmp_path / "data", tmp_path / "whole"
    parts = tmp_path / ".data.preparing" / "parts"
    process = subprocess.Popen(command(store), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not list(parts.glob("*.json")):
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert not store.exists()
    kept = [path.stem for path in parts.glob("*.json")]
    again = subprocess.run(command(store), check=True, capture_output=True, text=True)
    assert f"{len(kept)} sequences are ready from an earlier run" in again.stderr
    subprocess.run(command(whole), check=True, capture_output=True)
    for name in ("train-000000", "train-000001", "train-000002"):
        assert digest(store / "pictures" / name) == digest(whole / "pictures" / name)
    assert not list(tmp_path.glob(".data*"))


def test_a_prepared_dataset_is_not_touched_without_leave(folder):
    before = digest(folder)
    with pytest.raises(OutputError, match="--overwrite"):
        run_synthetic(SyntheticOptions(folder, images="jpeg", **SMALL))
    assert digest(folder) == before
    assert not list(folder.parent.glob(".data*"))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"views": ("cam7",)}, "cam0, cam1"),
        ({"picture_every": 0}, "--picture-every"),
        ({"quality": 101}, "--quality"),
        ({"val_share": 0.9}, "--val-share"),
        ({"clips": 5}, "--clips"),
        ({"seed": -1}, "--seed"),
    ],
)
def test_impossible_options_are_refused_before_anything_is_written(tmp_path, wrong, told):
    with pytest.raises(InputError, match=told):
        run_synthetic(SyntheticOptions(tmp_path / "data", **{**SMALL, **wrong}))
    assert not list(tmp_path.iterdir())
