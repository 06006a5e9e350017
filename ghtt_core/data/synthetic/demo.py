# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The small recording that comes with the package: a held-out subject doing a few things, as a detector sees them.

``python -m ghtt_core.data.synthetic.demo FILE.npz`` writes it.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import torch

from ghtt_core.data.recordings import save_recording
from ghtt_core.data.sequence import HandSequence
from ghtt_core.data.synthetic.config import HELD_OUT_SUBJECT
from ghtt_core.data.synthetic.workbench import perform
from ghtt_core.hands.noise import DetectorNoise

DEMO_ACTIONS: Final = (("grab", "bottle"), ("pour", "bottle"), ("stir", "cup"), ("pass", "cup"))
DEMO_FRAMES: Final = 360
_SEED: Final = 7


def demo_sequence() -> HandSequence:
    """The clean motion of the demonstration: 12 s at 30 frames/s."""
    rng = np.random.default_rng(np.random.SeedSequence(_SEED))
    return perform(rng, HELD_OUT_SUBJECT + _SEED, DEMO_FRAMES, False, DEMO_ACTIONS, 0.0, "demo")


def write_demo(path: Path) -> None:
    """Write the demonstration: ``joints`` with the errors of a detector, ``reference`` without.

    Raises:
        OutputError: If it cannot be written.
    """
    clean = demo_sequence()
    generator = torch.Generator().manual_seed(_SEED)
    noisy, seen = DetectorNoise()(torch.from_numpy(clean.joints), generator)
    valid = clean.valid & seen.numpy()
    joints = np.where(valid[..., None, None], noisy.numpy(), np.float32(0))
    licence, source = "Apache-2.0", "the synthetic generator of this project, with errors of a per-frame detector added"
    save_recording(
        path, replace(clean, joints=joints, valid=valid), reference=clean.joints, licence=licence, source=source
    )


if __name__ == "__main__":
    write_demo(Path(sys.argv[1]))
