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


def find_model(chosen: Path | None) -> Path:
    """Find the checkpoint folder: the one chosen, else $GHTT_MODEL, else the one that ships.

    Args:
        chosen: What the user gave with --model, or None.

    Returns:
        An existing folder; whether it is a sound checkpoint is found on loading.

    Raises:
        CheckpointError: If there is no such folder.
    """
    if chosen is None and os.environ.get(VARIABLE):
        chosen = Path(os.environ[VARIABLE])
    if chosen is not None:
        if not chosen.is_dir():
            raise CheckpointError(f"There is no checkpoint folder {chosen}; `ghtt models list` shows what there is.")
        return chosen
    try:
        return find_resource(f"models/{SHIPPED_NAME}")
    except MissingDependencyError as error:
        raise CheckpointError(
            f"The checkpoint that ships cannot be found: {error} Or name one with --model or the variable {VARIABLE}."
        ) from error
