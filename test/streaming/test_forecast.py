# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A planner can ask a forecast for any covered time, cut it, bound it, and import it without the heavy libraries."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghtt_core.errors import InputError
from ghtt_core.streaming.forecast import Forecast
from ghtt_core.streaming.status import Status

T0 = 1_700_000_000_000_000_000
STEP = 33_333_333


def linear_forecast(samples: int = 5, steps: int = 12, hands: tuple[bool, bool] = (True, True)) -> Forecast:
    """Sample s moves every joint along x at s metres per second from the origin."""
    seconds = (1 + np.arange(steps, dtype=np.float32)) * STEP / 1e9
    joints = np.zeros((samples, steps, 2, 21, 3), np.float32)
    joints[..., 0] = (np.arange(samples, dtype=np.float32)[:, None] * seconds)[:, :, None, None]
    return Forecast(joints, T0, STEP, STEP, np.array(hands), origin=np.zeros((2, 21, 3), np.float32))


def test_importing_a_forecast_needs_no_torch() -> None:
    code = (
        "import sys; import ghtt_core.streaming.forecast, ghtt_core.streaming.update, ghtt_core.streaming.status; "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@given(st.floats(0, 1))
@settings(max_examples=30, deadline=None)
def test_any_covered_time_is_interpolated(share: float) -> None:
    forecast = linear_forecast()
    now = forecast.start_ns + round(share * (forecast.end_ns - forecast.start_ns))
    expected = np.arange(5) * (now - T0) / 1e9
    assert np.allclose(forecast.at(now)[:, 0, 0, 0], expected, atol=1e-6)


def test_times_on_a_step_give_that_step() -> None:
    forecast = linear_forecast()
    for step, stamp in enumerate(forecast.stamps_ns):
        assert np.array_equal(forecast.at(int(stamp)), forecast.samples[:, step])


@pytest.mark.parametrize("offset", [-1, 12 * STEP + 1, 10**18])
def test_nothing_is_extrapolated(offset: int) -> None:
    with pytest.raises(InputError, match="outside"):
        linear_forecast().at(T0 + offset)


def test_a_slice_keeps_absolute_times() -> None:
    forecast = linear_forecast()
    part = forecast.slice(T0 + 2 * STEP, 3 * STEP)
    assert part.stamps_ns.tolist() == [T0 + k * STEP for k in (2, 3, 4, 5)]
    assert np.array_equal(part.at(T0 + 3 * STEP), forecast.at(T0 + 3 * STEP))
    assert part.t0_ns == T0
    with pytest.raises(InputError, match="outside"):
        part.at(T0 + STEP)
    with pytest.raises(InputError, match="No step"):
        forecast.slice(T0 + 100 * STEP, STEP)


@given(
    st.sampled_from(["joint", "finger", "hand"]),
    st.floats(0.05, 1.0),
    st.integers(1, 12),
    st.integers(0, 1000),
)
@settings(max_examples=30, deadline=None)
def test_an_envelope_holds_the_share_it_promises(part: str, coverage: float, samples: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    joints = rng.normal(size=(samples, 3, 2, 21, 3)).astype(np.float32)
    weights = rng.random(samples).astype(np.float32) + 0.01
    forecast = Forecast(joints, 0, STEP, STEP, np.array([True, True]), weights=weights / weights.sum())
    envelope = forecast.envelope(coverage, part)
    if part == "joint":
        groups = [[joint] for joint in range(21)]
    elif part == "hand":
        groups = [list(range(21))]
    else:
        assert envelope.centres.shape[2] == 6
        return
    for index, group in enumerate(groups):
        distance = np.linalg.norm(joints[:, :, :, group] - envelope.centres[None, :, :, index, None], axis=-1).max(-1)
        inside = distance <= envelope.radii[None, :, :, index] + 1e-5  # (S, T, 2)
        held = np.tensordot(forecast.weights, inside, axes=1)
        assert (held >= coverage - 1e-4).all()
        smaller = distance < envelope.radii[None, :, :, index] - 1e-5
        assert (np.tensordot(forecast.weights, smaller, axes=1) <= coverage + 1e-4).all()


def test_more_coverage_needs_larger_spheres() -> None:
    forecast = linear_forecast(samples=20)
    radii = [forecast.envelope(coverage).radii[-1, 0, 0] for coverage in (0.2, 0.5, 0.9, 1.0)]
    assert radii == sorted(radii)
    assert radii[0] < radii[-1]


def test_weights_shift_the_mean() -> None:
    forecast = linear_forecast(samples=3)
    weighted = Forecast(forecast.samples, T0, STEP, STEP, forecast.hands, weights=np.array([0, 0, 1], np.float32))
    assert np.allclose(weighted.mean, forecast.samples[2])
    assert np.allclose(forecast.mean, forecast.samples[1], atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"samples": np.zeros((5, 12, 2, 20, 3), np.float32)}, "shape"),
        ({"samples": np.full((5, 12, 2, 21, 3), np.nan, np.float32)}, "NaN"),
        ({"weights": np.ones(5, np.float32)}, "sum 1"),
        ({"step_ns": 0}, "positive"),
        ({"hands": np.array([True])}, "two hands"),
        ({"origin": np.zeros((21, 3), np.float32)}, "origin"),
    ],
)
def test_impossible_forecasts_are_refused(change: dict[str, object], message: str) -> None:
    base = linear_forecast()
    values = {"samples": base.samples, "t0_ns": T0, "step_ns": STEP, "first_offset_ns": STEP, "hands": base.hands}
    with pytest.raises(InputError, match=message):
        Forecast(**(values | change))


def test_requests_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InputError, match="coverage"):
        linear_forecast().envelope(0.0)
    with pytest.raises(InputError, match="'joint'"):
        linear_forecast().envelope(0.5, "arm")


def test_a_forecast_prints_as_one_line() -> None:
    text = repr(linear_forecast(hands=(False, True)))
    assert "right" in text
    assert "left" not in text
    assert Status.OK in text
    assert len(text) < 120
