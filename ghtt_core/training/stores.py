# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Where training sequences come from: prepared stores, or the synthetic generator with its result kept on disk."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ghtt_core.data import synthetic
from ghtt_core.data.store.sequence_store import SequenceStore, open_store
from ghtt_core.data.synthetic.generator import HELD_OUT_SUBJECT, SyntheticConfig, write_dataset
from ghtt_core.errors import RecipeError
from ghtt_core.hands.canonical import estimate_template

TEMPLATE_FRAMES = 20_000
"""Frames that the palm template is estimated from, spread over the store."""


@dataclass(frozen=True)
class SyntheticSplit:
    """A training and a validation set from the generator; validation subjects never train.

    Attributes:
        train: What is generated for training.
        validation_sequences: Sequences of held-out subjects.
        seed: Seed of both sets.
        cache: Folder where generated sets are kept; its content is made again whenever it is missing.
        workers: Processes that generate.
    """

    train: SyntheticConfig = field(default_factory=SyntheticConfig)
    validation_sequences: int = 60
    seed: int = 0
    cache: str = "out/data"
    workers: int = 2


@dataclass(frozen=True)
class DataConfig:
    """Either two prepared stores or a synthetic split.

    Attributes:
        train: Folder of a prepared store.
        validation: Folder of a prepared store with other subjects.
        synthetic: Generated data instead.
    """

    train: str | None = None
    validation: str | None = None
    synthetic: SyntheticSplit | None = None

    def __post_init__(self) -> None:
        """Refuse a section that names no data or two kinds of it."""
        prepared = self.train is not None and self.validation is not None
        if prepared == (self.synthetic is not None):
            raise RecipeError("train and validation must both name stores, or synthetic must say what to generate")


def open_stores(config: DataConfig) -> tuple[SequenceStore, SequenceStore]:
    """Open the training and the validation store, generating synthetic ones that are not on disk yet.

    Raises:
        InputError: If a store cannot be read.
        OutputError: If a generated store cannot be written.
    """
    if config.synthetic is None:
        return open_store(Path(str(config.train))), open_store(Path(str(config.validation)))
    split = config.synthetic
    held_out = dataclasses.replace(
        split.train, sequences=split.validation_sequences, first_subject=HELD_OUT_SUBJECT, subjects=1000
    )
    train = _generated(split.train, split.seed, split)
    return train, _generated(held_out, split.seed + 1, split)


def _generated(config: SyntheticConfig, seed: int, split: SyntheticSplit) -> SequenceStore:
    key = json.dumps({**dataclasses.asdict(config), "seed": seed, "generator": _generator_hash()}, sort_keys=True)
    folder = Path(split.cache) / f"synthetic-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    return open_store(folder) if folder.exists() else write_dataset(config, seed, folder, workers=split.workers)


def _generator_hash() -> str:
    """Hash of the generator's own source, so that data kept from an older generator are never taken for new ones."""
    digest = hashlib.sha256()
    home = Path(synthetic.__file__).parent
    for path in sorted([*home.glob("*.py"), *home.glob("world/*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def palm_template(store: SequenceStore) -> Tensor:
    """Palm template (2, 5, 3) float32 of a store's own hands."""
    frames = np.linspace(0, store.frames - 1, min(TEMPLATE_FRAMES, store.frames)).astype(np.int64)
    joints = torch.from_numpy(store.joints[frames]).double()
    return estimate_template(joints, torch.from_numpy(store.valid[frames])).float()


def card_template(template: Tensor) -> tuple[tuple[tuple[float, ...], ...], ...]:
    """The template as the nested tuples a checkpoint card holds."""
    return tuple(tuple(tuple(point) for point in hand) for hand in template.tolist())


def store_summary(store: SequenceStore) -> dict[str, Any]:
    """What a card says about the training data."""
    return {
        "sequences": len(store),
        "frames": store.frames,
        "subjects": len(set(store.subjects)),
        "labels": len(store.labels),
        "sha256_of_joints": store.sha256["joints"],
    }
