# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Decompression that stops: a bag of one megabyte must not unpack to all of the memory."""

from __future__ import annotations

import sys
from typing import Any, Final

import lz4.frame
from rosbags.rosbag2 import storage_mcap

from ghtt_core.errors import InputError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LARGEST_CHUNK: Final = 1 << 30
"""Bytes of a chunk before compression. Recorders close chunks at a few megabytes; a picture fits whatever its size."""
LARGEST_MESSAGE: Final = 1 << 28
"""Bytes of one message: an 8K picture of four channels fits."""

ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"


def unpack_zstd(data: bytes, size: int) -> bytes:
    """Decompress at most ``size`` bytes.

    Raises:
        InputError: If there are more, or the size itself is beyond all measure.
    """
    return _unpack(zstd.ZstdDecompressor(), data, size)


def unpack_lz4(data: bytes, size: int) -> bytes:
    """As `unpack_zstd`, for lz4 frames."""
    return _unpack(lz4.frame.LZ4FrameDecompressor(), data, size)


def bound_decompression() -> None:
    """Make rosbags' reader of MCAP files keep to the size that a chunk announces; as it is, it finds out afterwards."""
    storage_mcap.DECOMPRESSORS.update(zstd=unpack_zstd, lz4=unpack_lz4)


def _unpack(decompressor: Any, data: bytes, size: int) -> bytes:
    if size > LARGEST_CHUNK:
        raise InputError(f"a chunk announces {size} bytes, more than the {LARGEST_CHUNK} that any recorder writes")
    unpacked: bytes = decompressor.decompress(data, max_length=size + 1)
    if len(unpacked) > size:
        raise InputError(f"a chunk holds more than the {size} bytes it announces")
    return unpacked
