# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How fast the synthetic world is performed, poses alone.

python benchmarks/world_poses.py
python benchmarks/world_poses.py --sequences 40 --json out/world_poses.json

Counts frames of both hands per second of one core's time, for both vocabularies, for actions and free motion; for "h2o"
with the poses of all things. Goal: 5,000 frames per second and core.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ghtt_core.data.synthetic.config import SyntheticConfig
from ghtt_core.data.synthetic.performance import perform_world

GOAL = 5_000


def frames_per_second(config: SyntheticConfig) -> float:
    """Frames per second of one core's time, after a first sequence that loads everything."""
    perform_world(config, 0, config.sequences)
    begin = time.process_time()
    for index in range(config.sequences):
        perform_world(config, 0, index)
    return config.sequences * config.frames / (time.process_time() - begin)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sequences", type=int, default=20)
    parser.add_argument("--frames", type=int, default=1200)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    table = Table("vocabulary", "motion", "frames/s", "of the goal")
    figures = {}
    for vocabulary in ("workbench", "h2o"):
        for motion, free in (("actions", 0.0), ("free", 1.0)):
            config = SyntheticConfig(options.sequences, options.frames, free, vocabulary=vocabulary)
            rate = frames_per_second(config)
            figures[f"{vocabulary} {motion}"] = rate
            table.add_row(vocabulary, motion, f"{rate:,.0f}", f"{rate / GOAL:.1f} x")
    Console().print(table)
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps({"goal": GOAL, "frames_per_second": figures}, indent=2) + "\n")


if __name__ == "__main__":
    main()
