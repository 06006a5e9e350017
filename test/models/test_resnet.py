# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""ResNet-18: the names and shapes of published weights, and files that are not them."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from ghtt_core.errors import CheckpointError
from ghtt_core.models.resnet import ResNet18, load_pretrained


def published_shapes() -> dict[str, tuple[int, ...]]:
    """Names and shapes of torchvision's resnet18, written out from its documentation, classifier included."""
    shapes: dict[str, tuple[int, ...]] = {"conv1.weight": (64, 3, 7, 7)}

    def norm(name: str, channels: int) -> None:
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.{part}"] = (channels,)
        shapes[f"{name}.num_batches_tracked"] = ()

    norm("bn1", 64)
    before = 64
    for stage, channels in enumerate((64, 128, 256, 512), 1):
        for block in (0, 1):
            name = f"layer{stage}.{block}"
            shapes[f"{name}.conv1.weight"] = (channels, before if block == 0 else channels, 3, 3)
            norm(f"{name}.bn1", channels)
            shapes[f"{name}.conv2.weight"] = (channels, channels, 3, 3)
            norm(f"{name}.bn2", channels)
            if block == 0 and stage > 1:
                shapes[f"{name}.downsample.0.weight"] = (channels, before, 1, 1)
                norm(f"{name}.downsample.1", channels)
        before = channels
    shapes["fc.weight"], shapes["fc.bias"] = (1000, 512), (1000,)
    return shapes


def published_like(seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    state = OrderedDict()
    for name, shape in published_shapes().items():
        if name.endswith("num_batches_tracked"):
            state[name] = torch.tensor(0)
        else:
            state[name] = torch.rand(shape, generator=generator) * 0.1
    return state


def test_names_and_shapes_are_those_of_published_weights() -> None:
    expected = {name: shape for name, shape in published_shapes().items() if not name.startswith("fc.")}
    assert {name: tuple(value.shape) for name, value in ResNet18().state_dict().items()} == expected


def test_it_has_as_many_parameters_as_the_published_network_without_its_classifier() -> None:
    assert sum(parameter.numel() for parameter in ResNet18().parameters()) == 11_689_512 - 513_000


@pytest.mark.parametrize("name", ["weights.safetensors", "resnet18-f37072fd.pth"])
def test_weights_load_from_either_kind_of_file(tmp_path: Path, name: str) -> None:
    state, path = published_like(), tmp_path / name
    if path.suffix == ".pth":
        # The published file has no counters of batches.
        torch.save({key: value for key, value in state.items() if "num_batches" not in key}, path)
    else:
        save_file(state, path)
    network = ResNet18()
    digest = load_pretrained(network, path)
    assert len(digest) == 64
    assert torch.equal(network.layer3[1].conv2.weight, state["layer3.1.conv2.weight"])  # type: ignore[union-attr,index]
    assert torch.equal(network.bn1.running_var, state["bn1.running_var"])


def test_weights_of_another_network_are_refused_by_name(tmp_path: Path) -> None:
    state = published_like()
    del state["layer2.0.bn1.bias"]
    save_file(state, tmp_path / "other.safetensors")
    with pytest.raises(CheckpointError, match=r"layer2\.0\.bn1\.bias has shape None"):
        load_pretrained(ResNet18(), tmp_path / "other.safetensors")
    save_file(published_like(), tmp_path / "wide.safetensors")
    with pytest.raises(CheckpointError, match="base width 32"):
        load_pretrained(ResNet18(32), tmp_path / "wide.safetensors")


class Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("trapped"),))  # type: ignore[return-value]


@pytest.mark.parametrize("content", ["pickle", "text", "empty", "half", "list"])
def test_a_file_that_is_no_table_of_tensors_is_refused_and_nothing_in_it_runs(
    tmp_path: Path, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "weights.pth"
    if content == "pickle":
        path.write_bytes(pickle.dumps({"conv1.weight": Trap()}))
    elif content == "list":
        torch.save([torch.zeros(3)], path)
    else:
        torch.save(published_like(), path)
        whole = path.read_bytes()
        path.write_bytes({"text": b"hello", "empty": b"", "half": whole[: len(whole) // 2]}[content])
    with pytest.raises(CheckpointError, match=r"weights\.pth"):
        load_pretrained(ResNet18(), path)
    assert not (tmp_path / "trapped").exists()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no weights file .*missing\.pth"):
        load_pretrained(ResNet18(), tmp_path / "missing.pth")
