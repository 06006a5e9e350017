# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Look at ROS 2 topics where the tools of ROS 2 are not installed.

Examples:
  ghtt topic list
  ghtt topic echo /ghtt/action --once
  ghtt topic echo /ghtt/predicted_motion --field header.stamp
  ghtt topic hz /ghtt/refined_hands
"""

from __future__ import annotations

import itertools
import math
import sys
import time
from collections import deque
from dataclasses import dataclass
from typing import Annotated, Any, Final

import tyro

from ghtt_core.errors import InputError

_REPORT_S: Final = 1.0


@dataclass(frozen=True)
class ListOptions:
    """List all topics with their types.

    Attributes:
        verbose: Whether to count publishers and subscribers too.
        wait: Seconds to listen for topics.
    """

    verbose: bool = False
    wait: float = 2.0


@dataclass(frozen=True)
class EchoOptions:
    """Print the messages of a topic.

    Attributes:
        topic: Its name.
        field: Print only this part, for example header.stamp or positions[0].
        once: Stop after the first message.
        count: Stop after this many messages.
        full_length: Print long arrays whole.
        timeout: Seconds to wait for the first message; by default for ever.
    """

    topic: tyro.conf.Positional[str]
    field: str | None = None
    once: bool = False
    count: int | None = None
    full_length: bool = False
    timeout: float | None = None


@dataclass(frozen=True)
class HzOptions:
    """Measure how often messages come.

    Attributes:
        topic: Its name.
        window: Messages to average over.
        reports: Stop after this many lines.
        timeout: Seconds to wait for a publisher; by default for ever.
    """

    topic: tyro.conf.Positional[str]
    window: int = 300
    reports: int | None = None
    timeout: float | None = None


TopicOptions = (
    Annotated[ListOptions, tyro.conf.subcommand("list")]
    | Annotated[EchoOptions, tyro.conf.subcommand("echo")]
    | Annotated[HzOptions, tyro.conf.subcommand("hz")]
)


def run(options: ListOptions | EchoOptions | HzOptions) -> None:
    """Do what was asked; Ctrl-C is the usual end of `echo` and `hz`.

    Raises:
        InputError: If there is no such topic or field, or its type is not known here.
    """
    from rclpy.executors import ExternalShutdownException

    from ghtt_ros.cli.topic_graph import topic_graph

    try:
        with topic_graph() as graph:
            if isinstance(options, ListOptions):
                list_topics(graph, options)
            elif isinstance(options, EchoOptions):
                echo(graph, options)
            else:
                measure(graph, options)
    except (KeyboardInterrupt, ExternalShutdownException):
        return


def list_topics(graph: Any, options: ListOptions) -> None:
    """Print the topics that are known after a while."""
    graph.spin(lambda: False, options.wait)
    topics = graph.topics()
    width = max(map(len, topics), default=0)
    for name, kinds in sorted(topics.items()):
        line = f"{name:<{width}}  {', '.join(kinds)}"
        if options.verbose:
            numbers = [len(graph.endpoints(name, publishers=side)) for side in (True, False)]
            line += f"  publishers: {numbers[0]}, subscribers: {numbers[1]}"
        print(line)
    if not topics:
        print("No topics; look at ROS_DOMAIN_ID and ROS_AUTOMATIC_DISCOVERY_RANGE.", file=sys.stderr)


def echo(graph: Any, options: EchoOptions) -> None:
    """Print messages as they come.

    Raises:
        InputError: As `run`, or if nothing comes in time.
    """
    from ghtt_ros.cli.message_text import message_text, pick_field
    from ghtt_ros.cli.topic_graph import absolute

    topic = absolute(options.topic)
    wanted = 1 if options.once else options.count
    received: deque[Any] = deque()
    graph.subscribe(topic, graph.wait_for_type(topic, options.timeout, _tell), received.append)
    printed = 0
    while wanted is None or printed < wanted:
        if not graph.spin(lambda: bool(received), options.timeout if printed == 0 else None):
            raise InputError(f"{topic} has a publisher, but no message came in {options.timeout:g} s.")
        message = received.popleft()
        value = message if options.field is None else pick_field(message, options.field)
        print(message_text(value, full=options.full_length), "---", sep="\n", flush=True)
        printed += 1


def measure(graph: Any, options: HzOptions) -> None:
    """Print once a second how often messages came.

    Raises:
        InputError: As `run`.
    """
    from ghtt_ros.cli.topic_graph import absolute

    if options.window < 2:
        raise InputError(f"--window must be at least 2, not {options.window}.")
    topic = absolute(options.topic)
    moments: deque[float] = deque(maxlen=options.window)
    kind = graph.wait_for_type(topic, options.timeout, _tell)
    # Bytes are enough, and counting must not be slower than what is counted.
    graph.subscribe(topic, kind, lambda data: moments.append(time.monotonic()), raw=True)
    reported = 0
    last: float | None = None
    while options.reports is None or reported < options.reports:
        graph.spin(lambda: False, _REPORT_S)
        print(_rates(tuple(moments), last), flush=True)
        last = moments[-1] if moments else None
        reported += 1


def _rates(moments: tuple[float, ...], last: float | None) -> str:
    if not moments or moments[-1] == last:
        return "no new messages"
    if len(moments) < 2:
        return "one message"
    gaps = [after - before for before, after in itertools.pairwise(moments)]
    mean = sum(gaps) / len(gaps)
    spread = math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / len(gaps))
    rate = 1 / mean if mean > 0 else math.inf
    return (
        f"average rate: {rate:.3f} Hz, gaps min {min(gaps):.3f} s max {max(gaps):.3f} s std dev {spread:.5f} s, "
        f"window: {len(moments)}"
    )


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
