# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`ghtt prepare observe`, what E^PO learns from it, and `ghtt run` with the same estimator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
import yaml
from drawn_pictures import write_drawn_dataset
from seeing_network import OBJECT_FEATURE, write_seeing_checkpoint

from ghtt_core.cli.main import main
from ghtt_core.data.store.dataset import Dataset, open_dataset
from ghtt_core.data.store.observations import Maker, ObservationWriter, Seen, open_observations
from ghtt_core.estimators import observing
from ghtt_core.hands.layout import NUM_HANDS, NUM_JOINTS
from ghtt_core.models.action_block import ActionBlock
from ghtt_core.models.checkpoint import load_checkpoint, read_card, save_checkpoint
from ghtt_core.models.image_checkpoint import load_image_checkpoint
from ghtt_core.models.pose_block import PoseBlock
from ghtt_core.streaming.objects import ObjectTrack

WIDTH = 8


@pytest.fixture(scope="module")
def image_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    hands = np.random.default_rng(0).uniform(-0.08, 0.08, (2, 21, 3)) + np.array([0.0, 0.0, 0.5])
    return write_seeing_checkpoint(tmp_path_factory.mktemp("model") / "seeing", hands)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_drawn_dataset(tmp_path_factory.mktemp("drawn"), sequences=2, frames=160, every=20)


@pytest.fixture
def dataset(drawn: Path) -> Iterator[Path]:
    yield drawn
    for folder in drawn.glob("*/observed"):
        for file in sorted(folder.rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()
        folder.rmdir()


def observe(dataset: Path, image_model: Path, *more: str) -> int:
    return main(["prepare", "observe", "--store", str(dataset), "--image-model", str(image_model), *more])


def test_every_picture_of_every_view_is_looked_at(
    dataset: Path, image_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert observe(dataset, image_model, "--split", "val", "--image-features") == 0
    store = open_dataset(dataset).split("val")
    sha256 = load_image_checkpoint(image_model).card.sha256
    for view in ("cam0", "cam4"):
        found = open_observations(store, "resnet18", view, weights_sha256=sha256, verify=True)
        shown = np.arange(store.frames) % 20 == 0
        assert (found.seen == shown).all()
        assert found.valid[shown].all()
        assert not found.valid[~shown].any()
        assert found.object_feature is not None
        np.testing.assert_allclose(found.object_feature[0], OBJECT_FEATURE, atol=1e-3)
        assert found.image_feature is not None
        assert found.image_feature.shape == (store.frames, 32)
    assert "16 pictures, 16 with a left hand" in capsys.readouterr().out
    assert not (dataset / "train" / "observed").exists()


def test_it_goes_on_after_ctrl_c_and_does_nothing_twice(
    dataset: Path, image_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, looked_at = observing.observe_sequence, []

    def stops(reader: Any, sequence: int, *rest: Any) -> Seen:
        if len(looked_at) == 1:
            raise KeyboardInterrupt
        looked_at.append(sequence)
        return whole(reader, sequence, *rest)

    monkeypatch.setattr(observing, "observe_sequence", stops)
    assert observe(dataset, image_model, "--split", "val", "--view", "cam0") == 130
    monkeypatch.setattr(observing, "observe_sequence", lambda *all_: (looked_at.append(all_[1]), whole(*all_))[1])
    assert observe(dataset, image_model, "--split", "val", "--view", "cam0") == 0
    assert looked_at == [0, 1]
    assert observe(dataset, image_model, "--split", "val", "--view", "cam0") == 0
    assert looked_at == [0, 1]
    assert "observed already" in capsys.readouterr().out


def test_other_weights_do_not_pass_for_the_same(
    dataset: Path, image_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert observe(dataset, image_model, "--split", "val", "--view", "cam0") == 0
    other = write_seeing_checkpoint(tmp_path / "other", np.full((2, 21, 3), 0.5) + np.arange(21)[:, None] * 0.003)
    assert observe(dataset, other, "--split", "val", "--view", "cam0") == 2
    assert "made by other weights" in capsys.readouterr().err
    assert observe(dataset, other, "--split", "val", "--view", "cam0", "--overwrite") == 0
    assert observe(dataset, image_model, "--split", "val", "--view", "cam0", "--name", "seeing") == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [(["--view", "cam9"], "pictures of the views cam0, cam4"), (["--split", "half"], "no split 'half'"),
     (["--estimator", "recorded"], "has no eyes"), (["--estimator", "eyes"], "no hand estimator 'eyes'")],
)  # fmt: skip
def test_what_cannot_be_observed_is_said(
    dataset: Path, image_model: Path, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert observe(dataset, image_model, *words) == 2
    assert sentence in capsys.readouterr().err


def table(names: tuple[str, ...]) -> torch.Tensor:
    generator = torch.Generator().manual_seed(4)
    return torch.nn.functional.normalize(torch.randn(len(names), WIDTH, generator=generator), dim=-1)


# The embedding of a name is its row here whatever the order of the names.
def write_action_checkpoint(folder: Path, names: tuple[str, ...], random_checkpoint: Path) -> Path:
    card = replace(read_card(random_checkpoint), object_names=names, text_encoder="words", text_width=WIDTH)
    blocks = {"pose_block": PoseBlock(card.pose), "action_block": ActionBlock(card.action or card.pose, WIDTH)}
    save_checkpoint(folder, blocks, card, torch.randn(len(card.labels), WIDTH), table(names[::-1]).flip(0))
    return folder


def write_object_observations(dataset: Dataset, text_encoder: str = "words") -> tuple[str, ...]:
    """As if F had seen the true object in every frame, and nothing in every third."""
    names = dataset.split("train").object_names
    rng = np.random.default_rng(1)
    for store in dataset.splits.values():
        writer = ObservationWriter(store, "resnet18", "cam0", Maker("resnet18", "f", "", text_encoder))
        for number, (start, end) in enumerate(zip(store.starts, store.ends, strict=True)):
            objects = np.asarray(store.objects[start:end])
            features = table(names).numpy()[objects] + 0.3 * rng.normal(size=(end - start, WIDTH))
            features[::3] = 0
            nothing = np.zeros((end - start, NUM_HANDS, NUM_JOINTS, 3), np.float32)
            seen = np.ones(end - start, bool)
            writer.write(number, Seen(nothing, np.zeros((end - start, 2), bool), seen, features.astype(np.float16)))
        writer.finish()
    return names


def train_object(folder: Path, dataset: Path, checkpoint: Path) -> int:
    recipe = {
        "task": "object",
        "model": {"width": WIDTH, "heads": 2, "feedforward": 16, "layers": 1},
        "checkpoint": str(checkpoint),
        "observed": {"dataset": str(dataset)},
        "loop": {"steps": 60, "batch_size": 32, "learning_rate": 5e-3, "threads": 1},
    }
    (folder / "object.yaml").write_text(yaml.safe_dump(recipe))
    return main(["train", "object", str(folder / "object.yaml"), "--out", str(folder / "run"), "--device", "cpu"])


def test_the_aggregator_learns_from_what_was_observed(dataset: Path, tmp_path: Path, random_checkpoint: Path) -> None:
    names = write_object_observations(open_dataset(dataset))
    # The checkpoint lists objects in another order than the dataset.
    checkpoint = write_action_checkpoint(tmp_path / "action", names[::-1], random_checkpoint)
    assert train_object(tmp_path, dataset, checkpoint) == 0
    trained = load_checkpoint(tmp_path / "run" / "checkpoint")
    assert trained.card.metrics["object"]["top1"] > 0.8
    assert "top1_of_mean" in trained.card.metrics["object"]
    # Recognition takes the embedding of the nearest object, as in the paper.
    track = ObjectTrack(trained.object_aggregator, trained.object_text, WIDTH)
    store = open_dataset(dataset).split("train")
    shown = trained.object_names.index(names[int(np.asarray(store.objects).max())])
    for _ in range(16):
        track.push(trained.object_text[shown].numpy() + 0.01)
    assert torch.equal(track.clip_feature(), torch.nn.functional.normalize(trained.object_text, dim=-1)[shown])  # type: ignore[arg-type]


def test_features_of_another_text_space_are_refused(
    dataset: Path, tmp_path: Path, random_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = write_object_observations(open_dataset(dataset), text_encoder="clip")
    checkpoint = write_action_checkpoint(tmp_path / "action", names, random_checkpoint)
    assert train_object(tmp_path, dataset, checkpoint) == 2
    assert "text encoder clip" in capsys.readouterr().err


def test_objects_without_an_embedding_and_missing_observations_are_named(
    dataset: Path, tmp_path: Path, random_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = write_action_checkpoint(tmp_path / "action", ("banana",), random_checkpoint)
    assert train_object(tmp_path, dataset, checkpoint) == 2
    assert "no observations of its split train" in capsys.readouterr().err
    write_object_observations(open_dataset(dataset))
    assert train_object(tmp_path, dataset, checkpoint) == 2
    assert "has no embedding of" in capsys.readouterr().err


def test_run_takes_the_estimator(tmp_path: Path, image_model: Path, random_checkpoint: Path) -> None:
    film = cv2.VideoWriter(str(tmp_path / "film.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 30, (320, 180))
    for value in range(24):
        film.write(np.full((180, 320, 3), 40 + value, np.uint8))
    film.release()
    (tmp_path / "camera.yaml").write_text("{fx: 170, fy: 170, cx: 160, cy: 90, width: 320, height: 180}")
    words = ["run", "--video", tmp_path / "film.avi", "--camera-info", tmp_path / "camera.yaml", "--out"]
    words += [tmp_path / "out", "--estimator", "resnet18", "--image-model", image_model, "--model", random_checkpoint]
    assert main([str(word) for word in words] + ["--no-overlay", "--samples", "2", "--forecast", "p_a"]) == 2
    # This motion checkpoint reads object features of 16 numbers, the estimator gives 6.
    words[words.index(random_checkpoint)] = _checkpoint_of_width(tmp_path / "fitting", random_checkpoint)
    words[words.index(tmp_path / "out")] = tmp_path / "second"
    assert main([str(word) for word in words] + ["--no-overlay", "--samples", "2", "--forecast", "p_a"]) == 0
    summary = json.loads((tmp_path / "second" / "summary.json").read_text())
    assert summary["estimator"] == "resnet18"
    assert summary["frames_with_left"] == summary["frames_with_right"] == 24


def _checkpoint_of_width(folder: Path, random_checkpoint: Path) -> Path:
    width = len(OBJECT_FEATURE)
    card = replace(read_card(random_checkpoint), text_width=width)
    blocks = {"pose_block": PoseBlock(card.pose), "action_block": ActionBlock(card.action or card.pose, width)}
    save_checkpoint(folder, blocks, card, torch.randn(len(card.labels), width))
    return folder
