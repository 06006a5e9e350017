# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures with their acquisition times, from a video file or a live camera."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.pictures.video_pictures import moving_stream, upright_bgr
from ghtt_core.errors import InputError
from ghtt_core.hands.layout import FRAME_RATE

SMALLEST_PX: Final = 32
LARGEST_PX: Final = 8192
"""Beyond 8K a header is damaged or the picture would not fit in memory."""
_SHORTFALL: Final = 0.02
"""Share of the promised pictures or time that may be missing before a video counts as cut off: edit lists hide some."""

_SHORTFALL_S: Final = 0.25
_FASTEST_FPS: Final = 240.0
"""Faster nominal rates are the tick of a container, not of a camera."""


class VideoFrame(NamedTuple):
    """One picture.

    Attributes:
        number: Counts from 0.
        stamp_ns: Acquisition time; strictly increasing. A file's first frame has its own time, usually 0; a camera
            has the system's monotonic clock.
        image_bgr: (H, W, 3) uint8.
    """

    number: int
    stamp_ns: int
    image_bgr: NDArray[np.uint8]


class VideoSource(Protocol):
    """Something that gives pictures in order of time.

    Attributes:
        name: What to call it in messages.
        width: Pixels per row.
        height: Rows.
        fps: Nominal pictures per second.
        frame_count: How many pictures the container promises; None where it does not, or for a camera.
        is_live: Whether pictures that are not taken in time are lost.
    """

    name: str
    width: int
    height: int
    fps: float
    frame_count: int | None
    is_live: bool

    def __iter__(self) -> Iterator[VideoFrame]:
        """Give every picture once.

        Raises:
            InputError: If the input breaks off; what was given before is good.
        """

    def close(self) -> None:
        """Free the file or the device."""


class VideoFile:
    """A video file; pictures are stamped with the container's own times."""

    is_live = False

    def __init__(self, path: Path) -> None:
        """Open the file and decode its first picture.

        Args:
            path: The file.

        Raises:
            InputError: One sentence on why it is not a video that can be read.
        """
        self.name = str(path)
        _check_file(path)
        # FFmpeg's own remarks add nothing to the sentences below.
        av.logging.set_level(None)
        self._container: Any = None
        try:
            self._container = av.open(str(path))
            self._stream: Any = moving_stream(self._container)
            if self._stream is None:
                raise InputError(f"{path} holds sound but no moving picture; give a video.")
            if self._stream.codec_context is None:
                raise ValueError("its pictures are of an unknown kind")
            _check_size(path, self._stream.codec_context.width, self._stream.codec_context.height)
            self._stream.thread_type = "AUTO"
            self._decoder = self._container.decode(self._stream)
            self._first: Any = next(self._decoder, None)
        except (av.FFmpegError, ValueError) as error:
            self.close()
            raise InputError(
                f"{path} cannot be read as a video ({_reason(error)}); it may be cut off, damaged or of an unknown "
                "format. Try playing it, or convert it: ffmpeg -i FILE out.mp4"
            ) from error
        except InputError:
            self.close()
            raise
        if self._first is None:
            self.close()
            raise InputError(f"{path} is a video without a single picture; it may be cut off.")
        self.height, self.width = upright_bgr(self._first).shape[:2]
        rate = float(self._stream.average_rate or self._stream.guessed_rate or FRAME_RATE)
        self.fps = rate if math.isfinite(rate) and 1 <= rate <= _FASTEST_FPS else FRAME_RATE
        self.frame_count: int | None = int(self._stream.frames) or None
        self._promised_s = _promised_duration(self._container, self._stream)

    def __iter__(self) -> Iterator[VideoFrame]:
        """Give every picture once."""
        period_ns = round(1e9 / self.fps)
        first_ns = _stamp_ns(self._first) or 0
        last_ns: int | None = None
        count = 0
        try:
            for picture in self._pictures():
                image = upright_bgr(picture)
                if image.shape[:2] != (self.height, self.width):
                    raise InputError(
                        f"{self.name} changes its size from {self.width}x{self.height} to {image.shape[1]}x"
                        f"{image.shape[0]} at frame {count}; split or convert it."
                    )
                stamp_ns = _stamp_ns(picture)
                if last_ns is not None and (stamp_ns is None or stamp_ns <= last_ns):
                    stamp_ns = last_ns + period_ns
                last_ns = stamp_ns or 0
                yield VideoFrame(count, last_ns, image)
                count += 1
        except av.FFmpegError as error:
            raise InputError(f"{self.name} is damaged or cut off after frame {count} ({_reason(error)}).") from error
        self._check_end(count, ((last_ns or 0) - first_ns + period_ns) * 1e-9)

    def _check_end(self, count: int, played_s: float) -> None:
        """Tell a file that was cut off from one that ended; neither count nor duration can be trusted alone."""
        promised, promised_s = self.frame_count, self._promised_s
        if promised is None and promised_s is None:
            return
        if promised is not None and promised - count <= max(2, _SHORTFALL * promised):
            return
        if promised_s is not None and promised_s - played_s <= max(_SHORTFALL_S, _SHORTFALL * promised_s):
            return
        whole = f"{promised_s:.1f} s" if promised is None else f"{promised} frames"
        raise InputError(f"{self.name} is cut off: {count} frames ({played_s:.1f} s) of the {whole} it promises.")

    def _pictures(self) -> Iterator[Any]:
        if self._first is not None:
            first, self._first = self._first, None
            yield first
        yield from self._decoder

    def close(self) -> None:
        """Close the file."""
        if self._container is not None:
            self._container.close()
            self._container = None


class LiveCamera:
    """A camera of this machine; pictures are stamped with the monotonic clock when they arrive."""

    is_live = True
    frame_count: int | None = None

    def __init__(self, index: int) -> None:
        """Open the camera and take one picture.

        Args:
            index: Number of the camera, 0 for the first.

        Raises:
            InputError: If there is no such camera or it gives no picture.
        """
        self.name = f"camera {index}"
        if index < 0:
            raise InputError(f"Cameras are numbered from 0; there is no camera {index}.")
        self._capture = _open_capture(index)
        if not self._capture.isOpened():
            self._capture.release()
            raise InputError(
                f"There is no camera {index}, or another program holds it, or this user may not open it "
                "(on Linux: group video)."
            )
        # An old picture is worth nothing to a robot; a driver that ignores this only delays.
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        arrived, image = self._capture.read()
        if not arrived or image is None:
            self._capture.release()
            raise InputError(f"Camera {index} opens but gives no picture; unplug it and plug it in again.")
        self.height, self.width = image.shape[:2]
        rate = float(self._capture.get(cv2.CAP_PROP_FPS))
        self.fps = rate if math.isfinite(rate) and 1 <= rate <= _FASTEST_FPS else FRAME_RATE

    def __iter__(self) -> Iterator[VideoFrame]:
        """Give pictures until the camera stops."""
        count, last_ns = 0, -1
        while True:
            arrived, image = self._capture.read()
            if not arrived or image is None:
                raise InputError(f"The {self.name} stopped giving pictures after frame {count}; was it unplugged?")
            last_ns = max(time.monotonic_ns(), last_ns + 1)
            yield VideoFrame(count, last_ns, np.asarray(image, np.uint8))
            count += 1

    def close(self) -> None:
        """Free the device."""
        self._capture.release()


def open_video(path: Path | str) -> VideoFile:
    """Open a video file.

    Raises:
        InputError: If it cannot be read; the sentence says why.
    """
    return VideoFile(Path(path))


def open_camera(index: int) -> LiveCamera:
    """Open a camera of this machine.

    Raises:
        InputError: If there is none of that number or it gives no picture.
    """
    return LiveCamera(index)


def _open_capture(index: int) -> Any:
    previous = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        return cv2.VideoCapture(index)
    finally:
        cv2.utils.logging.setLogLevel(previous)


def _check_file(path: Path) -> None:
    """Refuse what no decoder should be bothered with, and what FFmpeg would show as a picture of its own making."""
    if not path.exists():
        raise InputError(f"There is no video {path}.")
    if path.is_dir():
        raise InputError(f"{path} is a folder; give one video file.")
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise InputError(f"The video {path} cannot be read ({os.strerror(error.errno or 0).lower()}).") from error
    if not head:
        raise InputError(f"The video {path} is empty (0 bytes).")
    if head.startswith((b"\x89PNG", b"\xff\xd8\xff", b"BM")):
        raise InputError(f"{path} is a single picture, not a video.")
    if b"\0" not in head and _is_text(head):
        raise InputError(f"{path} is a text file, not a video.")


def _is_text(head: bytes) -> bool:
    try:
        # The last character may be cut in the middle.
        head[:-4].decode("utf-8") if len(head) > 4 else head.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _promised_duration(container: Any, stream: Any) -> float | None:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    # Sound may outlast the pictures, so only a file without any promises pictures to its end.
    if container.duration and not container.streams.audio:
        return float(container.duration) / 1e6
    return None


def _check_size(path: Path, width: int, height: int) -> None:
    if not (SMALLEST_PX <= width <= LARGEST_PX and SMALLEST_PX <= height <= LARGEST_PX):
        raise InputError(
            f"{path} has pictures of {width}x{height}; from {SMALLEST_PX}x{SMALLEST_PX} to {LARGEST_PX}x{LARGEST_PX} "
            "can be used."
        )


def _stamp_ns(picture: Any) -> int | None:
    if picture.pts is None or picture.time_base is None:
        return None
    # In fractions: a float of seconds loses nanoseconds after some days.
    stamp_ns: int = round(picture.pts * picture.time_base * 1_000_000_000)
    return stamp_ns


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", "") or error or type(error).__name__).strip().rstrip(".").lower()
