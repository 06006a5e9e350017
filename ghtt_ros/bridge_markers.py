# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hands and forecasts as markers for RViz: skeletons, a fan of samples that fades with time, future hands, the action.

Everything has a lifetime, so that a picture of the past never stays on the screen.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from geometry_msgs.msg import Point
from numpy.typing import NDArray
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from ghtt_core.bags.fields import put_header, put_time
from ghtt_core.hands.frame import HandFrame
from ghtt_core.hands.layout import BONES, WRIST
from ghtt_core.streaming.forecast import Forecast
from ghtt_core.streaming.status import Status
from ghtt_ros.planner_bridge_settings import PlannerBridgeSettings

_COLOURS: Final = ((0.26, 0.62, 0.96), (0.98, 0.60, 0.20))
"""Red, green and blue of the left and the right hand."""
_DOUBTFUL: Final = (0.75, 0.75, 0.75)
"""Of forecasts that are not to be relied on."""
_BONE_M, _JOINT_M, _FAN_M, _MEAN_M, _TEXT_M = 0.006, 0.011, 0.002, 0.005, 0.05
_HANDS_LIFETIME_S: Final = 0.3
_FAN_ALPHA: Final = (0.55, 0.04)
"""Of a sample's line now and at the horizon."""
_GHOST_ALPHA: Final = (0.8, 0.2)


def hand_markers(frame: HandFrame) -> Any:
    """Draw refined hands; a hand that is only held through a dropout is paler."""
    markers = []
    for hand in np.flatnonzero(frame.valid):
        colour = _colour(_COLOURS[hand], 0.4 + 0.6 * float(frame.confidence[hand].mean()))
        bones = _marker("hands", int(hand), Marker.LINE_LIST, frame.stamp_ns, frame.frame_id, _HANDS_LIFETIME_S)
        bones.scale.x = _BONE_M
        bones.color = colour
        bones.points = _points(_bones(frame.joints[hand]))
        dots = _marker("joints", int(hand), Marker.SPHERE_LIST, frame.stamp_ns, frame.frame_id, _HANDS_LIFETIME_S)
        dots.scale.x = dots.scale.y = dots.scale.z = _JOINT_M
        dots.color = colour
        dots.points = _points(frame.joints[hand])
        markers += [bones, dots]
    return MarkerArray(markers=markers)


def forecast_markers(forecast: Forecast, settings: PlannerBridgeSettings) -> Any:
    """Draw a forecast.

    Args:
        forecast: As received; in grey where its status says not to rely on it.
        settings: What to draw.
    """
    doubtful = forecast.status is Status.OUT_OF_DISTRIBUTION
    thin = forecast.thinned(settings.step_stride)
    markers = []
    for hand in np.flatnonzero(forecast.hands).tolist():
        colour = _DOUBTFUL if doubtful else _COLOURS[hand]
        markers += _fan(thin, hand, colour, settings)
        markers += _ghosts(forecast, hand, colour, settings)
    if settings.draw_action and (text := _text(forecast, settings)) is not None:
        markers.append(text)
    return MarkerArray(markers=markers)


def clear_markers(stamp_ns: int, frame_id: str) -> Any:
    """Take all markers back."""
    nothing = _marker("", 0, Marker.LINE_LIST, stamp_ns, frame_id, 0.0)
    nothing.action = Marker.DELETEALL
    return MarkerArray(markers=[nothing])


def _fan(thin: Forecast, hand: int, colour: tuple[float, ...], settings: PlannerBridgeSettings) -> list[Any]:
    """Lines of the wrist: one for each sample, and a wider one for the mean."""
    drawn = [(thin.mean[None], "mean", _MEAN_M)]
    if settings.fan_samples and not thin.light:
        drawn.append((thin.samples[: settings.fan_samples], "fan", _FAN_M))
    alphas = np.linspace(*_FAN_ALPHA, thin.mean.shape[0] + 1)
    result = []
    for samples, name, width in drawn:
        paths = samples[:, :, hand, WRIST]
        if thin.origin is not None:
            start = np.broadcast_to(thin.origin[hand, WRIST], (len(paths), 1, 3))
            paths = np.concatenate((start, paths), axis=1)
        if paths.shape[1] < 2:
            continue
        lines = _marker(name, hand, Marker.LINE_LIST, thin.t0_ns, thin.frame_id, settings.marker_lifetime)
        lines.scale.x = width
        lines.color = _colour(colour, 0.99)  # below 1, else RViz draws without blending
        shades = [_colour(colour, float(alpha)) for alpha in alphas[: paths.shape[1]]]
        ends = np.stack((paths[:, :-1], paths[:, 1:]), axis=2)  # (S, T - 1, 2, 3)
        lines.points = _points(ends)
        lines.colors = [shades[step + end] for _ in paths for step in range(paths.shape[1] - 1) for end in (0, 1)]
        result.append(lines)
    return result


def _ghosts(forecast: Forecast, hand: int, colour: tuple[float, ...], settings: PlannerBridgeSettings) -> list[Any]:
    """Mean hands at some future times, paler the later, each in its sphere."""
    if settings.ghost_interval <= 0:
        return []
    stride = max(1, round(settings.ghost_interval * 1e9 / forecast.step_ns))
    later = forecast.slice(int(forecast.stamps_ns[min(stride, len(forecast.stamps_ns)) - 1]), 2**62).thinned(stride)
    count = len(later.stamps_ns)
    alphas = np.linspace(*_GHOST_ALPHA, count)
    skeletons = _marker("future", hand, Marker.LINE_LIST, later.t0_ns, later.frame_id, settings.marker_lifetime)
    skeletons.scale.x = _BONE_M / 2
    skeletons.color = _colour(colour, 0.99)
    skeletons.points = _points(_bones(later.mean[:, hand]))
    skeletons.colors = [shade for alpha in alphas for shade in [_colour(colour, float(alpha))] * (2 * len(BONES))]
    result = [skeletons]
    if settings.draw_envelope:
        envelope = later.envelope(settings.coverage)
        for step in range(count):
            ball = _marker(
                "envelope", hand * 100 + step, Marker.SPHERE, later.t0_ns, later.frame_id, settings.marker_lifetime
            )
            centre, radius = envelope.centres[step, hand, 0].tolist(), float(envelope.radii[step, hand, 0])
            ball.pose.position.x, ball.pose.position.y, ball.pose.position.z = centre
            ball.scale.x = ball.scale.y = ball.scale.z = 2 * radius
            ball.color = _colour(colour, 0.18 * float(alphas[step]))
            result.append(ball)
    return result


def _text(forecast: Forecast, settings: PlannerBridgeSettings) -> Any:
    """What the hands are doing, above them, and what is wrong with the forecast if something is."""
    words = [f"{label} {share:.0%}" for label, share in forecast.actions[:1]]
    if forecast.status is not Status.OK:
        words.append(forecast.status.replace("_", " "))
    if not words or not forecast.hands.any():
        return None
    text = _marker("action", 0, Marker.TEXT_VIEW_FACING, forecast.t0_ns, forecast.frame_id, settings.marker_lifetime)
    joints = forecast.mean[0] if forecast.origin is None else forecast.origin
    middle = joints[forecast.hands].mean((0, 1)).tolist()
    # In a camera's frame y points down, in a robot's z points up: beside the hands is right in both.
    text.pose.position.x, text.pose.position.y, text.pose.position.z = middle[0], middle[1] - 0.15, middle[2]
    text.scale.z = _TEXT_M
    text.color = _colour((1.0, 1.0, 1.0), 0.9)
    text.text = "\n".join(words)
    return text


def _bones(joints: NDArray[np.float32]) -> NDArray[np.float32]:
    """Ends of the bones of hands (..., 21, 3) as (..., 2 * B, 3)."""
    ends = np.array(BONES).reshape(-1)
    lines: NDArray[np.float32] = joints[..., ends, :]
    return lines


def _marker(name: str, number: int, kind: int, stamp_ns: int, frame_id: str, lifetime_s: float) -> Any:
    marker = Marker(ns=name, id=number, type=kind, action=Marker.ADD)
    put_header(marker.header, stamp_ns, frame_id)
    put_time(marker.lifetime, round(lifetime_s * 1e9))
    marker.pose.orientation.w = 1.0
    return marker


def _colour(rgb: tuple[float, ...], alpha: float) -> Any:
    red, green, blue = rgb
    return ColorRGBA(r=red, g=green, b=blue, a=alpha)


def _points(places: NDArray[np.float32]) -> list[Any]:
    return [Point(x=x, y=y, z=z) for x, y, z in places.reshape(-1, 3).tolist()]
