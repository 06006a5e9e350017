# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A planner's side of /ghtt/predicted_motion: a simulated arm that slows down when hands are about to come near.

    python3 examples/planner_subscriber.py
    python3 examples/planner_subscriber.py --ros-args -r __ns:=/left_camera -p use_sim_time:=true -p frame:=base_link

The same command with ROS 2 (in a sourced workspace) and without (in a virtual environment with the pip package); it
needs numpy and the messages, no torch and no model. The arm swings its tool between two points. Twenty times a second
it asks the newest forecast where the hands will be during the next second of *absolute* time, so that the time the
pipeline took cancels, and chooses its speed by the clearance. It prints what it does once a second and at every change.

A forecast may make a robot slower or re-plan earlier; it is not a safety function. Nothing here replaces one.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Any

import ghtt_ros  # noqa: F401  (where ROS 2 is not installed, this provides the rclpy that is imported next)

# isort: split
import numpy as np
import rclpy
from ghtt_ros.msg import PredictedMotion
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy

from ghtt_core.errors import InputError
from ghtt_core.streaming.forecast import Forecast, NoForecastError
from ghtt_core.streaming.status import Status

PERIOD_S = 0.05
LOOKAHEAD_NS = 1_000_000_000
SILENCE_S = 0.5
"""A predictor that is well says something, if only why it has no forecast, five times a second."""
SLOW_M, STOP_M = 0.40, 0.10
"""Full speed beyond the first clearance, standstill within the second, in between in proportion."""
FINGER_M = 0.01
"""Joints are points inside a finger of this radius."""
SPEED_LIMITS = {
    Status.OK: 1.0,
    Status.WARMING_UP: 0.5,
    Status.OUT_OF_DISTRIBUTION: 0.3,
    Status.NO_TRANSFORM: 0.2,
    Status.HANDS_LOST: 0.5,
    Status.STALE_INPUT: 0.2,
}
"""Most that is allowed in each state. Not seeing hands is no proof that there are none."""
SILENT_LIMIT = 0.1


@dataclass
class Arm:
    """A straight arm from a fixed shoulder to a tool that swings between two points, metres in ``frame``.

    Attributes:
        position: Of the tool on its way, 0 to 1.
        direction: 1 forth, -1 back.
    """

    position: float = 0.0
    direction: int = 1
    shoulder: tuple[float, float, float] = (0.0, -0.6, 0.9)
    path: tuple[tuple[float, float, float], tuple[float, float, float]] = ((-0.5, 0.0, 0.7), (0.5, 0.0, 0.7))
    full_speed: float = 0.5

    def points(self) -> Any:
        """Return (8, 3) points along the arm."""
        shoulder, (start, end) = np.array(self.shoulder), np.array(self.path)
        tool = start + self.position * (end - start)
        return shoulder + np.linspace(0.3, 1.0, 8)[:, None] * (tool - shoulder)

    def move(self, share: float, seconds: float) -> None:
        """Go on at a share of the full speed and turn round at the ends."""
        length = float(np.linalg.norm(np.subtract(*self.path)))
        self.position += self.direction * share * self.full_speed * seconds / length
        if not 0.0 <= self.position <= 1.0:
            self.position = min(max(self.position, 0.0), 1.0)
            self.direction = -self.direction


class PlannerSubscriber(Node):
    """Receives forecasts and moves the arm."""

    def __init__(self) -> None:
        """Subscribe, and start moving."""
        super().__init__("planner_subscriber")
        self.declare_parameter("frame", "camera")
        self.arm = Arm()
        self.forecast: Forecast | None = None
        self.status: Status | None = None
        self.heard_at = time.monotonic()
        self._printed = (0.0, "")
        newest = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=1, reliability=ReliabilityPolicy.RELIABLE)
        self.create_subscription(PredictedMotion, "ghtt/predicted_motion", self.on_motion, newest)
        self.create_timer(PERIOD_S, self.step)

    def on_motion(self, message: Any) -> None:
        """Keep the newest forecast, or why there is none; a damaged message counts as silence."""
        try:
            self.forecast = Forecast.from_message(message)
            self.status = self.forecast.status
        except NoForecastError as nothing:
            self.forecast, self.status = None, nothing.status
        except InputError as error:
            self.get_logger().warning(str(error))
            return
        self.heard_at = time.monotonic()

    def step(self) -> None:
        """Choose the speed for now and move."""
        share, reason = self.choose_speed(self.get_clock().now().nanoseconds)
        self.arm.move(share, PERIOD_S)
        self.tell(share, reason)

    def choose_speed(self, now_ns: int) -> tuple[float, str]:
        """Return the share of the full speed that is wise now, and why."""
        if self.status is None or time.monotonic() - self.heard_at > SILENCE_S:
            return SILENT_LIMIT, "no message from the predictor"
        limit = SPEED_LIMITS[self.status]
        if self.forecast is None:
            return limit, f"no forecast: {self.status}"
        if self.forecast.frame_id != (frame := self.get_parameter("frame").value):
            return min(limit, 0.2), f"forecast in frame {self.forecast.frame_id}, the arm is in {frame}"
        try:
            ahead = self.forecast.slice(now_ns, LOOKAHEAD_NS)
        except InputError:  # made for another time: a replayed bag without use_sim_time, or clocks that disagree
            seconds = (now_ns - self.forecast.t0_ns) / 1e9
            return SILENT_LIMIT, f"forecast does not cover now, it starts {seconds:+.1f} s ago; use_sim_time?"
        clearance = float(ahead.envelope(0.9, "finger").clearance(self.arm.points()).min()) - FINGER_M
        share = min(limit, max(0.0, (clearance - STOP_M) / (SLOW_M - STOP_M)))
        doing = f", {self.forecast.actions[0][0]}" if self.forecast.actions else ""
        return share, f"{self.status}{doing}: clearance {clearance:+.2f} m in the next second"

    def tell(self, share: float, reason: str) -> None:
        """Print once a second, and whenever something else is going on."""
        word = "stop" if share == 0 else "slow" if share < 1 else "full"
        kind = f"{word} {reason.split(':')[0]}"
        said_at, said = self._printed
        if kind != said or time.monotonic() - said_at >= 1.0:
            self._printed = (time.monotonic(), kind)
            print(f"{word} {share:4.0%}  tool at {self.arm.position:.2f}  {reason}", flush=True)


def main() -> int:
    """Run until Ctrl-C."""
    rclpy.init(args=sys.argv)
    node = PlannerSubscriber()
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
