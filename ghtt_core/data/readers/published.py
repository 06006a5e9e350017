# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How many sequences, frames and segments each dataset has according to the lists that it publishes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Counts:
    """Counts of one split; None where nothing is published.

    Attributes:
        sequences: Untrimmed sequences.
        frames: Frames at 30 frames/s.
        segments: Action segments.
        labels: Different actions among them.
    """

    sequences: int | None = None
    frames: int | None = None
    segments: int | None = None
    labels: int | None = None


PUBLISHED: Final[dict[str, dict[str, Counts]]] = {
    # Counted in action_{train,val,test}.txt; end_frame of a sequence is the number of its last frame, from 0.
    "h2o": {
        "train": Counts(114, 68_929, 569, 36),
        "val": Counts(24, 14_676, 122, 36),
        "test": Counts(46, 30_724, 242, None),
    },
}
"""By the name of the dataset and of the split."""
