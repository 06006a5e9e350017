# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A planner reads forecasts and envelopes from messages, learns why there is none, and refuses damaged ones."""

from __future__ import annotations

import array
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from ghtt_core.errors import InputError
from ghtt_core.streaming.envelope import bound_normal, normal_radius
from ghtt_core.streaming.forecast import Envelope, Forecast, NoForecastError
from ghtt_core.streaming.status import Status

T0 = 1_700_000_000_123_456_789
STEP = 33_333_333
SAMPLES, STEPS = 5, 6


def moment(ns: int) -> SimpleNamespace:
    return SimpleNamespace(sec=ns // 10**9, nanosec=ns % 10**9)


def floats(values: np.ndarray | list[float]) -> array.array[float]:
    """What rclpy puts into a float32[] field."""
    return array.array("f", np.asarray(values, np.float32).ravel().tolist())


def motion(**changes: object) -> SimpleNamespace:
    """A PredictedMotion of a right hand that drifts, with every field."""
    rng = np.random.default_rng(0)
    samples = np.zeros((SAMPLES, STEPS, 2, 21, 3), np.float32)
    samples[:, :, 1] = rng.normal(size=(SAMPLES, STEPS, 21, 3))
    mean = samples.mean(0)
    away = samples - mean
    full = np.einsum("sthja,sthjb->thjab", away, away) / SAMPLES
    fields: dict[str, object] = {
        "header": SimpleNamespace(stamp=moment(T0), frame_id="base"),
        "person_id": "anna",
        "status": 0,
        "hands": 2,
        "method": "action",
        "step": moment(STEP),
        "first_offset": moment(STEP),
        "sample_count": SAMPLES,
        "step_count": STEPS,
        "joint_count": 42,
        "positions": floats(samples),
        "weights": floats([1 / SAMPLES] * SAMPLES),
        "origin": floats(np.zeros(126)),
        "mean": floats(mean),
        "covariance": floats(full[..., [0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]]),
        "radius": floats([]),
        "coverage": 0.0,
        "calibration_id": "",
        "model_id": "m",
        "action_labels": ["pour", "stir"],
        "action_probabilities": floats([0.75, 0.25]),
        "seed": 7,
        "latency": 0.05,
    }
    return SimpleNamespace(**(fields | changes))


def light(**changes: object) -> SimpleNamespace:
    return motion(**({"sample_count": 0, "positions": floats([]), "weights": floats([])} | changes))


def empty(status: int) -> SimpleNamespace:
    names = ("positions", "weights", "origin", "mean", "covariance", "radius", "action_probabilities")
    return motion(
        status=status, hands=0, sample_count=0, step_count=0, action_labels=[], **{name: floats([]) for name in names}
    )


def envelope_message(**changes: object) -> SimpleNamespace:
    """Two steps of the palm and fingers of the left hand, fingers listed backwards."""
    fields: dict[str, object] = {
        "header": SimpleNamespace(stamp=moment(T0), frame_id="base"),
        "status": 0,
        "step": moment(STEP),
        "first_offset": moment(2 * STEP),
        "step_count": 2,
        "sphere_count": 6,
        "hand": np.zeros(6, np.uint8),
        "part": np.arange(6, dtype=np.uint8)[::-1].copy(),
        "centres": floats(np.arange(36)),
        "radii": floats(np.arange(12)),
        "coverage": 0.9,
    }
    return SimpleNamespace(**(fields | changes))


def test_a_message_becomes_a_forecast() -> None:
    message = motion()
    forecast = Forecast.from_message(message)
    assert forecast.samples.shape == (SAMPLES, STEPS, 2, 21, 3)
    assert forecast.samples.ravel().tolist() == list(message.positions)
    assert forecast.stamps_ns.tolist() == [T0 + (k + 1) * STEP for k in range(STEPS)]
    assert forecast.hands.tolist() == [False, True]
    assert (forecast.frame_id, forecast.person_id, forecast.model_id) == ("base", "anna", "m")
    assert (forecast.method, forecast.seed, forecast.status) == ("action", 7, Status.OK)
    assert forecast.actions == (("pour", 0.75), ("stir", 0.25))
    assert forecast.radius is None
    assert np.array_equal(forecast.at(T0)[2], np.zeros((2, 21, 3)))


def test_a_calibrated_radius_comes_along_and_is_cut_with_the_steps() -> None:
    radius = np.arange(STEPS * 42, dtype=np.float32)
    forecast = Forecast.from_message(motion(radius=floats(radius), coverage=0.9, calibration_id="lab"))
    part = forecast.slice(T0 + 3 * STEP, STEP)
    assert part.radius is not None
    assert np.array_equal(part.radius, radius.reshape(STEPS, 2, 21)[2:4])
    assert (part.coverage, part.calibration_id) == (0.9, "lab")


def test_thinning_keeps_the_times_of_the_steps_that_stay() -> None:
    for message in (motion(), light()):
        forecast = Forecast.from_message(message)
        thin = forecast.thinned(2)
        assert thin.stamps_ns.tolist() == forecast.stamps_ns[::2].tolist()
        assert np.array_equal(thin.at(int(thin.stamps_ns[2])), forecast.at(int(forecast.stamps_ns[4])))
        assert np.allclose(thin.envelope(0.8).radii, forecast.envelope(0.8).radii[::2])
    with pytest.raises(InputError, match="stride"):
        forecast.thinned(0)


def test_the_light_variant_gives_the_mean_and_wider_spheres() -> None:
    full, slim = Forecast.from_message(motion()), Forecast.from_message(light())
    assert slim.light
    assert np.allclose(slim.mean, full.mean, atol=1e-6)
    assert np.allclose(slim.at(T0 + 2 * STEP)[0], full.mean[1], atol=1e-6)
    for part in ("joint", "finger", "hand"):
        assert (slim.envelope(0.9, part).radii[:, 1] > 0.9 * full.envelope(0.9, part).radii[:, 1]).all()
    assert "light" in repr(slim)
    with pytest.raises(InputError, match="inside"):
        slim.envelope(1.0)


def test_spheres_of_a_light_forecast_hold_what_they_promise() -> None:
    rng = np.random.default_rng(1)
    shape = rng.normal(size=(2, 21, 3, 3)) * 0.1
    mean = rng.normal(size=(1, 2, 21, 3))
    full = shape @ shape.swapaxes(-1, -2)
    covariance = full[None][..., [0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]]
    draws = mean[0] + np.einsum("hjab,nhjb->nhja", shape, rng.normal(size=(4000, 2, 21, 3)))
    for coverage in (0.5, 0.9):
        centres, radii = bound_normal(mean.astype(np.float32), covariance.astype(np.float32), coverage, "hand")
        inside = (np.linalg.norm(draws - centres[0], axis=-1) <= radii[0]).all(-1).mean(0)
        assert (inside >= coverage - 0.02).all()


@pytest.mark.parametrize(("share", "radius"), [(0.198748, 1.0), (0.738536, 2.0), (0.970709, 3.0)])
def test_the_normal_radius_is_that_of_the_tables(share: float, radius: float) -> None:
    assert normal_radius(share) == pytest.approx(radius, abs=1e-4)


@pytest.mark.parametrize("code", range(6))
def test_without_a_forecast_the_status_says_why(code: int) -> None:
    status = tuple(Status)[code]
    for read in (lambda: Forecast.from_message(empty(code)), lambda: Envelope.from_message(empty_envelope(code))):
        with pytest.raises(NoForecastError, match=str(status)) as caught:
            read()
        assert caught.value.status is status


def empty_envelope(status: int) -> SimpleNamespace:
    nothing = {name: floats([]) for name in ("hand", "part", "centres", "radii")}
    return envelope_message(status=status, step_count=0, sphere_count=0, **nothing)


@pytest.mark.parametrize("code", range(6))
def test_a_forecast_keeps_its_status(code: int) -> None:
    assert Forecast.from_message(motion(status=code)).status is tuple(Status)[code]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": 6}, "status 6"),
        ({"joint_count": 21}, "21 joints"),
        ({"step_count": STEPS + 1}, "positions"),
        ({"sample_count": 60000, "step_count": 60000}, "positions"),
        ({"positions": floats(np.full(SAMPLES * STEPS * 126, np.nan))}, "NaN"),
        ({"weights": floats([1.0])}, "weights"),
        ({"weights": floats([1.0] * SAMPLES)}, "sum 1"),
        ({"origin": floats([0.0])}, "origin"),
        ({"radius": floats([0.0])}, "radius"),
        ({"action_labels": ["pour"]}, "action_probabilities"),
        ({"step": moment(0)}, "step"),
    ],
)
def test_a_message_that_contradicts_itself_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Forecast.from_message(motion(**changes))


def test_a_light_message_without_covariance_is_refused() -> None:
    with pytest.raises(InputError, match="covariance"):
        Forecast.from_message(light(covariance=floats([])))


def test_spheres_are_put_where_their_hand_and_part_say() -> None:
    envelope = Envelope.from_message(envelope_message())
    assert envelope.part == "finger"
    assert envelope.hands.tolist() == [True, False]
    assert envelope.stamps_ns.tolist() == [T0 + 2 * STEP, T0 + 3 * STEP]
    assert envelope.radii[0, 0].tolist() == [5, 4, 3, 2, 1, 0]
    assert envelope.centres[1, 0, 5].tolist() == [18, 19, 20]
    whole = envelope_message(
        sphere_count=2, hand=b"\0\1", part=b"\6\6", centres=floats(np.zeros(12)), radii=floats([1.0, 2.0, 3.0, 4.0])
    )
    whole.hand, whole.part = np.frombuffer(whole.hand, np.uint8), np.frombuffer(whole.part, np.uint8)
    both = Envelope.from_message(whole)
    assert both.part == "hand"
    assert both.radii[:, :, 0].tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    "changes",
    [
        {"hand": np.full(6, 2, np.uint8)},
        {"part": np.zeros(6, np.uint8)},
        {"part": np.full(6, 9, np.uint8)},
        {"radii": floats([1.0])},
    ],
)
def test_an_envelope_that_contradicts_itself_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InputError):
        Envelope.from_message(envelope_message(**changes))


def test_clearance_counts_only_hands_that_are_there() -> None:
    centres = np.zeros((2, 2, 1, 3), np.float32)
    centres[1, 1, 0, 0] = 1.0
    radii = np.full((2, 2, 1), 0.25, np.float32)
    stamps = np.array([0, STEP])
    right = Envelope(stamps, centres, radii, 0.9, "hand", np.array([False, True]))
    assert right.clearance([[0.0, 2.0, 0.0], [0.0, 1.0, 0.0]]).tolist() == pytest.approx([0.75, 2**0.5 - 0.25])
    nobody = Envelope(stamps, centres, radii, 0.9, "hand", np.array([False, False]))
    assert np.isinf(nobody.clearance([[0.0, 0.0, 0.0]])).all()


def test_reading_a_message_needs_no_torch() -> None:
    code = "import sys; import ghtt_core.streaming.forecast_message; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
