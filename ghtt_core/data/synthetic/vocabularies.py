# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The vocabularies that can be chosen, as tables of labels."""

from __future__ import annotations

from typing import NamedTuple

from ghtt_core.data.synthetic import vocabulary as workbench
from ghtt_core.data.synthetic.config import VocabularyName
from ghtt_core.data.synthetic.world import h2o_vocabulary as h2o


class Vocabulary(NamedTuple):
    """What can be done with what.

    Attributes:
        labels: Names of all actions, "verb noun", in the order of their index.
        actions: The same as (verb, noun) pairs.
        object_names: Names of all objects.
    """

    labels: tuple[str, ...]
    actions: tuple[tuple[str, str], ...]
    object_names: tuple[str, ...]


def vocabulary_of(name: VocabularyName) -> Vocabulary:
    """The vocabulary of a name of ``SyntheticConfig.vocabulary``."""
    if name == "h2o":
        return Vocabulary(h2o.LABELS, h2o.ACTIONS, h2o.NOUNS)
    return Vocabulary(workbench.LABELS, workbench.ACTIONS, workbench.OBJECT_NAMES)
