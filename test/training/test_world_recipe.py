# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np

from ghtt_core.data.synthetic.vocabularies import vocabulary_of
from ghtt_core.training.recipe import parse_recipe
from ghtt_core.training.stores import DataConfig, open_stores, palm_template


def test_a_recipe_value_trains_on_the_actions_of_h2o(tmp_path):
    train = {"vocabulary": "h2o", "sequences": 4, "frames": 400, "subjects": 4}
    tree = {"synthetic": {"train": train, "validation_sequences": 2, "cache": str(tmp_path), "workers": 1}}
    stores = open_stores(parse_recipe(tree, DataConfig))
    for store in stores:
        assert tuple(store.labels) == vocabulary_of("h2o").labels
        assert tuple(store.object_names) == vocabulary_of("h2o").object_names
    assert not set(stores[0].subjects) & set(stores[1].subjects)
    assert np.isfinite(palm_template(stores[0]).numpy()).all()
    again = open_stores(parse_recipe(tree, DataConfig))
    assert [store.sha256["joints"] for store in again] == [store.sha256["joints"] for store in stores]
