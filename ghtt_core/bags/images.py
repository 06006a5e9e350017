# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures and depth from sensor_msgs/Image and CompressedImage, of whichever library.

Messages come from strangers: sizes are checked before anything is allocated, and whatever does not fit is one
sentence, never a crash and never half a picture.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ghtt_core.bags.compressed import decode_compressed, decode_compressed_depth
from ghtt_core.errors import InputError

LARGEST_PX: Final = 8192
"""Beyond 8K a header is damaged, or the picture would not fit in memory."""

Picture = NDArray[np.uint8]


def _convert(code: int) -> Callable[[Any], Any]:
    return lambda pixels: cv2.cvtColor(pixels, code)


def _same(pixels: Picture) -> Any:
    return np.ascontiguousarray(pixels)


def _sixteen(pixels: NDArray[np.uint16]) -> Any:
    return cv2.cvtColor((pixels >> 8).astype(np.uint8), cv2.COLOR_GRAY2BGR)


_GREY: Final = _convert(cv2.COLOR_GRAY2BGR)
_RGB: Final = _convert(cv2.COLOR_RGB2BGR)
_FOUR: Final = _convert(cv2.COLOR_BGRA2BGR)
_UYVY: Final = _convert(cv2.COLOR_YUV2BGR_UYVY)
_YUYV: Final = _convert(cv2.COLOR_YUV2BGR_YUY2)
_DECODERS: Final[dict[str, tuple[str, int, Callable[[Any], Any]]]] = {
    "bgr8": ("u1", 3, _same),
    "rgb8": ("u1", 3, _RGB),
    "bgra8": ("u1", 4, _FOUR),
    "rgba8": ("u1", 4, _convert(cv2.COLOR_RGBA2BGR)),
    "mono8": ("u1", 1, _GREY),
    "mono16": ("u2", 1, _sixteen),
    "8UC1": ("u1", 1, _GREY),
    "8UC3": ("u1", 3, _same),
    "8UC4": ("u1", 4, _FOUR),
    "yuv422": ("u1", 2, _UYVY),
    "uyvy": ("u1", 2, _UYVY),
    "yuv422_yuy2": ("u1", 2, _YUYV),
    "yuyv": ("u1", 2, _YUYV),
    # ROS names the first two pixels of the first row, OpenCV those of the second row.
    "bayer_rggb8": ("u1", 1, _convert(cv2.COLOR_BayerBG2BGR)),
    "bayer_bggr8": ("u1", 1, _convert(cv2.COLOR_BayerRG2BGR)),
    "bayer_gbrg8": ("u1", 1, _convert(cv2.COLOR_BayerGR2BGR)),
    "bayer_grbg8": ("u1", 1, _convert(cv2.COLOR_BayerGB2BGR)),
}
"""Per encoding: type of one number, numbers per pixel, and what makes BGR of them."""
_DEPTH: Final = {"16UC1": "u2", "mono16": "u2", "32FC1": "f4"}
IMAGE_ENCODINGS: Final = tuple(_DECODERS)
DEPTH_ENCODINGS: Final = tuple(_DEPTH)


def decode_image(message: Any) -> Picture:
    """Make a picture of an Image or a CompressedImage.

    Args:
        message: sensor_msgs/Image in one of `IMAGE_ENCODINGS`, or CompressedImage with JPEG or PNG in it.

    Returns:
        (H, W, 3) uint8 BGR; where nothing had to be converted it shares the message's memory, so copy before drawing.

    Raises:
        InputError: If it cannot be used; the sentence says why.
    """
    if not hasattr(message, "encoding"):
        return decode_compressed(_bytes(message.data), str(message.format), LARGEST_PX)
    encoding = str(message.encoding)
    if encoding not in _DECODERS:
        remedy = (
            "use it as depth, and a colour or grey topic as the picture"
            if encoding in _DEPTH
            else f"known are {', '.join(_DECODERS)}"
        )
        raise InputError(f"Pictures of the encoding {encoding[:40]!r} cannot be read; {remedy}.")
    kind, channels, to_bgr = _DECODERS[encoding]
    pixels = _pixels(message, kind, channels)
    if to_bgr in (_UYVY, _YUYV) and pixels.shape[1] % 2:
        raise InputError(
            f"A picture of the encoding {encoding} has {pixels.shape[1]} columns; it needs an even number."
        )
    picture: Picture = to_bgr(pixels)
    return picture


def decode_depth(message: Any) -> NDArray[Any]:
    """Make depth of an Image or of a CompressedImage of compressed_depth_image_transport.

    Args:
        message: sensor_msgs/Image in one of `DEPTH_ENCODINGS`, or CompressedImage.

    Returns:
        (H, W) uint16 millimetres or float32 metres, as it was sent (REP 118); 0 or NaN where nothing was measured.

    Raises:
        InputError: If it cannot be used; the sentence says why.
    """
    if not hasattr(message, "encoding"):
        return decode_compressed_depth(_bytes(message.data), str(message.format), LARGEST_PX)
    encoding = str(message.encoding)
    if encoding not in _DEPTH:
        raise InputError(f"Depth of the encoding {encoding[:40]!r} cannot be read; known are {', '.join(_DEPTH)}.")
    depth = _pixels(message, _DEPTH[encoding], 1)
    if depth.dtype == np.float32:
        return np.where(np.isfinite(depth), depth, np.float32(np.nan))
    return np.ascontiguousarray(depth)


def _pixels(message: Any, kind: str, channels: int) -> NDArray[Any]:
    """View the rows of an Image as (H, W[, C]) numbers of this machine's byte order."""
    width, height, step = int(message.width), int(message.height), int(message.step)
    if not (1 <= width <= LARGEST_PX and 1 <= height <= LARGEST_PX):
        raise InputError(f"A picture of {width}x{height} cannot be read; 1x1 to {LARGEST_PX}x{LARGEST_PX} can.")
    size = np.dtype(kind).itemsize
    row = width * channels * size
    step = step or row  # some drivers leave it 0
    data = _bytes(message.data)
    # The last row may come without its padding.
    needed = step * (height - 1) + row
    if step < row or len(data) < needed or step % size:
        raise InputError(
            f"A picture of {width}x{height} {message.encoding} with rows of {step} bytes needs "
            f"{max(needed, row * height)} bytes, but has {len(data)}; the message is damaged or its driver wrong."
        )
    order = ">" if message.is_bigendian else "<"
    strides = (step, channels * size, size) if channels > 1 else (step, size)
    shape = (height, width, channels) if channels > 1 else (height, width)
    pixels = np.ndarray(shape, np.dtype(order + kind), data, strides=strides)
    return pixels if pixels.dtype.isnative else pixels.astype(pixels.dtype.newbyteorder("="))


def _bytes(data: Any) -> memoryview:
    """View the bytes of a message's data: bytes, `array.array` or a numpy array."""
    return memoryview(data).cast("B") if len(data) else memoryview(b"")
