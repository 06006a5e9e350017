# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The card of a checkpoint: what the weights are, in JSON that a person can read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Self

from ghtt_core.errors import CheckpointError
from ghtt_core.models.config import BlockConfig, ObjectAggregatorConfig

FORMAT_VERSION: Final = 1
"""Raised when a reader of the old format could misread the new one."""
CARD_FILE: Final = "card.json"
WEIGHTS_FILE: Final = "model.safetensors"


@dataclass(frozen=True)
class Card:
    """Everything about a checkpoint except its tensors.

    Attributes:
        model_id: Short name that outputs carry, e.g. "ghtt-small-1".
        pose: Sizes of the pose block.
        palm_template: ``(2, 5, 3)`` nested tuples, canonical palms of the left and the right hand.
        action: Sizes of the action block, or None where the checkpoint has none.
        object: Sizes of the object aggregator, or None where the checkpoint has none.
        labels: Action labels in the order of their embeddings.
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

    model_id: str
    pose: BlockConfig
    palm_template: tuple[tuple[tuple[float, ...], ...], ...]
    action: BlockConfig | None = None
    object: ObjectAggregatorConfig | None = None
    labels: tuple[str, ...] = ()
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
            return cls(**{**values, **_typed(values)})
        except CheckpointError as error:
            raise CheckpointError(f"{where}: {error}") from error
        except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
            raise CheckpointError(f"{where} has a field of the wrong type ({error}).") from error

    def __post_init__(self) -> None:
        """Refuses a card that contradicts itself."""
        for name in ("model_id", "text_encoder", "storage", "sha256"):
            if not isinstance(getattr(self, name), str):
                raise CheckpointError(f"The field {name!r} must be a string.")
        if self.storage not in ("float32", "float16", "int8"):
            raise CheckpointError(f"The storage {self.storage!r} is none of float32, float16, int8.")
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


def _typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that JSON cannot hold as they are."""
    strings = {name: tuple(values[name]) for name in ("labels", "object_names")}
    if not all(isinstance(item, str) for items in strings.values() for item in items):
        raise TypeError("labels and object names must be strings")
    if not all(isinstance(values[name], dict) for name in ("training_recipe", "data_summary", "metrics", "shapes")):
        raise TypeError("recipe, summary, metrics and shapes must be objects")
    action, aggregator = values["action"], values["object"]
    return {
        **strings,
        "pose": BlockConfig.from_dict(values["pose"]),
        "action": None if action is None else BlockConfig.from_dict(action),
        "object": None if aggregator is None else ObjectAggregatorConfig.from_dict(aggregator),
        "palm_template": tuple(
            tuple(tuple(float(number) for number in point) for point in hand) for hand in values["palm_template"]
        ),
        "text_width": int(values["text_width"]),
        "shapes": {name: tuple(int(size) for size in shape) for name, shape in values["shapes"].items()},
    }
