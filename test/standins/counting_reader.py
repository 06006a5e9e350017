# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A dataset reader for tests of preparation, in a module that worker processes can import."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ghtt_core.data.readers.base import MalformedFileError, Missing, SequenceReading, SourcePlan, SourceSequence
from ghtt_core.data.sequence import HandSequence
from ghtt_core.data.taxonomy import ActionLabel

LABELS = (ActionLabel("take out cup", "take out", "cup", 7), ActionLabel("read book", "read", "book", 9))


@dataclass(frozen=True)
class CountingReader:
    """Sequences out of nothing; a file per sequence in `source` says whether it can be read."""

    source: Path
    speed: float = 1.0
    dataset: str = field(default="counting", init=False)

    def plan(self, faults):
        sequences = tuple(SourceSequence("train" if i < 3 else "val", f"s{i}", float(i)) for i in range(5))
        return SourcePlan(sequences, LABELS, ("book", "cup"), (Missing("depth", "", "not needed"),))

    def read(self, entry, faults):
        with (self.source / "log").open("a") as log:
            log.write(f"{entry.name}\n")
        state = (self.source / entry.name).read_text()
        if state == "interrupt":
            raise KeyboardInterrupt
        if state == "bad":
            raise MalformedFileError(self.source / entry.name, 3, "is not what it should be")
        frames = 20 + int(entry.name[1:])
        joints = np.random.default_rng(frames).normal(size=(frames, 2, 21, 3)).astype(np.float32)
        return SequenceReading(
            HandSequence(
                joints=joints,
                valid=np.ones((frames, 2), bool),
                stamps_ns=np.round(np.arange(frames) * (1e9 / 30)).astype(np.int64),
                segments=(LABELS[1].segment(0, 5), LABELS[0].segment(3, 9)),
                name=entry.name,
                frame_id="world",
            ),
            (Missing("pictures", entry.name, "no images"),),
        )
