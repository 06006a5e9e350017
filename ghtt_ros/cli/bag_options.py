# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What `ghtt bag` can be told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

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


def check_play(options: PlayOptions) -> None:
    """Refuse impossible values.

    Raises:
        InputError: If there are any.
    """
    if not 0 < options.rate <= FASTEST_RATE:
        raise InputError(f"--rate must be above 0 and at most {FASTEST_RATE:.0f}, not {options.rate}.")
    if not 0 < options.clock_rate <= 1000:
        raise InputError(f"--clock-rate must be above 0 and at most 1000, not {options.clock_rate}.")
    if options.start_offset < 0 or options.wait < 0:
        raise InputError("--start-offset and --wait cannot be negative.")


def check_record(options: RecordOptions) -> None:
    """Refuse impossible values.

    Raises:
        InputError: If there are any.
    """
    if bool(options.topics) == options.all:
        raise InputError("Say what to record: --topics NAME... or --all.")
    if options.duration is not None and options.duration <= 0:
        raise InputError(f"--duration must be above 0, not {options.duration}.")
