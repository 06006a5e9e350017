# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The graph of nodes and topics: what this process tells others about its nodes, and what others told."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol

from cyclonedds.builtin import (
    BuiltinDataReader,
    BuiltinTopic,
    BuiltinTopicDcpsPublication,
    BuiltinTopicDcpsSubscription,
)
from cyclonedds.core import InstanceState

from ghtt_ros.embedded.cdr import deserialize, serialize
from ghtt_ros.embedded.dds import Participant, RawReader, RawWriter, delete, user_data
from ghtt_ros.embedded.idl_types import cdr_type
from ghtt_ros.embedded.messages import message_class
from ghtt_ros.embedded.names import ros_type_name
from ghtt_ros.embedded.qos import DurabilityPolicy, QoSProfile
from ghtt_ros.embedded.qos_mapping import from_dds, to_dds

TOPIC = "ros_discovery_info"
INFO = "rmw_dds_common/msg/ParticipantEntitiesInfo"
# Written out because rosbags makes another hash of types with a member of type char.
INFO_HASH = "RIHS01_91a0593bacdcc50ea9bdcf849a938b128412cc1ea821245c663bcd26f83c295e"
_MANY = 10_000


class GraphNode(Protocol):
    """What the graph wants to know of a node."""

    def get_name(self) -> str:
        """Its name."""

    def get_namespace(self) -> str:
        """Its namespace."""

    def endpoint_guids(self) -> tuple[list[bytes], list[bytes]]:
        """GUIDs of its readers, and of its writers."""


class TopicEndpointTypeEnum(IntEnum):
    """Whether an endpoint publishes or subscribes."""

    INVALID = 0
    PUBLISHER = 1
    SUBSCRIPTION = 2


@dataclass(frozen=True)
class TopicEndpointInfo:
    """One publisher or subscription of a topic, in whatever process.

    Attributes:
        node_name: Its node; `_NODE_NAME_UNKNOWN_` for one that did not say.
        node_namespace: The node's namespace.
        topic_type: Type, e.g. ``sensor_msgs/msg/Image``.
        endpoint_type: Publisher or subscription.
        endpoint_gid: Its 16 bytes of identity.
        qos_profile: Its profile, without history and depth.
        topic_type_hash: Hash of the type, or an empty string.
    """

    node_name: str
    node_namespace: str
    topic_type: str
    endpoint_type: TopicEndpointTypeEnum
    endpoint_gid: tuple[int, ...]
    qos_profile: QoSProfile
    topic_type_hash: str


class Graph:
    """Announces the nodes of this process, and answers questions about all nodes and endpoints."""

    def __init__(self, participant: Participant) -> None:
        """Announce that there are no nodes yet."""
        self._participant = participant
        self._lock = threading.Lock()
        durability = DurabilityPolicy.TRANSIENT_LOCAL
        announced, kept = QoSProfile(depth=1, durability=durability), QoSProfile(depth=_MANY, durability=durability)
        data = user_data(INFO_HASH)
        self._writer = RawWriter(participant, TOPIC, cdr_type(INFO), to_dds(announced, "writer", data))
        self._reader = RawReader(participant, TOPIC, cdr_type(INFO), to_dds(kept, "reader", data), self._no_notice, 0)
        self._infos: dict[bytes, Any] = {}
        self._builtin: dict[int, BuiltinDataReader] = {}

    def announce(self, nodes: Iterable[GraphNode]) -> None:
        """Tell all processes which nodes there are here, and which readers and writers are theirs."""
        gid, node_info = message_class("rmw_dds_common/msg/Gid"), message_class("rmw_dds_common/msg/NodeEntitiesInfo")

        def gids(guids: list[bytes]) -> list[Any]:
            return [gid(data=list(guid)) for guid in guids]

        with self._lock:
            infos = []
            for node in nodes:
                readers, writers = node.endpoint_guids()
                infos.append(
                    node_info(
                        node_namespace=node.get_namespace(),
                        node_name=node.get_name(),
                        reader_gid_seq=gids(readers),
                        writer_gid_seq=gids(writers),
                    )
                )
            own = gid(data=list(self._participant.guid))
            self._writer.write(serialize(message_class(INFO)(gid=own, node_entities_info_seq=infos)))

    def nodes(self) -> list[tuple[str, str]]:
        """Name and namespace of every node of every process."""
        return [(info.node_name, info.node_namespace) for info in self._node_infos()]

    def endpoints(self, publishers: bool) -> Iterator[Any]:
        """All writers or readers in the domain, as cyclonedds' DcpsEndpoint."""
        topic = BuiltinTopicDcpsPublication if publishers else BuiltinTopicDcpsSubscription
        for endpoint in self._reader_of(topic).read(_MANY):
            if endpoint.sample_info.instance_state == InstanceState.Alive:
                yield endpoint

    def endpoint_infos(self, dds_topic: str, publishers: bool) -> list[TopicEndpointInfo]:
        """All publishers or subscriptions of a topic."""
        owners: dict[bytes, tuple[str, str]] = {}
        for info in self._node_infos():
            for gid in info.writer_gid_seq if publishers else info.reader_gid_seq:
                owners[bytes(gid.data)] = (info.node_name, info.node_namespace)
        unknown = ("_NODE_NAME_UNKNOWN_", "_NODE_NAMESPACE_UNKNOWN_")
        kind = TopicEndpointTypeEnum.PUBLISHER if publishers else TopicEndpointTypeEnum.SUBSCRIPTION
        found = []
        for endpoint in self.endpoints(publishers):
            if endpoint.topic_name == dds_topic:
                name, namespace = owners.get(endpoint.key.bytes, unknown)
                gid = tuple(endpoint.key.bytes)
                profile, type_hash = from_dds(endpoint.qos), _type_hash(endpoint.qos)
                type_name = ros_type_name(endpoint.type_name)
                found.append(TopicEndpointInfo(name, namespace, type_name, kind, gid, profile, type_hash))
        return found

    def count(self, dds_topic: str, publishers: bool) -> int:
        """How many publishers or subscriptions a topic has."""
        return sum(endpoint.topic_name == dds_topic for endpoint in self.endpoints(publishers))

    def close(self) -> None:
        """Delete the endpoints of the graph."""
        self._writer.close()
        self._reader.close()
        for reader in self._builtin.values():
            delete(reader)

    def _node_infos(self) -> list[Any]:
        with self._lock:
            while (taken := self._reader.take()) is not None:
                info = deserialize(taken[0], INFO)
                self._infos[bytes(info.gid.data)] = info
            # A process that was killed cannot take back what it told.
            alive = {endpoint.participant_key.bytes for endpoint in self.endpoints(publishers=True)}
            self._infos = {guid: info for guid, info in self._infos.items() if guid in alive}
            return [node for info in self._infos.values() for node in info.node_entities_info_seq]

    def _reader_of(self, topic: BuiltinTopic) -> BuiltinDataReader:
        key = id(topic)
        if key not in self._builtin:
            self._builtin[key] = BuiltinDataReader(self._participant.dds, topic)
        return self._builtin[key]

    @staticmethod
    def _no_notice(_: int) -> None:
        """Nobody waits for news of the graph; it is read when asked for."""


def _type_hash(qos: Any) -> str:
    from cyclonedds.qos import Policy

    data = qos[Policy.Userdata]
    for item in (data.data if data else b"").split(b";"):
        if item.startswith(b"typehash="):
            return item.partition(b"=")[2].decode("ascii", "replace")
    return ""
