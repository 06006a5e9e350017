# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`ghtt prepare synthetic`."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ghtt_core.data.synthetic.dataset import SyntheticReader

_OPTIONS = "options.json"
_COMPLETE = "complete"


@dataclass(frozen=True)
class SyntheticOptions:
    """Make a dataset: generated people handle things on a table, watched by four fixed cameras and one on the head.

    Splits hold different people, clothes, rooms and light. With pictures it also trains the image estimator:
    480 x 270 JPEG files, in the dataset's own folder. The same options give the same data.

    Attributes:
        store: Folder of the result; it appears when everything is in it.
        sequences: How many, over all splits.
        frames: Length of each at 30 frames per second.
        views: Cameras: cam0 to cam3 stand around the table, cam4 is on the person's head.
        images: Whether to render pictures.
        picture_every: Render every so many frames; pictures that follow each other closely teach little new.
        quality: Of the JPEG files, 1 to 100.
        val_share: Share of the sequences that validates.
        test_share: Share of the sequences that tests.
        free_fraction: Share of the sequences that are motion without labelled actions.
        vocabulary: "workbench": 20 verbs on 12 things. "h2o": the 36 actions of H2O with objects that the hands touch.
        detections: Whether to keep what a detector with typical faults would say of every view, as observations named
            "detector": noise, wrong depth, hands lost and swapped.
        clips: Sequences of the test split that are also written as videos of every view, with intrinsics and true
            hands beside them, for `ghtt run --video`.
        seed: Of everything.
        workers: Processes.
        overwrite: Replace a prepared dataset that is there.
    """

    store: Path
    sequences: int = 100
    frames: int = 300
    views: tuple[str, ...] = ("cam0", "cam1", "cam2", "cam3", "cam4")
    images: Literal["jpeg", "none"] = "none"
    picture_every: int = 1
    quality: int = 88
    val_share: float = 0.1
    test_share: float = 0.1
    free_fraction: float = 0.1
    vocabulary: Literal["workbench", "h2o"] = "h2o"
    detections: bool = False
    clips: int = 0
    seed: int = 0
    workers: int = 2
    overwrite: bool = False


def run_synthetic(options: SyntheticOptions) -> None:
    """Make a synthetic dataset.

    Raises:
        GhttError: An option or the disk does not allow it.
    """
    from ghtt_core.cli.prepare_run import PreparationOptions, run_reader
    from ghtt_core.cli.synthetic_clip import write_clips
    from ghtt_core.data.store.dataset import open_dataset
    from ghtt_core.data.synthetic.dataset import PICTURES, SyntheticReader
    from ghtt_core.data.synthetic.detections import write_detections
    from ghtt_core.errors import InputError, OutputError

    store = options.store.absolute()
    staging = store.parent / f".{store.name}.{PICTURES}"
    reader = SyntheticReader(
        source=store,
        staging=staging if options.images == "jpeg" else None,
        sequences=options.sequences,
        frames=options.frames,
        seed=options.seed,
        views=options.views,
        picture_every=options.picture_every,
        quality=options.quality,
        val_share=options.val_share,
        test_share=options.test_share,
        free_fraction=options.free_fraction,
        vocabulary=options.vocabulary,
    )
    tests = round(options.sequences * options.test_share)
    if not 0 <= options.clips <= tests:
        raise InputError(f"--clips must be from 0 to the {tests} sequences of the test split, not {options.clips}.")
    try:
        if not _waiting(staging, store, reader):
            if options.images == "jpeg" and (options.overwrite or not store.exists()):
                _begin(staging, store, reader)
            run_reader(
                reader,
                PreparationOptions(source=store, store=store, workers=options.workers, overwrite=options.overwrite),
            )
            if options.images == "jpeg":
                (staging / _COMPLETE).touch()
        if options.images == "jpeg":
            staging.replace(store / PICTURES)
            (store / PICTURES / _COMPLETE).unlink()
    except OSError as error:
        raise OutputError(f"Cannot write {error.filename or store} ({error.strerror or error}).") from error
    if options.detections:
        write_detections(reader, open_dataset(store))
        print(f"detections of {len(reader.views)} views in {store}")
    write_clips(reader, store / "clips", options.clips)


def _waiting(staging: Path, store: Path, reader: SyntheticReader) -> bool:
    """Whether a run was stopped between the last sequence and the moving of its pictures."""
    from ghtt_core.data.store.dataset import DATASET_FILE

    return (staging / _COMPLETE).is_file() and (store / DATASET_FILE).is_file() and _marked(staging, reader)


def _marked(staging: Path, reader: SyntheticReader) -> bool:
    """Whether the pictures of a stopped run were made with the same options."""
    mark = staging / _OPTIONS
    return mark.is_file() and mark.read_text(encoding="utf-8") == _text(reader)


def _text(reader: SyntheticReader) -> str:
    from ghtt_core.data.synthetic.dataset import WORLD_VERSION

    return json.dumps({**asdict(reader), "version": WORLD_VERSION}, default=str, sort_keys=True)


def _begin(staging: Path, store: Path, reader: SyntheticReader) -> None:
    """Keep the pictures of a stopped run with the same options; pictures and poses are kept or left together."""
    if _marked(staging, reader):
        (staging / _COMPLETE).unlink(missing_ok=True)
        return
    shutil.rmtree(staging, ignore_errors=True)
    shutil.rmtree(store.parent / f".{store.name}.preparing" / "parts", ignore_errors=True)
    staging.mkdir(parents=True)
    (staging / _OPTIONS).write_text(_text(reader), encoding="utf-8")
