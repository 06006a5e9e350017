# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The worst moments of an evaluation: what the model said next to what was true, on the camera's picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ghtt_core.cli.bag_source import BagPictures
from ghtt_core.cli.overlay import BACKGROUND, HAND_COLOURS
from ghtt_core.cli.virtual_camera import frame_motion
from ghtt_core.evaluation.bag_evaluation import BagEvaluation, Moment
from ghtt_core.evaluation.forecast_protocol import LONGEST_FRAMES
from ghtt_core.hands.layout import BONES, FRAME_RATE

Image = NDArray[np.uint8]
Project = Callable[[NDArray[np.float32]], NDArray[np.float64]]

_WIDTH: Final = 560
_HEIGHT: Final = 420
_TRUTH: Final = (120, 220, 120)
_QUALITY: Final = 80
_SAMPLES: Final = 8
_MARGIN: Final = 0.45
_NEAR_NS: Final = 50_000_000
_SUBPIXEL: Final = 4


class MomentPicture(NamedTuple):
    """A picture for the report.

    Attributes:
        caption: What is seen.
        jpeg: The picture.
    """

    caption: str
    jpeg: bytes


def draw_moments(evaluation: BagEvaluation, pictures: BagPictures | None) -> list[MomentPicture]:
    """Draw every worst moment.

    Args:
        evaluation: What was found.
        pictures: The bag's pictures, or None to draw on a dark ground.
    """
    moments = evaluation.moments
    if not moments:
        return []
    shown = {moment: _shown_frame(moment) for moment in moments}
    camera = pictures.camera if pictures is not None else None
    if pictures is None or camera is None or pictures.frame_id != evaluation.bag.frame_id:
        trial = evaluation.bag.trial
        view = frame_motion(trial.reference, trial.reference_valid, 2 * _WIDTH, 2 * _HEIGHT)
        dark = np.full((2 * _HEIGHT, 2 * _WIDTH, 3), BACKGROUND, np.uint8)
        return [_draw(evaluation, moment, dark.copy(), view.project) for moment in moments]
    stamps = {frame: evaluation.bag.stamp_ns(frame) for frame in shown.values()}
    images = nearest_pictures(pictures, sorted(set(stamps.values())))
    project = camera.resized(pictures.width, pictures.height).project
    blank = np.full((pictures.height, pictures.width, 3), BACKGROUND, np.uint8)
    return [_draw(evaluation, moment, images.get(stamps[shown[moment]], blank).copy(), project) for moment in moments]


def nearest_pictures(pictures: BagPictures, stamps: Sequence[int]) -> Mapping[int, Image]:
    """Find the picture nearest to each stamp, in one pass; stamps far from all pictures are left out."""
    best: dict[int, tuple[int, Image]] = {}
    for picture in pictures:
        for stamp in stamps:
            distance = abs(picture.stamp_ns - stamp)
            if distance <= _NEAR_NS and (stamp not in best or distance < best[stamp][0]):
                best[stamp] = (distance, picture.image_bgr)
    return {stamp: image for stamp, (_, image) in best.items()}


def _shown_frame(moment: Moment) -> int:
    """A forecast is judged where it ends."""
    return moment.frame + LONGEST_FRAMES if moment.kind == "forecast" else moment.frame


def _draw(evaluation: BagEvaluation, moment: Moment, image: Image, project: Project) -> MomentPicture:
    trial, online = evaluation.bag.trial, evaluation.online
    frame = _shown_frame(moment)
    truth = [(hand, trial.reference[frame, hand]) for hand in np.flatnonzero(trial.reference_valid[frame])]
    if moment.kind == "forecast":
        forecast = online.forecasts[evaluation.lead][moment.frame]
        last = forecast.samples[:, LONGEST_FRAMES - 1]  # (S, 2, 21, 3)
        hands = np.flatnonzero(forecast.hands)
        faint = [(hand, last[sample, hand]) for sample in range(1, min(_SAMPLES, len(last))) for hand in hands]
        said = [(hand, last[0, hand]) for hand in hands]
    else:
        faint = [(hand, trial.observed[frame, hand]) for hand in np.flatnonzero(trial.observed_valid[frame])]
        said = [(hand, online.joints[frame, hand]) for hand in np.flatnonzero(online.valid[frame])]
    image, project = _close_up(image, project, [joints for _, joints in (*truth, *said)])
    layer = image.copy()
    for hand, joints in faint:
        _skeleton(layer, joints, project, HAND_COLOURS[hand], 1)
    cv2.addWeighted(layer, 0.45, image, 0.55, 0, dst=image)
    for _, joints in truth:
        _skeleton(image, joints, project, _TRUTH, 2)
    for hand, joints in said:
        _skeleton(image, joints, project, HAND_COLOURS[hand], 2)
    seconds = moment.frame / FRAME_RATE
    what = (
        f"Forecast made at {seconds:.2f} s, one second later: off by {moment.error_mm:.0f} mm on average on the way"
        if moment.kind == "forecast"
        else f"Refined at {seconds:.2f} s: off by {moment.error_mm:.1f} mm relative to the wrist"
    )
    return MomentPicture(what, cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes())


def _close_up(image: Image, project: Project, hands: Sequence[NDArray[np.float32]]) -> tuple[Image, Project]:
    """Cut the picture to the hands, with the projection that belongs to the cut."""
    height, width = image.shape[:2]
    points = project(np.concatenate(hands)) if hands else np.empty((0, 2))
    points = points[np.isfinite(points).all(1)]
    if not len(points):
        return np.asarray(cv2.resize(image, (_WIDTH, _HEIGHT)), np.uint8), project
    low, high = points.min(0), points.max(0)
    centre, extent = (low + high) / 2, (high - low) * (1 + _MARGIN)
    scale = float(np.clip(min(_WIDTH / max(extent[0], 1), _HEIGHT / max(extent[1], 1)), _WIDTH / width, 4.0))
    corner = centre - np.array([_WIDTH, _HEIGHT]) / (2 * scale)
    # Where the cut would show what is beside the picture, it is moved in.
    room = np.array([width, height]) - np.array([_WIDTH, _HEIGHT]) / scale
    corner = np.clip(corner, np.minimum(0, room), np.maximum(0, room))
    matrix = np.array([[scale, 0, -scale * corner[0]], [0, scale, -scale * corner[1]]])
    cut = cv2.warpAffine(image, matrix, (_WIDTH, _HEIGHT), flags=cv2.INTER_AREA, borderValue=BACKGROUND)
    return np.asarray(cut, np.uint8), lambda joints: (project(joints) - corner) * scale


def _skeleton(
    image: Image, joints: NDArray[np.float32], project: Project, colour: tuple[int, int, int], width: int
) -> None:
    pixels = project(joints)
    near = np.asarray((np.abs(np.nan_to_num(pixels, nan=np.inf)) < 4 * _WIDTH).all(1))
    fixed = (np.where(near[:, None], pixels, 0) * 2**_SUBPIXEL).round().astype(np.int32)
    for a, b in BONES:
        if near[a] and near[b]:
            cv2.line(image, fixed[a], fixed[b], colour, width, cv2.LINE_AA, _SUBPIXEL)
