# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Fields of the messages never move: recorded bags and other people's processes read them by their order.

A change on purpose is a change of frozen_messages.txt as well, and a line in the change log.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ghtt_core.bags.typestore import typestore

FROZEN = Path(__file__).with_name("frozen_messages.txt")


def frozen() -> dict[str, tuple[str, list[str]]]:
    """Name to hash and lines of fields and constants."""
    types: dict[str, tuple[str, list[str]]] = {}
    lines: list[str] = []
    for line in FROZEN.read_text().splitlines():
        if heading := re.fullmatch(r"\[(\w+)\] (\w+)", line):
            lines = []
            types[heading[1]] = (heading[2], lines)
        elif not line.startswith("#"):
            lines.append(line)
    return types


def test_no_message_came_or_went(root: Path) -> None:
    assert sorted(path.stem for path in (root / "msg").glob("*.msg")) == sorted(frozen())


@pytest.mark.parametrize("name", sorted(frozen()))
def test_fields_and_constants_are_as_they_were(root: Path, name: str) -> None:
    code = [re.sub(r"#.*", "", line).split() for line in (root / "msg" / f"{name}.msg").read_text().splitlines()]
    assert [" ".join(words) for words in code if words] == frozen()[name][1]


@pytest.mark.parametrize("name", sorted(frozen()))
def test_the_type_hash_that_ros_compares_is_as_it_was(name: str) -> None:
    assert typestore().hash_rihs01(f"ghtt_ros/msg/{name}") == frozen()[name][0]


@pytest.mark.parametrize("name", sorted(frozen()))
def test_every_field_is_commented(root: Path, name: str) -> None:
    bare = [line for line in (root / "msg" / f"{name}.msg").read_text().splitlines()
            if line.split("#")[0].strip() and not line.partition("#")[2].strip()
            and not re.match(r"uint8 [A-Z_]+=", line)]  # fmt: skip
    assert bare == []
