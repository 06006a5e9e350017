# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The off-the-shelf estimator: MediaPipe's hand landmarks, tracked, sided and lifted to metres."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ghtt_core.errors import InputError, MissingDependencyError
from ghtt_core.estimators.camera import PinholeCamera
from ghtt_core.estimators.detection import Detection, is_plausible
from ghtt_core.estimators.identity import HandTracker, TrackedHand, TrackerConfig
from ghtt_core.estimators.lifting import HandLift, check_depth
from ghtt_core.estimators.mediapipe_runtime import load_mediapipe, quiet_native_logs
from ghtt_core.estimators.model_files import MEDIAPIPE_HANDS, cached_path
from ghtt_core.estimators.palm import ADULT_PALM_M
from ghtt_core.hands.frame import HandFrame
from ghtt_core.hands.layout import NUM_HANDS, NUM_JOINTS

MISREAD_BELOW: Final = 0.25
"""A detection is re-read as the other hand where it gives the hand's known side less probability than this."""
_THUMB: Final = slice(1, 5)
_LEAST_STEP_NS: Final = 1_000_000


@dataclass(frozen=True)
class MediaPipeOptions:
    """Options of `MediaPipeHands`.

    Attributes:
        model: Path of a hand landmarker .task file; the fetched one when not given.
        palm_size_m: The user's mean wrist-to-MCP distance in metres; all distances without a depth image scale with it.
        depth_window_s: Window of the causal distance filter; 0 turns it off.
        detection_confidence: Least score for a palm to be looked at. Lower than usual: hands holding things score low,
            and what is no hand fails the presence check.
        presence_confidence: Least score that the landmarks are on a hand.
        overlap: Overlap above which a detected palm counts as a hand already tracked; a low value stops most doubles.
        max_hands: Hands MediaPipe tracks; more than two costs time in every frame.
        tracker: Tuning of the hand tracker.
        frame_id: Name of the camera frame.
    """

    model: Path | None = None
    palm_size_m: float = ADULT_PALM_M
    depth_window_s: float = 0.27
    detection_confidence: float = 0.3
    presence_confidence: float = 0.5
    overlap: float = 0.2
    max_hands: int = NUM_HANDS
    tracker: TrackerConfig = field(default_factory=TrackerConfig)
    frame_id: str = "camera"


class MediaPipeHands:
    """MediaPipe HandLandmarker behind the `HandEstimator` seam. It has no object feature."""

    name = "mediapipe"

    def __init__(self, options: MediaPipeOptions | None = None) -> None:
        """Load the model.

        Args:
            options: The options.

        Raises:
            MissingDependencyError: If MediaPipe, a system library or the model file is missing.
            InputError: If an option is out of range.
        """
        self._options = options or MediaPipeOptions()
        HandLift(self._options.palm_size_m)  # refuses an impossible palm before anything is loaded
        self._mediapipe, self._tasks = load_mediapipe()
        self._model = self._options.model or cached_path(MEDIAPIPE_HANDS)
        if not self._model.is_file():
            raise MissingDependencyError(
                f"There is no hand model {self._model}; fetch one with `ghtt models fetch` and leave the option out."
            )
        self._tracker = HandTracker(self._options.tracker)
        self._landmarker = self._create()
        self._start()

    def _create(self) -> Any:
        vision = self._tasks.vision
        options = vision.HandLandmarkerOptions(
            base_options=self._tasks.BaseOptions(model_asset_path=str(self._model)),
            running_mode=vision.RunningMode.VIDEO,
            num_hands=self._options.max_hands,
            min_hand_detection_confidence=self._options.detection_confidence,
            min_hand_presence_confidence=self._options.presence_confidence,
            min_tracking_confidence=self._options.overlap,
        )
        try:
            with quiet_native_logs():
                return vision.HandLandmarker.create_from_options(options)
        except (RuntimeError, ValueError) as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise InputError(
                f"MediaPipe cannot use the hand model {self._model} ({reason}); fetch it again with "
                "`ghtt models fetch`."
            ) from error

    def _start(self) -> None:
        self._tracker.reset()
        self._lifts: dict[int, HandLift] = {}
        self._last_ns: int | None = None
        self._now_ns: int | None = None
        self._clock_ms = 0
        # The libraries write their last notices with the first hand they see.
        self._chatty = True

    def reset(self) -> None:
        """Forget all earlier frames, MediaPipe's own included: the next ones give what they give after a start."""
        self._landmarker.close()
        self._landmarker = self._create()
        self._start()

    def close(self) -> None:
        """Free the native graph."""
        self._landmarker.close()

    def estimate(
        self,
        image_bgr: NDArray[np.uint8],
        camera: PinholeCamera,
        stamp_ns: int,
        depth: NDArray[Any] | None = None,
    ) -> HandFrame:
        """Find the hands in one frame; see `HandEstimator.estimate`."""
        if image_bgr.ndim != 3 or image_bgr.shape[2] != 3 or image_bgr.dtype != np.uint8:
            raise InputError(f"An image must be (H, W, 3) uint8 BGR, got {image_bgr.shape} {image_bgr.dtype}.")
        height, width = image_bgr.shape[:2]
        if (width, height) != (camera.width, camera.height):
            camera = camera.resized(width, height)
        if depth is not None:
            check_depth(depth, height, width)
        now_ns = self._tick(stamp_ns)
        detections = [found for found in self._detect(image_bgr) if is_plausible(found, width, height)]
        hands = self._tracker.update(detections, now_ns)
        joints, valid, confidence = self._lift(hands, camera, now_ns, depth)
        return HandFrame(stamp_ns, joints, valid, confidence, None, self._options.frame_id)

    def _tick(self, stamp_ns: int) -> int:
        """Return a time that always advances; a stamp that goes back starts over, a repeated one counts as later."""
        if self._last_ns is not None and stamp_ns < self._last_ns:
            self.reset()
        now_ns = stamp_ns if self._now_ns is None else max(stamp_ns, self._now_ns + _LEAST_STEP_NS)
        self._last_ns, self._now_ns = stamp_ns, now_ns
        return now_ns

    def _detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        height, width = image_bgr.shape[:2]
        image = self._mediapipe.Image(
            image_format=self._mediapipe.ImageFormat.SRGB, data=cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB)
        )
        # MediaPipe wants rising milliseconds and reads nothing else from them; real stamps can share one.
        self._clock_ms += 33
        with quiet_native_logs() if self._chatty else nullcontext():
            result = self._landmarker.detect_for_video(image, self._clock_ms)
        self._chatty = self._chatty and not result.hand_landmarks
        detections = []
        for categories, landmarks in zip(result.handedness, result.hand_landmarks, strict=True):
            # Relative depth has the scale of x.
            points = np.array([(p.x * width, p.y * height, p.z * width) for p in landmarks], np.float64)
            top = categories[0]
            detections.append(Detection(points, float(top.score if top.category_name == "Right" else 1.0 - top.score)))
        return detections

    def _lift(
        self,
        hands: tuple[TrackedHand | None, TrackedHand | None],
        camera: PinholeCamera,
        now_ns: int,
        depth: NDArray[Any] | None,
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.float32]]:
        """Return joints (2, 21, 3), valid (2,) and confidence (2, 21)."""
        joints = np.zeros((NUM_HANDS, NUM_JOINTS, 3), np.float32)
        confidence = np.zeros((NUM_HANDS, NUM_JOINTS), np.float32)
        valid = np.zeros(NUM_HANDS, bool)
        lifts: dict[int, HandLift] = {}
        for side, hand in enumerate(hands):
            if hand is None:
                continue
            options = self._options
            lift = self._lifts.get(hand.number) or HandLift(options.palm_size_m, options.depth_window_s)
            lifts[hand.number] = lift
            detection = hand.detection
            agreement = detection.agreement(side)
            misread = agreement < MISREAD_BELOW
            if misread:
                detection = detection.as_other_side()
            joints[side] = lift.lift(detection.landmarks, camera, now_ns, depth)
            confidence[side] = 0.3 if misread else 0.5 + 0.5 * agreement
            if misread:
                # Its fingers can be counted the other way round; the thumb is where no thumb is.
                confidence[side, _THUMB] = 0.1
            confidence[side] *= np.where(_inside(detection.landmarks, camera), 1.0, 0.3)
            valid[side] = True
        for number, lift in self._lifts.items():
            # A hand unseen for some frames finds its filter again; numbers never return once given up.
            if self._tracker.remembers(number):
                lifts.setdefault(number, lift)
        self._lifts = lifts
        return joints, valid, confidence


def _inside(landmarks: NDArray[np.float64], camera: PinholeCamera) -> NDArray[np.bool_]:
    """Tell which landmarks (21, 3) lie within the image; those outside were never seen."""
    within = (landmarks[:, :2] >= 0) & (landmarks[:, :2] < (camera.width, camera.height))
    return np.asarray(within.all(axis=1), np.bool_)
