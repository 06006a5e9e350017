# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`ghtt prepare assembly101`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ghtt_core.cli.prepare_run import PreparationOptions, run_reader


@dataclass(frozen=True)
class Assembly101Options(PreparationOptions):
    """Read Assembly101 (toys taken apart and put together) as it is published.

    --source is the folder that holds poses@60fps, annotations, calib.txt and recordings. Videos, calibration, coarse
    and anticipation labels and single recordings may be missing.

    Attributes:
        segments: List that actions are recognised and predicted on; the labels of every frame are kept beside it.
    """

    segments: Literal["anticipation", "fine"] = "anticipation"


def run_assembly101(options: Assembly101Options) -> None:
    """Prepare Assembly101.

    Raises:
        GhttError: The source, a file in it or the disk do not allow it.
    """
    from ghtt_core.data.readers.assembly101 import Assembly101Reader

    run_reader(Assembly101Reader(options.source, options.segments), options)
