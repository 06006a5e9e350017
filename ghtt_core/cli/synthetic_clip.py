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
        for number, view in enumerate(views):
            write_clip(folder / f"test-{index:06d}-{view.name}", performance, views, number)
        print(f"videos of test-{index:06d} in {folder}")


def write_clip(path: Path, performance: Performance, views: tuple[View, ...], number: int) -> None:
    """Write one view of a performance as path.mp4, path.yaml and path.npz.

    Raises:
        OutputError: If they cannot be written.
    """
    from ghtt_core.cli.video_writer import VideoWriter
    from ghtt_core.data.recordings import save_recording
    from ghtt_core.data.synthetic.rendering.scene import SceneRenderer
    from ghtt_core.data.synthetic.visibility import in_view
    from ghtt_core.errors import OutputError

    view, sequence = views[number], performance.sequence
    joints = view.to_camera(sequence.joints)
    seen = sequence.valid & (in_view(view, joints).mean(axis=-1) > 0.5)
    truth = replace(sequence, joints=np.where(seen[..., None, None], joints, 0), valid=seen, frame_id=view.name)
    save_recording(path.with_suffix(".npz"), truth)
    k = view.intrinsics
    info = {
        "image_width": view.size[0],
        "image_height": view.size[1],
        "camera_matrix": {"rows": 3, "cols": 3, "data": [float(v) for v in k.ravel()]},
        "distortion_model": "plumb_bob",
        "distortion_coefficients": {"rows": 1, "cols": 5, "data": [0.0] * 5},
    }
    try:
        path.with_suffix(".yaml").write_text(yaml.safe_dump(info, sort_keys=False), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"Cannot write {path.with_suffix('.yaml')} ({error.strerror or error}).") from error
    renderer = SceneRenderer(performance, views)
    writer = VideoWriter(path.with_suffix(".mp4"), *view.size, FRAME_RATE)
    try:
        for frame in range(len(sequence)):
            writer.write(renderer.draw(frame, number))
    except BaseException:
        writer.discard()
        raise
    writer.close()
