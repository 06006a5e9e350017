# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The saved state of a training run: one safetensors file, replaced atomically, never pickled.

Weights, optimiser moments and running average are its tensors; the step and everything needed to refuse a state that
belongs to another run are JSON in its header. Data need nothing: a step's draws follow from its index.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ghtt_core.errors import CheckpointError, OutputError, RecipeError
from ghtt_core.training.optimization import WeightAverage

STATE_FILE = "training_state.safetensors"
FORMAT_VERSION = 1

_HEADER_KEY = "ghtt_training_state"
# What may change between a run and its continuation without changing the steps that remain.
_FREE_KEYS = {f"loop.{key}" for key in ("log_every", "evaluate_every", "checkpoint_every", "threads")}


@dataclass(frozen=True)
class StateHeader:
    """What a saved state says of its run.

    Attributes:
        step: Steps done.
        total_steps: Steps of the whole run.
        world_size: Training processes; each draws its own data, so it is part of the run.
        recipe: The recipe as plain values.
        meter: Metrics gathered since the last logged line.
    """

    step: int
    total_steps: int
    world_size: int
    recipe: dict[str, Any] = field(default_factory=dict)
    meter: dict[str, Any] = field(default_factory=dict)


def save_state(
    path: Path, module: nn.Module, optimizer: torch.optim.Optimizer, average: WeightAverage | None, header: StateHeader
) -> None:
    """Write the state of a run; the file under `path` is at every moment a whole one, the earlier or the new.

    Raises:
        OutputError: It cannot be written; the earlier state is untouched.
    """
    tensors = {key: tensor.detach().contiguous() for key, tensor in _state_tensors(module, optimizer, average).items()}
    text = json.dumps({"format_version": FORMAT_VERSION, **asdict(header)})
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, partial, metadata={_HEADER_KEY: text})
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except (OSError, SafetensorError) as error:
        partial.unlink(missing_ok=True)
        earlier = f"the state saved before in {path} stays valid" if path.exists() else "nothing was saved before"
        raise OutputError(
            f"cannot save the training state of step {header.step} in {path.parent}: {_reason(error)}; {earlier}; "
            "make room there and resume"
        ) from error


def read_header(path: Path) -> StateHeader:
    """Read what a saved state says of its run.

    Raises:
        CheckpointError: The file is damaged or not a training state.
    """
    try:
        with safe_open(path, framework="pt") as file:
            content = json.loads((file.metadata() or {})[_HEADER_KEY])
        version = content.pop("format_version")
        if version != FORMAT_VERSION:
            raise CheckpointError(f"{path} has format version {version}, this program reads {FORMAT_VERSION}")
        return StateHeader(**content)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{path} is damaged or no training state ({_reason(error)}); train into another folder"
        ) from error


def check_continuation(path: Path, saved: StateHeader, now: StateHeader) -> None:
    """Refuse to continue a run under another recipe.

    Raises:
        RecipeError: The sentence names the keys that differ.
    """
    if saved.world_size != now.world_size:
        raise RecipeError(
            f"{path} was saved by {saved.world_size} training processes and cannot be resumed with {now.world_size}: "
            "their draws differ"
        )
    free = set(_FREE_KEYS)
    if now.recipe.get("loop", {}).get("schedule") == "constant":
        free |= {"loop.steps", "loop.epochs"}  # a longer run begins with the shorter one
    before, after = _flat(saved.recipe), _flat(now.recipe)
    changed = sorted(
        key for key in before.keys() | after.keys() if before.get(key) != after.get(key) and key not in free
    )
    if changed:
        shown = ", ".join(f"{key} was {before.get(key)!r} and is {after.get(key)!r}" for key in changed[:3])
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        raise RecipeError(
            f"{path} belongs to another recipe: {shown}{more}; restore the recipe or train into another folder"
        )
    if saved.step > now.total_steps:
        raise RecipeError(f"{path} is already at step {saved.step}, past the recipe's {now.total_steps}")


@torch.no_grad()
def load_state(path: Path, module: nn.Module, optimizer: torch.optim.Optimizer, average: WeightAverage | None) -> None:
    """Put a saved state into a module, its optimiser and its running average.

    Raises:
        CheckpointError: The file is damaged, or its tensors do not fit.
    """
    device = next(module.parameters()).device
    parameters = dict(module.named_parameters())
    places = _weights(module)
    if average is not None:
        places.update({f"average.{name}": tensor for name, tensor in average.weights.items()})
    try:
        with safe_open(path, framework="pt", device=str(device)) as file:
            keys = set(file.keys())
            missing = sorted(places.keys() - keys)
            if missing:
                raise CheckpointError(f"{path} does not fit this model: it has no {missing[0]}")
            for key, place in places.items():
                tensor = file.get_tensor(key)
                if tensor.shape != place.shape:
                    raise CheckpointError(
                        f"{path} does not fit this model: {key} is {tuple(tensor.shape)}, not {tuple(place.shape)}"
                    )
                place.copy_(tensor)
            for key in sorted(keys - places.keys()):
                kind, slot, name = [*key.split(".", 2), "", ""][:3]
                if kind != "optimizer" or name not in parameters:
                    raise CheckpointError(f"{path} does not fit this model: {key} has no place in it")
                value, weight = file.get_tensor(key), parameters[name]
                if value.shape == weight.shape:
                    # The fused optimiser wants it in the order of memory that the weight has, such as channels last.
                    value = torch.empty_like(weight, dtype=value.dtype).copy_(value)
                optimizer.state[weight][slot] = value
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path} is damaged ({_reason(error)}); train into another folder") from error


def _weights(module: nn.Module) -> dict[str, Tensor]:
    # named_parameters() gives a shared parameter once; of the rest of state_dict() only buffers are wanted.
    every_name = {name for name, _ in module.named_parameters(remove_duplicate=False)}
    tensors: dict[str, Tensor] = {f"weights.{name}": parameter for name, parameter in module.named_parameters()}
    tensors.update({f"weights.{name}": t for name, t in module.state_dict().items() if name not in every_name})
    return tensors


def _state_tensors(
    module: nn.Module, optimizer: torch.optim.Optimizer, average: WeightAverage | None
) -> dict[str, Tensor]:
    tensors = _weights(module)
    for name, parameter in module.named_parameters():
        for slot, value in optimizer.state.get(parameter, {}).items():
            tensors[f"optimizer.{slot}.{name}"] = value
    if average is not None:
        tensors.update({f"average.{name}": tensor for name, tensor in average.weights.items()})
    return tensors


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error) or type(error).__name__
