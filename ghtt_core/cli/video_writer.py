# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""H.264 video that stays playable whatever ends the run."""

from __future__ import annotations

import os
import struct
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from ghtt_core.cli.spool import write_failure
from ghtt_core.errors import OutputError

_OPTIONS = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
"""A fragmented file is complete after every key frame: a full disk or a power cut costs one second at most."""
_TIME_BASE = Fraction(1, 90_000)


class VideoWriter:
    """Writes BGR frames to an .mp4 that browsers and common players open.

    The file grows under a hidden name and takes its own name in `close`, so an older video stays until then.
    """

    def __init__(self, path: Path, width: int, height: int, fps: float) -> None:
        """Open the file.

        Args:
            path: Where the finished video goes.
            width: Pixels per row; an odd number loses its last column (H.264 needs even sizes).
            height: Rows; an odd number loses its last row.
            fps: Frames per second.

        Raises:
            OutputError: If the file cannot be made.
        """
        self.path = path
        self.frames = 0
        self._partial = path.with_name(f".{path.name}.partial")
        self._width, self._height = width - width % 2, height - height % 2
        self._rate = Fraction(fps).limit_denominator(1001)
        self._last_pts = -1
        try:
            self._container: Any = av.open(str(self._partial), "w", format="mp4", options=_OPTIONS)
            # mypy sees a union over all stream kinds; libx264 is a video encoder.
            stream: Any = self._container.add_stream("libx264", rate=self._rate)
            stream.width, stream.height, stream.pix_fmt = self._width, self._height, "yuv420p"
            # Without B-frames times start at zero: a fragmented file cannot say that they are shifted.
            stream.options = {"preset": "veryfast", "crf": "23", "bf": "0", "g": str(max(1, round(fps)))}
            stream.time_base = stream.codec_context.time_base = _TIME_BASE
            self._stream = stream
        except (av.FFmpegError, OSError) as error:
            raise self._failure(error) from error

    def write(self, image: NDArray[np.uint8], time_ns: int | None = None) -> None:
        """Add one frame.

        Args:
            image: (height, width, 3) BGR.
            time_ns: When it is shown, from the start of the film, so that the film runs as fast as what it shows;
                evenly spaced where not given.

        Raises:
            OutputError: If the disk takes no more; frames before this one stay playable.
        """
        cut = np.ascontiguousarray(image[: self._height, : self._width])
        try:
            picture = av.VideoFrame.from_ndarray(cut, format="bgr24")
            seconds = Fraction(self.frames) / self._rate if time_ns is None else Fraction(time_ns, 10**9)
            self._last_pts = max(round(seconds / _TIME_BASE), self._last_pts + 1)
            picture.pts, picture.time_base = self._last_pts, _TIME_BASE
            for packet in self._stream.encode(picture):
                self._container.mux(packet)
        except (av.FFmpegError, OSError) as error:
            raise self._failure(error) from error
        self.frames += 1

    def close(self) -> None:
        """Flush the encoder and give the file its name; without a frame nothing is left behind.

        Raises:
            OutputError: If the last frames could not be written; complete seconds before are kept under
                the final name.
        """
        failure: Exception | None = None
        try:
            if self.frames:
                for packet in self._stream.encode():
                    self._container.mux(packet)
        except (av.FFmpegError, OSError) as error:
            failure = error
        try:
            self._container.close()
        except (av.FFmpegError, OSError) as error:
            failure = failure or error
        if self.frames and (failure is None or cut_incomplete_fragment(self._partial)):
            self._partial.replace(self.path)
        else:
            self._partial.unlink(missing_ok=True)
        if failure is not None:
            raise self._failure(failure) from failure

    def discard(self) -> None:
        """Remove what was written; an older video stays."""
        with suppress(av.FFmpegError, OSError):
            self._container.close()
        with suppress(OSError):
            self._partial.unlink(missing_ok=True)

    def _failure(self, error: Exception) -> OutputError:
        number = getattr(error, "errno", None)
        return OutputError(write_failure(self.path, OSError(number, os.strerror(number)) if number else OSError(error)))


def cut_incomplete_fragment(path: Path) -> bool:
    """Shorten an .mp4 to the end of its last complete part, so that players do not stumble over half a frame.

    Returns:
        Whether any picture is left.
    """
    with path.open("r+b") as file:
        total = file.seek(0, os.SEEK_END)
        position = complete = 0
        pictures = False
        while position + 8 <= total:
            file.seek(position)
            size, kind = struct.unpack(">I4s", file.read(8))
            if size < 8 or position + size > total:
                break
            position += size
            # A movie fragment (moof) is of use only with the media data (mdat) behind it.
            if kind != b"moof":
                complete = position
            pictures |= kind == b"mdat"
        file.truncate(complete)
    return pictures
