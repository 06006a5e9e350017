# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The outside of the nodes in tests: processes, a node that publishes and listens, and recorded hands to publish."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from waiting import DEADLINE_S, eventually, wait_for_status

import ghtt_ros  # noqa: F401  (where ROS 2 is not installed, this provides rclpy)
from ghtt_core.bags.convert import fill_hand_observation
from ghtt_core.bags.fields import time_ns
from ghtt_core.hands.frame import HandFrame

START_NS = 1_000_000_000_000
STEP_NS = 33_333_333


def stamp(frame: int) -> int:
    """Stamp of a frame at 30 per second."""
    return START_NS + STEP_NS * frame


def stamp_of(message: Any) -> int:
    return time_ns(message.header.stamp)


class Process:
    """A Python program as a process of its own; what it prints is in a file."""

    def __init__(self, log: Path, *command: str) -> None:
        self._log = log
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, *command],
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"},
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def count(self, *words: str) -> int:
        return sum(all(word in line for word in words) for line in self.log.splitlines())

    def said(self, *words: str, times: int = 1) -> None:
        """Wait for a line of the log that has all the words."""
        try:
            eventually(lambda: self.count(*words) >= times, f"{words} in the log")
        except AssertionError as error:
            raise AssertionError(f"{error}:\n{self.log}") from None

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self) -> int:
        """Wait for the process to end by itself."""
        return self._process.wait(DEADLINE_S)

    def stop(self) -> int:
        """Press Ctrl-C and return the exit code."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise


class Bench:
    """A node of its own context, spun in a thread; keeps every message it hears by topic."""

    def __init__(self, namespace: str, node_name: str) -> None:
        import rclpy
        from diagnostic_msgs.msg import DiagnosticArray
        from rclpy.context import Context
        from rclpy.executors import SingleThreadedExecutor

        self.namespace, self._about = namespace, node_name
        self._context = Context()
        rclpy.init(args=[], context=self._context)
        self.node = rclpy.create_node("bench", namespace=namespace, context=self._context)
        self.heard: dict[str, list[Any]] = {}
        self.statuses: list[Any] = []
        self._clients: dict[str, Any] = {}
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 50)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def _spin(self) -> None:
        from rclpy.executors import ExternalShutdownException

        with suppress(ExternalShutdownException):
            self._executor.spin()

    def _on_diagnostics(self, message: Any) -> None:
        name = f"{self.namespace.lstrip('/')}/{self._about}"
        self.statuses.extend(status for status in message.status if status.name == name)

    def listen(self, kind: Any, topic: str, profile: Any = 100) -> list[Any]:
        """Subscribe; the list returned grows with every message."""
        messages = self.heard.setdefault(topic, [])
        self.node.create_subscription(kind, topic, messages.append, profile)
        return messages

    def publisher(self, kind: Any, topic: str, depth: int = 10) -> Any:
        """Publish reliably, once somebody listens."""
        publisher = self.node.create_publisher(kind, topic, depth)
        eventually(publisher.get_subscription_count, f"a subscriber of {publisher.topic_name}")
        return publisher

    def latest(self, topic: str, condition: Callable[[Any], Any], since: int = 0) -> Any:
        """Wait for a message on a topic that fulfils a condition, not older than the ``since``-th."""
        return eventually(
            lambda: next((found for found in self.heard[topic][since:] if condition(found)), None),
            f"a message on {topic} as wanted; the last were {[brief(found) for found in self.heard[topic][-3:]]}",
        )

    def status(self, condition: Callable[[Any, dict[str, str]], Any]) -> tuple[Any, dict[str, str]]:
        """Wait for diagnostics that fulfil a condition on status and values, sent from now on."""
        return wait_for_status(self.statuses, condition)

    def call(self, kind: Any, name: str, **request: Any) -> Any:
        """Call a service of the node and return its answer."""
        service = f"{self.namespace}/{self._about}/{name}"
        if service not in self._clients:
            self._clients[service] = self.node.create_client(kind, service)
        client = self._clients[service]
        eventually(client.service_is_ready, f"the service {name}")
        future = client.call_async(kind.Request(**request))
        eventually(future.done, f"an answer of the service {name}")
        return future.result()

    def set(self, name: str, value: Any) -> tuple[bool, str]:
        """Set a parameter over the wire, as `ros2 param set` does; whether it was, and if not why."""
        from rcl_interfaces.srv import SetParameters
        from rclpy.parameter import Parameter

        parameter = Parameter(name, value=value).to_parameter_msg()
        result = self.call(SetParameters, "set_parameters", parameters=[parameter]).results[0]
        return result.successful, result.reason

    def change(self, label: str) -> bool:
        """Ask for a lifecycle transition and wait for the answer."""
        from lifecycle_msgs.msg import Transition
        from lifecycle_msgs.srv import ChangeState

        number = getattr(Transition, f"TRANSITION_{label.upper()}")
        return bool(self.call(ChangeState, "change_state", transition=Transition(id=number)).success)

    def close(self) -> None:
        self._executor.shutdown()
        self._thread.join(DEADLINE_S)
        self.node.destroy_node()
        self._context.try_shutdown()


class MotionBench(Bench):
    """Publishes observations and hears all that motion_predictor says about them."""

    def __init__(self, namespace: str, frames: list[HandFrame]) -> None:
        from ghtt_ros.msg import ActionRecognition, MotionEnvelope, PredictedMotion, RefinedHands

        super().__init__(namespace, "motion_predictor")
        self.frames = frames
        self.refined = self.listen(RefinedHands, "ghtt/refined_hands")
        self.actions = self.listen(ActionRecognition, "ghtt/action")
        self.motions = self.listen(PredictedMotion, "ghtt/predicted_motion")
        self.envelopes = self.listen(MotionEnvelope, "ghtt/motion_envelope")
        self._output: Any = None

    def observation(self, number: int, at_ns: int, **changes: Any) -> Any:
        """A HandObservation of the recording's frame of that number, at another time."""
        from ghtt_ros.msg import HandObservation

        frame = replace(self.frames[number % len(self.frames)], **{"stamp_ns": at_ns, "frame_id": "lens", **changes})
        message = HandObservation()
        fill_hand_observation(message, frame, object_encoder="strange")
        return message

    def publish(self, message: Any) -> None:
        from ghtt_ros.msg import HandObservation

        if self._output is None:
            self._output = self.publisher(HandObservation, "ghtt/hand_observation", depth=100)
        self._output.publish(message)

    def matched(self) -> None:
        """Wait until the node listens (again)."""
        if self._output is not None:
            eventually(self._output.get_subscription_count, "the node to listen")

    def show(self, numbers: Iterable[int], **changes: Any) -> None:
        """Publish frames at 30 per second of stamps, each after the refined hands of the one before."""
        for number in numbers:
            self.publish(self.observation(number, stamp(number), **changes))
            self.seen(stamp(number))

    def seen(self, at_ns: int) -> Any:
        """Wait for the refined hands of an instant."""
        return eventually(
            lambda: next((found for found in reversed(self.refined) if stamp_of(found) == at_ns), None),
            f"refined hands at {at_ns}; last of {len(self.refined)}: {[brief(found) for found in self.refined[-2:]]}, "
            f"diagnostics {self.statuses[-1:]}",
        )

    def motion(self, condition: Callable[[Any], Any], since: int = 0) -> Any:
        return self.latest("ghtt/predicted_motion", condition, since)


def brief(message: Any) -> str:
    """A message in a few words, for failures."""
    return f"{type(message).__name__}(stamp {stamp_of(message)}, status {getattr(message, 'status', '-')})"
