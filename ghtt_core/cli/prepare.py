# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Turn datasets, recordings and videos into stores that training and evaluation read.

Stores keep poses, cameras and labels; pictures stay where they are. A run that was stopped goes on where it was when
the same command is given again, and the store appears under its name only when it is complete.

Examples:
  ghtt prepare h2o --source /data/h2o --store out/data/h2o
  ghtt prepare custom --source recordings --actions actions.csv --store out/data/mine
  ghtt prepare video --source videos --camera-info camera.yaml --store out/data/videos
  ghtt prepare synthetic --store out/data/synthetic --sequences 200 --images jpeg
  ghtt prepare observe --store out/data/synthetic --split val --estimator resnet18
  ghtt prepare check --store out/data/h2o
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

import tyro

from ghtt_core.cli.prepare_assembly101 import Assembly101Options, run_assembly101
from ghtt_core.cli.prepare_assemblyhands import AssemblyHandsOptions, run_assemblyhands
from ghtt_core.cli.prepare_check import CheckOptions, run_check
from ghtt_core.cli.prepare_custom import CustomOptions, run_custom
from ghtt_core.cli.prepare_h2o import H2OOptions, run_h2o
from ghtt_core.cli.prepare_observe import ObserveOptions, run_observe
from ghtt_core.cli.prepare_synthetic import SyntheticOptions, run_synthetic
from ghtt_core.cli.prepare_video import VideoOptions, run_video

# Every subcommand has a module with its dataclass of options and its function: one import above, one line in each of
# the two lists below.
PrepareOptions = (
    Annotated[H2OOptions, tyro.conf.subcommand("h2o")]
    | Annotated[Assembly101Options, tyro.conf.subcommand("assembly101")]
    | Annotated[AssemblyHandsOptions, tyro.conf.subcommand("assemblyhands")]
    | Annotated[CustomOptions, tyro.conf.subcommand("custom")]
    | Annotated[VideoOptions, tyro.conf.subcommand("video")]
    | Annotated[SyntheticOptions, tyro.conf.subcommand("synthetic")]
    | Annotated[ObserveOptions, tyro.conf.subcommand("observe")]
    | Annotated[CheckOptions, tyro.conf.subcommand("check")]
)  # fmt: skip
"""The subcommands, as `ghtt_core.cli.main` reads them."""

_RUN: Final[dict[type[Any], Callable[[Any], None]]] = {
    H2OOptions: run_h2o,
    Assembly101Options: run_assembly101,
    AssemblyHandsOptions: run_assemblyhands,
    CustomOptions: run_custom,
    VideoOptions: run_video,
    SyntheticOptions: run_synthetic,
    ObserveOptions: run_observe,
    CheckOptions: run_check,
}


def run(options: Any) -> None:
    """Do what the options of one subcommand ask for.

    Raises:
        GhttError: The source, a file in it or the disk do not allow it.
        KeyboardInterrupt: It was stopped; what was finished is kept.
    """
    _RUN[type(options)](options)
