# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""JPEG and PNG as sensor_msgs/CompressedImage carries them, and the depth of compressed_depth_image_transport."""

from __future__ import annotations

import struct
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ghtt_core.errors import InputError

_JPEG: Final = b"\xff\xd8\xff"
_JPEG_END: Final = b"\xff\xd9"
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_END: Final = b"IEND"
_TAIL_BYTES: Final = 4096
"""Some drivers pad a picture with zeros; farther from the end nobody has to look for its last marker."""
_DEPTH_HEADER: Final = struct.Struct("<iff")
_START_OF_FRAME: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})


def decode_compressed(data: memoryview, format_name: str, largest_px: int) -> NDArray[np.uint8]:
    """Decode a JPEG or PNG.

    Args:
        data: The file's bytes.
        format_name: As in the message, such as ``jpeg`` or ``rgb8; jpeg compressed bgr8``.
        largest_px: Refuse wider or higher pictures, before they are decoded.

    Returns:
        (H, W, 3) BGR; the lens stays as it was, so a note in the file on how to turn the picture is not followed.

    Raises:
        InputError: If it is neither, cut off, damaged or too large.
    """
    if "compressedDepth" in format_name:
        raise InputError(f"A compressed depth picture ({format_name}) was given as a picture; use the colour topic.")
    check_picture_file(data, format_name, largest_px)
    picture = _imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if picture is None or picture.dtype != np.uint8:
        raise InputError(f"A compressed picture ({format_name}, {len(data)} bytes) is damaged.")
    if "compressed rgb" in format_name:
        # Written by a publisher that put red where JPEG has blue, and says so.
        picture = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    decoded: NDArray[np.uint8] = picture
    return decoded


def decode_compressed_depth(data: memoryview, format_name: str, largest_px: int) -> NDArray[Any]:
    """Decode the depth of compressed_depth_image_transport (PNG), or a plain 16-bit PNG.

    Returns:
        (H, W) uint16 millimetres for 16UC1, float32 metres for 32FC1; 0 or NaN where nothing was measured.

    Raises:
        InputError: If it is of another kind, cut off, damaged or too large.
    """
    scale, shift = 0.0, 0.0
    if "compressedDepth" in format_name:
        if len(data) < _DEPTH_HEADER.size:
            raise InputError(f"A compressed depth picture of {len(data)} bytes is cut off.")
        _, scale, shift = _DEPTH_HEADER.unpack_from(data)
        data = data[_DEPTH_HEADER.size :]
    if bytes(data[: len(_PNG)]) != _PNG:
        raise InputError(
            f"Compressed depth of the format {format_name[:60]!r} cannot be read; set the transport's format to png."
        )
    check_picture_file(data, format_name, largest_px)
    raw = _imdecode(data, cv2.IMREAD_UNCHANGED)
    if raw is None or raw.ndim != 2 or raw.dtype != np.uint16:
        raise InputError(f"A compressed depth picture ({format_name[:60]}) is damaged or not of 16 bits.")
    if not format_name.startswith("32FC1"):
        return np.asarray(raw)
    if not (np.isfinite([scale, shift]).all() and scale > 0):
        raise InputError(f"A compressed depth picture ({format_name[:60]}) has no usable quantisation.")
    with np.errstate(divide="ignore", over="ignore"):
        depth = np.float32(scale) / (raw.astype(np.float32) - np.float32(shift))
    return np.where((raw > 0) & np.isfinite(depth), depth, np.float32(np.nan))


def check_picture_file(data: memoryview, format_name: str, largest_px: int) -> None:
    """Refuse what no decoder should be bothered with: other files, cut ones, and pictures that fill the memory.

    Raises:
        InputError: With the reason.
    """
    head, tail = bytes(data[:32]), bytes(data[-_TAIL_BYTES:])
    if head.startswith(_JPEG):
        size, end = _jpeg_size(data), _JPEG_END
    elif head.startswith(_PNG):
        size, end = (struct.unpack_from(">II", head, 16) if len(head) >= 24 else None), _PNG_END
    else:
        kind = format_name[:60] or "no format given"
        raise InputError(f"A compressed picture ({kind}, {len(data)} bytes) is neither JPEG nor PNG.")
    if size is None or end not in tail:
        raise InputError(f"A compressed picture ({format_name[:60]}, {len(data)} bytes) is cut off.")
    if not all(1 <= side <= largest_px for side in size):
        raise InputError(f"A compressed picture of {size[0]}x{size[1]} is larger than {largest_px}x{largest_px}.")


def _jpeg_size(data: memoryview) -> tuple[int, int] | None:
    """Read width and height from a JPEG's markers; None where they end before."""
    place = 2
    while place + 9 <= len(data):
        if data[place] != 0xFF:
            return None
        marker = data[place + 1]
        if marker == 0xFF:  # padding
            place += 1
            continue
        if marker in _START_OF_FRAME:
            height, width = struct.unpack_from(">HH", data, place + 5)
            return width, height
        (length,) = struct.unpack_from(">H", data, place + 2)
        place += 2 + length
    return None


def _imdecode(data: memoryview, flags: int) -> Any:
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        return None
