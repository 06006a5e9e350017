# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A DDS reader that knows nothing but the text of .msg files: run as a program, it prints what it reads as JSON.

It shares no code with the package: the definitions are parsed here, and Cyclone DDS itself decodes the samples.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Any

from cyclonedds.core import Qos
from cyclonedds.domain import Domain, DomainParticipant
from cyclonedds.idl import make_idl_struct
from cyclonedds.idl import types as idl
from cyclonedds.qos import Policy
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic

OTHERS = {
    "std_msgs/Header": "builtin_interfaces/Time stamp\nstring frame_id",
    "builtin_interfaces/Time": "int32 sec\nuint32 nanosec",
    "builtin_interfaces/Duration": "int32 sec\nuint32 nanosec",
    "geometry_msgs/Pose": "geometry_msgs/Point position\ngeometry_msgs/Quaternion orientation",
    "geometry_msgs/Point": "float64 x\nfloat64 y\nfloat64 z",
    "geometry_msgs/Quaternion": "float64 x\nfloat64 y\nfloat64 z\nfloat64 w",
}
NUMBERS = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"]
PRIMITIVES: dict[str, Any] = {"bool": bool, "string": str, **{name: getattr(idl, name) for name in NUMBERS}}
LOCALHOST = (
    "<CycloneDDS><Domain><General><AllowMulticast>false</AllowMulticast></General><Discovery>"
    "<ParticipantIndex>auto</ParticipantIndex><MaxAutoParticipantIndex>32</MaxAutoParticipantIndex>"
    '<Peers><Peer address="localhost"/></Peers></Discovery></Domain></CycloneDDS>'
)
LINE = re.compile(r"(?P<type>[\w/]+)(?P<array>\[(?P<length>\d*)\])?\s+(?P<name>\w+)\s*(?P<constant>=.*)?$")


class Definitions:
    """IDL structs of messages, made from their text."""

    def __init__(self, folder: Path) -> None:
        self._texts = {**OTHERS, **{f"ghtt_ros/{path.stem}": path.read_text() for path in folder.glob("*.msg")}}
        self._made: dict[str, Any] = {}

    def struct(self, name: str) -> Any:
        if name not in self._made:
            members = {}
            for line in self._texts[name].splitlines():
                found = LINE.match(line.partition("#")[0].strip())
                if found and not found["constant"]:
                    element = PRIMITIVES.get(found["type"]) or self.struct(found["type"])
                    if found["length"]:
                        element = idl.array[element, int(found["length"])]
                    elif found["array"]:
                        element = idl.sequence[element]
                    members[found["name"]] = element
            package, _, short = name.partition("/")
            self._made[name] = make_idl_struct(f"{short}_", f"{package}.msg.dds_.{short}_", members)
        return self._made[name]


def plain(value: Any) -> Any:
    """A sample as what JSON can hold."""
    if hasattr(value, "__idl__"):
        return {name: plain(getattr(value, name)) for name in value.__annotations__}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def main() -> None:
    """Arguments: folder of .msg files, domain, then pairs of DDS topic and message."""
    folder, domain, *pairs = sys.argv[1:]
    definitions = Definitions(Path(folder))
    _configured = Domain(int(domain), LOCALHOST)
    participant = DomainParticipant(int(domain))
    qos = Qos(
        Policy.Reliability.Reliable(0),
        Policy.Durability.TransientLocal,
        Policy.DataRepresentation(use_cdrv0_representation=True),
    )
    waiting = {}
    for topic, message in zip(pairs[::2], pairs[1::2], strict=True):
        waiting[message] = DataReader(participant, Topic(participant, topic, definitions.struct(message)), qos)
    deadline = time.monotonic() + 60
    found = {}
    while waiting and time.monotonic() < deadline:
        for message, reader in list(waiting.items()):
            for sample in reader.take(1):
                found[message] = plain(sample)
                del waiting[message]
        time.sleep(0.05)
    print(json.dumps(found))
    print("missing:", sorted(waiting))


if __name__ == "__main__":
    main()
