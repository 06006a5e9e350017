# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The second look of F: hands that were found in a whole picture, each seen again in a crop of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ghtt_core.hands.hand_camera import CropPose, HandCamera
from ghtt_core.hands.layout import LEFT
from ghtt_core.hands.normalised_camera import project
from ghtt_core.models.hand_crop import CROP_MARGIN, HandCropEstimate, HandCropNetwork
from ghtt_core.models.image_estimator import network_input
from ghtt_core.models.image_inference import FastNetwork


class SecondLook:
    """Estimates hands anew where the first look found them."""

    def __init__(self, network: HandCropNetwork, dtype: torch.dtype) -> None:
        """Make the network fast; `FastNetwork` says what the type of numbers costs."""
        self._network: FastNetwork[HandCropEstimate] = FastNetwork(network, dtype)
        self._size = network.config.input_size

    def __call__(
        self,
        picture: NDArray[np.uint8],
        intrinsics: NDArray[np.float64],
        joints: NDArray[Any],
        valid: NDArray[np.bool_],
    ) -> NDArray[np.float64]:
        """Look again.

        Args:
            picture: (H, W, 3) blue first, without lens distortion.
            intrinsics: (3, 3) of its camera.
            joints: (2, 21, 3) metres in the camera frame, as the first look has them.
            valid: (2,) hands that are there.

        Returns:
            (2, 21, 3) metres in the camera frame; hands that are not there stay as they are.
        """
        again, found = np.array(joints, np.float64), np.flatnonzero(valid)
        if not len(found):
            return again
        cameras = [
            HandCamera.aimed(project(again[hand], intrinsics), intrinsics, CROP_MARGIN, hand == LEFT) for hand in found
        ]
        crops = np.stack([camera.draw(picture, intrinsics, self._size) for camera in cameras])
        estimate = self._network(network_input(torch.from_numpy(crops)))
        places, depth, extent = (part.double().numpy() for part in estimate[:3])
        for row, (hand, camera) in enumerate(zip(found, cameras, strict=True)):
            looked = camera.decode(CropPose(places[row], depth[row], extent[row]))
            # Each look guesses the distance from other pixels; the mean of both is nearer than either.
            again[hand] = looked * np.sqrt(again[hand, :, 2].mean() / looked[:, 2].mean())
        return again
