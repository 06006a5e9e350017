# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import pytest
from counting_reader import CountingReader

from ghtt_core.data.preparation.prepare import Listener, prepare, summarised
from ghtt_core.data.readers.base import MalformedFileError, Missing
from ghtt_core.data.store.dataset import open_dataset
from ghtt_core.errors import InputError, OutputError


@pytest.fixture
def reader(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for i in range(5):
        (source / f"s{i}").write_text("good")
    return CountingReader(source)


def reads(reader):
    log = reader.source / "log"
    names = log.read_text().split() if log.exists() else []
    log.unlink(missing_ok=True)
    return sorted(names)


def test_splits_become_stores_in_the_planned_order_with_one_taxonomy(reader, tmp_path):
    dataset = prepare(reader, tmp_path / "out", workers=1)
    assert {name: store.names for name, store in dataset.splits.items()} == {
        "train": ("s0", "s1", "s2"),
        "val": ("s3", "s4"),
    }
    for store in dataset.splits.values():
        assert store.labels == ("take out cup", "read book")
        assert (store.verbs, store.label_ids) == (("take out", "read"), (7, 9))
        assert store.frame_ids == ("world",) * len(store)
    overlapping = dataset.split("train").sequence(0).segments
    assert [(s.start, s.end, s.verb, s.noun) for s in overlapping] == [
        (0, 5, "read", "book"),
        (3, 9, "take out", "cup"),
    ]
    assert not list(tmp_path.glob(".out*"))


def test_the_number_of_processes_changes_nothing(reader, tmp_path):
    one = prepare(reader, tmp_path / "one", workers=1)
    two = prepare(reader, tmp_path / "two", workers=2)
    assert [s.fingerprint for s in one.splits.values()] == [s.fingerprint for s in two.splits.values()]


def test_an_interrupted_run_goes_on_where_it_was(reader, tmp_path):
    (reader.source / "s2").write_text("interrupt")  # s4 and s3 are larger and read before it
    with pytest.raises(KeyboardInterrupt):
        prepare(reader, tmp_path / "out", workers=1)
    assert not (tmp_path / "out").exists()
    assert reads(reader) == ["s2", "s3", "s4"]
    (reader.source / "s2").write_text("good")
    kept = []

    class Watch(Listener):
        def begin(self, plan, count):
            kept.append(count)

    resumed = prepare(reader, tmp_path / "out", workers=1, listener=Watch())
    assert kept == [2]
    assert reads(reader) == ["s0", "s1", "s2"]
    fresh = prepare(reader, tmp_path / "fresh", workers=1)
    assert resumed.split("val").fingerprint == fresh.split("val").fingerprint


def test_a_kept_sequence_that_was_damaged_is_read_again(reader, tmp_path):
    (reader.source / "s2").write_text("interrupt")
    with pytest.raises(KeyboardInterrupt):
        prepare(reader, tmp_path / "out", workers=1)
    reads(reader)
    joints = sorted((tmp_path / ".out.preparing" / "parts").glob("*/joints.npy"))
    content = bytearray(joints[0].read_bytes())
    content[-1] ^= 1
    joints[0].write_bytes(content)
    (reader.source / "s2").write_text("good")
    prepare(reader, tmp_path / "out", workers=1)
    assert len(reads(reader)) == 4


def test_other_settings_read_everything_again(reader, tmp_path):
    (reader.source / "s2").write_text("interrupt")
    with pytest.raises(KeyboardInterrupt):
        prepare(reader, tmp_path / "out", workers=1)
    reads(reader)
    (reader.source / "s2").write_text("good")
    prepare(CountingReader(reader.source, speed=2.0), tmp_path / "out", workers=1)
    assert len(reads(reader)) == 5


@pytest.mark.parametrize("workers", [1, 2])
def test_a_malformed_file_stops_or_is_listed(reader, tmp_path, workers):
    (reader.source / "s1").write_text("bad")
    with pytest.raises(MalformedFileError, match="s1, line 3: is not what it should be"):
        prepare(reader, tmp_path / "out", workers=workers)
    assert not (tmp_path / "out").exists()
    dataset = prepare(reader, tmp_path / "out", "skip", workers=workers)
    assert dataset.split("train").names == ("s0", "s2")
    (fault,) = dataset.faults
    assert (fault.line, fault.consequence) == (3, "the sequence s1")
    assert fault in open_dataset(tmp_path / "out").faults


def test_nothing_usable_is_an_error_and_leaves_no_dataset(reader, tmp_path):
    for i in range(5):
        (reader.source / f"s{i}").write_text("bad")
    with pytest.raises(InputError, match="can be used"):
        prepare(reader, tmp_path / "out", "skip", workers=1)
    assert not (tmp_path / "out").exists()


def test_what_is_there_is_only_replaced_when_asked(reader, tmp_path):
    prepare(reader, tmp_path / "out", workers=1)
    with pytest.raises(OutputError, match="--overwrite"):
        prepare(reader, tmp_path / "out", workers=1)
    prepare(reader, tmp_path / "out", workers=1, overwrite=True)
    (tmp_path / "mine").mkdir()
    with pytest.raises(OutputError, match="not a prepared dataset"):
        prepare(reader, tmp_path / "mine", workers=1, overwrite=True)


def test_damage_of_a_prepared_dataset_is_found(reader, tmp_path):
    dataset = prepare(reader, tmp_path / "out", workers=1)
    index = dataset.folder / "val" / "index.json"
    content = json.loads(index.read_text())
    content["segments"][0][2] += 1
    index.write_text(json.dumps(content))
    with pytest.raises(InputError, match="changed or damaged"):
        open_dataset(dataset.folder, verify=True)
    with pytest.raises(InputError, match="no split 'test'"):
        open_dataset(dataset.folder).split("test")


def test_missing_pieces_of_one_kind_are_one_row():
    pieces = (*(Missing("pictures", f"s{i}", "no images") for i in range(5)), Missing("labels", "test", "no scores"))
    assert summarised(pieces) == [
        ("pictures", "5 sequences: s0, s1, ...", "no images"),
        ("labels", "test", "no scores"),
    ]


def test_a_malformed_file_that_was_put_right_is_read_by_the_next_run(reader, tmp_path):
    (reader.source / "s4").write_text("bad")
    (reader.source / "s2").write_text("interrupt")
    with pytest.raises(KeyboardInterrupt):
        prepare(reader, tmp_path / "out", "skip", workers=1)
    (reader.source / "s4").write_text("good")
    (reader.source / "s2").write_text("good")
    dataset = prepare(reader, tmp_path / "out", "skip", workers=1)
    assert (dataset.faults, dataset.split("val").names) == ((), ("s3", "s4"))
