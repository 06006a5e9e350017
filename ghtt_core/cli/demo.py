# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Run the whole pipeline on the bundled recording: two hands that pour, stir and pass, with a detector's errors.

Writes the same three files as `ghtt run`, and says what refinement gained.

Examples:
  ghtt demo --out out/demo
  ghtt demo --out out/demo --forecast both
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

from ghtt_core.errors import InputError


@dataclass(frozen=True)
class DemoOptions:
    """Where the results go, and what to try.

    Attributes:
        out: Folder of the results; made if need be.
        model: Checkpoint folder; by default $GHTT_MODEL, else the one that ships.
        forecast: p_b lets the recognised action lead, p_a continues the motion alone.
        device: Where networks run; auto takes a GPU that is there.
    """

    out: Path = Path("out/demo")
    model: Path | None = None
    forecast: Literal["p_a", "p_b", "both"] = "p_b"
    device: Literal["auto", "cpu", "cuda"] = "auto"


def run(options: DemoOptions) -> None:
    """Run `ghtt run` on the bundled recording.

    Raises:
        GhttError: As `ghtt run`.
    """
    from ghtt_core.cli import run as run_command

    recording = Path(str(files("ghtt_core"))) / "assets" / "demo.npz"
    if not recording.is_file():
        raise InputError(f"The bundled recording {recording} is missing; install the package again.")
    run_command.run(
        run_command.RunOptions(
            out=options.out,
            poses=recording,
            model=options.model,
            forecast=options.forecast,
            device=options.device,
        )
    )
    _compare(recording, options.out / "motion.npz")


def _compare(recording: Path, motion: Path) -> None:
    """Print the mean root-relative error of what came in and of what went out; the recording knows the truth."""
    import numpy as np

    from ghtt_core.data.recordings import load_recording
    from ghtt_core.evaluation.metrics import mpjpe_ra_mm
    from ghtt_core.hands.layout import FRAME_RATE

    truth, observed, refined = (
        load_recording(recording, "reference"),
        load_recording(recording),
        load_recording(motion),
    )
    # Both run at 30 frames per second from the same start; the refined stream may end a frame earlier.
    index = np.round((refined.stamps_ns - refined.stamps_ns[0]) * FRAME_RATE / 1e9).astype(int)
    index = index[index < len(truth)]
    valid = observed.valid[index] & refined.valid[: len(index)]
    before = mpjpe_ra_mm(observed.joints[index], truth.joints[index], valid).mean
    after = mpjpe_ra_mm(refined.joints[: len(index)], truth.joints[index], valid).mean
    if before is not None and after is not None:
        print(f"Mean joint error relative to the wrist: {before:.1f} mm as detected, {after:.1f} mm refined online.")
