# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`ghtt prepare video`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ghtt_core.cli.prepare_run import PreparationOptions, run_reader

if TYPE_CHECKING:
    from ghtt_core.data.store.dataset import Dataset


@dataclass(frozen=True)
class VideoOptions(PreparationOptions):
    """Label your own videos with an off-the-shelf estimator, so that the image estimator can learn your camera.

    --source is a folder with videos at any depth, or one video. Hands that the estimator is not sure of, that lie
    mostly outside the picture, have impossible palms, jump or flicker are left out, and the pictures with them; a
    table says how many. Pictures stay in the videos. `ghtt train image` learns from the result (docs/custom_data.md).

    Attributes:
        estimator: What labels; `ghtt models list` names them.
        camera_info: YAML file with the intrinsics, as `ghtt run` takes it, of all videos that have none of their own
            beside them (same name, ending .yaml); without any they are guessed from the width.
        palm_size: Mean distance from wrist to the four finger knuckles in metres; by default an adult's.
        least_confidence: Mean confidence of the joints of a hand.
        least_inside: Share of a hand's joints that lie inside the picture.
        palm_tolerance: Largest factor between the palm of a label and the palm size.
        most_speed: Metres per second; faster is a jump.
        least_run: Seconds that a hand is seen without interruption; shorter is a flicker.
        piece: Seconds of video that one process labels at a time.
        val_share: Share of the data that validates; whole videos where there are several.
        seed: Of the choice of what validates.
    """

    estimator: str = "mediapipe"
    camera_info: Path | None = None
    palm_size: float | None = None
    least_confidence: float = 0.6
    least_inside: float = 0.8
    palm_tolerance: float = 1.4
    most_speed: float = 4.0
    least_run: float = 0.2
    piece: float = 30.0
    val_share: float = 0.2
    seed: int = 0


def run_video(options: VideoOptions) -> None:
    """Label a user's videos.

    Raises:
        GhttError: A video, an option, the estimator or the disk do not allow it.
    """
    from ghtt_core.data.pictures.gating import GateConfig
    from ghtt_core.estimators.palm import ADULT_PALM_M
    from ghtt_core.training.video_labels import VideoReader

    gates = GateConfig(
        least_confidence=options.least_confidence,
        least_inside=options.least_inside,
        palm_m=options.palm_size or ADULT_PALM_M,
        palm_tolerance=options.palm_tolerance,
        most_speed=options.most_speed,
        least_run_s=options.least_run,
    )
    alone = options.source.is_file()
    reader = VideoReader(
        source=options.source.parent if alone else options.source,
        only=options.source.name if alone else "",
        estimator=options.estimator,
        palm_size=options.palm_size,
        camera_info=options.camera_info,
        gates=gates,
        piece_s=options.piece,
        val_share=options.val_share,
        seed=options.seed,
    )
    _show_kept(run_reader(reader, options))


def _show_kept(dataset: Dataset) -> None:
    """Print how many hands every gate took, and how many pictures are offered to learn from, video by video."""
    from rich.console import Console
    from rich.table import Column, Table

    from ghtt_core.data.pictures.gating import GATES
    from ghtt_core.training.video_labels import kept_by_video

    table = Table(
        Column("video", overflow="fold"), box=None, pad_edge=False, title="hands in the labels", title_justify="left"
    )
    columns = ("pictures", "found", *GATES, "kept")
    for heading in (*columns, "share", "offered"):
        table.add_column(heading, justify="right")
    for video, counts in kept_by_video(dataset.notes).items():
        sums = {name: int(count.sum()) for name, count in counts.items()}
        share = sums["kept"] / sums["found"] if sums["found"] else 0.0
        table.add_row(video, *(str(sums[name]) for name in columns), f"{share:.0%}", str(sums["offered"]))
    # Wide enough for all numbers where no terminal tells its width.
    Console(width=max(Console().width, 110)).print(table)
