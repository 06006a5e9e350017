# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Which action follows which is counted within sequences, in the order in which actions begin."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ghtt_core.data.sequence import ActionSegment
from ghtt_core.data.store.sequence_store import StoreWriter, open_store
from ghtt_core.data.synthetic.generator import SyntheticConfig, generate_dataset
from ghtt_core.data.transitions import count_transitions

NAMES = ("grab cup", "pour cup", "place cup")


def test_what_follows_is_counted(tmp_path: Path) -> None:
    sequence = next(generate_dataset(SyntheticConfig(sequences=1, frames=200), 7))
    with StoreWriter(tmp_path / "store", labels=NAMES) as writer:
        # The second sequence names them in another order, and two of its actions overlap.
        for spans in (((0, 40, 0), (50, 90, 1), (90, 150, 2)), ((100, 150, 2), (0, 60, 0), (30, 120, 1)), ()):
            segments = tuple(ActionSegment(a, b, NAMES[n], *NAMES[n].split()) for a, b, n in spans)
            writer.append(replace(sequence, segments=segments))
    counts = count_transitions(open_store(tmp_path / "store"))
    assert counts.tolist() == [[0, 2, 0], [0, 0, 2], [0, 0, 0]]


def test_a_store_without_actions_has_no_transitions(tmp_path: Path) -> None:
    sequence = next(generate_dataset(SyntheticConfig(sequences=1, frames=200), 7))
    with StoreWriter(tmp_path / "store") as writer:
        writer.append(replace(sequence, segments=()))
    assert count_transitions(open_store(tmp_path / "store")).shape == (0, 0)
