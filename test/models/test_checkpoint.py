# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Checkpoints: what is saved comes back, and every damage is answered with one sentence that names it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from ghtt_core.errors import CheckpointError, OutputError
from ghtt_core.models import checkpoint_folder
from ghtt_core.models.action_block import ActionBlock
from ghtt_core.models.checkpoint import Card, load_checkpoint, require_text_encoder, save_checkpoint
from ghtt_core.models.config import BlockConfig, ObjectAggregatorConfig
from ghtt_core.models.object_aggregator import ObjectAggregator
from ghtt_core.models.pose_block import PoseBlock

TINY = BlockConfig(width=32, heads=2, feedforward=48, encoder_layers=1, decoder_layers=1)
TEXT = 12
TEMPLATE = tuple(tuple((float(point), sign * 0.25 * point, 0.1) for point in range(5)) for sign in (1.0, -1.0))


def blocks() -> dict[str, torch.nn.Module]:
    torch.manual_seed(4)
    aggregator = ObjectAggregator(ObjectAggregatorConfig(width=TEXT, heads=2, feedforward=16))
    return {"pose_block": PoseBlock(TINY), "action_block": ActionBlock(TINY, TEXT), "object_aggregator": aggregator}


def card(**changes: Any) -> Card:
    whole = Card(
        model_id="tiny-1",
        pose=TINY,
        palm_template=TEMPLATE,
        action=TINY,
        object=ObjectAggregatorConfig(width=TEXT, heads=2, feedforward=16),
        labels=("open milk", "pick up cup"),
        object_names=("milk", "cup", "lid"),
        text_encoder="minilm",
        text_width=TEXT,
        training_recipe={"epochs": 80, "lr": 1e-4},
        metrics={"top1": 0.9},
    )
    return replace(whole, **changes)


def save(folder: Path, **changes: Any) -> Path:
    save_checkpoint(folder, blocks(), card(**changes), torch.eye(2, TEXT), torch.eye(3, TEXT))
    return folder


def edit_card(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = folder / "card.json"
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))


@pytest.mark.parametrize(("storage", "tolerance"), [("float32", 0.0), ("float16", 1e-3), ("int8", 8e-3)])
def test_round_trip(tmp_path: Path, storage: str, tolerance: float) -> None:
    loaded = load_checkpoint(save(tmp_path / "model", storage=storage))
    assert loaded.labels == ("open milk", "pick up cup")
    assert torch.equal(loaded.label_text, torch.eye(2, TEXT))
    assert torch.equal(loaded.object_text, torch.eye(3, TEXT))
    assert torch.equal(loaded.template, torch.tensor(TEMPLATE))
    assert loaded.card.training_recipe == {"epochs": 80, "lr": 1e-4}
    assert loaded.action_block is not None
    assert loaded.object_aggregator is not None
    for name, block in blocks().items():
        restored = getattr(loaded, name)
        assert not restored.training
        for key, value in block.state_dict().items():
            got = restored.state_dict()[key]
            assert got.dtype == torch.float32
            assert (got - value).abs().max() <= tolerance * value.abs().max()


def test_transitions_of_labels_are_kept_and_checked(tmp_path: Path) -> None:
    tables = (torch.eye(2, TEXT), torch.eye(3, TEXT))
    assert load_checkpoint(save(tmp_path / "without")).label_transitions is None
    counts = torch.tensor([[0, 7], [3, 0]])
    save_checkpoint(tmp_path / "with", blocks(), card(storage="int8"), *tables, counts)
    loaded = load_checkpoint(tmp_path / "with").label_transitions
    assert loaded is not None
    assert torch.equal(loaded, counts.float())
    with pytest.raises(CheckpointError, match="transitions are of other ones"):
        save_checkpoint(tmp_path / "wrong", blocks(), card(), *tables, torch.zeros(3, 3))
    save_checkpoint(tmp_path / "wrong", blocks(), card(), *tables, -counts)
    with pytest.raises(CheckpointError, match="below zero"):
        load_checkpoint(tmp_path / "wrong")


def test_smaller_storage_is_smaller(tmp_path: Path) -> None:
    sizes = [
        (save(tmp_path / storage, storage=storage) / "model.safetensors").stat().st_size
        for storage in ("float32", "float16", "int8")
    ]
    assert sizes[0] > 1.6 * sizes[1] > 2.0 * sizes[2]


def test_pose_block_alone(tmp_path: Path) -> None:
    plain = card(action=None, object=None, labels=(), object_names=(), text_encoder="", text_width=0)
    save_checkpoint(tmp_path / "pose", {"pose_block": blocks()["pose_block"]}, plain)
    loaded = load_checkpoint(tmp_path / "pose")
    assert loaded.action_block is None
    assert loaded.object_aggregator is None
    assert loaded.label_text.shape == (0, 0)


def test_saving_replaces_the_old_checkpoint_and_leaves_nothing_else(tmp_path: Path) -> None:
    save(tmp_path / "model")
    save(tmp_path / "model", model_id="tiny-2")
    assert load_checkpoint(tmp_path / "model").card.model_id == "tiny-2"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["card.json", "model.safetensors"]


def test_a_failed_save_keeps_the_old_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "model")

    def full_disk(*_: object, **__: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint_folder, "save", full_disk)
    with pytest.raises(OutputError, match="No space left"):
        save(tmp_path / "model", model_id="tiny-2")
    assert load_checkpoint(tmp_path / "model").card.model_id == "tiny-1"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def flip_a_bit(folder: Path) -> None:
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


def truncate(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])


def other_size(values: dict[str, Any]) -> None:
    values["pose"]["encoder_layers"] = values["action"]["encoder_layers"] = 2


def other_width(values: dict[str, Any]) -> None:
    for block in ("pose", "action"):
        values[block]["width"] = 64


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "edited weights": (flip_a_bit, "damaged or edited"),
    "truncated weights": (truncate, "damaged or edited"),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), "has no model.safetensors"),
    "no card": (lambda folder: (folder / "card.json").unlink(), "has no card.json"),
    "card is not JSON": (lambda folder: (folder / "card.json").write_text("{"), "not valid JSON"),
    "card is a list": (lambda folder: (folder / "card.json").write_text("[]"), "not a checkpoint card"),
    "card is binary": (lambda folder: (folder / "card.json").write_bytes(b"\xff\xfe\x00"), "cannot be read"),
    "other depth": (lambda folder: edit_card(folder, other_size), "of another size than its card says"),
    "other width": (lambda folder: edit_card(folder, other_width), "of another size than its card says"),
    "heads do not divide": (
        lambda folder: edit_card(folder, lambda values: values["pose"].update(heads=5)),
        "must be a multiple",
    ),
    "sizes are words": (lambda folder: edit_card(folder, lambda values: values["pose"].update(width="x")), "integer"),
    "unknown field": (lambda folder: edit_card(folder, lambda values: values.update(extra=1)), "unknown fields: extra"),
    "missing field": (lambda folder: edit_card(folder, lambda values: values.pop("labels")), "fields: labels"),
    "newer format": (
        lambda folder: edit_card(folder, lambda values: values.update(format_version=2)),
        "checkpoint format 2, this version of the package reads 1",
    ),
    "label added": (lambda folder: edit_card(folder, lambda values: values["labels"].append("x")), "label_text"),
    "template cut": (lambda folder: edit_card(folder, lambda values: values["palm_template"].pop()), "2 x 5 x 3"),
    "shape edited": (
        lambda folder: edit_card(folder, lambda values: values["shapes"].update({"label_text": [9, 9]})),
        "the card was edited",
    ),
    "text width edited": (lambda folder: edit_card(folder, lambda values: values.update(text_width=8)), "text width 8"),
    "digest removed": (lambda folder: edit_card(folder, lambda values: values.update(sha256="")), "damaged or edited"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_named_in_one_sentence(tmp_path: Path, damage: str) -> None:
    folder = save(tmp_path / "model")
    harm, words = DAMAGE[damage]
    harm(folder)
    with pytest.raises(CheckpointError, match=re.escape(words)) as caught:
        load_checkpoint(folder)
    assert "\n" not in str(caught.value)
    assert "card" in str(caught.value) or str(folder) in str(caught.value)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"There is no checkpoint folder .*nowhere"):
        load_checkpoint(tmp_path / "nowhere")


def test_weights_that_are_a_pickle_are_refused(tmp_path: Path) -> None:
    folder = save(tmp_path / "model")
    torch.save({"a": torch.zeros(1)}, folder / "model.safetensors")
    digest = checkpoint_folder.file_sha256(folder / "model.safetensors")
    edit_card(folder, lambda values: values.update(sha256=digest))
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_checkpoint(folder)


def test_a_card_that_does_not_fit_the_networks_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="pose_block"):
        save(tmp_path / "model", pose=BlockConfig(width=32, heads=4), action=BlockConfig(width=32, heads=4))
    with pytest.raises(CheckpointError, match="label_text"):
        save(tmp_path / "model", labels=("one",))
    assert not (tmp_path / "model").exists()


def test_mixing_text_encoders_is_refused() -> None:
    require_text_encoder(card(), "minilm", TEXT)
    with pytest.raises(CheckpointError, match=r"'tiny-1' was trained with text encoder 'minilm' .* with 'clip'"):
        require_text_encoder(card(), "clip", 512)
