# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What happens to pictures before the image estimator F trains on them: shifted, mirrored, blurred, coloured otherwise.

Every change is drawn once per clip, so that all frames of a clip look as if one camera had taken them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ghtt_core.hands.normalised_camera import WIDTH
from ghtt_core.training.recipe import Range, check_ranges

_LEAST_BLUR_PX: Final = 0.2
"""A narrower Gaussian than this leaves 8-bit pictures as they are."""
_GREY: Final = np.array([0.299, 0.587, 0.114])
_TO_YIQ: Final = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
_FROM_YIQ: Final = np.linalg.inv(_TO_YIQ)


@dataclass(frozen=True)
class Appearance:
    """How far blur and colours are changed; the defaults are the paper's.

    Attributes:
        blur: Largest radius (standard deviation) of a Gaussian blur, in pixels of a picture of 480x270.
        brightness: Largest change of the factor on all colours.
        contrast: Largest change of the factor on the distance from the mean grey.
        saturation: Largest change of the factor on the distance from grey.
        hue: Largest turn of the hue, as a share of the colour circle.
    """

    blur: Annotated[float, Range(minimum=0)] = 0.5
    brightness: Annotated[float, Range(minimum=0, maximum=1)] = 0.5
    contrast: Annotated[float, Range(minimum=0, maximum=1)] = 0.5
    saturation: Annotated[float, Range(minimum=0, maximum=1)] = 0.5
    hue: Annotated[float, Range(minimum=0, maximum=0.5)] = 0.15

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        check_ranges(self)


@dataclass(frozen=True)
class ImageAugmentation(Appearance):
    """How far pictures are changed; the defaults are the paper's, mirroring is ours.

    Attributes:
        centre_jitter: Largest shift in each direction, as a share of the picture's width.
        mirror: Chance of swapping left and right, hands included.
    """

    centre_jitter: Annotated[float, Range(minimum=0, below=0.5)] = 0.1
    mirror: Annotated[float, Range(minimum=0, maximum=1)] = 0.0


class PictureChange(NamedTuple):
    """One draw of everything.

    Attributes:
        right: Whole pixels of the network's input that the picture moves to the right.
        down: The same downwards.
        blur: Standard deviation in pixels of the network's input.
        brightness: Factor.
        contrast: Factor.
        saturation: Factor.
        hue: Radians.
        mirrored: Whether left and right are swapped, before the shift.
    """

    right: int = 0
    down: int = 0
    blur: float = 0.0
    brightness: float = 1.0
    contrast: float = 1.0
    saturation: float = 1.0
    hue: float = 0.0
    mirrored: bool = False


UNCHANGED: Final = PictureChange()
_STILL: Final = ImageAugmentation(centre_jitter=0.0)


def draw_changes(config: Appearance, count: int, input_width: int, generator: torch.Generator) -> list[PictureChange]:
    """Draw the changes of `count` clips whose pictures are `input_width` pixels wide."""
    draws = torch.rand(count, 8, generator=generator, dtype=torch.float64).numpy()
    moves = config if isinstance(config, ImageAugmentation) else _STILL
    reach = int(moves.centre_jitter * input_width)
    return [
        PictureChange(
            right=int(row[0] * (2 * reach + 1)) - reach,
            down=int(row[1] * (2 * reach + 1)) - reach,
            blur=float(row[2]) * config.blur * input_width / WIDTH,
            brightness=1 + config.brightness * (2 * float(row[3]) - 1),
            contrast=1 + config.contrast * (2 * float(row[4]) - 1),
            saturation=1 + config.saturation * (2 * float(row[5]) - 1),
            hue=2 * np.pi * config.hue * (2 * float(row[6]) - 1),
            mirrored=bool(row[7] < moves.mirror),
        )
        for row in draws
    ]


def change_picture(image: NDArray[np.uint8], change: PictureChange) -> NDArray[np.uint8]:
    """Apply a change.

    Args:
        image: (h, w, 3) blue first, of the network's input size.
        change: What to do.

    Returns:
        (h, w, 3) blue first. Where nothing was, the picture is black.
    """
    if change.mirrored:
        image = np.asarray(cv2.flip(image, 1), np.uint8)
    if change.right or change.down:
        image = _shifted(image, change.right, change.down)
    if change.blur >= _LEAST_BLUR_PX:
        image = np.asarray(cv2.GaussianBlur(image, (3, 3), change.blur), np.uint8)
    mean = np.array(cv2.mean(image)[2::-1]) if change.contrast != 1.0 else np.zeros(3)
    matrix = _colour_matrix(change)
    offset = (1 - change.contrast) * change.brightness * float(_GREY @ mean)
    affine = np.concatenate([matrix[::-1, ::-1], np.full((3, 1), offset)], axis=1)  # of colours with blue first
    return np.asarray(cv2.transform(image, affine), np.uint8)


def _colour_matrix(change: PictureChange) -> NDArray[np.float64]:
    """All colour changes but contrast's offset as one (3, 3) map of red, green, blue."""
    cosine, sine = np.cos(change.hue), np.sin(change.hue)
    turn = np.array([[1.0, 0.0, 0.0], [0.0, cosine, -sine], [0.0, sine, cosine]])
    matrix = _FROM_YIQ @ turn @ _TO_YIQ
    matrix = change.saturation * matrix + (1 - change.saturation) * np.outer(np.ones(3), _GREY)
    return np.asarray(change.contrast * change.brightness * matrix)


def _shifted(image: NDArray[np.uint8], right: int, down: int) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    shifted = np.zeros_like(image)
    source = image[max(-down, 0) : height - max(down, 0), max(-right, 0) : width - max(right, 0)]
    top, left = max(down, 0), max(right, 0)
    shifted[top : top + source.shape[0], left : left + source.shape[1]] = source
    return shifted
