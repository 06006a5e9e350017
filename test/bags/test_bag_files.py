# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Bags that are written can be read by others, and bags of others, damaged or hostile, are read or refused in words."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml
from backports import zstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rosbags.highlevel import AnyReader

from ghtt_core.bags.limits import unpack_lz4, unpack_zstd
from ghtt_core.bags.messages import encode, new_message, type_hash
from ghtt_core.bags.reader import BagReader
from ghtt_core.bags.topics import HAND_OBSERVATION, QosOffer
from ghtt_core.bags.writer import BagFileWriter, BagWriter, Storage
from ghtt_core.errors import InputError, OutputError

FIRST_NS = 1_700_000_000_000_000_000
OFFER = QosOffer(reliable=False, transient_local=True, depth=5, lifespan_ns=500_000_000)


def write_bag(path: Path, storage: Storage = "mcap", frames: int = 20, compressed: bool = False) -> Path:
    bag = BagWriter(path, storage, compressed=compressed)
    bag.add_topic("/ghtt/hand_observation", HAND_OBSERVATION, OFFER)
    bag.add_topic("/talk", "std_msgs/msg/String")
    for index in range(frames):
        message = new_message(HAND_OBSERVATION)
        message.header.stamp.sec = index
        message.joints[:] = index
        bag.write("/ghtt/hand_observation", message, FIRST_NS + index * 10**7)
        text = new_message("std_msgs/msg/String")
        text.data = f"number {index}"
        bag.write("/talk", text, FIRST_NS + index * 10**7 + 1)
    bag.close()
    return path


@pytest.mark.parametrize(("storage", "compressed"), [("mcap", False), ("mcap", True), ("sqlite3", False)])
def test_a_written_bag_reads_back_in_order(tmp_path: Path, storage: Storage, compressed: bool) -> None:
    bag = BagReader(write_bag(tmp_path / "bag", storage, 20, compressed))
    assert [(topic.name, topic.count) for topic in bag.topics] == [("/ghtt/hand_observation", 20), ("/talk", 20)]
    assert bag.topics[0].offers == (OFFER,)
    assert (bag.start_ns, bag.end_ns) == (FIRST_NS, FIRST_NS + 19 * 10**7 + 1)
    messages = list(bag.raw())
    assert [message.log_ns for message in messages] == sorted(message.log_ns for message in messages)
    talks = [message.data for _, message in bag.decoded(["/talk"])]
    assert talks == [f"number {index}" for index in range(20)]
    hands = [message.joints[0] for _, message in bag.decoded(["/ghtt/hand_observation"])]
    assert hands == list(range(20))


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_a_written_bag_says_what_ros2_bag_asks_for(tmp_path: Path, storage: Storage) -> None:
    path = write_bag(tmp_path / "bag", storage)
    said = yaml.safe_load((path / "metadata.yaml").read_text())["rosbag2_bagfile_information"]
    assert said["storage_identifier"] == storage
    assert said["message_count"] == 40
    topic = said["topics_with_message_count"][0]["topic_metadata"]
    assert topic["type"] == "ghtt_ros/msg/HandObservation"
    assert topic["type_description_hash"] == type_hash(HAND_OBSERVATION)
    assert topic["type_description_hash"].startswith("RIHS01_")
    profile = topic["offered_qos_profiles"][0]
    assert (profile["reliability"], profile["durability"], profile["depth"]) == ("best_effort", "transient_local", 5)
    # A reader that knows none of our types makes them from the definitions inside.
    with AnyReader([path]) as reader:
        connection = next(c for c in reader.connections if c.topic == "/ghtt/hand_observation")
        _, _, data = next(reader.messages([connection]))
        message = reader.deserialize(data, connection.msgtype)
        assert len(message.joints) == 126
        assert "float32[126] joints" in connection.msgdef.data


def test_the_same_messages_make_the_same_bytes(tmp_path: Path) -> None:
    one, two = (write_bag(tmp_path / name / "bag", "mcap", compressed=True) for name in ("one", "two"))
    assert (one / "bag.mcap").read_bytes() == (two / "bag.mcap").read_bytes()


def test_a_bag_of_several_files_is_one_bag(tmp_path: Path) -> None:
    folder = tmp_path / "split"
    folder.mkdir()
    for number, start in ((1, 500), (0, 0)):
        bag = BagWriter(tmp_path / f"part{number}")
        bag.add_topic("/talk", "std_msgs/msg/String")
        for index in range(5):
            text = new_message("std_msgs/msg/String")
            text.data = str(start + index)
            bag.write("/talk", text, FIRST_NS + start + index)
        bag.close()
        shutil.move(tmp_path / f"part{number}" / f"part{number}.mcap", folder / f"split_{number}.mcap")
    whole = BagReader(folder)
    assert [message.data for _, message in whole.decoded(["talk", "/talk"])] == [*"01234", *map(str, range(500, 505))]
    assert whole.topic("talk").count == 10


def test_messages_that_were_compressed_one_by_one_are_read(tmp_path: Path) -> None:
    bag = BagWriter(tmp_path / "bag")
    bag.add_topic("/talk", "std_msgs/msg/String")
    text = new_message("std_msgs/msg/String")
    text.data = "hello"
    bag.write("/talk", zstd.compress(encode(text, "std_msgs/msg/String")), FIRST_NS)
    bag.close()
    assert [message.data for _, message in BagReader(tmp_path / "bag").decoded(["/talk"])] == ["hello"]


def test_a_single_file_takes_its_name_when_it_is_complete(tmp_path: Path) -> None:
    (tmp_path / "motion.mcap").write_bytes(b"old")
    bag = BagFileWriter(tmp_path / "motion.mcap")
    bag.add_topic("/talk", "std_msgs/msg/String")
    bag.write("/talk", new_message("std_msgs/msg/String"), FIRST_NS)
    assert (tmp_path / "motion.mcap").read_bytes() == b"old"
    bag.finish()
    assert [child.name for child in tmp_path.iterdir()] == ["motion.mcap"]
    assert BagReader(tmp_path / "motion.mcap").count == 1
    other = BagFileWriter(tmp_path / "other.mcap")
    other.discard()
    assert [child.name for child in tmp_path.iterdir()] == ["motion.mcap"]


def test_an_existing_bag_is_never_overwritten(tmp_path: Path) -> None:
    write_bag(tmp_path / "bag")
    with pytest.raises(OutputError, match="exists already"):
        BagWriter(tmp_path / "bag")


def test_what_is_no_bag_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "empty.mcap").touch()
    (tmp_path / "text.mcap").write_text("this is not a bag")
    (tmp_path / "text.db3").write_text("this is not a bag")
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed" / "a.mcap.zstd").touch()
    (tmp_path / "nothing").mkdir()
    expected = {
        "missing": "There is no bag",
        "notes.txt": "is not a bag",
        "empty.mcap": "empty",
        "text.mcap": "magic",
        "text.db3": "cannot be read",
        "packed": "unpack it first",
        "nothing": "holds no bag",
    }
    for name, sentence in expected.items():
        with pytest.raises(InputError, match=sentence):
            BagReader(tmp_path / name)


def test_a_recording_that_was_cut_off_says_how_to_repair_it(tmp_path: Path) -> None:
    file = write_bag(tmp_path / "bag") / "bag.mcap"
    whole = file.read_bytes()
    for share in (0.2, 0.9, 0.999):
        file.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(InputError, match="mcap recover"):
            BagReader(tmp_path / "bag")


def test_a_topic_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    bag = BagReader(write_bag(tmp_path / "bag"))
    with pytest.raises(InputError, match="it has /ghtt/hand_observation"):
        bag.topic("/image", HAND_OBSERVATION)
    with pytest.raises(InputError, match=r"is a std_msgs/msg/String, not"):
        bag.topic("/talk", HAND_OBSERVATION)


def test_messages_of_another_version_of_a_type_are_refused(tmp_path: Path) -> None:
    bag = BagWriter(tmp_path / "bag")
    bag.add_topic("/talk", "std_msgs/msg/String", definition=("int64 data\n", "RIHS01_" + "0" * 64))
    bag.write("/talk", b"\x00\x01\x00\x00" + bytes(8), FIRST_NS)
    bag.close()
    with pytest.raises(InputError, match="other fields"):
        list(BagReader(tmp_path / "bag").decoded(["/talk"]))


def test_a_chunk_that_unpacks_to_more_than_it_says_is_refused() -> None:
    import lz4.frame

    bomb = bytes(10**7)
    for pack, unpack in ((zstd.compress, unpack_zstd), (lz4.frame.compress, unpack_lz4)):
        assert unpack(pack(bomb), len(bomb)) == bomb
        with pytest.raises(InputError, match="more than"):
            unpack(pack(bomb), 1000)
        with pytest.raises(InputError, match="more than"):
            unpack(pack(bomb), 2**40)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("bags")
    return {
        "mcap": (write_bag(folder / "a", "mcap", 5) / "a.mcap").read_bytes(),
        "packed": (write_bag(folder / "b", "mcap", 5, compressed=True) / "b.mcap").read_bytes(),
        "db3": (write_bag(folder / "c", "sqlite3", 5) / "c.db3").read_bytes(),
    }


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(["mcap", "packed", "db3"]), data=st.data())
def test_a_damaged_bag_is_read_or_refused_but_never_breaks(
    samples: dict[str, bytes], tmp_path: Path, kind: str, data: st.DataObject
) -> None:
    content = bytearray(samples[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    file = tmp_path / f"bag.{'db3' if kind == 'db3' else 'mcap'}"
    file.write_bytes(bytes(content))
    try:
        list(BagReader(file).decoded(["/talk", "/ghtt/hand_observation"]))
    except InputError as error:
        sentence = str(error)
        assert len(sentence) < 600, sentence
