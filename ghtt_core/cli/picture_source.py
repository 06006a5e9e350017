# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hands from pictures: a video file or a camera, seen by an estimator through a calibrated or guessed lens."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ghtt_core.cli.hand_source import Observation
from ghtt_core.cli.overlay import OverlayPainter
from ghtt_core.cli.video_source import VideoSource, open_camera, open_video
from ghtt_core.errors import InputError
from ghtt_core.estimators.base import HandEstimator
from ghtt_core.estimators.camera import PinholeCamera
from ghtt_core.estimators.registry import create_estimator, estimator_names


class PictureSource:
    """Runs an estimator on every picture of a video or a camera."""

    def __init__(
        self,
        pictures: VideoSource | Path | int,
        estimator: HandEstimator | str,
        camera_info: PinholeCamera | Path | None = None,
        palm_size: float | None = None,
        image_model: Path | None = None,
    ) -> None:
        """Open the input and load the estimator.

        Args:
            pictures: A video file, the number of a camera, or pictures that are open already; closed with this.
            estimator: Name of the estimator, or one that is loaded already.
            camera_info: Intrinsics; guessed from the picture's width, with a warning, where not given.
            palm_size: Metres from the wrist to the finger knuckles; the estimator's default where not given.
            image_model: Checkpoint folder of the estimator resnet18; found as `find_image_model` says where not given.

        Raises:
            InputError: If the input, the intrinsics or an option cannot be used.
            MissingDependencyError: If the estimator misses a library or its model file.
            CheckpointError: If the checkpoint of the estimator cannot be used.
        """
        if estimator == "recorded":
            raise InputError("The estimator recorded has no eyes; give the recording itself with --poses FILE.npz.")
        if isinstance(estimator, str) and estimator not in estimator_names():
            raise InputError(f"There is no hand estimator {estimator!r}; `ghtt models list` names them.")
        calibrated = PinholeCamera.from_yaml(camera_info) if isinstance(camera_info, Path) else camera_info
        self._video = _open(pictures)
        try:
            width, height = self._video.width, self._video.height
            self._camera = (
                PinholeCamera.default_for_width(width, height)
                if calibrated is None
                else calibrated.resized(width, height)
            )
            options: dict[str, Any] = {} if palm_size is None else {"palm_size_m": palm_size}
            if image_model is not None:
                options["checkpoint"] = image_model
            self._estimator = create_estimator(estimator, **options) if isinstance(estimator, str) else estimator
        except BaseException:
            self._video.close()
            raise
        self.estimator = self._estimator.name
        self.frame_id = str(getattr(self._video, "frame_id", "camera"))
        self.fps = self._video.fps
        self.count = self._video.frame_count
        self.painter = OverlayPainter(self._camera.project, width, height)

    def __iter__(self) -> Iterator[Observation]:
        """Give every picture with the hands in it.

        Raises:
            InputError: If the input breaks off; what was given before is good.
        """
        for picture in self._video:
            began = time.perf_counter()
            frame = self._estimator.estimate(picture.image_bgr, self._camera, picture.stamp_ns)
            if frame.frame_id != self.frame_id:
                # The estimator does not know what its camera is called.
                frame = replace(frame, frame_id=self.frame_id)
            yield Observation(frame, picture.image_bgr, (time.perf_counter() - began) * 1e3)

    def close(self) -> None:
        """Free the input and the estimator."""
        self._video.close()
        self._estimator.close()


def _open(pictures: VideoSource | Path | int) -> VideoSource:
    if isinstance(pictures, int):
        return open_camera(pictures)
    return open_video(pictures) if isinstance(pictures, Path) else pictures
