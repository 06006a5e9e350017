# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Read bags of ROS 2 (mcap and sqlite3) without ROS. Bags come from strangers: every fault in one is a sentence.

Files are read one by one, by what they themselves say about their topics; metadata.yaml is not needed and not
believed, so that a recording that was interrupted can still be read where its files can.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from rosbags.interfaces import MessageDefinitionFormat
from rosbags.rosbag2 import Reader

from ghtt_core.bags.limits import LARGEST_MESSAGE, ZSTD_MAGIC, bound_decompression, unpack_zstd
from ghtt_core.bags.messages import decode
from ghtt_core.bags.same_type import check_definition
from ghtt_core.bags.topics import BagTopic, from_rosbags
from ghtt_core.errors import GhttError, InputError

_SUFFIXES: Final = (".mcap", ".db3")
_MOST_FILES: Final = 10_000
_PACKED: Final = (".zstd", ".zst", ".lz4")


class RawMessage(NamedTuple):
    """One message of a bag.

    Attributes:
        topic: Name of its topic.
        typename: Type of the topic.
        log_ns: When the recorder received it.
        data: CDR bytes.
    """

    topic: str
    typename: str
    log_ns: int
    data: bytes


class BagReader:
    """Reads one bag: a folder with the files of a recording, or a single file."""

    def __init__(self, path: Path) -> None:
        """Look at all files of a bag.

        Args:
            path: The folder, or an .mcap or .db3 file.

        Raises:
            InputError: If it is no bag, damaged, or packed; the sentence says what to do.
        """
        bound_decompression()
        self.path = path
        self._files: list[tuple[int, int, Path]] = []
        topics: dict[tuple[str, str], BagTopic] = {}
        for file in _bag_files(path):
            with _sentences(file), Reader(file) as reader:
                for connection in reader.connections:
                    found = _topic(connection)
                    before = topics.get((found.name, found.typename))
                    count = found.count + (0 if before is None else before.count)
                    topics[found.name, found.typename] = BagTopic(
                        found.name, found.typename, count, found.offers, found.definition
                    )
                if reader.message_count:
                    self._files.append((int(reader.start_time), int(reader.end_time) - 1, file))
        self._files.sort()
        self.topics: tuple[BagTopic, ...] = tuple(sorted(topics.values(), key=lambda topic: topic.name))

    @property
    def count(self) -> int:
        """Messages on all topics."""
        return sum(topic.count for topic in self.topics)

    @property
    def start_ns(self) -> int:
        """When the first message was received; 0 in an empty bag."""
        return min((start for start, _, _ in self._files), default=0)

    @property
    def end_ns(self) -> int:
        """When the last message was received; 0 in an empty bag."""
        return max((end for _, end, _ in self._files), default=0)

    @property
    def files(self) -> tuple[Path, ...]:
        """Files that hold messages, in order of time."""
        return tuple(file for _, _, file in self._files)

    def topic(self, name: str, *typenames: str) -> BagTopic:
        """Find a topic by its name.

        Args:
            name: With or without the leading slash.
            *typenames: Types it may have; none for any.

        Raises:
            InputError: If there is no such topic, or of another type.
        """
        wanted = "/" + name.lstrip("/")
        found = [topic for topic in self.topics if topic.name == wanted]
        fitting = [topic for topic in found if not typenames or topic.typename in typenames]
        if fitting:
            return fitting[0]
        if found:
            raise InputError(
                f"The topic {wanted} of {self.path} is a {found[0].typename}, not {' or '.join(typenames)}."
            )
        names = [topic.name for topic in self.topics if not typenames or topic.typename in typenames]
        known = ", ".join(names[:12]) or "none of that type"
        raise InputError(f"There is no topic {wanted} in {self.path}; it has {known}.")

    def of_type(self, *typenames: str) -> tuple[BagTopic, ...]:
        """Topics of these types that have messages, by name."""
        return tuple(topic for topic in self.topics if topic.typename in typenames and topic.count)

    def raw(self, topics: Collection[str] | None = None) -> Iterator[RawMessage]:
        """Give messages in order of the time they were received.

        Args:
            topics: Names to give; None for all.

        Raises:
            InputError: If the bag turns out to be damaged; what was given before is good.
        """
        overlap = any(after[0] < before[1] for before, after in zip(self._files, self._files[1:], strict=False))
        streams = [self._file_messages(file, topics) for _, _, file in self._files]
        if overlap:
            yield from heapq.merge(*streams, key=lambda message: message.log_ns)
        else:
            for stream in streams:
                yield from stream

    def decoded(self, topics: Collection[str]) -> Iterator[tuple[RawMessage, Any]]:
        """Give messages of known types, decoded.

        Args:
            topics: Names; their types must be ours or of ROS 2 Jazzy, and be defined in the bag as they are here.

        Raises:
            InputError: If a type is unknown or another, a message is damaged, or the bag is.
        """
        for topic in self.topics:
            if topic.name in topics:
                check_definition(topic.typename, topic.definition, f"{topic.name} in {self.path}")
        for message in self.raw(topics):
            try:
                yield message, decode(message.data, message.typename)
            except InputError as error:
                raise InputError(f"A message of {message.topic} in {self.path} is damaged: {error}") from error

    def _file_messages(self, file: Path, topics: Collection[str] | None) -> Iterator[RawMessage]:
        with _sentences(file), Reader(file) as reader:
            connections = [c for c in reader.connections if topics is None or c.topic in topics]
            if not connections:
                return
            for connection, log_ns, data in reader.messages(connections):
                if (
                    data[:4] == ZSTD_MAGIC
                ):  # what `ros2 bag record --compression-mode message` writes; CDR starts with 0
                    data = unpack_zstd(data, LARGEST_MESSAGE)
                if len(data) > LARGEST_MESSAGE:
                    raise InputError(f"a message of {connection.topic} has {len(data)} bytes")
                yield RawMessage(connection.topic, connection.msgtype, int(log_ns), bytes(data))


def _bag_files(path: Path) -> list[Path]:
    """The storage files of a bag.

    Raises:
        InputError: If there are none.
    """
    if not path.exists():
        raise InputError(f"There is no bag {path}.")
    if path.is_file():
        if path.suffix not in _SUFFIXES:
            raise InputError(
                f"{path} is not a bag: give a folder with metadata.yaml, or a file {' or '.join(_SUFFIXES)}."
            )
        files = [path]
    else:
        inside = sorted(child for child in path.iterdir() if child.is_file())
        files = [child for child in inside if child.suffix in _SUFFIXES]
        packed = [child for child in inside if child.suffix in _PACKED and Path(child.stem).suffix in _SUFFIXES]
        if packed:
            raise InputError(f"The bag {path} is packed as a whole; unpack it first: zstd -d {packed[0]}")
        if not files:
            raise InputError(f"The folder {path} holds no bag (no .mcap and no .db3 file).")
    if len(files) > _MOST_FILES:
        raise InputError(f"The folder {path} holds {len(files)} bag files; give one recording.")
    for file in files:
        if file.suffix == ".db3" and set("?#%") & set(str(file)):
            raise InputError(f"SQLite cannot open {file} because of the ?, # or % in its name; rename it.")
    return files


def _topic(connection: Any) -> BagTopic:
    if connection.ext.serialization_format != "cdr":
        raise InputError(
            f"the topic {connection.topic} is stored as {connection.ext.serialization_format!r}, not as cdr"
        )
    text = connection.msgdef.data if connection.msgdef.format == MessageDefinitionFormat.MSG else ""
    offers = tuple(from_rosbags(qos) for qos in connection.ext.offered_qos_profiles)
    return BagTopic(connection.topic, connection.msgtype, int(connection.msgcount), offers, text)


@contextmanager
def _sentences(file: Path) -> Iterator[None]:
    """Turn whatever reading a damaged file brings a parser to into one sentence."""
    try:
        yield
    except GhttError as error:
        text = str(error)
        raise (error if text.endswith(".") else InputError(f"The bag {file} cannot be read: {text}.")) from error
    except MemoryError as error:
        raise InputError(f"The bag {file} is damaged: it announces more than fits in memory.") from error
    except OSError as error:
        raise InputError(f"The bag {file} cannot be read ({(error.strerror or str(error)).lower()}).") from error
    except Exception as error:
        reason = str(error).strip().rstrip(".") or type(error).__name__
        hint = " A recording that was cut off can be repaired: mcap recover FILE -o FIXED." if _cut_off(file) else ""
        raise InputError(f"The bag {file} cannot be read ({reason[:200]}).{hint}") from error


def _cut_off(file: Path) -> bool:
    """Whether an MCAP file lacks the mark at its end that a finished one has."""
    if file.suffix != ".mcap":
        return False
    with file.open("rb") as opened:
        head = opened.read(8)
        opened.seek(max(0, file.stat().st_size - 8))
        return head == b"\x89MCAP0\r\n" != opened.read(8)
