# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Publish the messages of a bag at the pace at which they were recorded."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import rclpy
from rclpy.signals import SignalHandlerOptions
from rosgraph_msgs.msg import Clock

from ghtt_core.bags.fields import put_time
from ghtt_core.bags.reader import BagReader, RawMessage
from ghtt_core.bags.topics import BagTopic, QosOffer
from ghtt_core.cli.interrupt import InterruptGuard
from ghtt_core.errors import InputError
from ghtt_ros.cli.bag_qos import publish_profile
from ghtt_ros.cli.pipeline_topics import message_type
from ghtt_ros.cli.topic_graph import absolute

if TYPE_CHECKING:
    from ghtt_ros.cli.bag_options import PlayOptions

_SLICE_S: Final = 0.05
"""Ctrl-C is noticed within this time."""
_DELIVERY_S: Final = 0.5
"""Time for the last messages to leave before the process does."""


class BagPlayer:
    """Publishers for the topics of a bag, and the clock that paces them."""

    def __init__(self, node: Any, bag: BagReader, options: PlayOptions, guard: InterruptGuard) -> None:
        """Announce the topics.

        Args:
            node: Publishes.
            bag: What to play.
            options: How.
            guard: Says when to stop.

        Raises:
            InputError: If there is nothing to play.
        """
        self._bag = bag
        self._options = options
        self._guard = guard
        self._names = _remapped(options.remap)
        self._publishers: dict[str, Any] = {}
        left_out: list[str] = []
        for topic in self._chosen():
            try:
                kind = message_type(topic.typename)
            except KeyError:
                left_out.append(f"{topic.name} ({topic.typename})")
                continue
            profile = publish_profile(topic.offers)
            self._publishers[topic.name] = node.create_publisher(kind, self._name(topic.name), profile)
        if left_out:
            print(f"ghtt bag: left out, because their types are not known here: {', '.join(left_out)}", file=sys.stderr)
        if not self._publishers:
            names = ", ".join(topic.name for topic in bag.topics) or "no topics at all"
            raise InputError(f"There is nothing to play in {bag.path}; it has {names}.")
        self._clock = node.create_publisher(Clock, "/clock", 10) if options.clock else None
        self._clock_due = 0.0
        self.played = 0

    def wait_for_subscribers(self) -> None:
        """Give discovery time, but no longer than asked: nobody may want some of the topics."""
        ends = time.monotonic() + self._options.wait
        missing = True
        while missing and time.monotonic() < ends and not self._guard.requested:
            missing = any(not publisher.get_subscription_count() for publisher in self._publishers.values())
            time.sleep(_SLICE_S)

    def play_once(self) -> None:
        """Publish everything once; ends early when the process is asked to end.

        Raises:
            InputError: If the bag turns out to be damaged.
        """
        first_ns = self._bag.start_ns + round(self._options.start_offset * 1e9)
        began = time.monotonic()
        for message in self._bag.raw(self._publishers.keys()):
            if message.log_ns < first_ns:
                continue
            if not self._pace(message, first_ns, began):
                return
            self._publishers[message.topic].publish(message.data)
            self.played += 1

    def _pace(self, message: RawMessage, first_ns: int, began: float) -> bool:
        """Wait until a message is due; False when the process is asked to end."""
        rate = self._options.rate
        due = began + (message.log_ns - first_ns) / 1e9 / rate
        while not self._guard.requested:
            now = time.monotonic()
            if self._clock is not None and now >= self._clock_due:
                self._tell_time(min(first_ns + round((now - began) * rate * 1e9), message.log_ns))
                self._clock_due = max(now, began) + 1 / self._options.clock_rate
            if now >= due:
                return True
            pause = min(due - now, _SLICE_S)
            time.sleep(pause if self._clock is None else min(pause, max(self._clock_due - now, 0.0)))
        return False

    def _tell_time(self, stamp_ns: int) -> None:
        message = Clock()
        put_time(message.clock, stamp_ns)
        assert self._clock is not None
        self._clock.publish(message)

    def _chosen(self) -> list[BagTopic]:
        """Topics to play; where a bag has two types for one name, the one with more messages."""
        by_name: dict[str, BagTopic] = {}
        for topic in self._bag.topics:
            if topic.count > by_name.get(topic.name, _NOTHING).count:
                by_name[topic.name] = topic
        if not self._options.topics:
            return [topic for topic in by_name.values() if not (self._options.clock and topic.name == "/clock")]
        wanted = [absolute(name) for name in self._options.topics]
        return [by_name[name] for name in wanted if name in by_name]

    def _name(self, topic: str) -> str:
        return self._names.get(topic, topic)


_NOTHING: Final = BagTopic("", "", 0, (QosOffer(),))


def play(options: PlayOptions) -> None:
    """Play a bag, once or until Ctrl-C.

    Raises:
        InputError: If the bag cannot be read or there is nothing to play.
    """
    bag = BagReader(options.bag)
    # Ctrl-C ends between two messages, and the process says how far it came.
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    try:
        with InterruptGuard() as guard:
            node = rclpy.create_node("ghtt_bag_player", start_parameter_services=False)
            player = BagPlayer(node, bag, options, guard)
            player.wait_for_subscribers()
            for turn in count():
                if guard.requested or (turn and not options.loop):
                    break
                player.play_once()
            if not guard.requested:
                time.sleep(_DELIVERY_S)
            print(f"Played {player.played} messages of {options.bag}.", flush=True)
            node.destroy_node()
    finally:
        rclpy.try_shutdown()


def _remapped(rules: tuple[str, ...]) -> Mapping[str, str]:
    """Names to publish under, by the names in the bag.

    Raises:
        InputError: If a rule is not of the form /old:=/new.
    """
    names = {}
    for rule in rules:
        before, sign, after = rule.partition(":=")
        if not sign:
            raise InputError(f"--remap takes /old:=/new, not {rule!r}.")
        names[absolute(before)] = absolute(after)
    return names
