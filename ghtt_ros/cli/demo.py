# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Run the whole pipeline on the bundled recording: two hands that pour, stir and pass, with a detector's errors.

First as `ghtt run` does: overlay.mp4, motion.npz, motion.mcap and summary.json, and what refinement gained. Then as a
robot would have it: the bundled bag is played to the ROS 2 nodes, each a process of its own, and one more process that
subscribes to all topics has to receive every one of them. Without ROS 2 the nodes bring their own.

Examples:
  ghtt demo --out out/demo
  ghtt demo --out out/demo --forecast both
  ghtt demo --no-nodes
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

from ghtt_core.errors import GhttError, InputError

_TRANSPORT: Final = "compressed"
_RATES: Final = (1.0, 0.5, 0.2)
"""Speeds of the bag, one after the other until everything has arrived."""
_QUIET: Final = {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
"""A demonstration is no business of other machines, unless the user says so."""


class PipelineError(GhttError):
    """The nodes run but do not do what they are for."""


@dataclass(frozen=True)
class DemoOptions:
    """Where the results go, and what to try.

    Attributes:
        out: Folder of the results; made if need be.
        model: Checkpoint folder; by default $GHTT_MODEL, else the one that ships.
        forecast: p_b lets the recognised action lead, p_a continues the motion alone.
        device: Where networks run; auto takes a GPU that is there.
        nodes: Whether to play the bag to the ROS 2 nodes too.
        estimator: What finds the hands in the bag's pictures; recorded takes the observations that are in the bag,
            auto does so where MediaPipe or its model is missing.
    """

    out: Path = Path("out/demo")
    model: Path | None = None
    forecast: Literal["p_a", "p_b", "both"] = "p_b"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    nodes: bool = True
    estimator: Literal["auto", "mediapipe", "recorded"] = "auto"


def run(options: DemoOptions) -> None:
    """Run both parts.

    Raises:
        GhttError: As `ghtt run`, or if a topic of the nodes stays silent.
    """
    from ghtt_core.cli import demo

    demo.run(demo.DemoOptions(out=options.out, model=options.model, forecast=options.forecast, device=options.device))
    if options.nodes:
        run_nodes(options)


def run_nodes(options: DemoOptions) -> None:
    """Play the bundled bag to the nodes and check what arrives.

    Raises:
        GhttError: If the bag is missing, a node cannot run, or a topic stays silent.
    """
    from ghtt_core.cli.demo_bag import IMAGES, INTRINSICS
    from ghtt_ros.cli.launch import Launch
    from ghtt_ros.cli.launch_arguments import read_arguments
    from ghtt_ros.cli.pipeline import monitor, pipeline, player

    bag = Path(str(files("ghtt_core"))) / "assets" / "demo_bag"
    if not bag.exists():
        raise InputError(f"The bundled bag {bag} is missing; install the package again.")
    estimator = _usable_estimator() if options.estimator == "auto" else options.estimator
    words = [
        f"image_topic:={IMAGES.removesuffix('/' + _TRANSPORT)}",
        f"camera_info_topic:={INTRINSICS}",
        f"image_transport:={_TRANSPORT}",
        f"estimator:={estimator}",
        f"device:={options.device}",
        "use_sim_time:=true",
        "log_level:=warn",
    ]
    if options.model is not None:
        words.append(f"model:={options.model.absolute()}")
    values = read_arguments(words)
    extra = {"hand_estimator": {"recording": str(bag) if estimator == "recorded" else ""}}
    nodes = [*pipeline(values, extra, standby=False), monitor(values, inputs=True)]
    quiet = {name: value for name, value in _QUIET.items() if name not in os.environ}
    print("The bundled bag to the ROS 2 nodes, in separate processes:", flush=True)
    silent: list[str] = []
    for rate in _RATES:
        launch = Launch([replace(spec, environment=quiet) for spec in (*nodes, player(values, bag, rate=rate))])
        launch.run()
        if launch.interrupted:
            raise KeyboardInterrupt
        silent = _report(launch.observations.counts())
        if not silent:
            return
        print(f"Not everything arrived ({', '.join(silent)}); slower, if this machine is busy.", flush=True)
    raise PipelineError(
        f"Nothing arrived on {', '.join(silent)}. The lines above say what the nodes complain about; other programs in "
        "the same ROS_DOMAIN_ID can be kept away by another number."
    )


def _usable_estimator() -> str:
    """Return mediapipe where it can look at pictures here, else recorded."""
    from ghtt_core.estimators.mediapipe_runtime import missing_system_libraries
    from ghtt_core.estimators.model_files import MEDIAPIPE_HANDS, is_cached

    if find_spec("mediapipe") is not None and not missing_system_libraries() and is_cached(MEDIAPIPE_HANDS):
        return "mediapipe"
    print("MediaPipe is not ready here (`ghtt info` says why), so the hands recorded in the bag stand in for it.")
    return "recorded"


def _report(counts: dict[str, tuple[int, int]]) -> list[str]:
    """Print what arrived and return the topics on which nothing with content did.

    Args:
        counts: Messages, and messages with content, by topic.
    """
    from ghtt_ros.cli.pipeline_topics import DIAGNOSTICS, OUTPUTS, inputs

    expected = [topic.name for topic in (*inputs(_TRANSPORT), *OUTPUTS, DIAGNOSTICS)]
    print("Received by a subscriber in a process of its own:")
    for name in expected:
        count, filled = counts.get(name, (0, 0))
        print(f"  {name:<24}{count:>6} messages" + (f", {filled} of them with content" if filled != count else ""))
    return [name for name in expected if counts.get(name, (0, 0))[1] == 0]
