# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Record, play and look at bags of ROS 2 where its own tools are not installed; `ros2 bag` reads and writes the same.

Examples:
  ghtt bag info recording
  ghtt bag play recording --rate 0.5 --clock --loop
  ghtt bag record --all --out recording
  ghtt bag record --topics /camera/image_raw /camera/camera_info --out recording --duration 10
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import tyro

from ghtt_core.bags.reader import BagReader
from ghtt_core.bags.topics import QosOffer
from ghtt_core.errors import InputError

FASTEST_RATE = 100.0


@dataclass(frozen=True)
class InfoOptions:
    """Say what is in a bag.

    Attributes:
        bag: Its folder, or an .mcap or .db3 file.
    """

    bag: tyro.conf.Positional[Path]


@dataclass(frozen=True)
class PlayOptions:
    """Publish the messages of a bag as they came; Ctrl-C ends it.

    Attributes:
        bag: Its folder, or an .mcap or .db3 file.
        rate: Speed; 1 is real time.
        clock: Whether to publish the time of the bag on /clock, for nodes with use_sim_time.
        clock_rate: Messages per second on /clock.
        loop: Start again at the end, until Ctrl-C.
        topics: Only these; by default all whose types are known here.
        remap: Publish under other names: /old:=/new ...
        start_offset: Seconds of the bag to skip.
        wait: Seconds to wait for subscribers before the first message.
    """

    bag: tyro.conf.Positional[Path]
    rate: float = 1.0
    clock: bool = False
    clock_rate: float = 100.0
    loop: bool = False
    topics: tuple[str, ...] = ()
    remap: tuple[str, ...] = ()
    start_offset: float = 0.0
    wait: float = 2.0


@dataclass(frozen=True)
class RecordOptions:
    """Write messages into a new bag until Ctrl-C.

    Attributes:
        out: Folder of the bag; must not exist.
        topics: What to record; a topic may appear later.
        all: Record every topic whose type is known here, also those that appear later.
        storage: Kind of file.
        compressed: Compress an mcap (zstd).
        duration: Stop after this many seconds.
    """

    out: Path
    topics: tuple[str, ...] = ()
    all: bool = False
    storage: Literal["mcap", "sqlite3"] = "mcap"
    compressed: bool = False
    duration: float | None = None


BagOptions = (
    Annotated[InfoOptions, tyro.conf.subcommand("info")]
    | Annotated[PlayOptions, tyro.conf.subcommand("play")]
    | Annotated[RecordOptions, tyro.conf.subcommand("record")]
)


def run(options: InfoOptions | PlayOptions | RecordOptions) -> None:
    """Do what was asked.

    Raises:
        GhttError: If the bag or an option cannot be used, or the disk takes no more.
    """
    if isinstance(options, InfoOptions):
        print(describe(BagReader(options.bag)))
    elif isinstance(options, PlayOptions):
        _check_play(options)
        from ghtt_ros.cli.bag_player import play

        play(options)
    else:
        _check_record(options)
        from ghtt_ros.cli.bag_recorder import record

        record(options)


def describe(bag: BagReader) -> str:
    """Return what `ghtt bag info` prints."""
    size = sum(file.stat().st_size for file in bag.files)
    lines = [
        f"files       {', '.join(file.name for file in bag.files) or 'none with messages'} ({size / 1e6:.2f} MB)",
        f"messages    {bag.count}",
    ]
    if bag.count:
        lines += [
            f"start       {_moment(bag.start_ns)}",
            f"end         {_moment(bag.end_ns)}",
            f"duration    {(bag.end_ns - bag.start_ns) / 1e9:.3f} s",
        ]
    width = max((len(topic.name) for topic in bag.topics), default=0)
    kinds = max((len(topic.typename) for topic in bag.topics), default=0)
    counts = max((len(str(topic.count)) for topic in bag.topics), default=0)
    lines.append("topics")
    lines += [
        f"  {topic.name:<{width}}  {topic.typename:<{kinds}}  {topic.count:>{counts}}  {_qos(topic.offers)}".rstrip()
        for topic in bag.topics
    ]
    return "\n".join(lines)


def _moment(stamp_ns: int) -> str:
    seconds, rest = divmod(stamp_ns, 10**9)
    try:
        date = f" ({datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC)"
    except (OverflowError, OSError, ValueError):
        date = ""
    return f"{seconds}.{rest:09d}{date}"


def _qos(offers: Sequence[QosOffer]) -> str:
    words = []
    for offer in dict.fromkeys(offers):
        kept = "all" if offer.keep_all else f"last {offer.depth}"
        reliability = "reliable" if offer.reliable else "best effort"
        words.append(f"{reliability}, {'transient local, ' if offer.transient_local else ''}keep {kept}")
    return "; ".join(words)


def _check_play(options: PlayOptions) -> None:
    if not 0 < options.rate <= FASTEST_RATE:
        raise InputError(f"--rate must be above 0 and at most {FASTEST_RATE:.0f}, not {options.rate}.")
    if not 0 < options.clock_rate <= 1000:
        raise InputError(f"--clock-rate must be above 0 and at most 1000, not {options.clock_rate}.")
    if options.start_offset < 0 or options.wait < 0:
        raise InputError("--start-offset and --wait cannot be negative.")


def _check_record(options: RecordOptions) -> None:
    if bool(options.topics) == options.all:
        raise InputError("Say what to record: --topics NAME... or --all.")
    if options.duration is not None and options.duration <= 0:
        raise InputError(f"--duration must be above 0, not {options.duration}.")
