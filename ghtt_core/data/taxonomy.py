# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The action labels of a dataset in their published order, with what is done and with which object."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ghtt_core.data.sequence import ActionSegment, verb_and_noun
from ghtt_core.errors import InputError


@dataclass(frozen=True)
class ActionLabel:
    """One label.

    Attributes:
        name: The published string, for example "take out espresso".
        verb: What is done.
        noun: The object it is done with; empty if there is none.
        published_id: The number its dataset gives it; -1 for a label that no list has.
    """

    name: str
    verb: str
    noun: str
    published_id: int = -1

    @classmethod
    def from_name(cls, name: str) -> ActionLabel:
        """Label of which only the name is known: its last word is taken for the object."""
        return cls(name, *verb_and_noun(name))

    def segment(self, start: int, end: int) -> ActionSegment:
        """Segment of this label from frame start up to, not including, frame end."""
        return ActionSegment(start, end, self.name, self.verb, self.noun)


class Taxonomy:
    """Labels in the order of their index; names are unique. It grows while a store is written."""

    def __init__(self, labels: Iterable[ActionLabel | str] = ()) -> None:
        """Number the labels in the given order.

        Raises:
            InputError: If two labels have one name.
        """
        self._labels: dict[str, ActionLabel] = {}
        self._index: dict[str, int] = {}
        for label in labels:
            given = ActionLabel.from_name(label) if isinstance(label, str) else label
            if given.name in self._index:
                raise InputError(f"The label '{given.name}' is there twice; every label needs a name of its own.")
            self._add(given)

    def _add(self, label: ActionLabel) -> int:
        self._labels[label.name] = label
        return self._index.setdefault(label.name, len(self._index))

    @property
    def labels(self) -> tuple[ActionLabel, ...]:
        """All labels."""
        return tuple(self._labels.values())

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the labels."""
        return tuple(self._labels)

    def __len__(self) -> int:
        """Number of labels."""
        return len(self._labels)

    def number(self, segment: ActionSegment) -> int:
        """Index of a segment's label, which is added if it is new."""
        known = self._index.get(segment.label)
        return self._add(ActionLabel(segment.label, segment.verb, segment.noun)) if known is None else known

    def to_rows(self) -> list[list[Any]]:
        """Rows of name, verb, noun and published number, as the index of a store keeps them."""
        return [[label.name, label.verb, label.noun, label.published_id] for label in self._labels.values()]

    @classmethod
    def from_rows(cls, rows: Iterable[Any]) -> Taxonomy:
        """Read what to_rows returned; bare names are rows of the first format."""
        return cls(row if isinstance(row, str) else ActionLabel(*row) for row in rows)
