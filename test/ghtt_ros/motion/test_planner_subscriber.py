# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The example planner slows down for hands that will come near, and for every reason not to know where they are."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from motion_bench import Bench
from waiting import eventually

from ghtt_core.bags.convert_motion import fill_no_motion, fill_predicted_motion
from ghtt_core.streaming.forecast import Forecast
from ghtt_core.streaming.status import Status

EXAMPLE = Path(__file__).parents[3] / "examples" / "planner_subscriber.py"
STEP = 33_333_333
ARM = np.stack((np.linspace(-0.5, 0.5, 21), np.full(21, -0.3), np.full(21, 0.8)), 1)
"""A hand as wide as the arm's way."""
FAR = np.array([0.0, 0.0, 9.0])


@pytest.fixture
def talk(bridge_bench: Bench, run_program: Callable[..., Any]) -> Callable[..., None]:
    """Function (fill, *words): publish what `fill` fills until the example prints a line with the words."""
    from ghtt_ros.msg import PredictedMotion

    if not EXAMPLE.is_file():
        pytest.skip("examples/ is not beside the tests")
    program = run_program(str(EXAMPLE), "--ros-args", "-r", f"__ns:={bridge_bench.namespace}")
    program.said("no message from the predictor")
    publisher = bridge_bench.publisher(PredictedMotion, "ghtt/predicted_motion", depth=1)

    def publish(fill: Callable[[Any], None], *words: str) -> None:
        before = program.count(*words)

        def said() -> bool:
            message = PredictedMotion()
            fill(message)
            publisher.publish(message)
            time.sleep(0.05)  # as often as the arm moves
            return program.count(*words) > before

        eventually(said, f"{words} from the example")

    return publish


def forecast_at(place: np.ndarray, offset_s: float = 0.0, **changes: Any) -> Callable[[Any], None]:
    """A forecast from now on, of a right hand that stays at a place."""

    def fill(message: Any) -> None:
        samples = np.zeros((4, 96, 2, 21, 3), np.float32)
        samples[:, :, 1] = place
        now_ns = time.time_ns() + round(offset_s * 1e9)
        forecast = Forecast(samples, now_ns, STEP, STEP, np.array([False, True]), frame_id="camera")
        fill_predicted_motion(message, replace(forecast, **changes), model_id="m")

    return fill


def test_near_hands_stop_the_arm_and_far_ones_do_not(talk: Callable[..., None]) -> None:
    talk(forecast_at(ARM + FAR), "full", "ok: clearance +")
    talk(forecast_at(ARM), "stop", "ok: clearance")


def test_every_status_has_its_limit(talk: Callable[..., None]) -> None:
    far = ARM + FAR
    talk(forecast_at(far, status=Status.WARMING_UP), "slow", "50%", "warming_up")
    talk(forecast_at(far, status=Status.OUT_OF_DISTRIBUTION), "slow", "30%", "out_of_distribution")
    talk(forecast_at(far, status=Status.NO_TRANSFORM, frame_id="lens"), "slow", "20%", "forecast in frame lens")
    for status, percent in ((Status.HANDS_LOST, "50%"), (Status.STALE_INPUT, "20%"), (Status.WARMING_UP, "50%")):
        talk(
            lambda message, status=status: fill_no_motion(message, stamp_ns=1, frame_id="camera", status=status),
            "slow",
            percent,
            f"no forecast: {status}",
        )
    talk(forecast_at(far, offset_s=-1000.0), "slow", "10%", "does not cover now")
