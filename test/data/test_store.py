# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import numpy as np
import pytest

from ghtt_core.data.store.sequence_store import StoreWriter, open_store
from ghtt_core.data.synthetic.generator import SyntheticConfig, generate_dataset, write_dataset
from ghtt_core.data.synthetic.vocabulary import LABELS, OBJECT_NAMES
from ghtt_core.errors import InputError, OutputError

CONFIG = SyntheticConfig(sequences=5, frames=300, subjects=3)


@pytest.fixture
def store(tmp_path):
    return write_dataset(CONFIG, 7, tmp_path / "store")


def test_what_was_appended_comes_back_exactly(store):
    assert len(store) == 5
    assert store.labels == LABELS
    assert store.object_names == OBJECT_NAMES
    for index, expected in enumerate(generate_dataset(CONFIG, 7)):
        got = store.sequence(index)
        np.testing.assert_array_equal(got.joints, expected.joints)
        np.testing.assert_array_equal(got.valid, expected.valid)
        np.testing.assert_array_equal(got.object_ids, expected.object_ids)
        assert (got.segments, got.subject, got.name) == (expected.segments, expected.subject, expected.name)


def test_the_store_does_not_depend_on_the_number_of_workers(store, tmp_path):
    parallel = write_dataset(CONFIG, 7, tmp_path / "parallel", workers=2)
    np.testing.assert_array_equal(parallel.joints, store.joints)
    first, second = (json.loads((s.folder / "index.json").read_text()) for s in (store, parallel))
    assert first == second


def test_sequences_are_resampled_and_unmeasured_joints_kept(tmp_path):
    sequence = next(generate_dataset(CONFIG, 7))
    mask = np.ones(21, bool)
    mask[1] = False
    fast = type(sequence)(sequence.joints, sequence.valid, sequence.stamps_ns // 2, joint_valid=mask)
    with StoreWriter(tmp_path / "s") as writer:
        writer.append(fast)
    reopened = open_store(tmp_path / "s", verify=True)
    assert reopened.frames == 150
    assert not reopened.joint_valid[0, 1]
    assert reopened.joint_valid.sum() == 20


def test_subjects_can_be_held_out(store):
    kept = store.select(lambda subject: subject != store.subjects[0])
    assert len(kept) < len(store)
    assert store.subjects[0] not in {store.subjects[i] for i in kept}


def test_an_interrupted_store_leaves_nothing_behind(tmp_path):
    sequence = next(generate_dataset(CONFIG, 7))

    def fail_halfway():
        with StoreWriter(tmp_path / "s") as writer:
            writer.append(sequence)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_halfway()
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_only_overwritten_on_request_and_only_if_it_is_a_store(store, tmp_path):
    with pytest.raises(OutputError, match="exists already"):
        StoreWriter(store.folder)
    write_dataset(SyntheticConfig(sequences=1, frames=64), 1, store.folder, overwrite=True)
    assert len(open_store(store.folder)) == 1
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    with pytest.raises(OutputError, match="not a sequence store"):
        StoreWriter(tmp_path / "mine", overwrite=True)


def test_an_empty_store_is_refused_and_removed(tmp_path):
    with pytest.raises(OutputError, match="Nothing was appended"), StoreWriter(tmp_path / "s"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_damage_is_named(store, tmp_path):
    with pytest.raises(InputError, match="not a sequence store"):
        open_store(tmp_path / "nowhere")
    path = store.folder / "joints.npy"
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.raises(InputError, match="damaged"):
        open_store(store.folder)
    path.write_bytes(whole[:-4] + b"\x00\x00\x80\x3f")
    open_store(store.folder)
    with pytest.raises(InputError, match="changed or damaged"):
        open_store(store.folder, verify=True)
    path.write_bytes(whole)
    index = json.loads((store.folder / "index.json").read_text())
    (store.folder / "index.json").write_text(json.dumps({**index, "format_version": 99}))
    with pytest.raises(InputError, match="format 99"):
        open_store(store.folder)


def test_a_store_of_the_first_format_still_opens(store):
    """As it was written before there were views, taxonomies and fingerprints."""
    index = json.loads((store.folder / "index.json").read_text())
    for name in ("cameras", "pictures"):
        (store.folder / f"{name}.npy").unlink()
        del index["sha256"][name]
    for key in ("rows", "more_segments", "fingerprint", "source_root"):
        del index[key]
    for sequence in index["sequences"]:
        del sequence["views"], sequence["frame_id"]
    index["labels"] = [row[0] for row in index["labels"]]
    index["format_version"] = 1
    (store.folder / "index.json").write_text(json.dumps(index))
    old = open_store(store.folder, verify=True)
    assert old.views(0) == ()
    assert old.source_root is None
    for index in range(len(old)):
        assert old.sequence(index).segments == store.sequence(index).segments
