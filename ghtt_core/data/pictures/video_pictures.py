# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Single pictures of a video file by their number, without decoding the whole file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from ghtt_core.errors import InputError

_READ_ON: Final = 48
"""Pictures up to this far ahead are reached by decoding on; seeking would decode from a key frame anyway."""


class VideoPictures:
    """An open video file whose pictures are asked for by number, in any order, fastest forwards.

    The stamps of all packets, read once without decoding, say which stamp a number has; so numbers are exact also in
    videos of a varying rate.
    """

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            InputError: If it is not a video that can be read.
        """
        self.path = path
        try:
            self._container: Any = av.open(str(path))
            self._stream = moving_stream(self._container)
            if self._stream is None:
                raise InputError(f"{path} holds no video.")
            self._stream.thread_type = "AUTO"
            stamps = [packet.pts for packet in self._container.demux(self._stream) if packet.pts is not None]
        except (OSError, FFmpegError) as error:
            raise InputError(f"{path} cannot be read as a video ({error.strerror or error}).") from error
        if not stamps or not self._stream.width:
            raise InputError(f"{path} cannot be read as a video (no pictures are in it).")
        self._stamps = np.unique(np.array(stamps, np.int64))
        self._decoder: Any = None
        self._next = 0

    def __len__(self) -> int:
        """Number of pictures."""
        return len(self._stamps)

    def read(self, number: int) -> NDArray[np.uint8]:
        """Picture of a number as (H, W, 3) BGR.

        Raises:
            InputError: If the video has no such picture or it cannot be decoded.
        """
        if not 0 <= number < len(self):
            raise InputError(f"{self.path} has {len(self)} pictures, there is no number {number}.")
        wanted = int(self._stamps[number])
        try:
            if self._decoder is None or not self._next <= number < self._next + _READ_ON:
                self._container.seek(wanted, stream=self._stream, backward=True, any_frame=False)
                self._decoder = self._container.decode(self._stream)
            for picture in self._decoder:
                if picture.pts is not None and picture.pts >= wanted:
                    self._next = number + 1
                    return upright_bgr(picture)
        except (OSError, FFmpegError) as error:
            self._decoder = None
            raise InputError(f"{self.path}: picture {number} cannot be decoded ({error}).") from error
        self._decoder = None
        raise InputError(f"{self.path} ends before its picture {number}; the file is damaged.")

    @property
    def stamps_ns(self) -> NDArray[np.int64]:
        """Time of every picture, (N,) increasing nanoseconds."""
        base = self._stream.time_base
        # Seconds and the rest apart, in whole numbers: neither overflows, and no nanosecond is lost after some days.
        seconds, rest = np.divmod(self._stamps * base.numerator, base.denominator)
        stamps: NDArray[np.int64] = seconds * 1_000_000_000 + rest * 1_000_000_000 // base.denominator
        return stamps

    def close(self) -> None:
        """Let go of the file."""
        self._decoder = None
        self._container.close()


def moving_stream(container: Any) -> Any:
    """The stream of pictures of an open container; None if there is none but the cover of a music file."""
    cover = int(av.stream.Disposition.attached_pic)
    for stream in container.streams.video:
        if not int(getattr(stream.disposition, "value", stream.disposition)) & cover:
            return stream
    return None


def upright_bgr(picture: Any) -> NDArray[np.uint8]:
    """Convert a decoded picture to (H, W, 3) BGR, turned the way its metadata asks for."""
    image: NDArray[np.uint8] = picture.to_ndarray(format="bgr24")
    turns = round(float(getattr(picture, "rotation", 0) or 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(image, turns)) if turns else image
