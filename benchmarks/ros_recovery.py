# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How long planners go without news after a node was killed: from `kill -9` to the first message of its successor.

python benchmarks/ros_recovery.py
python benchmarks/ros_recovery.py --kills 5 --json out/ros_recovery.json

`ghtt launch` runs all nodes with the shipped checkpoint on two cores, hands come from the bundled recording at 30 Hz.
Run it on a machine that does nothing else; `--no-standby` shows what the stand-by is for.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "test" / "ghtt_ros" / "cli"))

from faults_bench import Outside, parameter_file

OUTPUTS = {
    "hand_estimator": "ghtt/hand_observation",
    "motion_predictor": "ghtt/refined_hands",
    "planner_bridge": "ghtt/poses",
}
ALLOWED_S, CORES, SETTLED_S, PATIENCE_S = 3.0, 2, 12.0, 120.0


def main() -> None:
    parser = argparse.ArgumentParser(description="From kill -9 to the first message.")
    parser.add_argument("--kills", type=int, default=3, help="of each node")
    parser.add_argument("--standby", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    os.environ.setdefault("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    with tempfile.TemporaryDirectory() as folder:
        seconds = measure(Path(folder), options.kills, options.standby)
    print(f"{'seconds to the first message':<32}{'median':>8}{'worst':>8}{'allowed':>9}{'ratio':>8}")
    for name, found in seconds.items():
        worst = max(found)
        print(f"{name:<32}{statistics.median(found):>8.2f}{worst:>8.2f}{ALLOWED_S:>9.1f}{worst / ALLOWED_S:>8.2f}")
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(seconds, indent=2) + "\n")


def measure(folder: Path, kills: int, standby: bool) -> dict[str, list[float]]:
    """Return seconds by node."""
    words = ["launch", "namespace:=recovery", "--params", str(parameter_file(folder))]
    launch = subprocess.Popen(
        [sys.executable, "-m", "ghtt_core.cli.main", *words, "--standby" if standby else "--no-standby"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    pids: dict[str, int] = {}

    def read() -> None:
        assert launch.stdout is not None
        for line in launch.stdout:
            if found := re.search(r"(\w+) runs as process (\d+)\.", line):
                pids[found[1]] = int(found[2])

    threading.Thread(target=read, daemon=True).start()
    outside = Outside("/recovery")
    seconds: dict[str, list[float]] = {name: [] for name in OUTPUTS}
    try:
        wait(lambda: outside.newest("ghtt/points") > 0)
        for _ in range(kills):
            for name, topic in OUTPUTS.items():
                time.sleep(SETTLED_S)  # until everything flows again, and the stand-by stands by
                os.kill(pids[name], signal.SIGKILL)
                killed_ns, began = time.time_ns(), time.monotonic()
                wait(lambda topic=topic, then=killed_ns: outside.newest(topic) > then)
                seconds[name].append(time.monotonic() - began)
    finally:
        launch.send_signal(signal.SIGINT)
        launch.wait()
        outside.close()
    return seconds


def wait(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > until:
            raise SystemExit("The pipeline does not come (back).")
        time.sleep(0.002)


if __name__ == "__main__":
    main()
