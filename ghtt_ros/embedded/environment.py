# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the environment variables of ROS 2 say about discovery, as configuration of Cyclone DDS."""

from __future__ import annotations

import fcntl
import os
import socket
import struct
from collections.abc import Mapping
from xml.sax.saxutils import quoteattr

from ghtt_core.errors import InputError

HIGHEST_DOMAIN = 232
"""Ports of higher domains do not exist."""

PROCESSES_PER_MACHINE = 100
"""How many participants find each other by unicast; each asks that many ports at start-up."""

_RANGES = ("OFF", "LOCALHOST", "SUBNET", "SYSTEM_DEFAULT")
_SIOCGIFFLAGS, _SIOCGIFADDR = 0x8913, 0x8915
_IFF_UP, _IFF_LOOPBACK = 0x1, 0x8


def domain_id(environment: Mapping[str, str] = os.environ) -> int:
    """The domain that ROS_DOMAIN_ID names; 0 without it.

    Raises:
        InputError: It is not the number of a domain.
    """
    text = environment.get("ROS_DOMAIN_ID", "").strip() or "0"
    if not text.isdecimal() or int(text) > HIGHEST_DOMAIN:
        raise InputError(f"ROS_DOMAIN_ID is '{text}'; set it to a number from 0 to {HIGHEST_DOMAIN}.")
    return int(text)


def cyclonedds_configuration(environment: Mapping[str, str] = os.environ, *, networked: bool | None = None) -> str:
    """Configuration that makes Cyclone DDS discover what ROS 2 would, followed by the user's own CYCLONEDDS_URI.

    Args:
        environment: Where ROS_AUTOMATIC_DISCOVERY_RANGE, ROS_LOCALHOST_ONLY, ROS_STATIC_PEERS and CYCLONEDDS_URI are.
        networked: Whether the machine has a network; found out if not given.

    Returns:
        A comma-separated list of configurations, later ones overriding earlier ones; may be empty.

    Raises:
        InputError: A variable has a value that does not exist.
    """
    own = _own_configuration(environment, has_network() if networked is None else networked)
    return ",".join(part for part in (own, environment.get("CYCLONEDDS_URI", "").strip()) if part)


def _own_configuration(environment: Mapping[str, str], networked: bool) -> str:
    reach = environment.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "").strip().upper() or "SUBNET"
    if reach not in _RANGES:
        raise InputError(f"ROS_AUTOMATIC_DISCOVERY_RANGE is '{reach}'; set it to one of {', '.join(_RANGES)}.")
    peers = [peer.strip() for peer in environment.get("ROS_STATIC_PEERS", "").split(";") if peer.strip()]
    if environment.get("ROS_LOCALHOST_ONLY", "").strip() not in ("", "0"):
        reach, peers = "LOCALHOST", []  # the older variable wins, as in ROS 2
    for peer in peers:
        _check_peer(peer)
    if reach == "SYSTEM_DEFAULT":
        return _domain(_LARGE_MESSAGES)
    if reach == "OFF":
        tag = f"<Discovery><Tag>ros_discovery_off_{os.getpid()}</Tag></Discovery>"
        return _domain(("" if networked else _ONLY_LOOPBACK) + tag + _LARGE_MESSAGES)
    if reach == "SUBNET" and networked:
        return _domain((_unicast(peers) if peers else "") + _LARGE_MESSAGES)
    general = "<General><AllowMulticast>false</AllowMulticast></General>" if networked else _ONLY_LOOPBACK
    return _domain(general + _unicast(["localhost", *peers]) + _LARGE_MESSAGES)


# A picture has 600 fragments: with the usual buffer, a process that sleeps for 30 ms loses some of them; the kernel
# grants as much of it as net.core.rmem_max allows. And a writer shall replace old messages, as keep last says, rather
# than wait for a reader: by default it waits as soon as half a megabyte is not acknowledged, which is one forecast.
# Datagrams as large as UDP allows, as Fast DDS sends them, halve the time a forecast takes to leave.
_LARGE_MESSAGES = (
    "<General><MaxMessageSize>65000B</MaxMessageSize></General>"
    '<Internal><SocketReceiveBufferSize max="16MB"/>'
    "<Watermarks><WhcHigh>64MB</WhcHigh><WhcHighInit>64MB</WhcHighInit></Watermarks></Internal>"
)
_ONLY_LOOPBACK = (
    '<General><AllowMulticast>false</AllowMulticast><Interfaces><NetworkInterface name="lo"/></Interfaces></General>'
)


def _unicast(peers: list[str]) -> str:
    listed = "".join(f"<Peer address={quoteattr(peer)}/>" for peer in peers)
    return (
        "<Discovery><ParticipantIndex>auto</ParticipantIndex>"
        f"<MaxAutoParticipantIndex>{PROCESSES_PER_MACHINE}</MaxAutoParticipantIndex>"
        f"<Peers>{listed}</Peers></Discovery>"
    )


def _check_peer(peer: str) -> None:
    """Cyclone DDS ends the process at a name that it cannot resolve."""
    try:
        socket.getaddrinfo(peer, None)
    except (OSError, UnicodeError):
        raise InputError(
            f"ROS_STATIC_PEERS names '{peer}', which is not known here; give names or addresses with ; between them."
        ) from None


def _domain(inner: str) -> str:
    return f'<CycloneDDS><Domain id="any">{inner}</Domain></CycloneDDS>'


def has_network() -> bool:
    """Whether some interface besides loopback is up and has an address; True where that cannot be found out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode()[:15])
            try:
                (flags,) = struct.unpack_from("H", fcntl.ioctl(probe, _SIOCGIFFLAGS, request), 16)
                if not flags & _IFF_UP or flags & _IFF_LOOPBACK:
                    continue
                fcntl.ioctl(probe, _SIOCGIFADDR, request)
            except OSError:
                continue  # gone meanwhile, or without an address
            return True
    return False
