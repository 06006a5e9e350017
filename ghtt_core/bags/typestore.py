# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The one store of ROS 2 message types: those of ROS 2 Jazzy and the project's own."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from rosbags.typesys import Stores, TypesysError, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from ghtt_core.errors import InputError
from ghtt_core.resources import find_resource

PACKAGE = "ghtt_ros"
"""Package of the project's own messages."""


def own_message_files() -> dict[str, Path]:
    """Full type name, such as ``ghtt_ros/msg/PredictedMotion``, and definition file of the project's own messages."""
    return {f"{PACKAGE}/msg/{path.stem}": path for path in sorted(find_resource("msg").glob("*.msg"))}


@cache
def typestore() -> Typestore:
    """The types of ROS 2 Jazzy and of ``msg/*.msg``; made once for each process.

    It knows how to turn messages into CDR bytes and back, and the type hashes that ROS 2 uses. Programs that read
    strangers' bags must not register types in it: two bags may use one name for two things.

    Raises:
        InputError: A definition in ``msg/`` cannot be read.
    """
    store = get_typestore(Stores.ROS2_JAZZY)
    for name, path in own_message_files().items():
        try:
            store.register(get_types_from_msg(path.read_text(encoding="utf-8"), name))
        except TypesysError as error:
            raise InputError(f"{path} is not a valid message definition: {error}") from error
    return store
