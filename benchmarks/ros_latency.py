# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Time the ROS 2 side: from a hand observation to its forecast, the making of a message, the receiving of pictures.

python benchmarks/ros_latency.py
python benchmarks/ros_latency.py --seconds 60 --json out/ros_latency.json

1. motion_predictor in a process of its own, the shipped checkpoint, 20 samples, observations at 30 Hz stamped when they
   are sent: until the forecast is published (as the node says), and until it has arrived in this process.
2. Filling and publishing a full PredictedMotion (20 x 96 x 42 x 3 numbers), with a reliable subscriber in another
   process.
3. hand_estimator receiving 640x480 at 30 Hz, its share of a core (benchmarks/image_subscription.py).

Everything runs on two cores. Works with ROS 2 and without; run it on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from image_subscription import ALLOWED_PERCENT, measure

import ghtt_ros  # noqa: F401  (provides rclpy where ROS 2 is not installed)
from ghtt_core.bags.convert import fill_hand_observation
from ghtt_core.bags.convert_motion import fill_predicted_motion
from ghtt_core.data.recordings import load_recording
from ghtt_core.estimators.recorded import RecordedPoses
from ghtt_core.streaming.forecast import Forecast

RATE_HZ = 30.0
SETTLE_S = 3.0
ALLOWED_FORECAST_MS, ALLOWED_MESSAGE_MS = 60.0, 3.0
CORES = 2


def main() -> None:
    parser = argparse.ArgumentParser(description="Latency of the ROS 2 nodes.")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--messages", type=int, default=300)
    parser.add_argument("--threads", type=int, default=0, help="of the networks; 0: as the node chooses")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    os.environ.setdefault("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    cores = sorted(os.sched_getaffinity(0))[:CORES]
    os.sched_setaffinity(0, cores)  # for the processes started from here, too
    published, arrived, stages = time_forecasts(options.seconds, options.threads)
    results: dict[str, Any] = {
        "observation to forecast published, ms": percentiles(published, ALLOWED_FORECAST_MS),
        "observation to forecast arrived, ms": percentiles(arrived),
        "PredictedMotion filled and published, ms": percentiles(time_messages(options.messages), ALLOWED_MESSAGE_MS),
    }
    with tempfile.TemporaryDirectory() as folder:
        pictures = measure(Path(folder), options.seconds, RATE_HZ)
    print(f"{len(cores)} cores, {len(published)} forecasts")
    print(f"{'':<44}{'p50':>8}{'p95':>8}{'p99':>8}{'allowed p95':>14}{'ratio':>8}")
    for name, row in results.items():
        allowed = row["allowed"]
        bound = f"{allowed:>14.0f}{row['p95'] / allowed:>8.2f}" if allowed else ""
        print(f"{name:<44}{row['p50']:>8.2f}{row['p95']:>8.2f}{row['p99']:>8.2f}{bound}")
    share = pictures["with camera"]
    print(
        f"{'640x480 at 30 Hz received, % of a core':<44}{share:>8.1f}{'':>16}{ALLOWED_PERCENT:>14.0f}"
        f"{share / ALLOWED_PERCENT:>8.2f}"
    )
    print("Stages as the node says them:", "; ".join(f"{name} {value}" for name, value in stages.items()))
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps({**results, "pictures": pictures, "stages": stages}, indent=2) + "\n")


def percentiles(values: list[float], allowed: float | None = None) -> dict[str, float | None]:
    p50, p95, p99 = (float(value) for value in np.percentile(values, (50, 95, 99)))
    return {"p50": p50, "p95": p95, "p99": p99, "count": len(values), "allowed": allowed}


def time_forecasts(seconds: float, threads: int) -> tuple[list[float], list[float], dict[str, str]]:
    """Return milliseconds until forecasts were published and had arrived, and the node's own stage times."""
    import rclpy
    from diagnostic_msgs.msg import DiagnosticArray
    from ghtt_ros.msg import HandObservation, PredictedMotion
    from rclpy.qos import QoSProfile

    published: list[float] = []
    arrived: list[float] = []
    stages: dict[str, str] = {}
    since = [float("inf")]

    def take(message: Any) -> None:
        if message.step_count and time.monotonic() > since[0]:
            stamp_s = message.header.stamp.sec + message.header.stamp.nanosec * 1e-9
            published.append(1e3 * message.latency)
            arrived.append(1e3 * (time.time() - stamp_s))

    def listen(message: Any) -> None:
        for status in message.status:
            if status.name.endswith("motion_predictor"):
                stages.update({item.key: item.value for item in status.values if item.key.endswith(" ms")})

    frames = list(RecordedPoses(load_recording(Path(str(files("ghtt_core"))) / "assets" / "demo.npz")))
    with running("ghtt_ros.motion_predictor", "-p", f"threads:={threads}"):
        rclpy.init(args=[])
        node = rclpy.create_node("observer")
        output = node.create_publisher(HandObservation, "ghtt/hand_observation", 5)
        node.create_subscription(PredictedMotion, "ghtt/predicted_motion", take, QoSProfile(depth=1))
        node.create_subscription(DiagnosticArray, "/diagnostics", listen, 10)
        while not output.get_subscription_count():
            rclpy.spin_once(node, timeout_sec=0.1)
        began = time.monotonic()
        since[0] = began + SETTLE_S
        sent = 0
        while time.monotonic() - began < SETTLE_S + seconds:
            message = HandObservation()
            fill_hand_observation(message, frames[sent % len(frames)])
            stamp_ns = time.time_ns()
            message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_ns, 10**9)
            output.publish(message)
            sent += 1
            while (left := began + sent / RATE_HZ - time.monotonic()) > 0:
                rclpy.spin_once(node, timeout_sec=left)
        node.destroy_node()
        rclpy.try_shutdown()
    return published, arrived, stages


def time_messages(count: int) -> list[float]:
    """Return milliseconds of filling and publishing full messages, ten a second, received by another process."""
    import rclpy
    from ghtt_ros.msg import PredictedMotion
    from rclpy.qos import QoSProfile

    random = np.random.default_rng(0)
    forecast = Forecast(
        t0_ns=time.time_ns(),
        first_offset_ns=33_333_333,
        step_ns=33_333_333,
        samples=random.normal(size=(20, 96, 2, 21, 3)).astype(np.float32),
        hands=np.ones(2, np.bool_),
        frame_id="camera",
    )
    spent: list[float] = []
    with running("ghtt_ros.cli.monitor", quiet=True):
        rclpy.init(args=[])
        node = rclpy.create_node("forecaster")
        output = node.create_publisher(PredictedMotion, "ghtt/predicted_motion", QoSProfile(depth=1))
        while not output.get_subscription_count():
            rclpy.spin_once(node, timeout_sec=0.1)
        for _ in range(count):
            began = time.perf_counter()
            message = PredictedMotion()
            fill_predicted_motion(message, forecast, model_id="benchmark")
            output.publish(message)
            spent.append(1e3 * (time.perf_counter() - began))
            time.sleep(0.1)
        node.destroy_node()
        rclpy.try_shutdown()
    return spent


@contextmanager
def running(module: str, *words: str, quiet: bool = False) -> Any:
    """Run a node beside the body of a `with`."""
    command = [sys.executable, "-m", module, "--ros-args", "--log-level", "error", *words]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL if quiet else None)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
