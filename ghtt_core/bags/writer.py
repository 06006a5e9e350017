# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Write bags that `ros2 bag` reads: mcap or sqlite3, with type hashes, definitions and the publishers' QoS."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Literal

from rosbags.interfaces import Connection
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.rosbag2.enums import CompressionFormat, CompressionMode

from ghtt_core.bags.messages import encode
from ghtt_core.bags.topics import QosOffer, to_rosbags
from ghtt_core.bags.typestore import typestore
from ghtt_core.errors import InputError, OutputError

Storage = Literal["mcap", "sqlite3"]
_PLUGINS: Final = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}
_VERSION: Final = 9
_DEFAULT_OFFER: Final = QosOffer()


class BagWriter:
    """A bag folder that grows; `close` completes it."""

    def __init__(self, path: Path, storage: Storage = "mcap", *, compressed: bool = False) -> None:
        """Make the folder and its first file.

        Args:
            path: Folder of the bag; must not exist, its parent is made if need be.
            storage: Kind of the file inside.
            compressed: Whether an mcap's chunks are compressed (zstd).

        Raises:
            InputError: If the storage cannot compress.
            OutputError: If the folder exists or cannot be made.
        """
        if compressed and storage != "mcap":
            raise InputError("Only mcap bags can be compressed; leave out the compression or choose mcap.")
        if path.exists():
            raise OutputError(f"{path} exists already; choose another name or remove it.")
        self.path = path
        self.counts: dict[str, int] = {}
        self._connections: dict[str, Connection] = {}
        self._types: dict[str, str] = {}
        self._writer = Writer(path, version=_VERSION, storage_plugin=_PLUGINS[storage])
        if compressed:
            self._writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
        with self._failures():
            self._writer.open()

    def add_topic(
        self, topic: str, typename: str, *offers: QosOffer, definition: tuple[str, str] | None = None
    ) -> None:
        """Announce a topic.

        Args:
            topic: With its leading slash.
            typename: Type of its messages.
            *offers: How it is published; the default of ROS 2 where nothing is given.
            definition: Text and RIHS01 hash of a type that this installation does not know.

        Raises:
            InputError: If the topic was announced, or the type is unknown.
            OutputError: If the disk takes no more.
        """
        if topic in self._connections:
            raise InputError(f"The topic {topic} is in the bag already.")
        if definition is None and typename not in typestore().fielddefs:
            raise InputError(f"The type {typename} of {topic} is not known here.")
        text, digest = definition if definition is not None else (None, None)
        with self._failures():
            self._connections[topic] = self._writer.add_connection(
                topic,
                typename,
                typestore=typestore(),
                msgdef=text,
                rihs01=digest,
                offered_qos_profiles=[to_rosbags(offer) for offer in offers or (_DEFAULT_OFFER,)],
            )
        self._types[topic] = typename
        self.counts[topic] = 0

    def write(self, topic: str, message: Any, log_ns: int) -> None:
        """Append a message, or its CDR bytes.

        Args:
            topic: Announced before.
            message: A message of rosbags, or bytes.
            log_ns: When it was received.

        Raises:
            OutputError: If the disk takes no more.
        """
        if not isinstance(message, bytes | memoryview):
            message = encode(message, self._types[topic])
        with self._failures():
            self._writer.write(self._connections[topic], log_ns, message)
        self.counts[topic] += 1

    def close(self) -> None:
        """Complete the bag: index, metadata.yaml.

        Raises:
            OutputError: If the disk takes no more; what is there can then be recovered in part.
        """
        with self._failures():
            self._writer.close()

    def discard(self) -> None:
        """Remove the bag."""
        with suppress(Exception):
            self._writer.abort()
        shutil.rmtree(self.path, ignore_errors=True)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.OperationalError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise OutputError(
                f"Cannot write the bag {self.path} ({reason.lower()}); free some space there or choose another place."
            ) from error


class BagFileWriter:
    """A bag of a single .mcap file, which takes its name when it is complete; an older one stays until then."""

    def __init__(self, path: Path, *, compressed: bool = True) -> None:
        """Open it under a hidden name.

        Args:
            path: The .mcap to make, in an existing folder.
            compressed: Whether chunks are compressed (zstd).

        Raises:
            OutputError: If the folder takes no files.
        """
        self.path = path
        try:
            self._scratch = Path(tempfile.mkdtemp(prefix=f".{path.stem}-", dir=path.parent))
        except OSError as error:
            raise OutputError(f"Cannot write {path} ({(error.strerror or str(error)).lower()}).") from error
        try:
            self._bag = BagWriter(self._scratch / path.stem, compressed=compressed)
        except OutputError:
            shutil.rmtree(self._scratch, ignore_errors=True)
            raise
        self.add_topic = self._bag.add_topic
        self.write = self._bag.write

    def has(self, topic: str) -> bool:
        """Whether a topic was announced."""
        return topic in self._bag.counts

    def finish(self) -> None:
        """Complete the file and move it into place.

        Raises:
            OutputError: If it cannot be written; an older file of that name is then untouched.
        """
        try:
            self._bag.close()
            complete = self._bag.path / f"{self.path.stem}.mcap"
            with complete.open("rb") as written:
                os.fsync(written.fileno())
            complete.replace(self.path)
        except OSError as error:
            raise OutputError(f"Cannot write {self.path} ({(error.strerror or str(error)).lower()}).") from error
        finally:
            self.discard()

    def discard(self) -> None:
        """Leave nothing behind; may be called twice."""
        self._bag.discard()
        shutil.rmtree(self._scratch, ignore_errors=True)
