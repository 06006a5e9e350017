# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What `ghtt evaluate --bag` does: hands from observations or pictures, scores, tables, and a page with plots."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ghtt_core.bags.observations import RecordedObservations, read_observations, stack_frames
from ghtt_core.bags.reader import BagReader
from ghtt_core.bags.topics import HAND_OBSERVATION
from ghtt_core.cli.bag_source import BagPictures, choose_pictures
from ghtt_core.cli.picture_source import PictureSource
from ghtt_core.errors import InputError
from ghtt_core.evaluation.bag_evaluation import BagEvaluation, evaluate_bag
from ghtt_core.evaluation.bag_trial import make_bag_trial
from ghtt_core.evaluation.protocol import EvaluationConfig
from ghtt_core.evaluation.report import write_text

if TYPE_CHECKING:
    from ghtt_core.models.checkpoint import Checkpoint


def evaluate_bag_file(
    path: Path,
    checkpoint: Checkpoint,
    config: EvaluationConfig,
    *,
    image: str | None = None,
    estimator: str | None = None,
    page: Path | None = None,
    advance: Callable[[int], None] = lambda amount: None,
) -> BagEvaluation:
    """Evaluate a bag, and write the page if one is wanted.

    Args:
        path: The bag.
        checkpoint: The model.
        config: Seed and samples.
        image: Topic of pictures to find the hands in; by default the bag's hand observations are used, and its
            pictures only where it has none.
        estimator: Finds the hands in the pictures; by default `mediapipe`.
        page: HTML file to write.
        advance: Called after pictures.

    Raises:
        InputError: If the bag cannot be used.
        OutputError: If the page cannot be written.
        MissingDependencyError: If the estimator misses something.
    """
    bag = BagReader(path)
    observed, source, pictures = _hands(bag, image, estimator, advance)
    trial = make_bag_trial(bag, path.name or str(path), observed)
    evaluation = evaluate_bag(checkpoint, trial, config, source, checkpoint.template.device)
    if page is not None:
        from ghtt_core.cli.report_page import make_page
        from ghtt_core.cli.report_pictures import draw_moments

        write_text(page, make_page(evaluation, draw_moments(evaluation, pictures)))
    return evaluation


def action_table(report: dict[str, Any]) -> Any | None:
    """How well actions were named, as a table for the terminal; None where nothing was measured."""
    from rich.table import Table

    scores = report["action"]
    if scores is None or not scores["n"]:
        return None
    table = Table("top 1", "top 5", "probability of the truth", "estimates", title="Action")
    shares = (f"{scores[name]:.3f}" for name in ("top1", "top5", "probability_of_truth"))
    table.add_row(*shares, str(scores["n"]))
    return table


def _hands(
    bag: BagReader, image: str | None, estimator: str | None, advance: Callable[[int], None]
) -> tuple[RecordedObservations, str, BagPictures | None]:
    """The hands, where they come from, and the pictures they were seen in."""
    from_pictures = image is not None or estimator is not None or not bag.of_type(HAND_OBSERVATION)
    topic = choose_pictures(bag, image) if from_pictures else _likely_pictures(bag)
    pictures = None if topic is None else BagPictures(bag, topic)
    if not from_pictures:
        return read_observations(bag), "the bag's observations", pictures
    if pictures is None or topic is None:
        raise InputError(f"The bag {bag.path} holds neither hand observations nor pictures; there is nothing to read.")
    source = PictureSource(pictures, estimator or "mediapipe", pictures.camera)
    frames = []
    try:
        for observation in source:
            frames.append(observation.frame)
            advance(1)
    finally:
        source.close()
    return stack_frames(frames), f"the estimator {source.estimator} on {topic.name}", pictures


def _likely_pictures(bag: BagReader) -> Any:
    """Pictures to draw on; a bag with several kinds is shown without any."""
    try:
        return choose_pictures(bag, None)
    except InputError:
        return None
