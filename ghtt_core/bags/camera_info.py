# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The camera that a sensor_msgs/CameraInfo describes."""

from __future__ import annotations

from typing import Any, Final

from ghtt_core.errors import InputError
from ghtt_core.estimators.camera import EQUIDISTANT, PLUMB_BOB, PinholeCamera

_MODELS: Final = {
    "": PLUMB_BOB,
    "plumb_bob": PLUMB_BOB,
    "rational_polynomial": PLUMB_BOB,
    "equidistant": EQUIDISTANT,
    "fisheye": EQUIDISTANT,
}


def camera_from_message(message: Any, *, rectified: bool = False) -> PinholeCamera | None:
    """Make the camera of the pictures that are sent: region and binning of the sensor are taken into account.

    Args:
        message: sensor_msgs/CameraInfo, of whichever library.
        rectified: Whether the pictures are rectified: then the projection matrix counts, without distortion.

    Returns:
        The camera, or None where the message holds zeros, which is how an uncalibrated camera says so.

    Raises:
        InputError: If the values are no camera's.
    """
    if float(message.k[0]) == 0.0 or float(message.k[4]) == 0.0:
        return None
    matrix = [float(number) for number in message.k]
    distortion = tuple(float(number) for number in message.d)
    if rectified:
        p = [float(number) for number in message.p]
        matrix, distortion = [p[0], 0.0, p[2], 0.0, p[5], p[6]], ()
    model = str(message.distortion_model)
    if model not in _MODELS and any(distortion):
        raise InputError(
            f"The camera_info has the distortion model {model[:40]!r}; known are {', '.join(filter(None, _MODELS))}. "
            "Send rectified pictures instead, and set rectified:=true in the node."
        )
    roi, bin_x, bin_y = message.roi, max(1, int(message.binning_x)), max(1, int(message.binning_y))
    # A region of size zero means the whole sensor.
    wide, high = int(roi.width) or int(message.width), int(roi.height) or int(message.height)
    return PinholeCamera(
        fx=matrix[0] / bin_x,
        fy=matrix[4] / bin_y,
        cx=(matrix[2] - int(roi.x_offset) + 0.5) / bin_x - 0.5,
        cy=(matrix[5] - int(roi.y_offset) + 0.5) / bin_y - 0.5,
        width=wide // bin_x,
        height=high // bin_y,
        distortion=distortion if any(distortion) else (),
        distortion_model=_MODELS.get(model, PLUMB_BOB),
    )


def fill_camera_info(message: Any, camera: PinholeCamera) -> None:
    """Fill a sensor_msgs/CameraInfo, except for its header, with a camera that delivers unrectified pictures."""
    import numpy as np

    from ghtt_core.bags.fields import put

    message.width, message.height = camera.width, camera.height
    message.distortion_model = camera.distortion_model
    put(message, "d", np.array(camera.distortion or (0.0,) * (4 if camera.distortion_model == EQUIDISTANT else 5)))
    put(message, "k", camera.matrix)
    put(message, "r", np.eye(3))
    put(message, "p", np.hstack([camera.matrix, np.zeros((3, 1))]))
