# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What `ghtt evaluate` can be told, and which of it goes together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ghtt_core.errors import InputError


@dataclass(frozen=True)
class EvaluateOptions:
    """What to evaluate on, and where the report goes; one of store, poses, bag and synthetic.

    Attributes:
        json: File of the report; may be left out with --store.
        report: Page with tables and plots (HTML); for a store, or, with the worst moments, for a bag.
        markdown: The report as Markdown; for a store.
        store: A prepared dataset: the folder that `ghtt prepare` made.
        split: Which of its splits.
        variant: Where the first future clip of forecasts in a store comes from: latent, the model predicts it;
            ground_truth, it is given, which compares P.a and P.b on what they differ in.
        placement: How predicted motion becomes joints: as the pipeline does, or exactly as in the paper.
        parts: Of the report on a store: recognition, prediction, streams.
        view: Cameras of the store to look at; all when none is named.
        observed: Whose observations of the store to refine, where several estimators made some.
        fid: Checkpoint folder of the network behind the Fréchet distance.
        stream_frames: Frames of the store that go through the streaming predictor, at most.
        true_stride: Frames from one true motion of the Fréchet distance to the next; 1 in the paper.
        bag: Bag of ROS 2: its folder, or an .mcap or .db3 file.
        image: Topic of the bag's pictures to find the hands in, instead of its hand observations.
        estimator: What finds hands in the bag's pictures, instead of its hand observations; mediapipe with --image.
        poses: Recordings (.npz), brought to 30 frames per second.
        reference: The clean recordings that the poses are noisy observations of, in the same order.
        noise: Put on clean poses: none, the paper's on the component code, or a detector's with lost hands.
        synthetic: Evaluate on generated subjects instead of recordings.
        subjects: Generated subjects.
        samples: Samples of each forecast.
        seed: Of the noise, the generated subjects and the samples. A file's noise does not depend on other files.
        model: Checkpoint folder; by default $GHTT_MODEL, else the one that ships.
        device: Where networks run; auto takes a GPU that is there.
        threads: CPU threads; more than two rarely help, because frames are fed one by one as a robot gets them.
    """

    json: Path | None = None
    report: Path | None = None
    markdown: Path | None = None
    store: Path | None = None
    split: str = "val"
    variant: Literal["latent", "ground_truth"] = "latent"
    placement: Literal["pipeline", "paper"] = "pipeline"
    parts: tuple[Literal["recognition", "prediction", "streams"], ...] = ("recognition", "prediction", "streams")
    view: tuple[str, ...] = ()
    observed: str | None = None
    fid: Path | None = None
    stream_frames: int = 20_000
    true_stride: int = 1
    bag: Path | None = None
    image: str | None = None
    estimator: str | None = None
    poses: tuple[Path, ...] = ()
    reference: tuple[Path, ...] = ()
    noise: Literal["none", "paper", "detector"] = "none"
    synthetic: bool = False
    subjects: int = 24
    samples: int = 20
    seed: int = 0
    model: Path | None = None
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: int = 2


def check_options(options: EvaluateOptions) -> None:
    """Refuse options that do not go together.

    Raises:
        InputError: If they do not.
    """
    if options.synthetic + bool(options.poses) + (options.bag is not None) + (options.store is not None) != 1:
        raise InputError(
            "Say what to evaluate on: one of --poses FILE..., --bag FOLDER, --store FOLDER and --synthetic."
        )
    if options.json is None and options.store is None:
        raise InputError("Say where the report goes: --json FILE.")
    if options.reference and not options.poses:
        raise InputError("--reference belongs to --poses; leave it out.")
    if options.bag is None and (options.image or options.estimator):
        raise InputError("--image and --estimator belong to --bag; leave them out.")
    if options.bag is None and options.store is None and options.report:
        raise InputError("The pages of --report belong to --bag and --store; leave it out.")
    if options.store is None and (options.markdown or options.fid or options.view or options.observed):
        raise InputError("--markdown, --fid, --view and --observed belong to --store; leave them out.")
    if options.bag is not None and options.noise != "none":
        raise InputError(f"A bag is evaluated as it is; leave out --noise {options.noise}.")
    if options.store is not None and options.noise != "none":
        raise InputError(
            f"A store brings its observations, or gets the paper's noise; leave out --noise {options.noise}."
        )
    if options.threads < 1:
        raise InputError(f"--threads must be at least 1, not {options.threads}.")
    if min(options.stream_frames, options.true_stride) < 1:
        raise InputError("--stream-frames and --true-stride must be at least 1.")
