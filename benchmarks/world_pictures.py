# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How fast pictures of the synthetic world are drawn.

OMP_NUM_THREADS=1 python benchmarks/world_pictures.py
OMP_NUM_THREADS=1 python benchmarks/world_pictures.py --sequences 12 --json out/world_pictures.json

Counts pictures of 480 x 270 per second of one core's time: drawing alone by camera, and everything that `ghtt prepare
synthetic --images jpeg` does for a sequence (performing, setting the scene, drawing, JPEG). Goal: 40 per second and
core.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from pathlib import Path

import cv2
from rich.console import Console
from rich.table import Table

from ghtt_core.data.synthetic.cameras import VIEW_NAMES, camera_rig
from ghtt_core.data.synthetic.config import SyntheticConfig
from ghtt_core.data.synthetic.performance import perform_world
from ghtt_core.data.synthetic.rendering.scene import SceneRenderer

GOAL = 40


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sequences", type=int, default=6)
    parser.add_argument("--frames", type=int, default=64)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    config = SyntheticConfig(options.sequences, options.frames, 0.1, vocabulary="h2o")
    seconds: dict[str, float] = defaultdict(float)
    for index in range(options.sequences + 1):
        if index == 1:  # the first one loads everything
            seconds.clear()
        begin = time.process_time()
        performance = perform_world(config, 0, index)
        sequence = performance.sequence
        views = camera_rig(performance.appearance_seed, sequence.joints, sequence.valid)
        renderer = SceneRenderer(performance, views)
        for frame in range(options.frames):
            for number, name in enumerate(VIEW_NAMES):
                start = time.process_time()
                picture = renderer.draw(frame, number)
                seconds[name] += time.process_time() - start
                cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 88])
        seconds["everything"] += time.process_time() - begin
    pictures = options.sequences * options.frames
    seconds["drawing"] = sum(seconds[name] for name in VIEW_NAMES)
    rates = {name: pictures / seconds[name] for name in VIEW_NAMES}
    rates |= {name: len(VIEW_NAMES) * pictures / seconds[name] for name in ("drawing", "everything")}
    table = Table("what", "pictures/s", "of the goal")
    for name, rate in rates.items():
        table.add_row(name, f"{rate:.1f}", f"{rate / GOAL:.1f} x")
    Console().print(table)
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps({"goal": GOAL, "pictures_per_second": rates}, indent=2) + "\n")


if __name__ == "__main__":
    main()
