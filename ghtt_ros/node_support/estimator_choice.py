# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The estimator that the parameters name, with the options that it understands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ghtt_core.errors import InputError
from ghtt_core.estimators.base import HandEstimator
from ghtt_core.estimators.registry import create_estimator


def open_estimator(name: str, *, recording: str = "", palm_size_m: float = 0.0, image_model: str = "") -> HandEstimator:
    """Load an estimator.

    Args:
        name: One that the registry knows.
        recording: For `recorded`: path of an .npz recording, or of a bag with hand observations.
        palm_size_m: Mean distance from the wrist to the finger knuckles; 0 for the estimator's default.
        image_model: For `resnet18`: checkpoint folder; empty for $GHTT_IMAGE_MODEL or the one that ships.

    Raises:
        InputError: If the recording is missing or cannot be used.
        CheckpointError: If the checkpoint cannot be used.
        MissingDependencyError: If something the estimator needs is not installed; the sentence names the remedy.
    """
    options: dict[str, Any] = {}
    if name == "recorded":
        if not recording:
            raise InputError("The estimator recorded needs a recording; give its path in the parameter recording.")
        options["recording"] = _read_recording(Path(recording).expanduser())
    elif palm_size_m > 0:
        options["palm_size_m"] = palm_size_m
    if name == "resnet18" and image_model:
        options["checkpoint"] = Path(image_model).expanduser()
    return create_estimator(name, **options)


def _read_recording(path: Path) -> Any:
    if path.suffix == ".npz":
        from ghtt_core.data.recordings import load_recording

        return load_recording(path)
    from ghtt_core.bags.observations import read_observations

    return read_observations(path)
