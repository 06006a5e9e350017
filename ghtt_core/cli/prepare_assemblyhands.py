# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`ghtt prepare assemblyhands`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ghtt_core.cli.prepare_run import PreparationOptions, run_reader


@dataclass(frozen=True)
class AssemblyHandsOptions(PreparationOptions):
    """Read AssemblyHands (better poses of some recordings of Assembly101) as it is published.

    --source is the folder that holds annotations, cam_para, images and videos, or Assembly101's with all of that in
    asshand. Splits and actions are those of Assembly101; without its lists there are no actions.

    Attributes:
        assembly101: Root of Assembly101, if it is neither the source nor the folder around it.
        segments: List that actions are recognised and predicted on; the labels of every frame are kept beside it.
        views: The publication's six fixed views, or all eight.
    """

    assembly101: Path | None = None
    segments: Literal["anticipation", "fine"] = "anticipation"
    views: Literal["paper", "all"] = "paper"


def run_assemblyhands(options: AssemblyHandsOptions) -> None:
    """Prepare AssemblyHands.

    Raises:
        GhttError: The source, a file in it or the disk do not allow it.
    """
    from ghtt_core.data.readers.assemblyhands import AssemblyHandsReader

    reader = AssemblyHandsReader(options.source, options.assembly101, options.segments, options.views == "all")
    run_reader(reader, options)
