# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import wave
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import cv2
import numpy as np
import pytest

from ghtt_core.cli import video_source
from ghtt_core.cli.video_source import VideoFrame, open_camera, open_video
from ghtt_core.errors import InputError

WIDTH, HEIGHT = 96, 64
MakeVideo = Callable[..., Path]


@pytest.fixture
def make_video(tmp_path: Path) -> MakeVideo:
    """Function (name, times in 1/600 s) -> a video whose pictures get brighter one by one."""

    def make(name: str = "video.mp4", times: Sequence[int] = tuple(range(0, 600, 20)), faststart: bool = True) -> Path:
        path = tmp_path / name
        options = {"movflags": "faststart"} if faststart and path.suffix == ".mp4" else {}
        with av.open(str(path), "w", options=options) as container:
            stream: Any = container.add_stream("libx264", rate=30)
            stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            stream.codec_context.time_base, stream.options = Fraction(1, 600), {"preset": "ultrafast", "threads": "1"}
            for i, time in enumerate(times):
                picture = av.VideoFrame.from_ndarray(
                    np.full((HEIGHT, WIDTH, 3), 20 + 6 * i % 200, np.uint8), format="bgr24"
                )
                picture.pts = time
                container.mux(stream.encode(picture))
            container.mux(stream.encode(None))
        return path

    return make


def drain(source: Iterable[VideoFrame], into: list[VideoFrame]) -> None:
    for frame in source:
        into.append(frame)  # one by one: what came before an error counts


def read(path: Path) -> list[VideoFrame]:
    source = open_video(path)
    try:
        return list(source)
    finally:
        source.close()


@pytest.mark.parametrize("name", ["video.mp4", "video.mkv", "video.avi"])
def test_every_picture_comes_once_and_in_order(make_video: MakeVideo, name: str) -> None:
    frames = read(make_video(name))
    assert [frame.number for frame in frames] == list(range(30))
    assert (np.diff([frame.image_bgr.mean() for frame in frames]) > 0).all()
    assert frames[0].image_bgr.shape == (HEIGHT, WIDTH, 3)
    assert (np.diff([frame.stamp_ns for frame in frames]) > 0).all()


def test_stamps_are_the_containers_own_times(make_video: MakeVideo) -> None:
    times = [0, 20, 40, 100, 105, 200, 210]
    frames = read(make_video(times=times))
    np.testing.assert_allclose([frame.stamp_ns / 1e9 for frame in frames], np.array(times) / 600, atol=1e-4)


def test_what_the_container_says_is_there(make_video: MakeVideo) -> None:
    source = open_video(make_video())
    assert (source.width, source.height, source.frame_count) == (WIDTH, HEIGHT, 30)
    assert source.fps == pytest.approx(30)
    assert not source.is_live
    source.close()
    source.close()  # closing twice does no harm


def test_stamps_that_repeat_or_go_back_are_made_to_advance(
    make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = iter([0, 100, 100, 50, None, *range(200, 1000)])
    monkeypatch.setattr(video_source, "_stamp_ns", lambda _: next(broken))
    stamps = [frame.stamp_ns for frame in read(make_video())]
    assert (np.diff(stamps) > 0).all()


@pytest.mark.parametrize(("name", "share"), [("video.mp4", 0.5), ("video.mp4", 0.8), ("video.mkv", 0.7)])
def test_a_cut_off_video_gives_what_it_has_and_then_says_so(make_video: MakeVideo, name: str, share: float) -> None:
    path = make_video(name, times=tuple(range(0, 2400, 20)))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    source, frames = open_video(path), list[VideoFrame]()
    with pytest.raises(InputError, match="cut off"):
        drain(source, frames)
    assert 0 < len(frames) < 120
    source.close()


def test_a_video_cut_off_before_its_index_is_refused(make_video: MakeVideo) -> None:
    path = make_video(faststart=False)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match="cannot be read as a video"):
        open_video(path)


def test_damage_in_the_middle_costs_pictures_at_most(make_video: MakeVideo) -> None:
    path = make_video(times=tuple(range(0, 2000, 20)))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200] = bytes(range(200))
    path.write_bytes(content)
    frames: list[VideoFrame] = []
    with suppress(InputError):
        drain(open_video(path), frames)
    assert len(frames) > 20


def sound(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16000))


@pytest.mark.parametrize(
    ("name", "write", "said"),
    [
        ("none.mp4", lambda path: None, "There is no video"),
        ("folder.mp4", lambda path: path.mkdir(), "folder"),
        ("empty.mp4", lambda path: path.write_bytes(b""), "empty"),
        ("text.mp4", lambda path: path.write_text("Dear reader, häñds\n" * 900), "text file"),
        ("sound.wav", sound, "no moving picture"),
        ("sound.mp4", sound, "no moving picture"),
        ("noise.mp4", lambda path: path.write_bytes(bytes([0, 255, 7, 0]) * 900), "cannot be read as a video"),
        ("still.png", lambda path: cv2.imwrite(str(path), np.zeros((64, 64, 3), np.uint8)), "single picture"),
    ],
)
def test_what_is_no_video_is_refused_in_one_sentence(
    tmp_path: Path, name: str, write: Callable[[Path], Any], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    write(path)
    with pytest.raises(InputError, match=said) as refusal:
        open_video(path)
    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert capfd.readouterr().err == ""


def test_absurd_sizes_are_refused_before_anything_is_decoded() -> None:
    for width, height in ((0, 0), (16, 16), (60_000, 40), (40, 60_000)):
        with pytest.raises(InputError, match=f"{width}x{height}"):
            video_source._check_size(Path("video.mp4"), width, height)


def test_a_picture_turned_by_its_metadata_is_turned() -> None:
    marked = np.zeros((4, 6, 3), np.uint8)
    marked[0, -1] = 255  # top right
    picture = SimpleNamespace(rotation=90, to_ndarray=lambda format: marked)
    turned = video_source.upright_bgr(picture)
    assert turned.shape == (6, 4, 3)
    assert turned[0, 0].all()  # a quarter turn against the clock brings it to the top left


class FakeCapture:
    """A camera that gives three pictures and is then unplugged."""

    def __init__(self, opened: bool = True, pictures: int = 3) -> None:
        self._opened, self._left, self.released = opened, pictures, False

    def isOpened(self) -> bool:
        return self._opened

    def set(self, *_: Any) -> bool:
        return False

    def get(self, _: int) -> float:
        return 0.0

    def read(self) -> tuple[bool, Any]:
        self._left -= 1
        return (True, np.zeros((HEIGHT, WIDTH, 3), np.uint8)) if self._left >= 0 else (False, None)

    def release(self) -> None:
        self.released = True


def test_a_camera_gives_pictures_until_it_is_unplugged(monkeypatch: pytest.MonkeyPatch) -> None:
    capture = FakeCapture()
    monkeypatch.setattr(video_source, "_open_capture", lambda index: capture)
    camera = open_camera(0)
    assert (camera.width, camera.height, camera.is_live, camera.frame_count) == (WIDTH, HEIGHT, True, None)
    frames: list[VideoFrame] = []
    with pytest.raises(InputError, match="unplugged"):
        drain(camera, frames)
    assert len(frames) == 2
    assert frames[0].stamp_ns < frames[1].stamp_ns
    camera.close()
    assert capture.released


@pytest.mark.parametrize(
    ("capture", "said"), [(FakeCapture(opened=False), "no camera 3"), (FakeCapture(pictures=0), "gives no picture")]
)
def test_a_camera_that_does_not_work_is_said(capture: Any, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video_source, "_open_capture", lambda index: capture)
    with pytest.raises(InputError, match=said):
        open_camera(3)
    assert capture.released


def test_a_negative_camera_is_refused() -> None:
    with pytest.raises(InputError, match="numbered from 0"):
        open_camera(-1)
