# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`ghtt train crop`: it learns, it resumes to the same bits, and its checkpoint is F with a second look."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from drawn_pictures import write_drawn_dataset

from ghtt_core.cli.main import main
from ghtt_core.data.store.dataset import open_dataset
from ghtt_core.hands.layout import VALID_JOINTS
from ghtt_core.models.card import ImageCard
from ghtt_core.models.config import ImageEstimatorConfig
from ghtt_core.models.image_checkpoint import load_image_checkpoint, save_image_checkpoint
from ghtt_core.models.image_estimator import ImageEstimator
from ghtt_core.training.hand_crops import CropAugmentation, HandCrops, draw_crop_changes

FIRST = ImageEstimatorConfig(4, 96, 54, 16, text_width=0, attention_maps=21, together=0)
SIZES = {"base_width": 8, "input_size": 64, "hidden": 16}
STILL = {"blur": 0.0, "brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.0}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_drawn_dataset(tmp_path_factory.mktemp("drawn"), sequences=2, frames=160, every=20)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first") / "f"
    save_image_checkpoint(folder, ImageEstimator(FIRST), ImageCard(model_id="f", model=FIRST))
    return folder


def recipe(dataset: Path, first: Path, **sections: Any) -> dict[str, Any]:
    loop = {"steps": 4, "batch_size": 6, "learning_rate": 2e-3, "threads": 1} | sections.pop("loop", {})
    data = {"dataset": str(dataset), "workers": 2} | sections.pop("data", {})
    return {"task": "crop", "image_model": str(first), "model": SIZES, "data": data, "loop": loop, **sections}


def train(folder: Path, tree: dict[str, Any], *more: str, out: str = "run", what: str = "crop") -> int:
    (folder / "recipe.yaml").write_text(yaml.safe_dump(tree))
    return main(["train", what, str(folder / "recipe.yaml"), "--out", str(folder / out), "--device", "cpu", *more])


def test_joints_stay_on_the_hands_of_moved_crops(dataset: Path) -> None:
    crops = HandCrops(open_dataset(dataset).split("train"))
    changes = draw_crop_changes(CropAugmentation(), len(crops), torch.Generator().manual_seed(0))
    changes = [change._replace(picture=change.picture._replace(brightness=1.0, hue=0.0)) for change in changes]
    batch = crops.batch(crops, range(len(crops)), changes, 112)
    on_hand = []
    for image, places in zip(batch.image.numpy(), batch.places.numpy(), strict=True):
        x, y = np.rint(places[list(VALID_JOINTS)] * 56 + 55.5).astype(int).T
        inside = (x >= 0) & (x < 112) & (y >= 0) & (y < 112)
        colours = image[y[inside], x[inside]].astype(int)
        background = int(np.median(image[(image > 0).any(axis=-1)]))
        lit = (colours > 0).any(axis=-1)
        on_hand.append((np.abs(colours - background).max(axis=1) > 8)[lit])
    assert np.concatenate(on_hand).mean() > 0.95
    assert set(crops.rows[:, 3].tolist()) == {0, 1}


def test_changes_are_about_as_large_as_the_recipe_says() -> None:
    config = CropAugmentation(aim=0.1, zoom=0.2, roll=0.3)
    changes = draw_crop_changes(config, 4000, torch.Generator().manual_seed(0))
    moves = np.array([change[:4] for change in changes])
    assert np.abs(moves[:, 2]).max() <= 0.3
    assert np.log(moves[:, 3]).std() == pytest.approx(0.2, rel=0.1)
    ordinary = np.median(np.abs(moves[:, 0])) / 0.6745
    assert 0.1 / 1.7 <= ordinary < 0.13 / 1.7
    assert draw_crop_changes(config, 4000, torch.Generator().manual_seed(0)) == changes


def test_it_learns_hands_by_heart(dataset: Path, first: Path, tmp_path: Path) -> None:
    tree = recipe(
        dataset,
        first,
        data={"validation": "train", "stride": 80, "cache": str(tmp_path)},
        augmentation={"aim": 0.0, "zoom": 0.0, "roll": 0.0, **STILL},
        loop={"steps": 80, "batch_size": 8, "learning_rate": 4e-3, "log_every": 1000},
    )
    assert train(tmp_path, tree | {"loop": tree["loop"] | {"steps": 1}}, out="before") == 0
    assert train(tmp_path, tree) == 0

    def figures(run: str) -> dict[str, float]:
        return dict(json.loads((tmp_path / run / "metrics.jsonl").read_text().splitlines()[-1]))

    before, after = figures("before"), figures("run")
    assert after["place_error"] < 0.4 * before["place_error"]
    assert after["mpjpe_ra_mm"] < 0.6 * before["mpjpe_ra_mm"]
    checkpoint = load_image_checkpoint(tmp_path / "run" / "checkpoint")
    assert checkpoint.card.model == FIRST
    assert checkpoint.card.data_summary["crop"]["store"] == open_dataset(dataset).split("train").fingerprint
    assert checkpoint.card.metrics["crop"]["place_error"] == after["place_error"]


def test_a_resumed_run_ends_in_the_same_weights(dataset: Path, first: Path, tmp_path: Path) -> None:
    whole = recipe(dataset, first, loop={"checkpoint_every": 2})
    assert train(tmp_path, whole) == 0
    assert train(tmp_path, whole | {"loop": whole["loop"] | {"steps": 2}}, out="parts") == 0
    assert train(tmp_path, whole, "--resume", out="parts") == 0
    one, other = (load_image_checkpoint(tmp_path / run / "checkpoint").crop_network for run in ("run", "parts"))
    assert one is not None
    assert other is not None
    assert all(torch.equal(value, other.state_dict()[name]) for name, value in one.state_dict().items())


def test_it_goes_on_when_either_look_is_trained_further(dataset: Path, first: Path, tmp_path: Path) -> None:
    assert train(tmp_path, recipe(dataset, first)) == 0
    seeing = tmp_path / "run" / "checkpoint"
    slow = {"steps": 1, "learning_rate": 1e-12}
    assert train(tmp_path, recipe(dataset, seeing, further=True, loop=slow), out="again") == 0
    image = {
        "task": "image", "model": FIRST.to_dict(), "initial": str(seeing),
        "data": {"dataset": str(dataset)}, "loop": {"batch_size": 4} | slow,
    }  # fmt: skip
    assert train(tmp_path, image, out="image", what="image") == 0
    before, again, adapted = (load_image_checkpoint(tmp_path / run / "checkpoint") for run in ("run", "again", "image"))
    for after in (again, adapted):
        assert after.card.crop == before.card.crop
        assert set(after.card.training_recipe) >= {"crop"}
        weights = [checkpoint.crop_network.extent_head.weight for checkpoint in (before, after)]  # type: ignore[union-attr]
        torch.testing.assert_close(*weights, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"image_model": "nowhere"}, "no checkpoint folder nowhere"),
        ({"data": {"views": ["cam7"]}}, "no pictures of the views cam7"),
        ({"augmentation": {"mirror": 0.5}}, "mirror"),
        ({"further": True}, "has no second look"),
        ({"model": SIZES | {"input_size": 8}}, "input_size"),
    ],
)
def test_what_cannot_be_trained_is_said_in_one_sentence(
    dataset: Path,
    first: Path,
    tmp_path: Path,
    change: dict[str, Any],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tree = recipe(dataset, first)
    data = tree["data"] | change.get("data", {})
    assert train(tmp_path, tree | change | {"data": data}) == 2
    assert sentence in " ".join(capsys.readouterr().err.split())
