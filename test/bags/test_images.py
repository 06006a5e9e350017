# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of every encoding come out in the right colours; damaged ones are a sentence."""

from __future__ import annotations

import struct
from array import array
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghtt_core.bags.images import IMAGE_ENCODINGS, decode_depth, decode_image
from ghtt_core.errors import InputError

HEIGHT, WIDTH = 6, 8


def picture() -> np.ndarray:
    """Red, green, blue and white quarters, in BGR."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[:3, :4], image[:3, 4:] = (0, 0, 255), (0, 255, 0)
    image[3:, :4], image[3:, 4:] = (255, 0, 0), (255, 255, 255)
    return image


def message(pixels: np.ndarray, encoding: str, padding: int = 0, big: bool = False) -> SimpleNamespace:
    pixels = np.ascontiguousarray(pixels)
    if big:
        pixels = pixels.astype(pixels.dtype.newbyteorder(">"))
    rows = pixels.reshape(len(pixels), -1).view(np.uint8)
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=7)
    return SimpleNamespace(
        height=pixels.shape[0],
        width=pixels.shape[1],
        encoding=encoding,
        is_bigendian=int(big),
        step=rows.shape[1],
        data=rows.reshape(-1).copy(),
    )


def encoded(encoding: str) -> np.ndarray:
    bgr = picture()
    if encoding in ("yuv422", "uyvy", "yuv422_yuy2", "yuyv"):
        code = cv2.COLOR_BGR2YUV_UYVY if encoding in ("yuv422", "uyvy") else cv2.COLOR_BGR2YUV_YUY2
        return np.asarray(cv2.cvtColor(bgr, code))
    if encoding.startswith("bayer"):
        pattern = encoding.removeprefix("bayer_")[:4]
        mosaic = np.zeros((HEIGHT, WIDTH), np.uint8)
        for index, letter in enumerate(pattern):
            y, x = divmod(index, 2)
            mosaic[y::2, x::2] = bgr[y::2, x::2, "bgr".index(letter)]
        return mosaic
    grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    return {
        "bgr8": bgr,
        "8UC3": bgr,
        "rgb8": bgr[..., ::-1],
        "bgra8": cv2.cvtColor(bgr, cv2.COLOR_BGR2BGRA),
        "8UC4": cv2.cvtColor(bgr, cv2.COLOR_BGR2BGRA),
        "rgba8": cv2.cvtColor(bgr, cv2.COLOR_BGR2RGBA),
        "mono8": grey,
        "8UC1": grey,
        "mono16": grey.astype(np.uint16) * 257,
    }[encoding]


@pytest.mark.parametrize("container", ["numpy", "array", "bytes"])
@pytest.mark.parametrize("padding", [0, 6])
@pytest.mark.parametrize("encoding", IMAGE_ENCODINGS)
def test_colours_come_out_right(encoding: str, padding: int, container: str) -> None:
    sent = message(encoded(encoding), encoding, padding)
    sent.data = {"numpy": sent.data, "array": array("B", sent.data.tobytes()), "bytes": sent.data.tobytes()}[container]
    got = decode_image(sent)
    assert got.shape == (HEIGHT, WIDTH, 3)
    assert got.dtype == np.uint8
    expected = picture()
    if "mono" in encoding or encoding == "8UC1":
        expected = cv2.cvtColor(cv2.cvtColor(expected, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    # Away from the edges between colours, where subsampled encodings mix them.
    for y, x in ((1, 1), (1, 6), (4, 1), (4, 6)):
        assert np.abs(got[y, x].astype(int) - expected[y, x]).max() <= 4, (encoding, y, x)


@pytest.mark.parametrize("big", [False, True])
def test_depth_keeps_its_unit_and_byte_order(big: bool) -> None:
    millimetres = np.arange(48, dtype=np.uint16).reshape(6, 8) * 100
    for encoding in ("16UC1", "mono16"):
        depth = decode_depth(message(millimetres, encoding, 2, big))
        assert depth.dtype == np.uint16
        np.testing.assert_array_equal(depth, millimetres)
    metres = (millimetres / 1000).astype(np.float32)
    metres[0, :3] = (np.nan, np.inf, 0.0)
    depth = decode_depth(message(metres, "32FC1", 4, big))
    assert depth.dtype == np.float32
    assert np.isnan(depth[0, :2]).all()
    np.testing.assert_array_equal(depth[1:], metres[1:])


def compressed(image: np.ndarray, suffix: str, name: str, head: bytes = b"") -> SimpleNamespace:
    options = [cv2.IMWRITE_JPEG_QUALITY, 95] if suffix == ".jpg" else []
    return SimpleNamespace(
        format=name, data=np.frombuffer(head + cv2.imencode(suffix, image, options)[1].tobytes(), "u1")
    )


@pytest.mark.parametrize(("suffix", "name"), [(".jpg", "jpeg"), (".jpg", "bgr8; jpeg compressed bgr8"), (".png", "")])
def test_compressed_pictures_are_decoded(suffix: str, name: str) -> None:
    large = cv2.resize(picture(), (160, 120), interpolation=cv2.INTER_NEAREST)
    got = decode_image(compressed(large, suffix, name))
    assert np.abs(got[10::40, 10::40].astype(int) - large[10::40, 10::40]).max() < 16
    swapped = decode_image(compressed(large[..., ::-1], suffix, "rgb8; jpeg compressed rgb8"))
    assert np.abs(swapped[10::40, 10::40].astype(int) - large[10::40, 10::40]).max() < 16


def test_compressed_depth_is_decoded() -> None:
    millimetres = (np.arange(4800, dtype=np.uint16) * 10).reshape(60, 80)
    head = struct.pack("<iff", 0, 0.0, 0.0)
    depth = decode_depth(compressed(millimetres, ".png", "16UC1; compressedDepth png", head))
    np.testing.assert_array_equal(depth, millimetres)
    # As the transport does it: inverse depth with a quantisation that is chosen for the farthest distance.
    metres = np.linspace(0.3, 5.0, 4800).reshape(60, 80)
    scale = 100.0 * (100.0 + 1.0)
    shift = 1.0 - scale / 10.0
    stored = (scale / metres + shift).astype(np.uint16)
    stored[0, 0] = 0
    sent = compressed(stored, ".png", "32FC1; compressedDepth png", struct.pack("<iff", 0, scale, shift))
    depth = decode_depth(sent)
    assert np.isnan(depth[0, 0])
    np.testing.assert_allclose(depth[1:], metres[1:], rtol=2e-3)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"width": 9}, "needs"),
        ({"step": 3}, "needs"),
        ({"height": 7}, "needs"),
        ({"data": np.empty(0, np.uint8)}, "has 0"),
        ({"width": 0}, "0x6"),
        ({"height": 2**32 - 1}, "8192"),
        ({"encoding": "32FC1"}, "as depth"),
        ({"encoding": "bayer_rggb16"}, "known are"),
        ({"encoding": ""}, "known are"),
        ({"encoding": "x" * 100_000}, "known are"),
    ],
)
def test_impossible_pictures_are_refused_with_a_sentence(change: dict[str, Any], sentence: str) -> None:
    sent = message(picture(), "bgr8")
    vars(sent).update(change)
    with pytest.raises(InputError, match=sentence) as caught:
        decode_image(sent)
    assert len(str(caught.value)) < 400


def test_pictures_that_would_fill_the_memory_are_refused_before_decoding() -> None:
    small = cv2.imencode(".png", picture())[1].tobytes()
    bomb = small[:16] + struct.pack(">II", 100_000, 100_000) + small[24:]
    with pytest.raises(InputError, match="larger than"):
        decode_image(SimpleNamespace(format="png", data=bomb))
    jpeg = cv2.imencode(".jpg", picture())[1].tobytes()
    place = jpeg.index(b"\xff\xc0") + 5
    bomb = jpeg[:place] + struct.pack(">HH", 65_000, 65_000) + jpeg[place + 4 :]
    with pytest.raises(InputError, match="larger than"):
        decode_image(SimpleNamespace(format="jpeg", data=bomb))


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_cut_compressed_picture_is_never_half_a_picture(suffix: str) -> None:
    generator = np.random.default_rng(0)
    whole = cv2.imencode(suffix, generator.integers(0, 255, (64, 64, 3), np.uint8))[1].tobytes()
    for length in range(0, len(whole) - 8, 97):
        with pytest.raises(InputError):
            decode_image(SimpleNamespace(format="jpeg", data=whole[:length]))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"]), st.text(max_size=20))
def test_any_bytes_are_a_picture_or_a_sentence(data: bytes, head: bytes, name: str) -> None:
    for decode in (decode_image, decode_depth):
        # Any other exception fails the test.
        with suppress(InputError):
            decode(SimpleNamespace(format=name, data=head + data))
