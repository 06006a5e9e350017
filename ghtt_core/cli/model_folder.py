# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Where the checkpoint comes from when the user names none."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

from ghtt_core.errors import CheckpointError

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
    package = Path(str(files("ghtt_core")))
    # A wheel carries the checkpoint inside the package, a clone beside it.
    places = (package / "shipped" / SHIPPED_NAME, package.parent / "models" / SHIPPED_NAME)
    for place in places:
        if place.is_dir():
            return place
    raise CheckpointError(
        f"The checkpoint that ships ({SHIPPED_NAME}) is not at {places[1]}; install the package again, or name one "
        f"with --model or the variable {VARIABLE}."
    )
