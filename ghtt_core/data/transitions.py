# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Which action follows which in labelled recordings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.store.sequence_store import SequenceStore


def count_transitions(store: SequenceStore) -> NDArray[np.int64]:
    """How often each label follows each other one within a sequence, in the order in which segments begin.

    Args:
        store: With action segments; what lies between two of them does not count.

    Returns:
        (L, L): row, the label before; column, the next one.
    """
    counts = np.zeros((len(store.labels), len(store.labels)), np.int64)
    segments = np.asarray(store.segments, np.int64).reshape(-1, 5)
    order = np.lexsort((segments[:, 2], segments[:, 1], segments[:, 0]))
    sequence, label = segments[order, 0], segments[order, 3]
    together = sequence[1:] == sequence[:-1]
    np.add.at(counts, (label[:-1][together], label[1:][together]), 1)
    return counts
