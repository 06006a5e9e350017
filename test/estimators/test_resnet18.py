# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The estimator resnet18: hands land on the pixels where the network saw them, whatever camera and picture it gets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from seeing_network import OBJECT_FEATURE, write_seeing_checkpoint

from ghtt_core.data.synthetic.config import SyntheticConfig
from ghtt_core.data.synthetic.generator import generate_sequence
from ghtt_core.errors import CheckpointError, InputError
from ghtt_core.estimators.camera import PinholeCamera
from ghtt_core.estimators.registry import create_estimator
from ghtt_core.hands import normalised_camera as normal
from ghtt_core.hands.layout import MCP_JOINTS
from ghtt_core.hands.letterbox import Letterbox

HANDS = generate_sequence(SyntheticConfig(frames=64, leave_probability=0.0), 5, 0).joints[20].astype(np.float64)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_seeing_checkpoint(tmp_path_factory.mktemp("f") / "seeing", HANDS)


def camera(width: int, height: int, focal_widths: float = 0.52, **lens: Any) -> PinholeCamera:
    focal = focal_widths * max(width, height * 16 / 9)
    return PinholeCamera(focal, focal, width / 2, height / 2, width, height, **lens)


def picture(camera: PinholeCamera, value: int = 90) -> np.ndarray:
    return np.full((camera.height, camera.width, 3), value, np.uint8)


def palm(joints: np.ndarray) -> np.ndarray:
    return np.linalg.norm(joints[:, MCP_JOINTS] - joints[:, :1], axis=-1).mean(axis=-1)


@pytest.mark.parametrize("size", [(480, 270), (1280, 720), (640, 480), (301, 777), (64, 36), (1921, 1083)])
def test_hands_lie_where_the_network_saw_them(folder: Path, size: tuple[int, int]) -> None:
    lens = camera(*size)
    frame = create_estimator("resnet18", checkpoint=folder).estimate(picture(lens), lens, 7)
    assert frame.stamp_ns == 7
    assert frame.valid.all()
    box = Letterbox.fit(size)
    seen = normal.project(HANDS, normal.normalised_matrix())
    on_plane = normal.project(frame.joints, box.intrinsics(lens.matrix))
    assert np.linalg.norm(on_plane - seen, axis=-1).mean() < 1.0
    np.testing.assert_allclose(palm(frame.joints), palm(HANDS), rtol=1e-4)


def test_a_longer_focal_length_means_farther_hands(folder: Path) -> None:
    estimator = create_estimator("resnet18", checkpoint=folder)
    near, far = (
        estimator.estimate(picture(lens), lens, 0).joints[..., 2].mean()
        for lens in (camera(480, 270, 0.5), camera(480, 270, 1.0))
    )
    assert far == pytest.approx(2 * near, rel=0.1)


@pytest.mark.parametrize(
    "lens",
    [
        {"distortion": (-0.25, 0.08, 0.0, 0.0)},
        {"distortion": (0.05, -0.01, 0.0, 0.0), "distortion_model": "equidistant"},
    ],
)
def test_a_distorted_picture_is_straightened_first(tmp_path: Path, folder: Path, lens: dict[str, Any]) -> None:
    """A dot in the distorted picture comes to where a camera without distortion sees it."""
    bent = camera(960, 540, **lens)
    point = np.array([0.22, -0.1, 0.5])
    x, y = np.rint(bent.project(point)).astype(int)
    image = picture(bent, 0)
    image[y - 8 : y + 9, x - 8 : x + 9] = 255
    estimator: Any = create_estimator("resnet18", checkpoint=folder)
    drawn = estimator._picture(image, bent)[..., 0].astype(float)
    rows, columns = np.arange(drawn.shape[0])[:, None], np.arange(drawn.shape[1])
    found = np.array([(drawn * columns).sum(), (drawn * rows).sum()]) / drawn.sum()
    straight = Letterbox.fit((960, 540), (96, 54)).intrinsics(bent.matrix)
    assert np.abs(found - normal.project(point, straight)).max() < 0.5
    assert estimator.estimate(image, bent, 0).valid.all()


@pytest.mark.parametrize(("presence", "valid"), [((-9, 9), [False, True]), ((-9, -9), [False, False])])
def test_hands_that_are_not_there_are_masked(tmp_path: Path, presence: tuple[float, float], valid: list[bool]) -> None:
    estimator = create_estimator("resnet18", checkpoint=write_seeing_checkpoint(tmp_path / "f", HANDS, presence))
    frame = estimator.estimate(picture(camera(480, 270)), camera(480, 270), 0)
    assert frame.valid.tolist() == valid
    assert (frame.joints[~frame.valid] == 0).all()
    assert (frame.confidence[~frame.valid] == 0).all()
    assert (frame.object_feature is not None) == any(valid)


def test_it_gives_an_object_feature_and_says_how_sure_it_is(folder: Path) -> None:
    lens = camera(480, 270)
    frame = create_estimator("resnet18", checkpoint=folder).estimate(picture(lens), lens, 0)
    assert frame.object_feature is not None
    np.testing.assert_allclose(frame.object_feature, OBJECT_FEATURE, atol=1e-6)
    assert frame.confidence.max() > 0.99


def test_joints_beyond_the_edge_of_the_picture_count_less(tmp_path: Path) -> None:
    aside = HANDS + np.array([0.45, 0.0, 0.0]) * np.array([[[0.0]], [[1.0]]])
    estimator = create_estimator("resnet18", checkpoint=write_seeing_checkpoint(tmp_path / "f", aside))
    lens = camera(480, 270)
    frame = estimator.estimate(picture(lens), lens, 0)
    outside = lens.project(frame.joints[1])[:, 0] >= lens.width
    assert outside.any()
    assert (frame.confidence[1, outside] < 0.5).all()


def test_the_users_palm_or_a_depth_picture_sets_the_distance(folder: Path) -> None:
    lens = camera(480, 270)
    plain = create_estimator("resnet18", checkpoint=folder).estimate(picture(lens), lens, 0)
    sized = create_estimator("resnet18", checkpoint=folder, palm_size_m=0.11)
    large = sized.estimate(picture(lens), lens, 0)
    np.testing.assert_allclose(palm(large.joints), 0.11, rtol=1e-4)
    np.testing.assert_allclose(lens.project(large.joints), lens.project(plain.joints), atol=1e-2)
    depth = np.full((270, 480), 0.61, np.float32)
    deep = sized.estimate(picture(lens), lens, 0, depth)
    np.testing.assert_allclose(deep.joints[:, [0, *MCP_JOINTS], 2].mean(axis=1), 0.61, rtol=1e-3)


def test_a_frame_depends_on_nothing_but_itself(folder: Path) -> None:
    estimator, lens = create_estimator("resnet18", checkpoint=folder), camera(480, 270)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (3, 270, 480, 3), dtype=np.uint8)
    first = [estimator.estimate(image, lens, 0).joints for image in images]
    again = [estimator.estimate(image, lens, 0).joints for image in images[::-1]][::-1]
    assert all((one == other).all() for one, other in zip(first, again, strict=True))


@pytest.mark.parametrize("image", [np.zeros((270, 480), np.uint8), np.zeros((270, 480, 3), np.float32)])
def test_what_is_no_picture_is_refused(folder: Path, image: np.ndarray) -> None:
    with pytest.raises(InputError, match="must be"):
        create_estimator("resnet18", checkpoint=folder).estimate(image, camera(480, 270), 0)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [({"palm_size_m": 1.0}, "not a human hand"), ({"precision": "int3"}, "float32 or bfloat16"),
     ({"least_presence": 2.0}, "probability"), ({"colour": 1}, "no option colour")],
)  # fmt: skip
def test_impossible_options_are_refused(folder: Path, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        create_estimator("resnet18", checkpoint=folder, **options)


def test_a_damaged_checkpoint_or_one_of_another_kind_is_refused(
    tmp_path: Path, folder: Path, random_checkpoint: Path
) -> None:
    with pytest.raises(CheckpointError, match="'motion model'; give one of kind 'image estimator'"):
        create_estimator("resnet18", checkpoint=random_checkpoint)
    with pytest.raises(CheckpointError, match="There is no checkpoint folder"):
        create_estimator("resnet18", checkpoint=tmp_path / "nowhere")
    damaged = write_seeing_checkpoint(tmp_path / "damaged", HANDS)
    weights = damaged / "model.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(CheckpointError, match="damaged or edited"):
        create_estimator("resnet18", checkpoint=damaged)
    weights.write_bytes(content)
    card = json.loads((damaged / "card.json").read_text())
    (damaged / "card.json").write_text(json.dumps(card | {"model": card["model"] | {"base_width": 8}}))
    with pytest.raises(CheckpointError, match="another size than its card says"):
        create_estimator("resnet18", checkpoint=damaged)


@pytest.mark.parametrize("storage", ["float16", "int8"])
def test_small_storage_hardly_moves_a_joint(tmp_path: Path, folder: Path, storage: str) -> None:
    lens = camera(480, 270)
    small = create_estimator("resnet18", checkpoint=write_seeing_checkpoint(tmp_path / "f", HANDS, storage=storage))
    whole = create_estimator("resnet18", checkpoint=folder)
    one, other = (estimator.estimate(picture(lens), lens, 0).joints for estimator in (small, whole))
    assert np.abs(one - other).max() < 2e-3


def test_the_variable_names_a_checkpoint(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GHTT_IMAGE_MODEL", str(folder))
    estimator: Any = create_estimator("resnet18", precision="bfloat16")
    assert estimator.card.model_id == "seeing"
    frame = estimator.estimate(picture(camera(480, 270)), camera(480, 270), 0)
    assert torch.isfinite(torch.from_numpy(frame.joints)).all()
