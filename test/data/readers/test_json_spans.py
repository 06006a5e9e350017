# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Objects of a JSON file are found and parsed singly, whatever the file is like."""

from __future__ import annotations

import json
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ghtt_core.data.readers.base import MalformedFileError
from ghtt_core.data.readers.json_spans import JsonFile, read_json

NAMES = st.text(st.characters(blacklist_characters="{}", blacklist_categories=("Cs",)), max_size=12)
NUMBERS = st.lists(st.lists(st.floats(allow_nan=False), max_size=3), max_size=3)
VALUES = st.recursive(NUMBERS | NAMES, lambda inner: st.dictionaries(NAMES, inner, max_size=3), max_leaves=6)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=4)
STYLES = st.sampled_from([{}, {"indent": 1}, {"separators": (",", ":")}, {"ensure_ascii": False}])
REUSE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)


@REUSE
@given(st.dictionaries(NAMES, OBJECTS, max_size=4), st.dictionaries(NAMES, OBJECTS, max_size=2), STYLES)
def test_members_are_what_a_parser_of_the_whole_file_says(tmp_path, members, others, style):
    path = tmp_path / "file.json"
    content = {**others, "wanted": members, "last": 1}
    path.write_text(json.dumps(content, **style), encoding="utf-8")
    with JsonFile(path) as file:
        found = {name: file.parse(span, name) for name, span in file.members("wanted").items()}
    assert found == members
    assert list(found) == list(members)


@REUSE
@given(st.lists(OBJECTS, max_size=5), STYLES)
def test_elements_are_what_a_parser_of_the_whole_file_says(tmp_path, elements, style):
    path = tmp_path / "file.json"
    path.write_text(json.dumps(elements, **style), encoding="utf-8")
    with JsonFile(path) as file:
        assert [file.parse(span, "element") for span in file.elements()] == elements


@pytest.mark.parametrize("text", ['[{"a": 1}, {"a": ', '[{"a": 1}', '[{"a": 1}}]', '{"a": 1}'])
def test_a_list_that_is_damaged_is_refused(tmp_path, text):
    path = tmp_path / "file.json"
    path.write_text(text)
    with pytest.raises(MalformedFileError) as caught, JsonFile(path) as file:
        list(file.elements())
    assert caught.value.line == 1


def test_a_mistake_is_told_with_its_line_in_the_file(tmp_path):
    path = tmp_path / "file.json"
    path.write_text('{\n "wanted": {\n  "one": {"a": 1},\n  "two": {\n   "a": x\n  }\n }\n}\n')
    with JsonFile(path) as file:
        spans = file.members("wanted")
        assert file.parse(spans["one"], "one") == {"a": 1}
        with pytest.raises(MalformedFileError, match="line 5: two is not JSON"):
            file.parse(spans["two"], "two")
    with pytest.raises(MalformedFileError, match="line 5: it is not JSON"):
        read_json(path)


def test_a_large_file_needs_no_more_memory_than_one_of_its_objects(tmp_path):
    path = tmp_path / "file.json"
    piece = json.dumps({"points": [[1.25, 2.5, 3.75]] * 500})
    with path.open("w") as file:
        file.write(f"[{piece}")
        for _ in range(199):
            file.write(f", {piece}")
        file.write("]")
    assert path.stat().st_size > 1_500_000
    tracemalloc.start()
    with JsonFile(path) as large:
        count = sum(len(large.parse(span, "element")["points"]) for span in large.elements())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 100_000
    assert peak < 500_000
