# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import av
import cv2
import numpy as np
import pytest

from ghtt_core.data.pictures.images import ImageReader
from ghtt_core.data.pictures.video_pictures import VideoPictures
from ghtt_core.data.sequence import HandSequence
from ghtt_core.data.store.sequence_store import StoreWriter, open_store
from ghtt_core.data.views import ImageSource, View
from ghtt_core.errors import InputError

FRAMES = 120
K = np.array([[100.0, 0, 32], [0, 100, 24], [0, 0, 1]])
STILL = np.eye(3, 4, dtype=np.float32)[None]


def picture(number):
    """64x48 picture whose brightness in four quarters spells its number."""
    image = np.zeros((48, 64, 3), np.uint8)
    for place in range(8):
        if number >> place & 1:
            image[24 * (place // 4) : 24 * (place // 4) + 24, 16 * (place % 4) : 16 * (place % 4) + 16] = 255
    return image


def number_of(image):
    return sum(1 << place for place in range(8) if image[24 * (place // 4) + 12, 16 * (place % 4) + 8].mean() > 127)


def write_video(path, stamps):
    """H.264 with B frames and few key frames; one picture per stamp (milliseconds)."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1000, options={"bf": "2", "g": "30"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number, stamp in enumerate(stamps):
            frame = av.VideoFrame.from_ndarray(picture(number), format="bgr24")
            frame.pts = stamp
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    root = tmp_path_factory.mktemp("source")
    rng = np.random.default_rng(0)
    write_video(root / "steady.mp4", [40 * i for i in range(FRAMES)])
    write_video(root / "uneven.mp4", np.cumsum(rng.integers(5, 90, FRAMES)).tolist())
    (root / "frames").mkdir()
    for number in range(10):
        cv2.imwrite(str(root / "frames" / f"{number:04d}.png"), picture(number))
    (root / "frames" / "0003.png").write_bytes(b"not a picture")
    return root


@pytest.fixture
def store(source, tmp_path):
    frames = FRAMES // 2
    views = (
        View("steady", K, (64, 48), STILL, ImageSource("video", "steady.mp4", 1, 2)),
        View("uneven", K, (64, 48), STILL, ImageSource("video", "uneven.mp4")),
        View("frames", K, (128, 96), STILL, ImageSource("frames", "frames/%04d.png")),
        View("blind", K, (64, 48), STILL),
        View("gone", K, (64, 48), STILL, ImageSource("video", "gone.mp4")),
    )
    with StoreWriter(tmp_path / "s", source_root=source) as writer:
        writer.append(
            HandSequence(
                joints=np.zeros((frames, 2, 21, 3), np.float32),
                valid=np.ones((frames, 2), bool),
                stamps_ns=np.round(np.arange(frames) * (1e9 / 30)).astype(np.int64),
                name="s",
                views=views,
            )
        )
    return open_store(tmp_path / "s")


@pytest.mark.parametrize("name", ["steady.mp4", "uneven.mp4"])
def test_any_picture_of_a_video_is_found_by_its_number(source, name):
    video = VideoPictures(source / name)
    assert len(video) == FRAMES
    order = [0, 1, 2, 60, 61, 3, 119, 30, 29, 31, *np.random.default_rng(1).integers(0, FRAMES, 20)]
    assert [number_of(video.read(int(n))) for n in order] == order
    with pytest.raises(InputError, match="has 120 pictures"):
        video.read(FRAMES)
    video.close()


def test_pictures_come_at_the_size_of_their_view(store):
    with ImageReader(store) as images:
        assert number_of(images.read(0, "steady", 20)) == 41
        assert number_of(images.read(0, 1, 20)) == 20
        assert images.read(0, "frames", 2).shape == (96, 128, 3)


@pytest.mark.parametrize(
    ("view", "frame", "words"),
    [
        ("frames", 3, r"0003\.png is damaged"),
        ("frames", 20, r"0020\.png cannot be read"),
        ("gone", 0, r"gone\.mp4 cannot be read"),
        ("blind", 0, "blind has no pictures"),
        ("other", 0, "no view 'other'; it has steady, uneven"),
        ("steady", 60, "no number 60"),
    ],
)
def test_a_picture_that_cannot_be_read_is_named(store, view, frame, words):
    with ImageReader(store) as images, pytest.raises(InputError, match=words):
        images.read(0, view, frame)


def test_few_videos_are_open_at_a_time_and_none_after(store):
    images = ImageReader(store, open_videos=1)
    for frame in range(4):
        assert number_of(images.read(0, "steady", frame)) == 1 + 2 * frame
        assert number_of(images.read(0, "uneven", frame)) == frame
        assert len(images._videos) == 1
    images.close()
    assert not images._videos


def test_a_reader_can_be_sent_to_another_process(store):
    with ImageReader(store) as images:
        images.read(0, "steady", 0)
        with ProcessPoolExecutor(1, get_context("spawn")) as processes:
            assert number_of(processes.submit(images.read, 0, "steady", 5).result()) == 11


def test_a_video_that_is_none_is_refused(source):
    with pytest.raises(InputError, match="cannot be read as a video"):
        VideoPictures(source / "frames" / "0003.png")
