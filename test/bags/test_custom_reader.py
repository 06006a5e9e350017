# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Recordings of all kinds with tables beside them, as the reader of a user's own dataset sees them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from ghtt_core.bags.camera_info import fill_camera_info
from ghtt_core.bags.convert import fill_action, fill_hand_observation, fill_refined_hands
from ghtt_core.bags.custom_reader import CustomReader
from ghtt_core.bags.messages import new_message
from ghtt_core.bags.recordings import find_recordings, read_recording
from ghtt_core.bags.topics import (
    ACTION_RECOGNITION,
    CAMERA_INFO,
    HAND_OBSERVATION,
    REFINED_HANDS,
    TRUE_ACTION,
    TRUE_HANDS,
)
from ghtt_core.bags.writer import BagWriter
from ghtt_core.data.preparation.prepare import prepare
from ghtt_core.data.readers.base import Faults
from ghtt_core.data.recordings import save_recording
from ghtt_core.data.sequence import HandSequence
from ghtt_core.data.synthetic.generator import SyntheticConfig, generate_sequence
from ghtt_core.errors import InputError
from ghtt_core.estimators.camera import PinholeCamera
from ghtt_core.estimators.recorded import RecordedPoses
from ghtt_core.streaming.status import Status
from ghtt_core.streaming.update import ActionEstimate

HEADER = "recording,start,end,label\n"
FRAMES = 60
START_NS = 1_700_000_000_000_000_000


@pytest.fixture(scope="module")
def motion() -> HandSequence:
    """Two seconds of motion on the clock of a robot."""
    sequence = generate_sequence(SyntheticConfig(1, FRAMES, 0.0, leave_probability=0.0), 3, 0)
    return replace(sequence, stamps_ns=sequence.stamps_ns + START_NS, segments=(), object_ids=None, object_names=())


def write_bag(
    path: Path,
    motion: HandSequence,
    storage: Literal["mcap", "sqlite3"] = "mcap",
    *,
    truth: bool = False,
    observed: bool = True,
    actions: bool = False,
    camera: bool = False,
) -> Path:
    """A bag whose observations lie a centimetre beside the true hands."""
    bag = BagWriter(path, storage)
    for topic, typename in (
        ("/ghtt/hand_observation", HAND_OBSERVATION),
        (TRUE_HANDS, REFINED_HANDS),
        (TRUE_ACTION, ACTION_RECOGNITION),
        ("/camera/camera_info", CAMERA_INFO),
    ):
        bag.add_topic(topic, typename)
    labels = {15: "open box", 30: "", 45: "wave"}
    for index, frame in enumerate(RecordedPoses(motion)):
        if observed:
            message = new_message(HAND_OBSERVATION)
            beside = np.where(frame.valid[:, None, None], frame.joints + np.float32(0.01), 0).astype(np.float32)
            fill_hand_observation(message, replace(frame, joints=beside))
            bag.write("/ghtt/hand_observation", message, frame.stamp_ns)
        if truth:
            message = new_message(REFINED_HANDS)
            fill_refined_hands(message, frame, status=Status.OK, model_id="truth")
            bag.write(TRUE_HANDS, message, frame.stamp_ns)
        if actions and index in labels:
            label = labels[index]
            message = new_message(ACTION_RECOGNITION)
            action = ActionEstimate(frame.stamp_ns, label, 0, ((label, 1.0),), np.ones(1, np.float32), 0.0, 0)
            fill_action(
                message,
                action if label else None,
                stamp_ns=frame.stamp_ns,
                frame_id="camera",
                status=Status.OK,
                labels=(label,),
            )
            bag.write(TRUE_ACTION, message, frame.stamp_ns)
        if camera and index == 0:
            message = new_message(CAMERA_INFO)
            fill_camera_info(message, PinholeCamera(500, 510, 320, 240, 640, 480))
            message.header.frame_id = "camera"
            bag.write("/camera/camera_info", message, frame.stamp_ns)
    bag.close()
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, motion: HandSequence) -> Path:
    """Recordings of three people in all formats, with tables."""
    root = tmp_path_factory.mktemp("recordings")
    (root / "ann").mkdir()
    save_recording(root / "ann" / "first.npz", replace(motion, subject="ann"))
    save_recording(root / "ann" / "second.npz", replace(motion, subject="ann"))
    write_bag(root / "ben", motion, truth=True, actions=True, camera=True)
    write_bag(root / "cleo-bag", motion, "sqlite3")
    (root / "cleo-bag" / "cleo-bag.db3").rename(root / "cleo.db3")
    (root / "notes.txt").write_text("not a recording")
    (root / ".hidden").mkdir()
    (root / ".hidden" / "old.npz").write_text("not to be seen")
    return root


def reader(folder: Path, rows: str = "", **options: object) -> CustomReader:
    actions = folder / "actions.csv"
    actions.write_text(HEADER + rows)
    return CustomReader(folder, actions if rows else None, **options)  # type: ignore[arg-type]


ROWS = "ann/first,0,1,open box\nann/second,0.5,1.5,wave\ncleo.db3,0,1,open box\ncleo,1,2,pour cup\n"


def test_recordings_are_found_in_folders_bags_and_files(folder: Path) -> None:
    found = find_recordings(folder)
    assert list(found) == ["ann/first", "ann/second", "ben", "cleo"]
    assert found["ben"].is_dir()
    assert found["cleo"].name == "cleo.db3"


def test_the_best_hands_of_a_bag_are_read_or_those_one_asks_for(folder: Path, motion: HandSequence) -> None:
    true = read_recording(folder / "ben", "ben")
    observed = read_recording(folder / "ben", "ben", "observed")
    np.testing.assert_allclose(true.joints, motion.joints, atol=1e-6)
    np.testing.assert_allclose(observed.joints[motion.valid], motion.joints[motion.valid] + 0.01, atol=1e-6)
    assert (true.stamps_ns == motion.stamps_ns).all()
    assert read_recording(folder / "cleo.db3", "cleo").joints.shape == (FRAMES, 2, 21, 3)
    with pytest.raises(InputError, match="no true hands"):
        read_recording(folder / "cleo.db3", "cleo", "true")


def test_a_bag_without_hands_is_refused_with_what_to_do(tmp_path: Path, motion: HandSequence) -> None:
    write_bag(tmp_path / "empty", motion, observed=False)
    with pytest.raises(InputError, match="ghtt run --bag"):
        read_recording(tmp_path / "empty", "empty")


def test_true_actions_and_the_camera_of_a_bag_are_kept(folder: Path) -> None:
    sequence = read_recording(folder / "ben", "ben")
    spans = [(s.start, s.end, s.label, s.verb, s.noun) for s in sequence.segments]
    assert spans == [(15, 30, "open box", "open", "box"), (45, 60, "wave", "wave", "")]
    (view,) = sequence.views
    assert view.size == (640, 480)
    assert view.intrinsics[1, 1] == 510


def test_tables_and_recordings_become_one_store(folder: Path, tmp_path: Path) -> None:
    dataset = prepare(reader(folder, ROWS, val_share=0.3), tmp_path / "store", workers=1)
    stores = dataset.splits
    assert set(stores) == {"train", "val"}
    assert stores["train"].labels == stores["val"].labels == ("open box", "pour cup", "wave")
    assert stores["train"].object_names == ("box", "cup")
    segments = {store.names[row[0]]: [] for store in stores.values() for row in store.segments}  # type: dict[str, list[tuple[int, int, str]]]
    for store in stores.values():
        for sequence, start, end, label, _ in store.segments:
            first = store.starts[sequence]
            segments[store.names[sequence]].append((int(start - first), int(end - first), store.labels[label]))
    assert segments == {
        "ann/first": [(0, 30, "open box")],
        "ann/second": [(15, 45, "wave")],
        "ben": [(15, 30, "open box"), (45, 60, "wave")],
        "cleo": [(0, 30, "open box"), (30, 60, "pour cup")],
    }
    ann = [split for split, store in stores.items() for name in store.names if name.startswith("ann/")]
    assert ann[0] == ann[1]
    assert next(s.frame_ids[s.names.index("ben")] for s in stores.values() if "ben" in s.names) == "world"


def test_a_table_of_recordings_gives_subjects_and_splits(folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "recordings.csv"
    table.write_text("recording,subject,split\nann/first,,test\nben,ben,val\ncleo,ann,\n")
    plan = reader(folder, ROWS, recordings=table).plan(Faults())
    assert {entry.name: (entry.split, entry.detail["subject"]) for entry in plan.sequences} == {
        "ann/first": ("test", "ann"),
        "ann/second": ("train", "ann"),
        "ben": ("val", "ben"),
        "cleo": ("train", "ann"),
    }
    assert any(piece.where == "ann" and "test and train" in piece.consequence for piece in plan.missing)
    table.write_text("recording,split\n" + "".join(f"{name},val\n" for name in find_recordings(folder)))
    with pytest.raises(InputError, match="no recording to train on"):
        reader(folder, ROWS, recordings=table).plan(Faults())


def test_every_mistake_of_the_table_is_told_before_anything_is_written(folder: Path, tmp_path: Path) -> None:
    rows = "ann/first,0,5,open box\nann/second,0,1,wave\ncleo,3,4,wave\n"
    with pytest.raises(InputError) as caught:
        prepare(reader(folder, rows), tmp_path / "store", workers=1)
    assert [line.rpartition("actions.csv:")[2].split(":")[0] for line in str(caught.value).splitlines()] == ["2", "4"]
    assert list(tmp_path.iterdir()) == []


def test_overlapping_actions_are_refused_or_allowed(folder: Path) -> None:
    rows = "ann/first,0,1,open box\nann/first,0.5,1.5,wave\n"
    with pytest.raises(InputError, match=r"actions.csv:3: 'wave' of ann/first starts at 0.5 before 'open box'"):
        reader(folder, rows).plan(Faults())
    allowed = reader(folder, rows, overlap=True)
    plan = allowed.plan(Faults())
    entry = next(entry for entry in plan.sequences if entry.name == "ann/first")
    sequence = allowed.read(entry, Faults()).sequence
    assert sequence is not None
    assert [(s.start, s.end) for s in sequence.segments] == [(0, 30), (15, 45)]


def test_what_cannot_be_used_is_skipped_when_asked(folder: Path, tmp_path: Path, motion: HandSequence) -> None:
    root = tmp_path / "some"
    root.mkdir()
    for number in range(3):
        save_recording(root / f"r{number}.npz", motion)
    (root / "bad.npz").write_text("no recording")
    rows = "r0,0,1,wave\nr1,0,9,wave\nr7,0,1,wave\nbad,0,1,wave\n"
    with pytest.raises(InputError, match="there is no recording 'r7'"):
        prepare(reader(root, rows), tmp_path / "store", workers=1)
    dataset = prepare(reader(root, rows), tmp_path / "store", "skip", workers=1)
    assert sorted(name for store in dataset.splits.values() for name in store.names) == ["r0", "r1", "r2"]
    assert [(Path(fault.path).name, fault.line) for fault in dataset.faults] == [
        ("actions.csv", 4),
        ("bad.npz", None),
        ("actions.csv", 3),
    ]


def test_two_recordings_of_one_name_and_empty_folders_are_refused(tmp_path: Path, motion: HandSequence) -> None:
    with pytest.raises(InputError, match="holds no recording"):
        find_recordings(tmp_path)
    with pytest.raises(InputError, match="There is no folder"):
        find_recordings(tmp_path / "none")
    save_recording(tmp_path / "one.npz", motion)
    (tmp_path / "one.mcap").write_text("")
    with pytest.raises(InputError, match="would both be called 'one'"):
        find_recordings(tmp_path)


def test_recordings_without_any_action_say_what_that_means(tmp_path: Path, motion: HandSequence) -> None:
    for number in range(2):
        save_recording(tmp_path / f"r{number}.npz", replace(motion, subject=""))
    plan = CustomReader(tmp_path).plan(Faults())
    assert [(piece.what, piece.consequence) for piece in plan.missing] == [
        ("actions", "the pose block can be trained, the action block cannot")
    ]
