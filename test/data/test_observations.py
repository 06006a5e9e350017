# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What an estimator saw of a store: it comes back as written, goes on after a stop, and is refused when stale."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ghtt_core.data.sequence import HandSequence
from ghtt_core.data.store.observations import Maker, ObservationWriter, Seen, observed_views, open_observations
from ghtt_core.data.store.sequence_store import SequenceStore, StoreWriter, open_store
from ghtt_core.errors import InputError, OutputError

MAKER = Maker("resnet18", "f-tiny", "ab" * 32, "minilm")
LENGTHS = (5, 8, 3)


def write_store(folder: Path, seed: int = 0) -> SequenceStore:
    rng = np.random.default_rng(seed)
    with StoreWriter(folder) as writer:
        for number, length in enumerate(LENGTHS):
            joints = rng.normal(0, 0.1, (length, 2, 21, 3)).astype(np.float32)
            stamps = np.round(np.arange(length) * 1e9 / 30).astype(np.int64)
            writer.append(HandSequence(joints, np.ones((length, 2), bool), stamps, name=f"s{number}"))
    return open_store(folder)


@pytest.fixture
def store(tmp_path: Path) -> SequenceStore:
    return write_store(tmp_path / "val")


def seen(length: int, seed: int, with_features: bool = True) -> Seen:
    rng = np.random.default_rng(seed)
    objects = rng.normal(0, 1, (length, 6)).astype(np.float16) if with_features else None
    joints = rng.normal(0, 0.1, (length, 2, 21, 3)).astype(np.float32)
    return Seen(joints, rng.random((length, 2)) < 0.5, np.ones(length, bool), objects)


def write_all(store: SequenceStore, maker: Maker = MAKER, **options: bool) -> None:
    writer = ObservationWriter(store, "resnet18", "cam0", maker, **options)
    for number in writer.missing():
        writer.write(number, seen(LENGTHS[number], number))
    writer.finish()


def test_everything_comes_back_in_the_frames_of_its_sequence(store: SequenceStore) -> None:
    write_all(store)
    found = open_observations(store, "resnet18", "cam0", weights_sha256=MAKER.weights_sha256, verify=True)
    assert found.maker == MAKER
    assert found.object_feature is not None
    assert found.image_feature is None
    for number, (start, end) in enumerate(zip(store.starts, store.ends, strict=True)):
        expected = seen(LENGTHS[number], number)
        assert (found.joints[start:end] == expected.joints).all()
        assert (found.valid[start:end] == expected.valid).all()
        assert (found.object_feature[start:end] == expected.object_feature).all()
    assert observed_views(store, "resnet18") == ("cam0",)
    assert observed_views(store, "mediapipe") == ()


def test_a_sequence_without_features_leaves_rows_of_zeros(store: SequenceStore) -> None:
    writer = ObservationWriter(store, "resnet18", "cam0", MAKER)
    for number in writer.missing():
        writer.write(number, seen(LENGTHS[number], number, with_features=number != 1))
    found = writer.finish()
    assert found.object_feature is not None
    assert not found.object_feature[5:13].any()
    assert found.object_feature[:5].any(axis=1).all()


def test_a_run_that_was_stopped_goes_on(store: SequenceStore) -> None:
    ObservationWriter(store, "resnet18", "cam0", MAKER).write(1, seen(8, 1))
    assert observed_views(store, "resnet18") == ()
    with pytest.raises(InputError, match="no observations of view 'cam0'"):
        open_observations(store, "resnet18", "cam0")
    writer = ObservationWriter(store, "resnet18", "cam0", MAKER)
    assert writer.missing() == [0, 2]
    with pytest.raises(InputError, match="lack 2 sequences"):
        writer.finish()


def test_parts_of_other_weights_or_cut_short_are_not_used(store: SequenceStore) -> None:
    writer = ObservationWriter(store, "resnet18", "cam0", MAKER)
    for number in (0, 1):
        writer.write(number, seen(LENGTHS[number], number))
    part = next(store.folder.rglob("000001.npz"))
    part.write_bytes(part.read_bytes()[:100])
    assert ObservationWriter(store, "resnet18", "cam0", MAKER).missing() == [1, 2]
    other = replace(MAKER, weights_sha256="cd" * 32)
    assert ObservationWriter(store, "resnet18", "cam0", other).missing() == [0, 1, 2]


def test_observations_of_another_store_or_by_other_weights_are_refused(store: SequenceStore, tmp_path: Path) -> None:
    write_all(store)
    with pytest.raises(InputError, match=r"made by other weights \(f-tiny, sha256 abababababab"):
        open_observations(store, "resnet18", "cam0", weights_sha256="cd" * 32)
    changed = write_store(tmp_path / "other" / "val", seed=1)
    (store.folder / "observed").rename(changed.folder / "observed")
    with pytest.raises(InputError, match="of another state of the store"):
        open_observations(changed, "resnet18", "cam0")


def test_they_are_not_replaced_without_a_word(store: SequenceStore) -> None:
    write_all(store)
    with pytest.raises(OutputError, match="add --overwrite"):
        ObservationWriter(store, "resnet18", "cam0", MAKER)
    other = replace(MAKER, weights_sha256="cd" * 32)
    write_all(store, other, overwrite=True)
    assert open_observations(store, "resnet18", "cam0").maker == other


@pytest.mark.parametrize("damage", ["card", "missing", "short", "flipped"])
def test_damage_is_named(store: SequenceStore, damage: str) -> None:
    write_all(store)
    folder = store.folder / "observed" / "resnet18" / "cam0"
    joints = folder / "joints.npy"
    content = joints.read_bytes()
    if damage == "card":
        (folder / "card.json").write_text(json.dumps({"format_version": 1}))
    elif damage == "missing":
        joints.unlink()
    elif damage == "short":
        joints.write_bytes(content[:-40])
    else:
        joints.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(InputError, match=r"observations .* damaged"):
        open_observations(store, "resnet18", "cam0", verify=True)


def test_values_that_cannot_be_are_refused_before_they_are_kept(store: SequenceStore) -> None:
    writer = ObservationWriter(store, "resnet18", "cam0", MAKER)
    with pytest.raises(InputError, match="need joints"):
        writer.write(0, seen(4, 0))
    bad = seen(5, 0)
    bad.valid[2, 1], bad.joints[2, 1, 3, 0] = True, np.nan
    with pytest.raises(InputError, match="s0 have a joint that is not finite"):
        writer.write(0, bad)
    assert writer.missing() == [0, 1, 2]


@pytest.mark.parametrize("name", ["", "../x", ".hidden", "a/b"])
def test_a_name_that_is_no_folder_is_refused(store: SequenceStore, name: str) -> None:
    with pytest.raises(InputError, match="cannot name a folder"):
        ObservationWriter(store, name, "cam0", MAKER)
