# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Where the checkpoint comes from when the user names none."""

from __future__ import annotations

import os
from pathlib import Path

from ghtt_core.errors import CheckpointError, MissingDependencyError
from ghtt_core.resources import find_resource

SHIPPED_NAME = "ghtt-small"
VARIABLE = "GHTT_MODEL"
SHIPPED_IMAGE_NAME = "f-small"
IMAGE_VARIABLE = "GHTT_IMAGE_MODEL"


def find_model(chosen: Path | None) -> Path:
    """Find the checkpoint folder of P, A and E^PO: the one chosen, else $GHTT_MODEL, else the one that ships.

    Args:
        chosen: What the user gave with --model, or None.

    Returns:
        An existing folder; whether it is a sound checkpoint is found on loading.

    Raises:
        CheckpointError: If there is no such folder.
    """
    return _find(chosen, VARIABLE, SHIPPED_NAME, "--model")


def find_image_model(chosen: Path | None) -> Path:
    """Find the checkpoint folder of the image estimator F; as `find_model`, with $GHTT_IMAGE_MODEL."""
    return _find(chosen, IMAGE_VARIABLE, SHIPPED_IMAGE_NAME, "--image-model")


def _find(chosen: Path | None, variable: str, shipped: str, option: str) -> Path:
    if chosen is None and os.environ.get(variable):
        chosen = Path(os.environ[variable])
    if chosen is not None:
        if not chosen.is_dir():
            raise CheckpointError(f"There is no checkpoint folder {chosen}; `ghtt models list` shows what there is.")
        return chosen
    try:
        return find_resource(f"models/{shipped}")
    except MissingDependencyError as error:
        raise CheckpointError(
            f"The checkpoint that ships cannot be found: {error} Or name one with {option} or the variable {variable}."
        ) from error
