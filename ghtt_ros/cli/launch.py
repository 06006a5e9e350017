# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Start the ROS 2 nodes of the pipeline, keep them running, and show how their topics do.

The same nodes with the same arguments (name:=value) as `ros2 launch ghtt_ros pipeline.launch.py`. With --camera,
--video or --bag the pictures come from here too; without they are expected from a camera driver. A node that crashes is
started again; Ctrl-C stops everything.

Examples:
  ghtt launch --camera 0
  ghtt launch --video hands.mp4 --camera-info camera.yaml
  ghtt launch --bag recording image_topic:=/camera/image_raw camera_info_topic:=/camera/camera_info
  ghtt launch namespace:=left_camera image_topic:=/left/image_raw camera_info_topic:=/left/camera_info
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import tyro

from ghtt_core.bags.reader import BagReader
from ghtt_core.bags.topics import COMPRESSED_IMAGE, IMAGE
from ghtt_core.errors import InputError
from ghtt_ros.cli.launch_arguments import describe_arguments, read_arguments
from ghtt_ros.cli.live_view import Observations, View
from ghtt_ros.cli.pipeline import MONITOR, camera, input_topics, monitor, pipeline, player
from ghtt_ros.cli.processes import Process, ProcessSpec, Stream
from ghtt_ros.cli.supervisor import Supervisor

_ARGUMENT: Final = re.compile(r"\w+:=")
_LONGEST_START_S: Final = 300.0
"""Recordings and videos start at the latest then, also where the nodes never say that they are active."""
_BLIND_START_S: Final = 10.0
"""The same where nobody watches whether the nodes are ready."""


@dataclass(frozen=True)
class LaunchOptions:
    """What to start; at most one of camera, video and bag.

    Attributes:
        arguments: name:=value, as for pipeline.launch.py; --show-args lists them.
        params: Parameters of all nodes (YAML); the same as params_file:=FILE.
        camera: Number of a camera to publish.
        video: Video file to publish once, at its own speed.
        bag: Recording to play once, on its own time.
        camera_info: Calibration (YAML) for camera and video; without one distances are only roughly right.
        rate: Speed of the recording.
        loop: Start video or recording again at its end.
        monitor: Whether to subscribe to the results and show how they do.
        standby: Whether a second motion_predictor and planner_bridge stand by with their libraries loaded (400 MB), so
            that a crash costs a second and not several.
        show_args: List the arguments and end.
    """

    arguments: tyro.conf.Positional[tuple[str, ...]] = ()
    params: Path | None = None
    camera: int | None = None
    video: Path | None = None
    bag: Path | None = None
    camera_info: Path | None = None
    rate: float = 1.0
    loop: bool = False
    monitor: bool = True
    standby: bool = True
    show_args: bool = False


def arrange(words: Sequence[str]) -> list[str]:
    """Put the name:=value words first, wherever they stand: option parsers want them side by side."""
    arguments = [word for word in words if _ARGUMENT.match(word)]
    return [*arguments, *(word for word in words if not _ARGUMENT.match(word))]


def run(options: LaunchOptions) -> None:
    """Run until interrupted, or until the video or the recording has ended.

    Raises:
        InputError: If an argument cannot be used, or a node cannot run as it is configured.
    """
    if options.show_args:
        print(describe_arguments())
        return
    Launch(specs(options)).run()


def specs(options: LaunchOptions) -> list[ProcessSpec]:
    """Return the processes to start.

    Raises:
        InputError: If options or arguments cannot be used.
    """
    if sum(choice is not None for choice in (options.camera, options.video, options.bag)) > 1:
        raise InputError("Say where pictures come from: only one of --camera N, --video FILE and --bag FILE.")
    words = list(options.arguments)
    if options.params is not None:
        words.append(f"params_file:={options.params}")
    if options.bag is not None:
        words.append("use_sim_time:=true")
    values = read_arguments(words)
    extra: dict[str, dict[str, Any]] = {}
    source: list[ProcessSpec] = []
    if options.bag is not None:
        bag = _existing(options.bag, "recording")
        _check_pictures(bag, values)
        source.append(player(values, bag, rate=options.rate, loop=options.loop))
    elif options.camera is not None or options.video is not None:
        given: dict[str, bool | int | str] = {"camera": options.camera or 0, "loop": options.loop}
        if values["image_transport"]:
            given["image_transport"] = values["image_transport"]
        if options.video is not None:
            given["video"] = str(_existing(options.video, "video"))
        if options.camera_info is not None:
            given["camera_info"] = str(_existing(options.camera_info, "calibration"))
        else:
            # Nobody will ever send intrinsics, so waiting for them would be for ever.
            extra["hand_estimator"] = {"camera_info_policy": "default"}
        is_video = options.video is not None
        source.append(camera(values, given, ends_all=is_video, held=is_video))
    watching = [monitor(values)] if options.monitor else []
    return [*pipeline(values, extra, standby=options.standby), *watching, *source]


def _existing(path: Path, what: str) -> Path:
    found = path.expanduser().absolute()
    if not found.exists():
        raise InputError(f"There is no {what} {path}.")
    return found


def _check_pictures(bag: Path, values: Mapping[str, str]) -> None:
    """Refuse a recording without the pictures that the nodes would wait for.

    Raises:
        InputError: If it has none, or cannot be read.
    """
    wanted = input_topics(values)[0]
    topics = {topic.name: topic.typename for topic in BagReader(bag).topics}
    if wanted in topics:
        return
    if f"{wanted}/compressed" in topics:
        raise InputError(f"{bag} has compressed pictures on {wanted}; add image_transport:=compressed.")
    pictures = [name for name, kind in topics.items() if kind in (IMAGE, COMPRESSED_IMAGE)]
    raise InputError(
        f"{bag} has no topic {wanted}; its pictures are on {', '.join(pictures) or 'no topic at all'}. Say which with "
        "image_topic:=/name (without /compressed; for those add image_transport:=compressed)."
    )


class Launch:
    """Processes under supervision, and the view of them."""

    def __init__(self, chosen: list[ProcessSpec], view: View | None = None) -> None:
        """Prepare.

        Args:
            chosen: The processes.
            view: Where to show them; standard output where not given.
        """
        self.observations = Observations()
        self._view = view or View()
        self._watched = {spec.name for spec in chosen if spec.module.startswith("ghtt_ros.") and not spec.held}
        self._watched.discard(MONITOR)
        is_watched = any(spec.name == MONITOR for spec in chosen)
        self._release_at = time.monotonic() + (_LONGEST_START_S if is_watched else _BLIND_START_S)
        self._supervisor = Supervisor(chosen, self._on_line, self._on_note, self._on_tick)

    def run(self) -> None:
        """Run until stopped.

        Raises:
            InputError: If a node cannot run as it is configured.
        """
        with self._view:
            self._supervisor.run()

    @property
    def interrupted(self) -> bool:
        """Whether a signal ended it."""
        return self._supervisor.interrupted

    def _on_line(self, process: Process, stream: Stream, line: str) -> None:
        if process.spec.data and stream == "out":
            self.observations.take(line)
        else:
            self._view.line(process.spec.name, line)

    def _on_note(self, sentence: str) -> None:
        self._view.line("launch", sentence)

    def _on_tick(self) -> None:
        self._view.refresh(self.observations, self._supervisor.processes)
        if self._view.closed and not self._supervisor.stopping:
            self._supervisor.stop()
        if self.observations.active(self._watched) or time.monotonic() >= self._release_at:
            self._supervisor.release()
