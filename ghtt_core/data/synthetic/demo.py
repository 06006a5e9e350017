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
from ghtt_core.data.synthetic.config import HELD_OUT_SUBJECT, SyntheticConfig
from ghtt_core.data.synthetic.generator import generate_sequence
from ghtt_core.hands.noise import DetectorNoise

DEMO_FRAMES: Final = 360
_WORLD: Final = SyntheticConfig(
    sequences=1,
    frames=DEMO_FRAMES,
    free_fraction=0.0,
    first_subject=HELD_OUT_SUBJECT + 7,
    subjects=1,
    leave_probability=0.0,
    vocabulary="h2o",
    joint_convention="anatomical",
)
_PERFORMANCE: Final = 3
"""Seed of one in which the person grabs chips, opens them and takes some out."""
_NOISE: Final = 7
"""Seed of the detector's errors."""


def demo_sequence() -> HandSequence:
    """The clean motion of the demonstration: 12 s at 30 frames/s."""
    return replace(generate_sequence(_WORLD, _PERFORMANCE, 0), name="demo")


def write_demo(path: Path) -> None:
    """Write the demonstration: ``joints`` with the errors of a detector, ``reference`` without.

    Raises:
        OutputError: If it cannot be written.
    """
    clean = demo_sequence()
    generator = torch.Generator().manual_seed(_NOISE)
    noisy, seen = DetectorNoise()(torch.from_numpy(clean.joints), generator)
    valid = clean.valid & seen.numpy()
    joints = np.where(valid[..., None, None], noisy.numpy(), np.float32(0))
    licence, source = "Apache-2.0", "the synthetic generator of this project, with errors of a per-frame detector added"
    save_recording(
        path, replace(clean, joints=joints, valid=valid), reference=clean.joints, licence=licence, source=source
    )


if __name__ == "__main__":
    write_demo(Path(sys.argv[1]))
