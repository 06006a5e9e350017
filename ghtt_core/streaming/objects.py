# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The object in the hands of a stream: one feature per clip from the features of its frames."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ghtt_core.errors import InputError
from ghtt_core.hands.layout import CLIP_FRAMES
from ghtt_core.models.object_aggregator import ObjectAggregator


class ObjectTrack:
    """Keeps the object features of the newest 16 frames and gives one feature for them.

    The aggregator E^PO reads them where a checkpoint has one; their mean stands in otherwise. Then the nearest known
    object's text embedding is taken, which is what the action block was trained on, if objects are known.
    """

    def __init__(
        self, aggregator: ObjectAggregator | None, object_text: Tensor, width: int, *, snap: bool = True
    ) -> None:
        """Reserve memory.

        Args:
            aggregator: E^PO, or None.
            object_text: (M, width) text embeddings of known objects; M may be 0.
            width: Channels of an object feature.
            snap: Whether to take the nearest known object.
        """
        self._aggregator = aggregator
        self._table = functional.normalize(object_text, dim=-1) if snap and len(object_text) else None
        self._width = width
        self._features = torch.zeros(CLIP_FRAMES, width, device=object_text.device)
        self._valid = torch.zeros(CLIP_FRAMES, dtype=torch.bool, device=object_text.device)
        self._any = 0

    def clear(self) -> None:
        """Forget everything."""
        self._any = 0
        # A new one: frames are pushed in inference mode, and what was made there cannot be written to outside of it.
        self._valid = torch.zeros(CLIP_FRAMES, dtype=torch.bool, device=self._valid.device)

    def push(self, feature: NDArray[np.float32] | None) -> None:
        """Append the feature of a frame, or None.

        Raises:
            InputError: If the feature has another width than the model's text encoder, or is not finite.
        """
        self._any = max(self._any - 1, 0)
        if feature is None and self._any == 0:
            return  # nothing in the window, nothing to shift
        if feature is not None and (feature.shape != (self._width,) or not np.isfinite(feature).all()):
            raise InputError(
                f"The model reads finite object features of {self._width} numbers, the estimator gives "
                f"{feature.shape}; use the estimator's features with the model they were made for."
            )
        self._features = self._features.roll(-1, 0)
        self._valid = self._valid.roll(-1, 0)
        self._valid[-1] = feature is not None
        if feature is not None:
            self._any = CLIP_FRAMES
            self._features[-1] = torch.from_numpy(np.asarray(feature, np.float32)).to(self._features)

    def clip_feature(self) -> Tensor | None:
        """Return one (width,) feature of length 1 for the newest 16 frames, or None if no frame has one."""
        if self._any == 0:
            return None
        if self._aggregator is not None:
            feature = self._aggregator(self._features[None], self._valid[None])[0]
        else:
            feature = self._features[self._valid].mean(0)
        feature = functional.normalize(feature.to(self._features), dim=-1)
        return feature if self._table is None else self._table[(self._table @ feature).argmax()]
