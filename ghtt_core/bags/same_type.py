# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a bag means the same by a message type as this installation does."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from rosbags.typesys import get_types_from_msg

from ghtt_core.bags.typestore import typestore
from ghtt_core.errors import InputError

_LONGEST_DEFINITION: Final = 200_000


def check_definition(typename: str, definition: str, where: str) -> None:
    """Refuse messages that this installation would misread.

    Args:
        typename: Of the messages.
        definition: As the bag has it; empty where it has none, which is then taken on trust.
        where: For the sentence.

    Raises:
        InputError: If the type is unknown here, or has other fields in the bag.
    """
    if typename not in typestore().fielddefs:
        raise InputError(f"The type {typename} of {where} is not known here.")
    if definition and not _same_fields(typename, definition):
        raise InputError(
            f"The messages of {where} have other fields than {typename} has in this version; record them again, or "
            "read them with the version that wrote them."
        )


@lru_cache(maxsize=64)
def _same_fields(typename: str, definition: str) -> bool:
    """Compare all fields, those of nested messages too; constants may differ."""
    if len(definition) > _LONGEST_DEFINITION:
        return False
    try:
        theirs = get_types_from_msg(definition, typename)
    except Exception:
        # The text is a stranger's: whatever its parser stumbles over, it is not our definition.
        return False
    ours = typestore().fielddefs
    # A definition lists the types it is made of, but not those that every ROS 2 has (time and duration).
    return typename in theirs and all(name in ours and fields[1] == ours[name][1] for name, fields in theirs.items())
