# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Recognise the current action of a stream from its clips: the action block with the search for the action's start."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ghtt_core.models.action_block import ActionBlock
from ghtt_core.models.inference import FastActionBlock
from ghtt_core.streaming.forecasting import ObservedAction
from ghtt_core.streaming.history import Candidates, ClipHistory
from ghtt_core.streaming.segmentation import ActionStart, LabelBelief, SegmentationConfig


class Recognised(NamedTuple):
    """The current action.

    Attributes:
        log_probabilities: (L,) natural logarithms over all labels.
        start: Since which frame it is believed to go on, counted from the beginning of the stream.
    """

    log_probabilities: NDArray[np.float32]
    start: int


class ActionRecogniser:
    """Holds the label embeddings, what is believed to go on, and from where on forecasts observe it."""

    def __init__(
        self,
        action_block: ActionBlock | FastActionBlock,
        label_text: Tensor,
        config: SegmentationConfig,
        transitions: NDArray[np.floating] | None = None,
    ) -> None:
        """Embed the labels once.

        Args:
            action_block: A.
            label_text: (L, text_width) embeddings of all labels, L >= 1.
            config: Hysteresis of the segmentation.
            transitions: (L, L) how often each label followed each other one in training, if that is known.
        """
        self._action_block = action_block
        with torch.inference_mode():
            self._labels = action_block.embed_labels(label_text)
        self._start, self._belief = ActionStart(config), LabelBelief(config, transitions)

    def clear(self) -> None:
        """Begin a new stream."""
        self._start.clear()
        self._belief.clear()

    def recognise(self, clips: ClipHistory) -> Recognised:
        """Name the action, and search for its start, from the clips of a stream; the newest must be valid."""
        seen = clips.candidates()
        logits = self._action_block.label_logits(self._action_block.summarise(*seen), self._labels)
        scores: NDArray[np.float32] = functional.log_softmax(logits.float(), dim=-1).cpu().numpy()
        self._start.update(scores, clips.total)
        believed = self._belief.update(scores, clips.total)
        return Recognised(believed, max(self._belief.start, clips.oldest))

    def observe(self, clips: ClipHistory) -> ObservedAction:
        """Encode the current action from the start that was found last; the newest clip must be valid."""
        seen = clips.candidates()
        row = self._start.row(clips.total, len(seen.clip_valid))
        chosen = Candidates(*(part[row : row + 1, : row + 1] for part in seen))
        counted = torch.tensor([row + 1], device=self._labels.device)
        return ObservedAction(self._action_block.encode(*chosen), chosen.clip_valid, counted)
