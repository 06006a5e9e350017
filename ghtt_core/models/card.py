# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The card of a checkpoint: what the weights are, in JSON that a person can read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, Final, Self

from ghtt_core.errors import CheckpointError
from ghtt_core.models.config import BlockConfig, HandCropConfig, ImageEstimatorConfig, ObjectAggregatorConfig

FORMAT_VERSION: Final = 1
"""Raised when a reader of the old format could misread the new one."""
CARD_FILE: Final = "card.json"
WEIGHTS_FILE: Final = "model.safetensors"
MOTION: Final = "motion model"
IMAGE_ESTIMATOR: Final = "image estimator"


@dataclass(frozen=True, kw_only=True)
class JsonCard:
    """What the cards of all kinds of checkpoints say, and JSON that is read back strictly.

    Attributes:
        KIND: What is in such a checkpoint; a card of another kind is refused by name.
        model_id: Short name that outputs carry, e.g. "ghtt-small-1".
        object_names: Object names in the order of their embeddings.
        text_encoder: Name of the encoder behind all text embeddings; empty without any.
        text_width: Channels of the text embeddings; 0 without any.
        training_recipe: The recipe as it was run.
        data_summary: What the training data were.
        metrics: Figures measured at the end of training.
        format_version: Version of this format.
        storage: "float32", "float16" or "int8": how the weights are stored.
        sha256: Of the weights file, filled in when saving.
        shapes: Shape of every stored tensor by name, filled in when saving.
    """

    KIND: ClassVar[str] = MOTION

    model_id: str
    object_names: tuple[str, ...] = ()
    text_encoder: str = ""
    text_width: int = 0
    training_recipe: Mapping[str, Any] = field(default_factory=dict)
    data_summary: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION
    storage: str = "float32"
    sha256: str = ""
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuses a card that contradicts itself."""
        for name in ("model_id", "text_encoder", "storage", "sha256"):
            if not isinstance(getattr(self, name), str):
                raise CheckpointError(f"The field {name!r} must be a string.")
        if self.storage not in ("float32", "float16", "int8"):
            raise CheckpointError(f"The storage {self.storage!r} is none of float32, float16, int8.")

    def to_json(self) -> str:
        """The card as indented JSON with a final newline.

        Raises:
            CheckpointError: The recipe, summary or metrics hold something JSON cannot.
        """
        try:
            return json.dumps(asdict(self), indent=1, allow_nan=False) + "\n"
        except (TypeError, ValueError) as error:
            raise CheckpointError(f"The card of {self.model_id!r} cannot be written as JSON: {error}.") from error

    @classmethod
    def from_json(cls, text: str, where: Path) -> Self:
        """Reads a card and checks every field.

        Args:
            text: Content of the file.
            where: The file, for messages.

        Raises:
            CheckpointError: The text is not a card of this format.
        """
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise CheckpointError(f"{where} is not valid JSON ({error}); copy the checkpoint again.") from error
        if not isinstance(values, dict):
            raise CheckpointError(f"{where} is not a checkpoint card.")
        kind = values.get("kind", MOTION)
        if kind != cls.KIND:
            raise CheckpointError(
                f"{where} is the card of a checkpoint of kind {kind!r}; give one of kind {cls.KIND!r}."
            )
        version = values.get("format_version")
        if version != FORMAT_VERSION:
            raise CheckpointError(
                f"{where} has checkpoint format {version!r}, this version of the package reads {FORMAT_VERSION}."
            )
        names = {item.name for item in fields(cls)}
        if set(values) != names:
            odd = ", ".join(sorted(names.symmetric_difference(values)))
            raise CheckpointError(f"{where} has missing or unknown fields: {odd}.")
        try:
            return cls(**{**values, **cls._typed(values)})
        except CheckpointError as error:
            raise CheckpointError(f"{where}: {error}") from error
        except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
            raise CheckpointError(f"{where} has a field of the wrong type ({error}).") from error

    @classmethod
    def _typed(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """The fields that JSON cannot hold as they are."""
        if not all(isinstance(values[name], dict) for name in ("training_recipe", "data_summary", "metrics", "shapes")):
            raise TypeError("recipe, summary, metrics and shapes must be objects")
        return {
            "object_names": _names(values, "object_names"),
            "text_width": int(values["text_width"]),
            "shapes": {name: tuple(int(size) for size in shape) for name, shape in values["shapes"].items()},
        }


@dataclass(frozen=True, kw_only=True)
class Card(JsonCard):
    """Everything about a checkpoint of P, A and E^PO except its tensors.

    Attributes:
        pose: Sizes of the pose block.
        palm_template: ``(2, 5, 3)`` nested tuples, canonical palms of the left and the right hand.
        action: Sizes of the action block, or None where the checkpoint has none.
        object: Sizes of the object aggregator, or None where the checkpoint has none.
        labels: Action labels in the order of their embeddings.
    """

    pose: BlockConfig
    palm_template: tuple[tuple[tuple[float, ...], ...], ...]
    action: BlockConfig | None = None
    object: ObjectAggregatorConfig | None = None
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuses a card that contradicts itself."""
        super().__post_init__()
        template = self.palm_template
        if len(template) != 2 or any(len(hand) != 5 or any(len(point) != 3 for point in hand) for hand in template):
            raise CheckpointError("The palm template must have the shape 2 x 5 x 3.")
        if (self.action or self.object or self.labels or self.object_names) and not (
            self.text_encoder and self.text_width > 0
        ):
            raise CheckpointError("The text encoder behind labels and objects is not named.")
        if self.action and self.action.width != self.pose.width:
            raise CheckpointError(
                f"The action block (width {self.action.width}) does not fit the pose block (width {self.pose.width})."
            )
        if self.object and self.object.width != self.text_width:
            raise CheckpointError(
                f"The object aggregator (width {self.object.width}) does not fit the text width {self.text_width}."
            )

    @classmethod
    def _typed(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        action, aggregator = values["action"], values["object"]
        return {
            **super()._typed(values),
            "labels": _names(values, "labels"),
            "pose": BlockConfig.from_dict(values["pose"]),
            "action": None if action is None else BlockConfig.from_dict(action),
            "object": None if aggregator is None else ObjectAggregatorConfig.from_dict(aggregator),
            "palm_template": tuple(
                tuple(tuple(float(number) for number in point) for point in hand) for hand in values["palm_template"]
            ),
        }


@dataclass(frozen=True, kw_only=True)
class ImageCard(JsonCard):
    """Everything about a checkpoint of the image estimator F except its tensors.

    Attributes:
        model: Sizes of the network.
        crop: Sizes of the network of the second look, or None where there is none.
        kind: Tells this card from those of other checkpoints.
    """

    KIND: ClassVar[str] = IMAGE_ESTIMATOR

    model: ImageEstimatorConfig
    crop: HandCropConfig | None = None
    kind: str = IMAGE_ESTIMATOR

    def __post_init__(self) -> None:
        """Refuses a card that contradicts itself."""
        super().__post_init__()
        if self.model.text_width != self.text_width:
            raise CheckpointError(
                f"The network's text width {self.model.text_width} is not that of the text table, {self.text_width}."
            )
        if not bool(self.object_names) == bool(self.text_encoder) == (self.text_width > 0):
            raise CheckpointError("Objects need a named text encoder, and a text encoder needs objects.")

    @classmethod
    def _typed(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        crop = values["crop"]
        return {
            **super()._typed(values),
            "model": ImageEstimatorConfig.from_dict(values["model"]),
            "crop": None if crop is None else HandCropConfig.from_dict(crop),
        }


def _names(values: Mapping[str, Any], field_name: str) -> tuple[str, ...]:
    names = tuple(values[field_name])
    if not all(isinstance(name, str) for name in names):
        raise TypeError("labels and object names must be strings")
    return names
