# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`ghtt prepare h2o`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ghtt_core.cli.prepare_run import PreparationOptions, run_reader


@dataclass(frozen=True)
class H2OOptions(PreparationOptions):
    """Read H2O (two hands manipulating objects) as it is published.

    --source is the folder that holds subject1 (or subject1_ego, subject1_pose) to subject4 and action_labels or
    label_split. Pictures, single sequences and the labels of the test split may be missing.

    Attributes:
        labels: Folder of action_train.txt, action_val.txt and action_test.txt, if it is elsewhere.
        inclusive_ends: Take the end of an action in the lists as its last frame instead of one past it.
        pictures: Size at which views offer pictures: the publication's, or the cameras' own.
        world_camera: Camera whose hand poses are brought to the world frame; by default the first that has any.
    """

    labels: Path | None = None
    inclusive_ends: bool = False
    pictures: Literal["480x270", "1280x720"] = "480x270"
    world_camera: Literal["auto", "cam0", "cam1", "cam2", "cam3", "cam4"] = "auto"


def run_h2o(options: H2OOptions) -> None:
    """Prepare H2O.

    Raises:
        GhttError: The source, a file in it or the disk do not allow it.
    """
    from ghtt_core.data.readers.h2o import FULL_SIZE, SMALL_SIZE, H2OReader

    reader = H2OReader(
        source=options.source,
        labels=options.labels,
        inclusive_ends=options.inclusive_ends,
        size=SMALL_SIZE if options.pictures == "480x270" else FULL_SIZE,
        world_camera=options.world_camera,
    )
    run_reader(reader, options)
