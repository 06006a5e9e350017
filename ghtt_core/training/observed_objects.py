# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Clips of the object features that F saw in a dataset's pictures: what the object aggregator E^PO is trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ghtt_core.data.sequence import NO_OBJECT
from ghtt_core.data.store.dataset import open_dataset
from ghtt_core.data.store.observations import Observations, observed_views, open_observations
from ghtt_core.data.store.sequence_store import SequenceStore
from ghtt_core.errors import RecipeError
from ghtt_core.hands.layout import CLIP_FRAMES


@dataclass(frozen=True)
class ObservedObjects:
    """Which observations are used; `ghtt prepare observe` makes them.

    Attributes:
        dataset: Folder of a prepared dataset.
        estimator: Name that its observations were kept under.
        train: Split to train on.
        validation: Split that the figures are measured on.
        views: Views to take; all that were observed when none is named.
    """

    dataset: str
    estimator: str = "resnet18"
    train: str = "train"
    validation: str = "val"
    views: tuple[str, ...] = ()


class ObservedClips:
    """All clips of 16 frames through which one object is known, from every view that was observed."""

    def __init__(self, store: SequenceStore, observed: Sequence[Observations], object_names: tuple[str, ...]) -> None:
        """List the clips.

        Args:
            store: The store.
            observed: What was seen of it, each from one view.
            object_names: Names in the order of the embeddings that clips are trained against.

        Raises:
            RecipeError: If no clip has a feature and an object, or an object has no embedding.
        """
        used = sorted(set(np.unique(store.objects).tolist()) - {NO_OBJECT})
        unknown = [store.object_names[number] for number in used if store.object_names[number] not in object_names]
        if unknown:
            raise RecipeError(
                f"checkpoint has no embedding of {', '.join(unknown)}, which the store {store.folder} shows"
            )
        # The last entry stands for NO_OBJECT, which is -1.
        self._renumber = np.full(len(store.object_names) + 1, NO_OBJECT, np.int64)
        for number in used:
            self._renumber[number] = object_names.index(store.object_names[number])
        self._features = [view.object_feature for view in observed if view.object_feature is not None]
        self._known = [np.asarray(features != 0).any(axis=1) for features in self._features]
        self._objects = np.asarray(store.objects)
        steady = _steady_clips(store)
        self._clips = np.array(
            [
                (number, first)
                for number, known in enumerate(self._known)
                for first in steady[np.convolve(known, np.ones(CLIP_FRAMES), "valid")[steady] > 0]
            ],
            np.int64,
        ).reshape(-1, 2)
        if not len(self._clips):
            raise RecipeError(
                f"observed names a dataset without a clip of a known object: {store.folder} needs objects, and "
                "observations by an estimator with an object feature"
            )

    @property
    def width(self) -> int:
        """Channels of the features."""
        return int(self._features[0].shape[1])

    def __len__(self) -> int:
        """Number of clips."""
        return len(self._clips)

    def draw(self, size: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Draw clips; see `take`."""
        return self.take(torch.randint(len(self), (size,), generator=generator).numpy())

    def take(self, clips: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor]:
        """Features (B, 16, D) float32, whether a frame has one (B, 16), and the object (B,) of the given clips."""
        rows = [(int(view), slice(int(first), int(first) + CLIP_FRAMES)) for view, first in self._clips[clips]]
        features = np.stack([self._features[view][frames] for view, frames in rows]).astype(np.float32)
        known = np.stack([np.asarray(self._known[view])[frames] for view, frames in rows])
        objects = self._renumber[self._objects[self._clips[clips, 1]]]
        return torch.from_numpy(features), torch.from_numpy(known), torch.from_numpy(objects)


def _steady_clips(store: SequenceStore) -> NDArray[np.int64]:
    """First frames of all clips that lie in one sequence and show one known object throughout."""
    objects = np.asarray(store.objects)
    changes = np.ones(len(objects), bool)
    changes[1:] = objects[1:] != objects[:-1]
    changes[store.starts] = True
    borders = np.append(np.flatnonzero(changes), len(objects))
    firsts = [
        np.arange(start, end - CLIP_FRAMES + 1) for start, end in pairwise(borders) if objects[start] != NO_OBJECT
    ]
    return np.concatenate([*firsts, np.zeros(0, np.int64)])


def open_observed_clips(
    config: ObservedObjects, object_names: tuple[str, ...], text_width: int, text_encoder: str
) -> tuple[ObservedClips, ObservedClips]:
    """Open the clips of the training and of the validation split.

    Args:
        config: Which.
        object_names: Names in the order of the embeddings.
        text_width: Channels that features must have.
        text_encoder: Encoder whose space they must live in.

    Raises:
        InputError: If the dataset or its observations cannot be read.
        RecipeError: If the features are of another text space, or no clip can be used.
    """
    dataset = open_dataset(Path(config.dataset))
    splits = []
    for name in (config.train, config.validation):
        store = dataset.split(name)
        views = config.views or observed_views(store, config.estimator)
        if not views:
            raise RecipeError(
                f"observed.dataset has no observations of its split {name} by {config.estimator}; run `ghtt prepare "
                f"observe --store {config.dataset} --estimator {config.estimator}` first"
            )
        observed = [open_observations(store, config.estimator, view) for view in views]
        others = {view.maker.text_encoder for view in observed} - {text_encoder}
        clips = ObservedClips(store, observed, object_names)
        if others or clips.width != text_width:
            raise RecipeError(
                f"observed.estimator has object features of the text encoder {others.pop() if others else text_encoder}"
                f" ({clips.width} channels), the checkpoint those of {text_encoder} ({text_width})"
            )
        splits.append(clips)
    return splits[0], splits[1]
