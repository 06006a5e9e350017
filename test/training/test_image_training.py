# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`ghtt train image`: it learns, it resumes to the same bits, and its checkpoint is an estimator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from drawn_pictures import write_drawn_dataset
from safetensors.torch import save_file

from ghtt_core.cli.main import main
from ghtt_core.data.store.dataset import open_dataset
from ghtt_core.errors import RecipeError
from ghtt_core.models.image_checkpoint import load_image_checkpoint
from ghtt_core.models.resnet import ResNet18
from ghtt_core.training.image import ImageRecipe, build_image_task
from ghtt_core.training.image_frames import ImageFrames
from ghtt_core.training.picture_cache import PictureCache
from ghtt_core.training.recipe import parse_recipe

MODEL = {
    "base_width": 4, "input_width": 96, "input_height": 54, "hidden": 16, "text_width": 0, "attention_maps": 21,
    "together": 0,
}  # fmt: skip


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_drawn_dataset(tmp_path_factory.mktemp("drawn"), sequences=2, frames=160, every=20)


def recipe(dataset: Path, **sections: Any) -> dict[str, Any]:
    loop = {"steps": 4, "batch_size": 6, "learning_rate": 2e-3, "threads": 1} | sections.pop("loop", {})
    data = {"dataset": str(dataset), "workers": 2} | sections.pop("data", {})
    return {"task": "image", "model": MODEL, "data": data, "loop": loop, **sections}


def train(folder: Path, tree: dict[str, Any], *more: str, out: str = "run") -> int:
    (folder / "recipe.yaml").write_text(yaml.safe_dump(tree))
    return main(["train", "image", str(folder / "recipe.yaml"), "--out", str(folder / out), "--device", "cpu", *more])


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_image_checkpoint(folder / "checkpoint").network.state_dict()


def test_the_checkpoint_says_what_it_was_trained_on(dataset: Path, tmp_path: Path) -> None:
    assert train(tmp_path, recipe(dataset, model_id="tiny-f", storage="float16")) == 0
    card = load_image_checkpoint(tmp_path / "run" / "checkpoint").card
    assert card.model_id == "tiny-f"
    assert card.data_summary["store"] == open_dataset(dataset).split("train").fingerprint
    assert card.data_summary["pictures"] == 2 * 2 * 8
    assert set(card.metrics["image"]) == {"mpjpe_ra_mm", "mpjpe_mm", "pixel_error", "presence_accuracy"}
    assert card.training_recipe["image"]["model"]["base_width"] == 4


def test_it_learns_pictures_by_heart(dataset: Path, tmp_path: Path) -> None:
    still = {"centre_jitter": 0.0, "blur": 0.0, "brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.0}
    tree = recipe(
        dataset,
        data={"validation": "train", "stride": 80, "cache": str(tmp_path)},
        augmentation=still,
        objective={"relative": 300.0},
        loop={"steps": 100, "batch_size": 8, "learning_rate": 4e-3, "log_every": 1000},
    )
    assert train(tmp_path, tree | {"loop": tree["loop"] | {"steps": 1}}, out="before") == 0
    assert train(tmp_path, tree) == 0

    def figures(run: str) -> dict[str, float]:
        lines = [json.loads(line) for line in (tmp_path / run / "metrics.jsonl").read_text().splitlines()]
        return dict(lines[-1])

    first, last = figures("before"), figures("run")
    assert last["pixel_error"] < 0.35 * first["pixel_error"]
    assert last["mpjpe_ra_mm"] < 0.6 * first["mpjpe_ra_mm"]


def test_a_resumed_run_ends_in_the_same_weights(dataset: Path, tmp_path: Path) -> None:
    whole = recipe(dataset, data={"clip_frames": 2}, loop={"checkpoint_every": 2})
    assert train(tmp_path, whole) == 0
    assert train(tmp_path, whole | {"loop": whole["loop"] | {"steps": 2}}, out="parts") == 0
    assert train(tmp_path, whole, "--resume", out="parts") == 0
    one, other = weights(tmp_path / "run"), weights(tmp_path / "parts")
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_batches_do_not_depend_on_where_pictures_come_from_or_how_many_threads_make_them(
    dataset: Path, tmp_path: Path
) -> None:
    losses = []
    for data in ({"workers": 1}, {"workers": 3}, {"cache": str(tmp_path)}):
        task = build_image_task(parse_recipe(recipe(dataset, data=data), ImageRecipe), torch.device("cpu"))
        task.module.train()
        steps = [task.loss(step, torch.Generator(), 0, 1)[0].item() for step in range(3)]
        task.close()
        losses.append(steps)
    assert losses[0] == losses[1] == losses[2]


def test_a_cache_is_filled_once_and_goes_on_where_it_stopped(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = ImageFrames(open_dataset(dataset).split("train"), (96, 54))
    read = frames.read
    seen: list[int] = []

    def failing(item: int) -> np.ndarray:
        if len(seen) == 3:
            raise KeyboardInterrupt
        seen.append(item)
        return read(item)

    monkeypatch.setattr("ghtt_core.training.picture_cache._RUN", 2)
    monkeypatch.setattr(frames, "read", failing)
    with pytest.raises(KeyboardInterrupt):
        PictureCache(frames, tmp_path, workers=1)
    seen.clear()
    monkeypatch.setattr(frames, "read", lambda item: (seen.append(item), read(item))[1])
    cache = PictureCache(frames, tmp_path, workers=1)
    assert len(seen) == len(frames) - 2  # the first run of two was complete
    assert all((cache.read(item) == read(item)).all() for item in (0, 1, 7, len(frames) - 1))
    seen.clear()
    PictureCache(frames, tmp_path)
    assert seen == []


def test_pretrained_weights_are_where_training_starts_and_are_recorded(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(3)
    backbone = ResNet18(4)
    save_file(backbone.state_dict(), tmp_path / "weights.safetensors")
    tree = recipe(
        dataset, pretrained=str(tmp_path / "weights.safetensors"), freeze_norm=True, loop={"learning_rate": 1e-12}
    )
    assert train(tmp_path, tree) == 0
    checkpoint = load_image_checkpoint(tmp_path / "run" / "checkpoint")
    started = checkpoint.card.data_summary["started_from"]
    assert started["file"] == "weights.safetensors"
    assert started["sha256"] in capsys.readouterr().err
    after = checkpoint.network.backbone.state_dict()
    for name, before in backbone.state_dict().items():
        # Batch norm kept its statistics, and with such a learning rate nothing else moved either.
        assert torch.allclose(after[name].float(), before.float(), atol=1e-6), name


def test_a_checkpoint_can_be_trained_further(dataset: Path, tmp_path: Path) -> None:
    assert train(tmp_path, recipe(dataset)) == 0
    further = recipe(dataset, initial=str(tmp_path / "run" / "checkpoint"), loop={"steps": 1, "learning_rate": 1e-12})
    assert train(tmp_path, further, out="further") == 0
    one, other = weights(tmp_path / "run"), weights(tmp_path / "further")
    assert torch.allclose(one["hand_head.4.weight"], other["hand_head.4.weight"], atol=1e-6)


def test_objects_are_told_apart_in_the_text_space_of_the_table(dataset: Path, tmp_path: Path) -> None:
    tree = recipe(dataset, text_encoder="words") | {"model": MODEL | {"text_width": 384}}
    assert train(tmp_path, tree) == 0
    checkpoint = load_image_checkpoint(tmp_path / "run" / "checkpoint")
    assert checkpoint.card.object_names == open_dataset(dataset).split("train").object_names
    assert checkpoint.object_text.shape == (len(checkpoint.card.object_names), 384)
    assert "object_top1" in checkpoint.card.metrics["image"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"data": {"dataset": "nowhere"}}, "nowhere is not a prepared dataset"),
        ({"data": {"views": ["cam7"]}}, "no pictures of the views cam7"),
        ({"data": {"train": "half"}}, "no split 'half'"),
        ({"freeze_norm": True}, "freeze_norm"),
        ({"text_encoder": "words", "model": MODEL | {"text_width": 8}}, "model.text_width must be 384"),
        ({"model": MODEL | {"input_height": 96}}, "not 16 to 9"),
        ({"model": MODEL | {"attention_maps": 3}}, "must be 0 or 21"),
        ({"augmentation": {"hue": 0.9}}, "augmentation.hue must be at most 0.5"),
    ],
)
def test_what_cannot_be_trained_is_said_in_a_sentence(
    dataset: Path, tmp_path: Path, change: dict[str, Any], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(tmp_path, recipe(dataset, **change)) == 2
    assert sentence in capsys.readouterr().err


def test_two_places_to_start_from_are_refused(dataset: Path) -> None:
    with pytest.raises(RecipeError, match="both say where to start"):
        parse_recipe(recipe(dataset, pretrained="a", initial="b"), ImageRecipe)
