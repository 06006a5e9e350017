# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Write the messages of topics into a bag, whenever the topics appear."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from ghtt_core.bags.typestore import typestore
from ghtt_core.bags.writer import BagWriter
from ghtt_core.cli.interrupt import InterruptGuard
from ghtt_core.errors import InputError, OutputError
from ghtt_ros.cli.bag_qos import offers_of, record_profile
from ghtt_ros.cli.pipeline_topics import message_type
from ghtt_ros.cli.topic_graph import absolute

if TYPE_CHECKING:
    from ghtt_ros.cli.bag_options import RecordOptions

_LOOK_S: Final = 0.2
_SPARE_BYTES: Final = 32_000_000
"""Left on the disk for completing the bag."""
_PRIVATE: Final = ("/rosout", "/parameter_events")
"""Recorded only when named: every node has them."""


class BagRecorder:
    """Subscribes to topics as they appear and writes what comes."""

    def __init__(self, node: Any, bag: BagWriter, options: RecordOptions) -> None:
        """Record with a node into a bag."""
        self._node, self._bag = node, bag
        self._wanted = None if options.all else {absolute(topic) for topic in options.topics}
        self._left_out: set[str] = set()
        self._failure: OutputError | None = None
        self.subscriptions: dict[str, Any] = {}

    def look(self) -> None:
        """Subscribe to what has appeared.

        Raises:
            OutputError: If the disk takes no more; also for messages that came since the last look.
        """
        if self._failure is not None:
            raise self._failure
        free = shutil.disk_usage(self._bag.path).free
        if free < _SPARE_BYTES:
            raise OutputError(f"The disk that holds {self._bag.path} is full ({free / 1e6:.1f} MB left).")
        for topic, kinds in self._node.get_topic_names_and_types():
            if topic in self.subscriptions or topic in self._left_out or not self._is_wanted(topic):
                continue
            endpoints = self._node.get_publishers_info_by_topic(topic)
            if endpoints:
                self._subscribe(topic, kinds[0], endpoints)

    def missing(self) -> list[str]:
        """Topics that were asked for and never appeared."""
        return sorted((self._wanted or set()) - set(self.subscriptions))

    def _is_wanted(self, topic: str) -> bool:
        return topic in self._wanted if self._wanted is not None else topic not in _PRIVATE

    def _subscribe(self, topic: str, typename: str, endpoints: list[Any]) -> None:
        try:
            kind = message_type(typename)
        except KeyError:
            kind = None
        if kind is None or typename not in typestore().fielddefs:
            self._left_out.add(topic)
            print(f"ghtt bag: {topic} is left out, its type {typename} is not known here.", file=sys.stderr)
            return
        self._bag.add_topic(topic, typename, *offers_of(endpoints))
        self.subscriptions[topic] = self._node.create_subscription(
            kind, topic, self._writing(topic), record_profile(endpoints), raw=True
        )
        print(f"Recording {topic} ({typename}).", flush=True)

    def _writing(self, topic: str) -> Callable[[bytes], None]:
        def write(data: bytes) -> None:
            if self._failure is None:
                try:
                    self._bag.write(topic, bytes(data), time.time_ns())
                except OutputError as error:
                    self._failure = error

        return write


def record(options: RecordOptions) -> None:
    """Record until Ctrl-C or for a while; the bag is complete then.

    Raises:
        OutputError: If the bag cannot be written; what was recorded before is kept where the disk allows.
        InputError: If nothing was recorded; there is then no bag.
    """
    bag = BagWriter(options.out, options.storage, compressed=options.compressed)
    try:
        missing = _record(bag, options)
    except BaseException:
        _complete(bag)
        raise
    if not _complete(bag):
        waited = f" Nobody published {', '.join(missing)}." if missing else ""
        raise InputError(f"No message came, so there is no bag.{waited}")
    counts = sum(bag.counts.values())
    print(f"Recorded {counts} messages on {len(bag.counts)} topics in {options.out}.", flush=True)
    if missing:
        print(f"ghtt bag: nobody published {', '.join(missing)}.", file=sys.stderr)


def _record(bag: BagWriter, options: RecordOptions) -> list[str]:
    # Ctrl-C must not strike inside a write.
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    try:
        with InterruptGuard() as guard:
            node = rclpy.create_node("ghtt_bag_recorder", start_parameter_services=False)
            executor = SingleThreadedExecutor()
            executor.add_node(node)
            recorder = BagRecorder(node, bag, options)
            ends = None if options.duration is None else time.monotonic() + options.duration
            due = 0.0
            while not guard.requested and (ends is None or time.monotonic() < ends):
                if time.monotonic() >= due:
                    recorder.look()
                    due = time.monotonic() + _LOOK_S
                executor.spin_once(timeout_sec=_LOOK_S / 2)
            executor.shutdown()
            node.destroy_node()
            return recorder.missing()
    finally:
        rclpy.try_shutdown()


def _complete(bag: BagWriter) -> bool:
    """Complete the bag, or remove it if nothing is in it; returns whether there is one.

    Raises:
        OutputError: If the disk takes no more.
    """
    if sum(bag.counts.values()) == 0:
        bag.discard()
        return False
    bag.close()
    return True
