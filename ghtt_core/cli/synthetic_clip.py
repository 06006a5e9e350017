# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Rendered videos of the synthetic world with everything that is needed to score an estimator on them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import yaml

from ghtt_core.hands.layout import FRAME_RATE

if TYPE_CHECKING:
    from ghtt_core.data.sequence import HandSequence
    from ghtt_core.data.synthetic.dataset import SyntheticReader
    from ghtt_core.data.synthetic.performance import Performance
    from ghtt_core.data.views import View


def write_clips(reader: SyntheticReader, folder: Path, count: int) -> None:
    """Write the first sequences of the test split as videos.

    Each view of each becomes <sequence>-<view>.mp4, .yaml with its intrinsics (for --camera-info) and .npz with the
    true hands in the camera's frame (for `ghtt evaluate --reference`).

    Args:
        reader: What makes the dataset.
        folder: Where they go.
        count: How many sequences.

    Raises:
        OutputError: If they cannot be written.
    """
    from ghtt_core.cli.spool import make_output_folder
    from ghtt_core.data.synthetic.cameras import camera_rig
    from ghtt_core.data.synthetic.dataset import perform

    for index in range(count):
        make_output_folder(folder)
        performance = perform(reader, "test", index)
        sequence = performance.sequence
        views = camera_rig(performance.appearance_seed, sequence.joints, sequence.valid, reader.views)
        write_clip(folder, f"test-{index:06d}", performance, views)
        print(f"videos of test-{index:06d} in {folder}")


def write_clip(folder: Path, name: str, performance: Performance, views: tuple[View, ...]) -> None:
    """Write one performance as <name>-<view>.mp4, .yaml and .npz for each of its views.

    Raises:
        OutputError: If they cannot be written.
    """
    from ghtt_core.cli.video_writer import VideoWriter
    from ghtt_core.data.recordings import save_recording
    from ghtt_core.data.synthetic.rendering.scene import SceneRenderer

    paths = [folder / f"{name}-{view.name}" for view in views]
    for path, view in zip(paths, views, strict=True):
        save_recording(path.with_suffix(".npz"), _truth(performance, view))
        _write_intrinsics(path.with_suffix(".yaml"), view)
    renderer = SceneRenderer(performance, views)
    writers: list[VideoWriter] = []
    try:
        for path, view in zip(paths, views, strict=True):
            writers.append(VideoWriter(path.with_suffix(".mp4"), *view.size, FRAME_RATE))
        for frame in range(len(performance.sequence)):
            for number, writer in enumerate(writers):
                writer.write(renderer.draw(frame, number))
    except BaseException:
        for writer in writers:
            writer.discard()
        raise
    for writer in writers:
        writer.close()


def _truth(performance: Performance, view: View) -> HandSequence:
    """Hands in a camera's frame; those mostly outside its picture are not valid."""
    from ghtt_core.data.synthetic.visibility import in_view

    sequence = performance.sequence
    joints = view.to_camera(sequence.joints)
    seen = sequence.valid & (in_view(view, joints).mean(axis=-1) > 0.5)
    joints = np.where(seen[..., None, None], joints, np.float32(0))
    return replace(sequence, joints=joints, valid=seen, frame_id=view.name)


def _write_intrinsics(path: Path, view: View) -> None:
    from ghtt_core.errors import OutputError

    info = {
        "image_width": view.size[0],
        "image_height": view.size[1],
        "camera_matrix": {"rows": 3, "cols": 3, "data": [float(v) for v in view.intrinsics.ravel()]},
        "distortion_model": "plumb_bob",
        "distortion_coefficients": {"rows": 1, "cols": 5, "data": [0.0] * 5},
    }
    try:
        path.write_text(yaml.safe_dump(info, sort_keys=False), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"Cannot write {path} ({error.strerror or error}).") from error
