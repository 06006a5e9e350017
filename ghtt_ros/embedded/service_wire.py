# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How requests and replies look on the wire: the form of rmw_cyclonedds_cpp, with a header before the payload."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

_ENCAPSULATION: Final = 4
"""Bytes in front of everything that say how the rest is encoded."""
_LENGTH: Final = 16


class RequestId(NamedTuple):
    """Which request a reply belongs to.

    Attributes:
        client: Instance handle of the client's writer (unsigned, 64 bits); unique while the client lives.
        sequence: Number of the request; counts up in the client's process.
    """

    client: int
    sequence: int


def request_topic(service: str) -> str:
    """DDS topic of the requests of a service with this absolute name."""
    return f"rq{service}Request"


def reply_topic(service: str) -> str:
    """DDS topic of the replies of a service with this absolute name."""
    return f"rr{service}Reply"


def add_header(cdr: bytes, request: RequestId) -> bytes:
    """Put the header between encapsulation and payload.

    It is 16 bytes long, a multiple of every alignment, so the payload keeps its layout.

    Args:
        cdr: Little-endian CDR of the request or response.
        request: Who asked, and which request it is.
    """
    return cdr[:_ENCAPSULATION] + struct.pack("<Qq", *request) + cdr[_ENCAPSULATION:]


def split_header(data: bytes) -> tuple[RequestId, bytes]:
    """Take the header out again.

    Returns:
        The request's identity, and the CDR of the request or response.

    Raises:
        ValueError: There are too few bytes.
    """
    start = _ENCAPSULATION + _LENGTH
    if len(data) < start:
        raise ValueError(f"a request or reply needs {start} bytes of headers, not {len(data)}")
    order = "<" if data[1] & 1 else ">"
    client, sequence = struct.unpack_from(f"{order}Qq", data, _ENCAPSULATION)
    return RequestId(client, sequence), data[:_ENCAPSULATION] + data[start:]


def identity(kind: str, participant: bytes, number: int) -> str:
    """What marks the reader and the writer of one client or service as a pair, for their USER_DATA.

    Args:
        kind: `clientid` or `serviceid`.
        participant: GUID of the participant; its first 12 bytes are used.
        number: Unique in the participant.
    """
    raw = participant[:12] + number.to_bytes(4, "big")
    return f"{kind}={'.'.join(f'{byte:x}' for byte in raw)};"
