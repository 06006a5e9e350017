# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What receiving a camera costs hand_estimator: 640x480 bgr8 at 30 Hz, without an estimator's work.

The node runs in a process of its own with the estimator `recorded`, which only looks a frame up, so its processor time
is that of receiving, decoding and publishing. Compared with the same node without a camera.

Run: python benchmarks/image_subscription.py [--seconds 20] [--rate 30] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

WIDTH, HEIGHT = 640, 480
ALLOWED_PERCENT = 15.0
START_NS = 1_000_000_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description="Processor time of receiving 640x480 pictures.")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=30.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    os.environ.setdefault("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    with tempfile.TemporaryDirectory() as folder:
        result = measure(Path(folder), options.seconds, options.rate)
    print(f"{WIDTH}x{HEIGHT} bgr8 at {result['sent_hz']:.1f} Hz, {result['received']} of {result['sent']} answered")
    print(f"{result['ms_per_picture']:.2f} ms of processor time per picture")
    print(f"{'hand_estimator':<28}{'% of a core':>12}{'ratio to allowed':>18}")
    for name in ("idle", "with camera"):
        share = result[name]
        print(f"{name:<28}{share:>12.1f}{share / ALLOWED_PERCENT:>18.2f}")
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


def measure(folder: Path, seconds: float, rate: float) -> dict[str, float]:
    """Return percentages of a core and counts."""
    import ghtt_ros  # noqa: F401  provides the modules below where ROS 2 is not installed

    import rclpy  # isort: skip
    from ghtt_ros.msg import HandObservation  # isort: skip
    from sensor_msgs.msg import CameraInfo, Image  # isort: skip

    recording = folder / "hands.npz"
    np.savez(recording, joints=np.full((2, 2, 21, 3), 0.5, np.float32), valid=np.ones((2, 2), bool), t=[0.0, 1e6])
    command = [sys.executable, "-m", "ghtt_ros.hand_estimator", "--ros-args", "--log-level", "error"]
    command += ["-p", "estimator:=recorded", "-p", f"recording:={recording}"]
    node_process = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"})
    rclpy.init(args=[])
    node = rclpy.create_node("camera")
    images = node.create_publisher(Image, "image", 1)
    infos = node.create_publisher(CameraInfo, "camera_info", 1)
    received: list[object] = []
    node.create_subscription(HandObservation, "ghtt/hand_observation", received.append, 10)
    try:
        while not (images.get_subscription_count() and infos.get_subscription_count()):
            rclpy.spin_once(node, timeout_sec=0.1)
        began, used = time.monotonic(), processor_s(node_process.pid)
        time.sleep(seconds / 2)
        idle = (processor_s(node_process.pid) - used) / (time.monotonic() - began)
        info = CameraInfo(width=WIDTH, height=HEIGHT, distortion_model="plumb_bob")
        info.k = [500.0, 0.0, 320.0, 0.0, 500.0, 240.0, 0.0, 0.0, 1.0]
        image = Image(width=WIDTH, height=HEIGHT, encoding="bgr8", step=WIDTH * 3)
        image.data = bytes(WIDTH * HEIGHT * 3)
        sent = 0
        began, used = time.monotonic(), processor_s(node_process.pid)
        while time.monotonic() - began < seconds:
            image.header.stamp.sec, image.header.stamp.nanosec = divmod(START_NS + round(sent * 1e9 / rate), 10**9)
            info.header.stamp = image.header.stamp
            infos.publish(info)
            images.publish(image)
            sent += 1
            while (left := began + sent / rate - time.monotonic()) > 0:
                rclpy.spin_once(node, timeout_sec=left)
        elapsed = time.monotonic() - began
        busy = (processor_s(node_process.pid) - used) / elapsed
    finally:
        node_process.terminate()
        node_process.wait()
        node.destroy_node()
        rclpy.try_shutdown()
    return {
        "idle": 100 * idle,
        "with camera": 100 * busy,
        "ms_per_picture": 1e3 * (busy - idle) * elapsed / max(len(received), 1),
        "sent": sent,
        "sent_hz": sent / elapsed,
        "received": len(received),
    }


def processor_s(pid: int) -> float:
    """Processor time a process has used so far, in seconds, all its threads together (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
