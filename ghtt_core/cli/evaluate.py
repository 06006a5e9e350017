# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Measure a model on a prepared dataset, on recorded poses or a bag, or on synthetic subjects.

With --store: the paper's protocol on one split of a dataset that `ghtt prepare` made. Poses before and after refinement
and actions, camera by camera (what an estimator saw there, see `ghtt prepare observe`, else noise on true poses);
forecasts to the end of every action from every 16th of its frames, P.a against P.b; actions in untrimmed streams.
--fid names the network behind the Fréchet distance (`ghtt train fid`).

With recordings: errors in millimetres of the input, of the refined poses (whole recordings, and online as a robot gets
them) and of two filters, and of forecasts at 0.25, 0.5 and 1 s next to standing still and constant velocity. Clean
recordings get noise with --noise; with --reference the poses are the noisy input of those files as they are.

With --bag: the same for a bag of ROS 2 with hand observations or pictures. True hands are taken from the topic
/ghtt/ground_truth/hands (ghtt_ros/RefinedHands), true actions from /ghtt/ground_truth/action
(ghtt_ros/ActionRecognition; a label holds until the next message). Without true hands, forecasts are compared with what
was observed later. --report writes a page with plots and the worst moments.

With --synthetic: how often the action of a subject that no training has seen is named right, and the errors of
forecasts within actions, with 95 % intervals. The checkpoint must know the synthetic actions.

A file that cannot be used ends the command before anything is written; an older report stays.

Examples:
  ghtt evaluate --store data/h2o --split val --fid out/train/paper_fid/checkpoint --report out/h2o.html
  ghtt evaluate --store data/h2o --split val --variant ground_truth --parts prediction --json out/h2o.json
  ghtt evaluate --poses walk.npz pour.npz --noise detector --json out/evaluation.json
  ghtt evaluate --poses tracked.npz --reference motion_capture.npz --json out/tracked.json
  ghtt evaluate --bag recording --json out/recording.json --report out/recording.html
  ghtt evaluate --synthetic --subjects 40 --json out/actions.json
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ghtt_core.cli.evaluate_options import EvaluateOptions, check_options
from ghtt_core.models.model_folder import find_model

if TYPE_CHECKING:
    from ghtt_core.models.checkpoint import Checkpoint


def run(options: EvaluateOptions) -> None:
    """Evaluate, write the report and show its tables.

    Raises:
        GhttError: If an option, a recording, the checkpoint or the report's place cannot be used; nothing is written.
    """
    check_options(options)
    folder = find_model(options.model)

    import torch

    from ghtt_core.cli.device import choose_device
    from ghtt_core.evaluation.report import check_writable, show, write_report
    from ghtt_core.models.checkpoint import load_checkpoint

    torch.set_num_threads(min(options.threads, torch.get_num_threads()))
    for path in (options.json, options.report, options.markdown):
        if path is not None:
            check_writable(path)
    checkpoint = load_checkpoint(folder, choose_device(options.device))
    if options.store is not None:
        from ghtt_core.cli.evaluate_store import evaluate_store

        with staged_progress() as progress:
            report, tables = evaluate_store(options, checkpoint, progress)
    else:
        evaluate = _synthetic if options.synthetic else _recordings if options.bag is None else _bag
        report, tables = evaluate(options, checkpoint)
    if options.json is not None:
        write_report(options.json, report)
    show(tables)
    written = [str(path) for path in (options.json, options.report, options.markdown) if path is not None]
    if written:
        print(f"The report is in {' and '.join(written)}.")


def _recordings(options: EvaluateOptions, checkpoint: Checkpoint) -> tuple[dict[str, Any], list[Any]]:
    from ghtt_core.evaluation.protocol import EvaluationConfig, evaluate_trials
    from ghtt_core.evaluation.report import forecast_tables, pose_table
    from ghtt_core.evaluation.trials import load_trials

    config = EvaluationConfig(options.noise, options.seed, options.samples, paired=bool(options.reference))
    trials = load_trials(options.poses, options.reference, options.noise, options.seed, checkpoint.template.cpu())
    with _progress("evaluating", sum(len(trial) for trial in trials)) as advance:
        report = evaluate_trials(
            checkpoint, trials, config, checkpoint.template.device, lambda trial: advance(len(trial))
        )
    title = f"{len(trials)} recordings, noise {options.noise}"
    pooled = report["pooled"]
    return report, [pose_table(pooled, f"{title}: mm (share of the input's)"), *forecast_tables(pooled, title)]


def _bag(options: EvaluateOptions, checkpoint: Checkpoint) -> tuple[dict[str, Any], list[Any]]:
    from ghtt_core.cli.evaluate_bag import action_table, evaluate_bag_file
    from ghtt_core.evaluation.protocol import EvaluationConfig
    from ghtt_core.evaluation.report import forecast_tables, pose_table

    assert options.bag is not None
    evaluation = evaluate_bag_file(
        options.bag,
        checkpoint,
        EvaluationConfig("none", options.seed, options.samples),
        image=options.image,
        estimator=options.estimator,
        page=options.report,
    )
    report = dict(evaluation.report)
    pooled, title = report["pooled"], str(report["bag"]["name"])
    tables = [pose_table(pooled, f"{title}: mm (share of the input's)")] if evaluation.bag.true_hands else []
    tables += forecast_tables(pooled, title)
    actions = action_table(report)
    return report, tables if actions is None else [*tables, actions]


def _synthetic(options: EvaluateOptions, checkpoint: Checkpoint) -> tuple[dict[str, Any], list[Any]]:
    from ghtt_core.evaluation.protocol import EvaluationConfig
    from ghtt_core.evaluation.report import interval_tables
    from ghtt_core.evaluation.synthetic import evaluate_synthetic

    config = EvaluationConfig(options.noise, options.seed, options.samples)
    with _progress("evaluating", options.subjects) as advance:
        report = evaluate_synthetic(checkpoint, config, options.noise, options.subjects, lambda _: advance(1))
    return report, interval_tables(report, f"{options.subjects} synthetic subjects, noise {options.noise}")


@contextmanager
def _progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal, silence elsewhere."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(what, total=total)
        yield lambda amount: bar.advance(task, amount)


@contextmanager
def staged_progress() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar per kind of work on a terminal, silence elsewhere."""
    from rich.console import Console
    from rich.progress import Progress, TaskID

    tasks: dict[str, TaskID] = {}
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:

        def advance(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        yield advance
