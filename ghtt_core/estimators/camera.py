# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pinhole cameras with lens distortion, read from the calibration files people have."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from ghtt_core.errors import InputError

DEFAULT_FOCAL_WIDTHS: Final = 0.85
"""Focal length assumed without a calibration, in image widths: a horizontal view of 61 degrees, between webcams
(about 70) and depth cameras' colour imagers (about 55). A wrong guess scales every depth by the same factor."""
NEAREST_M: Final = 1e-3
PLUMB_BOB: Final = "plumb_bob"
EQUIDISTANT: Final = "equidistant"
_COEFFICIENTS: Final = {PLUMB_BOB: (0, 4, 5, 8, 12, 14), EQUIDISTANT: (0, 4)}
_MODEL_ALIASES: Final = {"rational_polynomial": PLUMB_BOB, "fisheye": EQUIDISTANT, "": PLUMB_BOB}
# Five fixed rounds, OpenCV's default, leave up to a pixel of error near the edge of strongly distorted images.
_CRITERIA: Final = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 40, 1e-7)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PinholeCamera:
    """Intrinsics of one camera: x right, y down, z forward, metres.

    Attributes:
        fx: Focal length in pixels, horizontal.
        fy: Focal length in pixels, vertical.
        cx: Principal point in pixels from the left.
        cy: Principal point in pixels from the top.
        width: Image width in pixels.
        height: Image height in pixels.
        distortion: Coefficients in OpenCV's order; empty for none.
        distortion_model: `plumb_bob` (also OpenCV's longer rational model) or `equidistant` (fisheye).
    """

    fx: float
    fy: float
    cx: float
    cy: float
    width: int
    height: int
    distortion: tuple[float, ...] = ()
    distortion_model: str = PLUMB_BOB

    def __post_init__(self) -> None:
        """Refuse intrinsics that no camera has.

        Raises:
            InputError: If a value is not finite or out of range, or the distortion is of an unknown kind.
        """
        numbers = (self.fx, self.fy, self.cx, self.cy, *self.distortion)
        if not np.isfinite(numbers).all() or self.fx <= 0 or self.fy <= 0:
            raise InputError(
                f"Camera intrinsics must be finite with positive focal lengths, got fx={self.fx:g}, fy={self.fy:g}, "
                f"cx={self.cx:g}, cy={self.cy:g}, distortion={list(self.distortion)}."
            )
        if self.width < 1 or self.height < 1:
            raise InputError(f"A camera needs a positive image size, got {self.width}x{self.height}.")
        if self.distortion_model not in _COEFFICIENTS:
            raise InputError(
                f"Unknown distortion model {self.distortion_model!r}; known are {', '.join(_COEFFICIENTS)}."
            )
        if len(self.distortion) not in _COEFFICIENTS[self.distortion_model]:
            allowed = ", ".join(map(str, _COEFFICIENTS[self.distortion_model]))
            raise InputError(
                f"The {self.distortion_model} model takes {allowed} coefficients, got {len(self.distortion)}."
            )

    @classmethod
    def from_yaml(cls, path: Path | str) -> PinholeCamera:
        """Read intrinsics from YAML or JSON.

        Understood are plain `fx, fy, cx, cy, width, height[, distortion]`; the files of ROS camera_calibration
        (`image_width, camera_matrix: {data: [...]}, distortion_coefficients: {data: [...]}`); and a printed
        CameraInfo message (`width, height, k, d, distortion_model`, in either case of letters).

        Args:
            path: The file.

        Raises:
            InputError: If the file cannot be read or a value is missing or impossible.
        """
        try:
            # `ros2 topic echo` separates messages by "---"; the first one is enough.
            tree = next(iter(yaml.safe_load_all(Path(path).read_text(encoding="utf-8"))), None)
        except FileNotFoundError as error:
            raise InputError(f"There is no camera file {path}.") from error
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"The camera file {path} is not readable YAML: {reason}.") from error
        if not isinstance(tree, Mapping):
            raise InputError(f"The camera file {path} holds no names and values; give fx, fy, cx, cy, width, height.")
        try:
            return cls(**_intrinsics({str(key).lower(): value for key, value in tree.items()}))
        except KeyError as error:
            raise InputError(
                f"The camera file {path} lacks {error.args[0]}; give fx, fy, cx, cy, width, height, or a file of "
                "ROS camera_calibration."
            ) from error
        except (TypeError, ValueError) as error:
            raise InputError(f"The camera file {path} has a value that is not a number: {error}.") from error
        except InputError as error:
            raise InputError(f"The camera file {path} cannot be used. {error}") from error

    @classmethod
    def default_for_width(cls, width: int, height: int | None = None) -> PinholeCamera:
        """Guess a camera from the image size alone, and say so in a warning.

        Args:
            width: Image width in pixels.
            height: Image height in pixels; three quarters of the width when not given.
        """
        guessed = cls.guessed(width, round(width * 0.75) if height is None else height)
        _log.warning(
            "No camera intrinsics given: assuming a focal length of %.0f px (%.2f of the image width). Distances from "
            "the camera scale with it; give a calibration file for metric ones.",
            guessed.fx,
            DEFAULT_FOCAL_WIDTHS,
        )
        return guessed

    @classmethod
    def guessed(cls, width: int, height: int) -> PinholeCamera:
        """Guess a camera from the image size alone, for callers that tell the user themselves.

        Args:
            width: Image width in pixels.
            height: Image height in pixels.
        """
        focal = DEFAULT_FOCAL_WIDTHS * width
        return cls(focal, focal, (width - 1) / 2, (height - 1) / 2, width, height)

    def resized(self, width: int, height: int) -> PinholeCamera:
        """Give the intrinsics of the same camera delivering another image size.

        Args:
            width: New width in pixels.
            height: New height in pixels.

        Raises:
            InputError: If the aspect ratio differs, so that the image was cropped in a way nobody told us.
        """
        if (width, height) == (self.width, self.height):
            return self
        if abs(width * self.height - height * self.width) > max(width, height, self.width, self.height):
            raise InputError(
                f"The camera was calibrated for {self.width}x{self.height} but the image is {width}x{height}, of "
                "another aspect ratio; give the calibration of this image size."
            )
        sx, sy = width / self.width, height / self.height
        # Pixel centres are at whole numbers, so half a pixel is added before scaling and taken off after.
        return replace(
            self,
            fx=self.fx * sx,
            fy=self.fy * sy,
            cx=(self.cx + 0.5) * sx - 0.5,
            cy=(self.cy + 0.5) * sy - 0.5,
            width=width,
            height=height,
        )

    @property
    def matrix(self) -> NDArray[np.float64]:
        """(3, 3) intrinsic matrix, applied to column vectors."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])

    def unproject(self, pixels: NDArray[Any]) -> NDArray[np.float64]:
        """Turn pixels into rays, the lens distortion removed.

        Args:
            pixels: (..., 2) pixels.

        Returns:
            (..., 2) x/z and y/z.
        """
        pixels = np.asarray(pixels, np.float64)
        if not any(self.distortion):
            return np.asarray((pixels - (self.cx, self.cy)) / (self.fx, self.fy))
        flat = np.ascontiguousarray(pixels.reshape(-1, 1, 2))
        coefficients = np.array(self.distortion)
        if self.distortion_model == EQUIDISTANT:
            rays = cv2.fisheye.undistortPoints(flat, self.matrix, coefficients)
        else:
            rays = cv2.undistortPoints(flat, self.matrix, coefficients, criteria=_CRITERIA)
        return np.asarray(rays, np.float64).reshape(pixels.shape)

    def project(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """Project points into the image, the lens distortion applied.

        Args:
            points: (..., 3) metres in the camera's frame. Points nearer than a millimetre, or behind the camera, are
                projected from a millimetre in front of it: far outside the image, never NaN.

        Returns:
            (..., 2) pixels.
        """
        points = np.array(points, np.float64)
        points[..., 2] = np.maximum(points[..., 2], NEAREST_M)
        if not any(self.distortion):
            return np.asarray(points[..., :2] / points[..., 2:] * (self.fx, self.fy) + (self.cx, self.cy))
        flat = np.ascontiguousarray(points.reshape(-1, 1, 3))
        zero, coefficients = np.zeros(3), np.array(self.distortion)
        if self.distortion_model == EQUIDISTANT:
            pixels, _ = cv2.fisheye.projectPoints(flat, zero, zero, self.matrix, coefficients)
        else:
            pixels, _ = cv2.projectPoints(flat, zero, zero, self.matrix, coefficients)
        return np.asarray(pixels, np.float64).reshape(*points.shape[:-1], 2)


def _intrinsics(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Read whichever of the three spellings is there; KeyError names what is missing."""
    if "camera_matrix" in tree:
        matrix, distortion = _data(tree["camera_matrix"]), _data(tree.get("distortion_coefficients", ()))
    elif "k" in tree:
        matrix, distortion = _data(tree["k"]), _data(tree.get("d", ()))
    else:
        matrix = [float(tree["fx"]), 0.0, float(tree["cx"]), 0.0, float(tree["fy"]), float(tree["cy"])]
        distortion = _data(tree.get("distortion", ()))
    if len(matrix) < 6:
        raise InputError(f"The camera matrix needs 9 numbers, got {len(matrix)}.")
    model = str(tree.get("distortion_model", ""))
    return {
        "fx": matrix[0],
        "fy": matrix[4],
        "cx": matrix[2],
        "cy": matrix[5],
        "width": int(tree["image_width"] if "image_width" in tree else tree["width"]),
        "height": int(tree["image_height"] if "image_height" in tree else tree["height"]),
        "distortion": tuple(distortion) if any(distortion) else (),
        "distortion_model": _MODEL_ALIASES.get(model, model),
    }


def _data(value: Any) -> list[float]:
    """Flatten a list, a list of rows, or a mapping with `data`; None is empty."""
    if isinstance(value, Mapping):
        value = value["data"]
    return [float(number) for number in np.asarray([] if value is None else value, dtype=object).ravel()]
