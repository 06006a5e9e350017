# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures and depth pictures of the same instant, by the nearest stamp."""

from __future__ import annotations

import time
from collections import deque
from typing import Any, Final, NamedTuple

_ALIVE_S: Final = 1.0
"""A depth stream silent for longer is not waited for: pictures go on without it."""
_KEPT: Final = 8


class Pair(NamedTuple):
    """A picture and its depth, or None where none came."""

    picture: Any
    depth: Any


class DepthPairing:
    """Holds a picture back for at most one more picture or depth picture."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._depths: deque[tuple[int, Any]] = deque(maxlen=_KEPT)
        self._pending: tuple[int, Any] | None = None
        self._heard_at = float("-inf")
        self.unpaired = 0

    def add_picture(self, stamp_ns: int, picture: Any, tolerance_ns: int) -> list[Pair]:
        """Take a picture and return what is ready, oldest first."""
        ready = self._give_up()
        depth = self._nearest(stamp_ns, tolerance_ns)
        if depth is not None:
            return [*ready, Pair(picture, depth)]
        self._pending = (stamp_ns, picture)
        alive = time.monotonic() - self._heard_at < _ALIVE_S
        return ready if alive else [*ready, *self._give_up()]

    def add_depth(self, stamp_ns: int, depth: Any, tolerance_ns: int) -> list[Pair]:
        """Take a depth picture and return what is ready."""
        self._heard_at = time.monotonic()
        if self._depths and stamp_ns < self._depths[-1][0]:
            self._depths.clear()  # time started over, or order is lost: old ones would match wrongly
        self._depths.append((stamp_ns, depth))
        if self._pending is None:
            return []
        wanted, picture = self._pending
        if abs(stamp_ns - wanted) <= tolerance_ns:
            self._pending = None
            return [Pair(picture, depth)]
        return self._give_up() if stamp_ns > wanted else []

    def clear(self) -> None:
        """Forget everything."""
        self._depths.clear()
        self._pending = None

    def _nearest(self, stamp_ns: int, tolerance_ns: int) -> Any:
        if not self._depths:
            return None
        found, depth = min(self._depths, key=lambda item: abs(item[0] - stamp_ns))
        return depth if abs(found - stamp_ns) <= tolerance_ns else None

    def _give_up(self) -> list[Pair]:
        """Let the waiting picture go without depth."""
        if self._pending is None:
            return []
        picture, self._pending = self._pending[1], None
        self.unpaired += 1
        return [Pair(picture, None)]
