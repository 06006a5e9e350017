# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the synthetic detector says about a synthetic dataset, kept beside its stores as any estimator's answers."""

from __future__ import annotations

from typing import Final

import numpy as np

from ghtt_core.data.store.dataset import Dataset
from ghtt_core.data.store.observations import Maker, ObservationWriter, Seen, observed_views
from ghtt_core.data.synthetic.dataset import SyntheticReader, perform
from ghtt_core.data.synthetic.detector import DetectorModel, detect

DETECTOR: Final = "detector"
"""Name of its observations."""
_SEED: Final = 20_260_105


def write_detections(reader: SyntheticReader, dataset: Dataset, model: DetectorModel | None = None) -> None:
    """Let the detector look at every sequence of a dataset through every view.

    A run that was stopped goes on where it was; views that are complete are left alone.

    Args:
        reader: What made the dataset.
        dataset: The dataset.
        model: How good the detector is.

    Raises:
        OutputError: If the disk does not take it.
    """
    maker = Maker(DETECTOR, model_id=repr(model or DetectorModel()))
    for split, store in dataset.splits.items():
        names = [name for name in reader.views if name not in observed_views(store, DETECTOR)]
        writers = {name: ObservationWriter(store, DETECTOR, name, maker) for name in names}
        missing = {name: set(writer.missing()) for name, writer in writers.items()}
        for sequence in sorted(set().union(*missing.values())):
            performance = perform(reader, split, sequence)
            motion = performance.sequence
            for number, view in enumerate(store.views(sequence)):
                if sequence not in missing.get(view.name, ()):
                    continue
                seed = int(
                    np.random.SeedSequence(performance.appearance_seed, spawn_key=(_SEED, number)).generate_state(1)[0]
                )
                said = detect(view, motion.joints, motion.valid, performance.objects, seed, model)
                writers[view.name].write(sequence, Seen(said.joints, said.valid, np.ones(len(motion), bool)))
        for writer in writers.values():
            writer.finish()
