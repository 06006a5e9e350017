# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`ghtt prepare custom`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ghtt_core.cli.prepare_run import PreparationOptions, run_reader


@dataclass(frozen=True)
class CustomOptions(PreparationOptions):
    """Read your own recordings: .npz files and bags of ROS 2, with a table of what is done in them.

    --source is a folder with recordings at any depth; their names are their paths in it without suffix. The table of
    actions has the columns recording,start,end,label and, if you like, verb,noun; docs/custom_data.md is a tutorial.

    Attributes:
        workers: Processes that read; more than one pay for many hours of bags.
        actions: CSV table of actions; without it every recording keeps the actions it names itself.
        recordings: CSV table recording,subject,split of who moves in which recording and what it is for; both
            columns may be missing. Without splits they are chosen, whole subjects at a time.
        unit: What starts and ends are: seconds since a recording's first frame, or numbers of its frames from 0.
        overlap: Actions of one recording may share time.
        hands: Which hands of a bag: the true ones, those that were observed, those that were refined, or the first
            of these that it has.
        val_share: Share of the data that validates, where no split is given.
        test_share: Share of the data that tests, where no split is given.
        seed: Of the choice; the same recordings and seed give the same splits.
    """

    workers: int = 1
    actions: Path | None = None
    recordings: Path | None = None
    unit: Literal["seconds", "frames"] = "seconds"
    overlap: bool = False
    hands: Literal["best", "true", "observed", "refined"] = "best"
    val_share: float = 0.2
    test_share: float = 0.0
    seed: int = 0


def run_custom(options: CustomOptions) -> None:
    """Prepare a user's own recordings.

    Raises:
        GhttError: A recording, a table or the disk do not allow it; with file and line of everything wrong in a table.
    """
    from ghtt_core.bags.custom_reader import CustomReader

    reader = CustomReader(
        source=options.source,
        actions=options.actions,
        recordings=options.recordings,
        unit=options.unit,
        overlap=options.overlap,
        hands=options.hands,
        val_share=options.val_share,
        test_share=options.test_share,
        seed=options.seed,
    )
    run_reader(reader, options)
