# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Sizes of the networks: frozen dataclasses that a checkpoint card records and a loader checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Self

from ghtt_core.errors import CheckpointError
from ghtt_core.hands.layout import NUM_JOINTS


@dataclass(frozen=True)
class _Sizes:
    """What all size records share: a check on construction and a strict mapping to and from JSON objects."""

    def to_dict(self) -> dict[str, int]:
        """Returns the fields as a plain dictionary."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Builds the record from a JSON object.

        Raises:
            CheckpointError: A field is missing, unknown, or not a positive integer.
        """
        names = {field.name for field in fields(cls)}
        if set(values) != names:
            odd = sorted(names.symmetric_difference(values))
            raise CheckpointError(f"The sizes of a network have wrong or missing fields: {', '.join(odd)}.")
        for name, value in values.items():
            if not isinstance(value, int) or isinstance(value, bool):
                raise CheckpointError(f"The network size {name!r} must be an integer, not {value!r}.")
        return cls(**values)

    def _check(self, width: int, heads: int) -> None:
        for field in fields(self):
            if getattr(self, field.name) < 1:
                raise CheckpointError(f"The network size {field.name!r} must be at least 1.")
        if width % heads or width % 4:
            raise CheckpointError(f"A network width of {width} must be a multiple of 4 and of its {heads} heads.")


@dataclass(frozen=True)
class BlockConfig(_Sizes):
    """Sizes of the pose block P or the action block A (both share one architecture).

    Attributes:
        width: d, channels of every token and of the mid-level feature.
        heads: Attention heads; must divide the width.
        feedforward: Hidden channels of each layer's feed-forward part.
        encoder_layers: Layers of the encoder.
        decoder_layers: Layers of the decoder.
    """

    width: int = 512
    heads: int = 8
    feedforward: int = 2048
    encoder_layers: int = 9
    decoder_layers: int = 9

    def __post_init__(self) -> None:
        """Refuses sizes no network can have."""
        self._check(self.width, self.heads)


@dataclass(frozen=True)
class ObjectAggregatorConfig(_Sizes):
    """Sizes of the object aggregator E^PO; its width is that of the text encoder, whose space it lives in."""

    width: int = 512
    heads: int = 8
    feedforward: int = 2048
    layers: int = 2

    def __post_init__(self) -> None:
        """Refuses sizes no network can have."""
        self._check(self.width, self.heads)


@dataclass(frozen=True)
class ImageEstimatorConfig(_Sizes):
    """Sizes of the image estimator F; the defaults are the paper's.

    Attributes:
        base_width: Channels of the first stage of ResNet-18; the feature of a picture has 8 times as many.
        input_width: Pixels across of the network's input.
        input_height: Pixels down.
        hidden: Hidden channels of the hand head.
        text_width: Channels of the object feature, those of the text encoder; 0 for a network without object head.
        attention_maps: Places per hand that the heads look at beside the whole picture: 21, one per joint (our
            addition, see `joint_attention`), or 0, the paper's.
        together: 1 where both hands move as one body to the normalised camera and back (the paper's way), 0 where
            each moves by itself, which costs a hand far less of its shape where the focal length is another one.
    """

    base_width: int = 64
    input_width: int = 480
    input_height: int = 270
    hidden: int = 512
    text_width: int = 512
    attention_maps: int = 0
    together: int = 1

    def __post_init__(self) -> None:
        """Refuses sizes no network can have."""
        leasts = {"text_width": 0, "attention_maps": 0, "together": 0, "input_width": 32, "input_height": 18}
        for field in fields(self):
            least = leasts.get(field.name, 1)
            if getattr(self, field.name) < least:
                raise CheckpointError(f"The network size {field.name!r} must be at least {least}.")
        if self.attention_maps not in (0, NUM_JOINTS):
            raise CheckpointError(f"attention_maps must be 0 or {NUM_JOINTS}, not {self.attention_maps}.")
        if abs(self.input_width * 9 - self.input_height * 16) > 9:
            raise CheckpointError(
                f"The input of {self.input_width}x{self.input_height} is not 16 to 9 as the pictures of 480x270 are."
            )


@dataclass(frozen=True)
class HandCropConfig(_Sizes):
    """Sizes of the network that looks at each hand again in a crop of its own (our addition, see `hand_crop`).

    Attributes:
        base_width: Channels of the first stage of its ResNet-18.
        input_size: Pixels of the crop, which is square.
        hidden: Hidden channels of the hand head.
    """

    base_width: int = 32
    input_size: int = 112
    hidden: int = 96

    def __post_init__(self) -> None:
        """Refuses sizes no network can have."""
        for field in fields(self):
            least = 32 if field.name == "input_size" else 1
            if getattr(self, field.name) < least:
                raise CheckpointError(f"The network size {field.name!r} must be at least {least}.")


@dataclass(frozen=True)
class FidConfig(_Sizes):
    """Sizes of the network whose features the Fréchet distance of forecasts compares; the defaults are the paper's."""

    width: int = 512
    heads: int = 8
    feedforward: int = 2048
    layers: int = 9

    def __post_init__(self) -> None:
        """Refuses sizes no network can have."""
        self._check(self.width, self.heads)


PAPER: Final = BlockConfig()
"""The paper's size: 66.85 M parameters in P, 66.47 M in A."""
SMALL: Final = BlockConfig(width=256, heads=4, feedforward=384, encoder_layers=3, decoder_layers=2)
"""The pose block that ships: made for two CPU cores."""
SMALL_ACTION: Final = BlockConfig(width=256, heads=4, feedforward=384, encoder_layers=2, decoder_layers=2)
"""The action block that ships."""
PAPER_OBJECT: Final = ObjectAggregatorConfig()
"""The paper's E^PO: 6.31 M parameters."""
