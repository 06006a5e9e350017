# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Refine, recognise and forecast two hands in a video, a camera, a bag of ROS 2 or a recording of poses.

Writes overlay.mp4, motion.npz, motion.mcap (a bag) and summary.json into the folder given with --out;
docs/outputs.md describes them.
Ctrl-C ends the run early and keeps what was done.

Examples:
  ghtt run --video hands.mp4 --out out/hands
  ghtt run --video hands.mp4 --camera-info camera.yaml --palm-size 0.085 --out out/hands
  ghtt run --video hands.mp4 --estimator resnet18 --out out/hands
  ghtt run --camera 0 --out out/live
  ghtt run --bag recording --image /camera/image_raw --out out/recording
  ghtt run --poses recording.npz --forecast both --samples 50 --out out/recording
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ghtt_core.cli.interrupt import InterruptGuard
from ghtt_core.cli.spool import make_output_folder
from ghtt_core.errors import GhttError, InputError, OutputError
from ghtt_core.hands.layout import FRAME_RATE
from ghtt_core.models.model_folder import find_model

if TYPE_CHECKING:
    from ghtt_core.cli.hand_source import HandSource
    from ghtt_core.cli.results import RunResults
    from ghtt_core.streaming.predictor import MotionPredictor

MAX_HORIZON_S = 3.2
"""96 frames: the longest forecast the method makes."""


@dataclass(frozen=True)
class RunOptions:
    """What to look at, how, and where the results go; exactly one of video, camera, bag and poses.

    Attributes:
        out: Folder of the results; made if need be.
        video: Video file.
        camera: Number of a camera.
        bag: Bag of ROS 2 (its folder, or an .mcap or .db3 file): its pictures, with the intrinsics in it; with
            --estimator recorded, or where it has no pictures, the hand observations in it.
        image: Topic of the bag's pictures; by default the only one.
        poses: Recorded poses (.npz).
        model: Checkpoint folder; by default $GHTT_MODEL, else the one that ships.
        estimator: What turns pictures into hands; `ghtt models list` names them.
        image_model: Checkpoint folder of the estimator resnet18; by default $GHTT_IMAGE_MODEL, else the one that
            ships.
        camera_info: YAML file with the camera's intrinsics (as ROS writes it); without one they are guessed from the
            picture's width, and distances are then only roughly right.
        palm_size: Mean distance from wrist to the four finger knuckles in metres; sets the distance to the
            camera; by default an adult's.
        samples: Forecast samples.
        forecast: p_b lets the recognised action lead, p_a continues the motion alone.
        horizon: Seconds to forecast, up to 3.2.
        device: Where networks run; auto takes a GPU that is there.
        seed: Of the forecast samples.
        threads: CPU threads that share the samples of a forecast; by default one per core, at most 4.
        frames: Stop after this many input frames.
        overlay: Whether to write overlay.mp4.
    """

    out: Path
    video: Path | None = None
    camera: int | None = None
    bag: Path | None = None
    image: str | None = None
    poses: Path | None = None
    model: Path | None = None
    estimator: str = "mediapipe"
    image_model: Path | None = None
    camera_info: Path | None = None
    palm_size: float | None = None
    samples: int = 20
    forecast: Literal["p_a", "p_b", "both"] = "p_b"
    horizon: float = MAX_HORIZON_S
    device: Literal["auto", "cpu", "cuda"] = "auto"
    seed: int = 0
    threads: int | None = None
    frames: int | None = None
    overlay: bool = True


def run(options: RunOptions) -> None:
    """Run the pipeline over the whole input.

    Raises:
        GhttError: If the input, the checkpoint or the output folder cannot be used; results so far are kept.
        KeyboardInterrupt: After Ctrl-C, once the results are complete.
    """
    if sum(choice is not None for choice in (options.video, options.camera, options.bag, options.poses)) != 1:
        raise InputError("Say what to look at: one of --video FILE, --camera N, --bag FOLDER and --poses FILE.npz.")
    if options.image is not None and options.bag is None:
        raise InputError("--image names a topic of a bag; give the bag with --bag FOLDER.")
    if options.image_model is not None and options.estimator != "resnet18":
        raise InputError("--image-model is of the estimator resnet18; add --estimator resnet18 or leave it out.")
    if options.frames is not None and options.frames < 1:
        raise InputError(f"--frames must be at least 1, not {options.frames}.")
    if options.threads is not None and options.threads < 1:
        raise InputError(f"--threads must be at least 1, not {options.threads}.")
    if not 0 < options.horizon <= MAX_HORIZON_S:
        raise InputError(f"--horizon must be above 0 and at most {MAX_HORIZON_S} seconds, not {options.horizon}.")
    if not 0 <= options.seed < 2**63:
        raise InputError(f"--seed must be a whole number from 0 to {2**63 - 1}, not {options.seed}.")
    predictor = _load_predictor(options)
    with closing(_open_source(options)) as source:
        make_output_folder(options.out)
        _process(options, source, predictor)


def _open_source(options: RunOptions) -> HandSource:
    if options.poses is not None:
        from ghtt_core.cli.hand_source import RecordingSource
        from ghtt_core.data.recordings import load_recording

        return RecordingSource(load_recording(options.poses))
    if options.bag is not None:
        from ghtt_core.cli.bag_source import open_bag_source

        return open_bag_source(
            options.bag, options.image, options.estimator, options.camera_info, options.palm_size, options.image_model
        )
    from ghtt_core.cli.picture_source import PictureSource

    pictures = options.camera if options.video is None else options.video
    assert pictures is not None
    return PictureSource(pictures, options.estimator, options.camera_info, options.palm_size, options.image_model)


def _load_predictor(options: RunOptions) -> MotionPredictor:
    folder = find_model(options.model)
    import torch

    from ghtt_core.cli.device import choose_device
    from ghtt_core.memory import keep_freed_memory
    from ghtt_core.models.checkpoint import load_checkpoint
    from ghtt_core.streaming.predictor import MotionPredictor, PredictorConfig
    from ghtt_core.streaming.sample_threads import default_threads

    keep_freed_memory()
    torch.set_num_threads(1)  # a stream's networks are small: threads share samples, not matrix products
    device = choose_device(options.device)
    methods: dict[str, Any] = {"p_a": "pose", "p_b": "action", "both": "both"}
    config = PredictorConfig(
        samples=options.samples,
        horizon_frames=max(1, round(options.horizon * FRAME_RATE)),
        forecast_method=methods[options.forecast],
        threads=options.threads or default_threads(),
    )
    return MotionPredictor(load_checkpoint(folder, device), config, device, options.seed)


def _process(options: RunOptions, source: HandSource, predictor: MotionPredictor) -> None:
    """Feed every frame through the predictor and complete the results however that ends."""
    from ghtt_core.cli.results import RunNames, RunResults

    checkpoint = predictor.checkpoint
    names = RunNames(
        predictor.model_id, source.estimator, checkpoint.labels, source.frame_id, checkpoint.template.cpu()
    )
    results = RunResults(options.out, names, source.painter if options.overlay else None, source.fps)
    with InterruptGuard() as guard:
        try:
            with _progress(source.count, options.frames) as advance:
                for observation in source:
                    update = predictor.update(observation.frame)
                    results.add(observation.frame, update, observation.estimate_ms)
                    results.draw(observation.image, observation.frame, update)
                    advance()
                    if guard.requested or results.frames == options.frames:
                        break
        except BaseException as error:
            # Keep what there is; the first cause is what the user has to hear about.
            with suppress(OutputError):
                _complete(results, options.out)
            if isinstance(error, GhttError) and results.frames:
                raise type(error)(f"{error} The {results.frames} frames before are kept in {options.out}.") from error
            raise
        _complete(results, options.out)
    if guard.requested:
        raise KeyboardInterrupt


def _complete(results: RunResults, folder: Path) -> None:
    if results.frames == 0:
        results.discard()
        return
    summary = results.finish()
    left, right = summary["frames_with_left"], summary["frames_with_right"]
    print(
        f"{summary['frames']} frames ({left} with a left hand, {right} with a right hand), "
        f"{summary['frames_refined']} refined, {summary['forecasts']} forecasts, {summary['fps']:.1f} frames/s; "
        f"results in {folder}"
    )


@contextmanager
def _progress(count: int | None, limit: int | None) -> Iterator[Callable[[], None]]:
    """Show a bar on standard error where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    total = min((number for number in (count, limit) if number is not None), default=None)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("run", total=total, rate="")
        began = time.perf_counter()
        done = 0

        def advance() -> None:
            nonlocal done
            done += 1
            progress.update(task, advance=1, rate=f"{done / (time.perf_counter() - began):.1f} frames/s")

        yield advance
