# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The paper's own estimator: the image network F on every frame by itself, moved to the real camera by EPnP.

A checkpoint may have a second look beside the paper's: each hand again, in a crop of its own (`second_look`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ghtt_core.errors import InputError
from ghtt_core.estimators.camera import EQUIDISTANT, PinholeCamera
from ghtt_core.estimators.lifting import check_depth, palm_depth
from ghtt_core.estimators.second_look import SecondLook
from ghtt_core.hands.frame import HandFrame
from ghtt_core.hands.layout import MCP_JOINTS, NUM_HANDS, NUM_JOINTS, PALM_JOINTS, WRIST
from ghtt_core.hands.letterbox import Letterbox
from ghtt_core.hands.normalised_camera import HEIGHT, WIDTH, from_normalised
from ghtt_core.models.image_checkpoint import load_image_checkpoint
from ghtt_core.models.image_estimator import ImageEstimate, network_input
from ghtt_core.models.image_inference import FastNetwork
from ghtt_core.models.model_folder import find_image_model

_OUTSIDE_CONFIDENCE: Final = 0.3
"""Factor on the confidence of a joint beyond the edge of the picture: it was never seen."""


@dataclass(frozen=True)
class ResNet18Options:
    """Options of `ResNet18Hands`.

    Attributes:
        checkpoint: Folder of a checkpoint of F; by default $GHTT_IMAGE_MODEL, else the one that ships.
        palm_size_m: The user's mean wrist-to-MCP distance in metres; by default F's own guess per frame.
        least_presence: Probability from which on a hand counts as being in the picture.
        precision: Of the convolutions; bfloat16 is faster where the processor has instructions for it.
        frame_id: Name of the camera frame.
    """

    checkpoint: Path | None = None
    palm_size_m: float | None = None
    least_presence: float = 0.5
    precision: Literal["float32", "bfloat16"] = "float32"
    frame_id: str = "camera"


class ResNet18Hands:
    """F behind the `HandEstimator` seam. It keeps no state: a frame's result depends on that frame alone."""

    name = "resnet18"

    def __init__(self, options: ResNet18Options | None = None) -> None:
        """Load the checkpoint.

        Raises:
            CheckpointError: If there is no checkpoint, or it is damaged or of another kind.
            InputError: If an option is out of range.
        """
        self._options = options = options or ResNet18Options()
        if options.palm_size_m is not None and not 0.03 <= options.palm_size_m <= 0.2:
            raise InputError(f"A palm size of {options.palm_size_m} m is not a human hand's; adults have about 0.09 m.")
        if not 0 <= options.least_presence <= 1:
            raise InputError(f"least_presence is a probability, not {options.least_presence}.")
        if options.precision not in ("float32", "bfloat16"):
            raise InputError(f"The precision is float32 or bfloat16, not {options.precision!r}.")
        checkpoint = load_image_checkpoint(find_image_model(options.checkpoint))
        self.card = checkpoint.card
        dtype = getattr(torch, options.precision)
        self._network: FastNetwork[ImageEstimate] = FastNetwork(checkpoint.network, dtype)
        self._second_look = None if checkpoint.crop_network is None else SecondLook(checkpoint.crop_network, dtype)
        self._input_size = (checkpoint.card.model.input_width, checkpoint.card.model.input_height)
        # Crops are taken from more pixels than the first look needs.
        self._plane = self._input_size if self._second_look is None else max((WIDTH, HEIGHT), self._input_size)
        self._straightening: tuple[PinholeCamera, NDArray[np.float32], NDArray[np.float32]] | None = None

    def reset(self) -> None:
        """Nothing to forget."""

    def close(self) -> None:
        """Nothing to free."""

    def estimate(
        self,
        image_bgr: NDArray[np.uint8],
        camera: PinholeCamera,
        stamp_ns: int,
        depth: NDArray[Any] | None = None,
    ) -> HandFrame:
        """Find the hands in one frame; see `HandEstimator.estimate`."""
        return self.observe(image_bgr, camera, stamp_ns, depth)[0]

    def observe(
        self,
        image_bgr: NDArray[np.uint8],
        camera: PinholeCamera,
        stamp_ns: int,
        depth: NDArray[Any] | None = None,
    ) -> tuple[HandFrame, NDArray[np.float32]]:
        """As `estimate`, with the pooled feature (8 x base width) of the picture, which other networks train on."""
        if image_bgr.ndim != 3 or image_bgr.shape[2] != 3 or image_bgr.dtype != np.uint8:
            raise InputError(f"An image must be (H, W, 3) uint8 BGR, got {image_bgr.shape} {image_bgr.dtype}.")
        height, width = image_bgr.shape[:2]
        if (width, height) != (camera.width, camera.height):
            camera = camera.resized(width, height)
        if depth is not None:
            check_depth(depth, height, width)
        picture = self._picture(image_bgr, camera)
        small = picture
        if self._input_size != self._plane:
            small = np.asarray(cv2.resize(picture, self._input_size, interpolation=cv2.INTER_AREA), np.uint8)
        estimate = self._network(network_input(torch.from_numpy(small)[None]))
        likely: NDArray[np.float32] = torch.sigmoid(estimate.presence[0]).numpy()
        joints, valid = from_normalised(
            estimate.pixels[0].double().numpy(),
            estimate.depth[0].double().numpy(),
            likely >= self._options.least_presence,
            Letterbox.fit((width, height)).intrinsics(camera.matrix),
            bool(self.card.model.together),
        )
        if self._second_look is not None:
            onto = Letterbox.fit((width, height), self._plane).intrinsics(camera.matrix)
            joints = self._second_look(picture, onto, joints, valid)
        pixels = camera.project(joints)
        for hand in np.flatnonzero(valid):
            joints[hand] *= self._scale(joints[hand], pixels[hand], depth)
        inside = ((pixels >= 0) & (pixels < (width, height))).all(axis=-1)
        confidence = likely[:, None] * np.where(inside, 1.0, _OUTSIDE_CONFIDENCE) * valid[:, None]
        objects = estimate.object_feature
        frame = HandFrame(
            stamp_ns,
            joints.astype(np.float32),
            valid,
            confidence.astype(np.float32).reshape(NUM_HANDS, NUM_JOINTS),
            objects[0].numpy().copy() if objects is not None and valid.any() else None,
            self._options.frame_id,
        )
        return frame, estimate.image_feature[0].numpy().copy()

    def _picture(self, image: NDArray[np.uint8], camera: PinholeCamera) -> NDArray[np.uint8]:
        """The picture on the plane that F knows (height, width, 3), blue first, free of lens distortion."""
        box = Letterbox.fit((camera.width, camera.height), self._plane)
        small = box.draw(image)
        if not any(camera.distortion):
            return small
        if self._straightening is None or self._straightening[0] != camera:
            self._straightening = (camera, *_straightening(camera, box.intrinsics(camera.matrix), self._plane))
        _, columns, rows = self._straightening
        return np.asarray(cv2.remap(small, columns, rows, cv2.INTER_LINEAR), np.uint8)

    def _scale(self, joints: NDArray[np.float64], pixels: NDArray[np.float64], depth: NDArray[Any] | None) -> float:
        """Factor on a hand (21, 3), which keeps its pixels: one picture does not tell a large hand from a near one."""
        expected = float(joints[list(PALM_JOINTS), 2].mean())
        measured = None if depth is None else palm_depth(pixels, depth, expected)
        if measured is not None:
            return measured / expected
        if self._options.palm_size_m is None:
            return 1.0
        size = float(np.linalg.norm(joints[list(MCP_JOINTS)] - joints[WRIST], axis=-1).mean())
        # A collapsed hand must not be blown up.
        return float(np.clip(self._options.palm_size_m / max(size, 1e-6), 0.5, 2.0))


def _straightening(
    camera: PinholeCamera, matrix: NDArray[np.float64], size: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where each pixel of a picture without distortion (columns, rows) lies in the distorted one, both of `size`."""
    fisheye = camera.distortion_model == EQUIDISTANT
    make = cv2.fisheye.initUndistortRectifyMap if fisheye else cv2.initUndistortRectifyMap
    columns, rows = make(matrix, np.array(camera.distortion), np.eye(3), matrix, size, cv2.CV_32FC1)
    return np.asarray(columns, np.float32), np.asarray(rows, np.float32)
