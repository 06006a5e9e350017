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
from datetime import UTC, datetime

from ghtt_core.bags.reader import BagReader
from ghtt_core.bags.topics import QosOffer
from ghtt_ros.cli.bag_options import BagOptions, InfoOptions, PlayOptions, RecordOptions, check_play, check_record

__all__ = ["BagOptions", "describe", "run"]


def run(options: InfoOptions | PlayOptions | RecordOptions) -> None:
    """Do what was asked.

    Raises:
        GhttError: If the bag or an option cannot be used, or the disk takes no more.
    """
    if isinstance(options, InfoOptions):
        print(describe(BagReader(options.bag)))
    elif isinstance(options, PlayOptions):
        check_play(options)
        from ghtt_ros.cli.bag_player import play

        play(options)
    else:
        check_record(options)
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
