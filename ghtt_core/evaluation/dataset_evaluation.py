# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Evaluate a model on one split of a prepared dataset by the paper's protocol and beyond: one report for JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from ghtt_core.data.store.dataset import DATASET_FILE, open_dataset
from ghtt_core.data.store.sequence_store import SequenceStore, open_store
from ghtt_core.errors import InputError
from ghtt_core.evaluation.bootstrap import Estimate, difference, estimate
from ghtt_core.evaluation.frechet import frechet_distance, kernel_distance
from ghtt_core.evaluation.futures import FutureConfig
from ghtt_core.evaluation.metrics import Average
from ghtt_core.evaluation.prediction_protocol import HORIZON_FRAMES, PredictionScores, score_predictions
from ghtt_core.evaluation.recognition_protocol import OBJECT_MODES, Recogniser
from ghtt_core.evaluation.scores import Scores, nested, pool
from ghtt_core.evaluation.segments import SUBSETS, forecast_segments
from ghtt_core.evaluation.stream_protocol import StreamScorer
from ghtt_core.evaluation.view_observations import ViewReader
from ghtt_core.models.checkpoint import Checkpoint
from ghtt_core.models.fid_checkpoint import FidCheckpoint

PARTS: Final = ("recognition", "prediction", "streams")
_ENOUGH_SUBJECTS: Final = 8
"""From so many subjects on, intervals come from resampling subjects; below, from resampling sequences."""


@dataclass(frozen=True)
class DatasetConfig:
    """What is measured and how.

    Attributes:
        future: How forecasts are made.
        parts: Which of the three parts of the report.
        views: Cameras to look at; all when empty.
        observed: Estimator whose observations are refined; None for the only one there is, or noise without any.
        stream_frames: Frames that go through the streaming predictor, sequence after sequence.
        true_stride: Frames from one true motion of the FID to the next.
    """

    future: FutureConfig = field(default_factory=FutureConfig)
    parts: tuple[str, ...] = PARTS
    views: tuple[str, ...] = ()
    observed: str | None = None
    stream_frames: int = 20_000
    true_stride: int = 1


def open_split(folder: Path, split: str) -> tuple[str, SequenceStore]:
    """Open one split of a prepared dataset, or a store by itself.

    Returns:
        Name of the dataset and the store.

    Raises:
        InputError: If the folder is neither, or has no such split.
    """
    folder = Path(folder)
    if (folder / DATASET_FILE).is_file():
        dataset = open_dataset(folder)
        return dataset.name, dataset.split(split)
    if (folder / split).is_dir():
        return folder.name, open_store(folder / split)
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}; give --store a dataset that `ghtt prepare` made.")
    return folder.name, open_store(folder)


def evaluate_dataset(
    checkpoint: Checkpoint,
    store: SequenceStore,
    config: DatasetConfig,
    *,
    name: str,
    split: str,
    fid: FidCheckpoint | None = None,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> dict[str, Any]:
    """Measure everything that the model and the data allow.

    Args:
        checkpoint: The model.
        store: The split.
        config: What is measured and how.
        name: Name of the dataset, for the record.
        split: Name of the split, for the record.
        fid: The FID network; without one there are no Fréchet and kernel distances.
        progress: Called with what is done, how much of it, and how much there is.

    Returns:
        A report for JSON: ``recognition``, ``prediction`` and ``streams``, each None where it cannot be measured, with
        the reasons in ``missing``. Every figure has its mean, 95 % interval and number of measurements.

    Raises:
        InputError: If a view or an observation that was asked for is not there.
    """
    unknown = [part for part in config.parts if part not in PARTS]
    if unknown:
        raise InputError(f"--parts are {', '.join(PARTS)}, not {unknown[0]!r}.")
    by_subject = len(set(store.subjects)) >= _ENOUGH_SUBJECTS
    groups = [store.subjects[n] if by_subject else str(n) for n in range(len(store))]
    missing: list[str] = []
    report: dict[str, Any] = {
        "model_id": checkpoint.card.model_id,
        "dataset": {
            "name": name,
            "split": split,
            "sequences": len(store),
            "frames": store.frames,
            "actions": len(store.segments),
            "labels": len(store.labels),
            "subjects": len(set(store.subjects)),
            "fingerprint": store.fingerprint,
        },
        "settings": {
            **asdict(config),
            "model_sha256": checkpoint.card.sha256,
            "fid_sha256": "" if fid is None else fid.card.sha256,
            "fid_model_id": "" if fid is None else fid.card.model_id,
            "interval": f"95 %, bootstrap over {'subjects' if by_subject else 'sequences'}",
        },
        "missing": missing,
        "recognition": None,
        "prediction": None,
        "streams": None,
    }
    if "recognition" in config.parts:
        report["recognition"] = _recognition(checkpoint, store, config, groups, missing, progress)
    if "prediction" in config.parts:
        report["prediction"] = _prediction(checkpoint, store, config, fid, groups, missing, progress)
    if "streams" in config.parts:
        report["streams"] = _streams(checkpoint, store, config, groups, missing, progress)
    return report


_Progress = Callable[[str, int, int], None]


def _recognition(
    checkpoint: Checkpoint,
    store: SequenceStore,
    config: DatasetConfig,
    groups: Sequence[str],
    missing: list[str],
    progress: _Progress,
) -> dict[str, Any]:
    reader = ViewReader(store, config.observed, config.views, config.future.seed)
    recogniser = Recogniser(checkpoint, store)
    scores: dict[str, Scores] = {}
    sources: dict[str, str] = {}
    for sequence in range(len(store)):
        windows = recogniser.windows_of(sequence)
        parts = [recogniser.score_true_poses(sequence, windows)]
        for view in reader.views:
            seen = reader.read(sequence, view)
            if seen is not None and len(windows):
                sources[view] = seen.source
                parts.append(recogniser.score_view(seen, windows))
        scores[groups[sequence]] = pool([scores.get(groups[sequence], {}), *parts])
        progress("recognition", sequence + 1, len(store))
    if not len(store.segments):
        missing.append("The split has no labelled actions, so poses are scored in all frames and no action is.")
    elif checkpoint.action_block is None:
        missing.append("The model has no action block, so no action is recognised.")
    if recogniser.unknown_labels:
        names = ", ".join(recogniser.unknown_labels[:8])
        missing.append(f"The model does not know {len(recogniser.unknown_labels)} labels of the split: {names}.")
    if reader.estimator is None:
        missing.append("No estimator has observed the pictures of the split; noise on true poses stands in.")
    return {"windows": len(recogniser.windows), "observed_by": sources, "objects": OBJECT_MODES, **figures(scores)}


def _prediction(
    checkpoint: Checkpoint,
    store: SequenceStore,
    config: DatasetConfig,
    fid: FidCheckpoint | None,
    groups: Sequence[str],
    missing: list[str],
    progress: _Progress,
) -> dict[str, Any] | None:
    total = len(forecast_segments(store, min(SUBSETS.values()))) if len(store.segments) else 0
    if not total:
        missing.append("The split has no labelled action of a second, so nothing is forecast.")
        return None
    if checkpoint.action_block is None:
        missing.append("The model has no action block, so there is no P.b.")
    if fid is None:
        missing.append("No FID network was given (--fid), so there are no Fréchet and kernel distances.")
    done = 0

    def advance(amount: int) -> None:
        nonlocal done
        done += amount
        progress("forecasts", done, total)

    measured = score_predictions(checkpoint, store, config.future, fid, config.true_stride, advance)
    scores: dict[str, Scores] = {}
    for sequence, part in measured.groups.items():
        scores[groups[sequence]] = pool([scores.get(groups[sequence], {}), part])
    by_subset = figures(scores)
    for subset in SUBSETS:
        by_subset.setdefault(subset, {})
        by_subset[subset] = {"segments": measured.segments[subset], **_distances(measured, subset), **by_subset[subset]}
        by_subset[subset]["p_b_minus_p_a"] = _differences(scores, subset)
    return {"variant": config.future.variant, "given_frames": config.future.given, "subsets": by_subset}


def _distances(measured: PredictionScores, subset: str) -> dict[str, Any]:
    """Fréchet and kernel distance of every method, with the numbers of motions on both sides."""
    found: dict[str, Any] = {}
    for (name, method), made in measured.made.items():
        if name != subset:
            continue
        true = measured.true[subset]
        kernel = kernel_distance(made, true)
        found.setdefault("fid", {})[method] = {
            "value": frechet_distance(made, true),
            "n": made.count,
            "n_true": true.count,
        }
        found.setdefault("kid", {})[method] = {
            "value": None if kernel is None else kernel.mean,
            "deviation": None if kernel is None else kernel.deviation,
        }
    return found


def _differences(scores: Mapping[str, Scores], subset: str) -> dict[str, Any]:
    """Errors and diversity of P.b minus those of P.a, with paired intervals: both saw the same segments."""
    paths = dict.fromkeys(p for part in scores.values() for p in part if p[0] == subset and p[2] == "p_b")
    entries: dict[tuple[str, ...], Any] = {}
    for _, metric, method, last in paths:
        led = [part.get((subset, metric, method, last), Average()) for part in scores.values()]
        alone = [part.get((subset, metric, "p_a", last), Average()) for part in scores.values()]
        entries[metric, last] = _entry(difference(led, alone))
    return nested(entries)


def _streams(
    checkpoint: Checkpoint,
    store: SequenceStore,
    config: DatasetConfig,
    groups: Sequence[str],
    missing: list[str],
    progress: _Progress,
) -> dict[str, Any] | None:
    if checkpoint.action_block is None or not len(store.segments):
        missing.append("Streams need labelled actions and a model with an action block.")
        return None
    reader = ViewReader(store, config.observed, config.views, config.future.seed)
    view = reader.views[0]
    scorer = StreamScorer(checkpoint, store)
    scores: dict[str, Scores] = {}
    frames = 0
    chosen: list[int] = []
    for sequence in range(len(store)):
        length = int(store.ends[sequence] - store.starts[sequence])
        if frames + length <= config.stream_frames or not chosen:
            chosen.append(sequence)
            frames += length
    done = 0
    for sequence in chosen:
        seen = reader.read(sequence, view)
        if seen is not None:
            scores[groups[sequence]] = pool([scores.get(groups[sequence], {}), scorer.score(sequence, seen)])
        done += int(store.ends[sequence] - store.starts[sequence])
        progress("streams", done, frames)
    if len(chosen) < len(store):
        missing.append(f"Only {len(chosen)} of {len(store)} sequences went through the stream (--stream-frames).")
    return {"view": view, "sequences": len(chosen), "frames": frames, "objects": figures(scores)}


def figures(scores: Mapping[str, Scores]) -> dict[str, Any]:
    """Every pooled figure with its interval over groups, nested by its path."""
    paths = list(dict.fromkeys(path for part in scores.values() for path in part))
    entries = {}
    for path in paths:
        entries[path] = _entry(estimate([part.get(path, Average()) for part in scores.values()]))
    return nested(entries)


def _entry(found: Estimate) -> dict[str, Any]:
    entry = found.as_json()
    entry["groups"] = entry.pop("subjects")  # of subjects or of sequences; the settings say which
    return entry


def horizons() -> tuple[str, ...]:
    """Names of the horizons of a report, in order."""
    return (*HORIZON_FRAMES, "end")
