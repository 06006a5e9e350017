# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghtt_core.errors import InputError
from ghtt_core.estimators.camera import PinholeCamera

PLAIN = "fx: 900\nfy: 910\ncx: 640\ncy: 360\nwidth: 1280\nheight: 720\ndistortion: [0.1, -0.2, 0.001, 0.002, 0.05]\n"
ROS = """
image_width: 1280
image_height: 720
camera_name: narrow_stereo
camera_matrix: {rows: 3, cols: 3, data: [900, 0, 640, 0, 910, 360, 0, 0, 1]}
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [0.1, -0.2, 0.001, 0.002, 0.05]}
rectification_matrix: {rows: 3, cols: 3, data: [1, 0, 0, 0, 1, 0, 0, 0, 1]}
"""
CAMERA_INFO = """
header: {frame_id: camera}
height: 720
width: 1280
distortion_model: plumb_bob
d: [0.1, -0.2, 0.001, 0.002, 0.05]
k: [900.0, 0.0, 640.0, 0.0, 910.0, 360.0, 0.0, 0.0, 1.0]
---
"""


@pytest.mark.parametrize("text", [PLAIN, ROS, CAMERA_INFO, CAMERA_INFO.replace("k:", "K:").replace("d:", "D:")])
def test_the_calibration_files_people_have_give_the_same_camera(tmp_path: Path, text: str) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(text)
    expected = PinholeCamera(900, 910, 640, 360, 1280, 720, (0.1, -0.2, 0.001, 0.002, 0.05))
    assert PinholeCamera.from_yaml(path) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PLAIN.replace("cx: 640\n", ""), "lacks cx"),
        (PLAIN.replace("900", "wide"), "not a number"),
        (PLAIN.replace("900", ".nan"), "finite"),
        (PLAIN.replace("900", "-900"), "positive focal"),
        (PLAIN.replace("[0.1, -0.2, 0.001, 0.002, 0.05]", "[0.1, 0.2]"), "coefficients"),
        (ROS.replace("plumb_bob", "thin_prism"), "thin_prism"),
        (ROS.replace("data: [900, 0, 640, 0, 910, 360, 0, 0, 1]", "data: [900]"), "9 numbers"),
        ("just words", "no names"),
        ("fx: [1, 2\n", "not readable YAML"),
    ],
)
def test_a_bad_calibration_file_is_refused_with_its_name_and_the_reason(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=said) as refusal:
        PinholeCamera.from_yaml(path)
    assert str(path) in str(refusal.value)


def test_a_missing_or_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no camera file"):
        PinholeCamera.from_yaml(tmp_path / "none.yaml")
    (tmp_path / "binary.yaml").write_bytes(bytes(range(256)))
    with pytest.raises(InputError, match="not readable"):
        PinholeCamera.from_yaml(tmp_path / "binary.yaml")


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-0.5, 0.5), st.floats(-0.3, 0.3), st.floats(0.2, 3.0)), min_size=1, max_size=4),
    st.sampled_from([(), (0.1, -0.2, 0.001, 0.002), (-0.014, 1.42, -0.0035, -0.0036, -6.39)]),
)
def test_projecting_and_unprojecting_cancel(points: list[tuple[float, float, float]], lens: tuple[float, ...]) -> None:
    camera = PinholeCamera(926, 925, 356, 355, 720, 720, lens)
    xyz = np.array(points)
    xyz[:, :2] *= xyz[:, 2:] * 0.6  # within the view
    rays = camera.unproject(camera.project(xyz))
    np.testing.assert_allclose(rays, xyz[:, :2] / xyz[:, 2:], atol=1e-4)


def test_a_fisheye_camera_round_trips() -> None:
    camera = PinholeCamera(400, 400, 320, 240, 640, 480, (0.05, 0.01, -0.002, 0.0005), "equidistant")
    xyz = np.array([[[0.3, -0.2, 0.5], [-0.4, 0.1, 0.9]]])
    np.testing.assert_allclose(camera.unproject(camera.project(xyz)), xyz[..., :2] / xyz[..., 2:], atol=1e-5)


def test_points_behind_the_camera_never_become_nan(camera: PinholeCamera) -> None:
    pixels = camera.project(np.array([[0.1, 0.1, -1.0], [0.0, 0.0, 0.0]]))
    assert np.isfinite(pixels).all()


def test_a_smaller_image_of_the_same_camera_sees_the_same_rays(camera: PinholeCamera) -> None:
    half = camera.resized(640, 360)
    corner, half_corner = np.array([-0.5, -0.5]), np.array([-0.5, -0.5])
    np.testing.assert_allclose(half.unproject(half_corner), camera.unproject(corner))
    assert camera.resized(1280, 720) is camera


def test_a_cropped_image_is_refused(camera: PinholeCamera) -> None:
    with pytest.raises(InputError, match="aspect ratio"):
        camera.resized(720, 720)


def test_without_a_calibration_the_assumed_focal_length_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        camera = PinholeCamera.default_for_width(1280, 720)
    assert (camera.width, camera.height) == (1280, 720)
    assert f"{camera.fx:.0f} px" in caplog.text
    assert "calibration" in caplog.text
