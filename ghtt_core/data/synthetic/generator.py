# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Sequences of the generator, each a pure function of (configuration, seed, number)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from ghtt_core.data.sequence import HandSequence
from ghtt_core.data.store.sequence_store import SequenceStore, StoreWriter, open_store
from ghtt_core.data.synthetic.config import HELD_OUT_SUBJECT, SyntheticConfig
from ghtt_core.data.synthetic.vocabularies import vocabulary_of
from ghtt_core.data.synthetic.workbench import workbench_sequence
from ghtt_core.data.synthetic.world.filming import kitchen_sequence

__all__ = ["HELD_OUT_SUBJECT", "SyntheticConfig", "generate_dataset", "generate_sequence", "write_dataset"]


def generate_sequence(config: SyntheticConfig, seed: int, index: int) -> HandSequence:
    """Sequence number ``index`` of a data set; the same arguments always give the same bits."""
    if config.vocabulary == "h2o":
        return kitchen_sequence(config, seed, index)
    return workbench_sequence(config, seed, index)


def generate_dataset(config: SyntheticConfig, seed: int) -> Iterator[HandSequence]:
    """All sequences of a data set, one after another."""
    for index in range(config.sequences):
        yield generate_sequence(config, seed, index)


def write_dataset(
    config: SyntheticConfig, seed: int, folder: Path, workers: int = 1, overwrite: bool = False
) -> SequenceStore:
    """Generate a data set into a store; the result does not depend on the number of workers.

    Raises:
        OutputError: If the store cannot be written.
    """
    words = vocabulary_of(config.vocabulary)
    with StoreWriter(folder, words.labels, words.object_names, overwrite) as writer, ExitStack() as stack:
        sequences = generate_dataset(config, seed)
        if workers > 1:
            pool = stack.enter_context(ProcessPoolExecutor(workers))
            sequences = pool.map(partial(generate_sequence, config, seed), range(config.sequences), chunksize=4)
        for sequence in sequences:
            writer.append(sequence)
    return open_store(folder)
