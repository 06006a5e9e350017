# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`tf2_ros.Buffer`: the tree of frames over time, and look-ups in it."""

from __future__ import annotations

import threading
import time
from typing import Any, cast

import numpy as np

from ghtt_ros.embedded.duration import Duration
from ghtt_ros.embedded.logging import get_logger
from ghtt_ros.embedded.messages import message_class
from ghtt_ros.embedded.tf2_cache import IDENTITY, Link, MovingTrack, Rigid, StaticTrack, Track
from ghtt_ros.embedded.tf2_exceptions import (
    ConnectivityException,
    ExtrapolationException,
    InvalidArgumentException,
    LookupException,
    TransformException,
)

TransformStamped = message_class("geometry_msgs/msg/TransformStamped")

_DEFAULT_CACHE_NS = 10_000_000_000
# A quaternion further from length one than this is a mistake of the sender, not rounding.
_UNIT_TOLERANCE = 1e-2


class Buffer:
    """Keeps transforms for a while and answers where one frame is in another at a time; safe between threads."""

    def __init__(self, cache_time: Any = None, node: Any = None) -> None:
        """Start empty.

        Args:
            cache_time: rclpy.duration.Duration for which moving transforms are kept; 10 s when None.
            node: Accepted as in tf2_ros; nothing is created on it.
        """
        self._keep_ns = _DEFAULT_CACHE_NS if cache_time is None else int(cache_time.nanoseconds)
        self._tracks: dict[str, Track] = {}
        self._known: set[str] = set()
        self._changed = threading.Condition()

    def set_transform(self, transform: Any, authority: str) -> None:
        """Add a geometry_msgs/TransformStamped; a malformed one is refused with a log line.

        Args:
            transform: Pose of `child_frame_id` in `header.frame_id`.
            authority: Who says so, for the log.
        """
        self._insert(transform, authority, MovingTrack)

    def set_transform_static(self, transform: Any, authority: str) -> None:
        """Add a geometry_msgs/TransformStamped that holds for ever."""
        self._insert(transform, authority, StaticTrack)

    def clear(self) -> None:
        """Forget all moving transforms; static ones stay, as in tf2."""
        with self._changed:
            for track in self._tracks.values():
                track.clear()

    def lookup_transform(self, target_frame: str, source_frame: str, time: Any, timeout: Any = None) -> Any:
        """The transform that takes points of the source frame into the target frame.

        Args:
            target_frame: Frame of the result.
            source_frame: Frame of the points.
            time: When, as rclpy.time.Time; zero for the newest time that all links on the way have.
            timeout: rclpy.duration.Duration to wait for it; needs another thread to spin the listener's node.

        Returns:
            geometry_msgs/TransformStamped; for time zero its stamp says which time was used.

        Raises:
            InvalidArgumentException: A frame's name is empty or starts with a slash.
            LookupException: A frame is not known.
            ConnectivityException: The frames are in different trees.
            ExtrapolationException: The time is not covered.
        """
        self._check_name(target_frame, "target_frame")
        self._check_name(source_frame, "source_frame")
        stamp_ns = _nanoseconds(time)
        pose, used_ns = self._wait_for(target_frame, source_frame, stamp_ns, timeout)
        result = TransformStamped()
        result.header.stamp.sec, result.header.stamp.nanosec = divmod(used_ns, 1_000_000_000)
        result.header.frame_id, result.child_frame_id = target_frame, source_frame
        move, turn = result.transform.translation, result.transform.rotation
        move.x, move.y, move.z = (float(v) for v in pose.translation)
        turn.w, turn.x, turn.y, turn.z = (float(v) for v in pose.rotation)
        return result

    def can_transform(
        self,
        target_frame: str,
        source_frame: str,
        time: Any,
        timeout: Any = None,
        return_debug_tuple: bool = False,
    ) -> Any:
        """Whether `lookup_transform` would answer; with `return_debug_tuple` also why not."""
        reason = ""
        try:
            self.lookup_transform(target_frame, source_frame, time, timeout)
        except TransformException as error:
            reason = str(error)
        return (not reason, reason) if return_debug_tuple else not reason

    def all_frames_as_string(self) -> str:
        """One line per frame with its parent."""
        with self._changed:
            links = {frame: track.latest() for frame, track in self._tracks.items()}
        return "".join(f"Frame {frame} exists with parent {link.parent}.\n" for frame, link in links.items() if link)

    def __getattr__(self, name: str) -> Any:
        """Name what tf2_ros's Buffer has and this one has not."""
        if name in _NOT_HERE:
            raise NotImplementedError(f"tf2_ros.Buffer.{name} is not part of the embedded ROS; it needs ROS 2")
        raise AttributeError(f"'Buffer' object has no attribute '{name}'")

    def _insert(self, transform: Any, authority: str, kind: type[Track]) -> None:
        child = transform.child_frame_id.lstrip("/")
        parent = transform.header.frame_id.lstrip("/")
        move, turn = transform.transform.translation, transform.transform.rotation
        translation = np.array([move.x, move.y, move.z], dtype=np.float64)
        rotation = np.array([turn.w, turn.x, turn.y, turn.z], dtype=np.float64)
        length = float(np.linalg.norm(rotation))
        fault = ""
        if not child or not parent or child == parent:
            fault = "its frames are empty or the same"
        elif not (np.isfinite(translation).all() and np.isfinite(length)):
            fault = "it contains NaN or infinity"
        elif abs(length - 1.0) > _UNIT_TOLERANCE:
            fault = f"its quaternion has length {length:.3f}"
        if fault:
            get_logger("tf2").error(
                f"Ignoring transform from '{parent}' to '{child}' of authority '{authority}': {fault}"
            )
            return
        stamp = transform.header.stamp
        link = Link(stamp.sec * 1_000_000_000 + stamp.nanosec, parent, Rigid(translation, rotation / length))
        with self._changed:
            track = self._tracks.get(child)
            if not isinstance(track, kind):
                track = self._tracks[child] = kind()
            self._known.update((child, parent))
            if track.insert(link, self._keep_ns):
                self._changed.notify_all()

    def _wait_for(self, target: str, source: str, stamp_ns: int, timeout: Any) -> tuple[Rigid, int]:
        wait_ns = 0 if timeout is None else int(cast(Duration, timeout).nanoseconds)
        deadline = time.monotonic() + wait_ns / 1e9
        with self._changed:
            while True:
                try:
                    return self._resolve(target, source, stamp_ns)
                except TransformException:
                    remaining = deadline - time.monotonic()
                    if remaining <= 0:
                        raise
                self._changed.wait(remaining)

    def _resolve(self, target: str, source: str, stamp_ns: int) -> tuple[Rigid, int]:
        if target == source:
            self._check_known(target, "target_frame")
            newest = self._tracks[target].latest() if stamp_ns == 0 and target in self._tracks else None
            return IDENTITY, newest.stamp_ns if newest else stamp_ns
        self._check_known(target, "target_frame")
        self._check_known(source, "source_frame")
        if stamp_ns == 0:
            stamp_ns = self._newest_common_time(target, source)
        up, problem_up = self._chain(source, stamp_ns)
        down, problem_down = self._chain(target, stamp_ns)
        meeting = next((frame for frame in up if frame in down), None)
        if meeting is None:
            raise problem_up or problem_down or _unconnected(target, source)
        return down[meeting].inverse().after(up[meeting]), stamp_ns

    def _chain(self, frame: str, stamp_ns: int) -> tuple[dict[str, Rigid], ExtrapolationException | None]:
        """Maps from a frame to each of its ancestors, in order, as far up as the time is covered."""
        poses = {frame: IDENTITY}
        while (track := self._tracks.get(frame)) is not None:
            try:
                link = track.at(stamp_ns, frame)
            except ExtrapolationException as error:
                return poses, error
            if link is None or link.parent in poses:
                break
            poses[link.parent] = link.pose.after(poses[frame])
            frame = link.parent
        return poses, None

    def _newest_common_time(self, target: str, source: str) -> int:
        """The newest time that every moving link between two frames has; 0 when none moves."""
        up, down = self._ages(source), self._ages(target)
        meeting = next((frame for frame in up if frame in down), None)
        if meeting is None:
            raise _unconnected(target, source)
        times = [age for age in (up[meeting], down[meeting]) if age is not None]
        return min(times, default=0)

    def _ages(self, frame: str) -> dict[str, int | None]:
        """For each ancestor the stamp of the oldest newest link on the way to it; None while all are static."""
        ages: dict[str, int | None] = {frame: None}
        while (track := self._tracks.get(frame)) is not None and (link := track.latest()) is not None:
            if link.parent in ages:
                break
            so_far = ages[frame]
            if track.is_static:
                ages[link.parent] = so_far
            else:
                ages[link.parent] = link.stamp_ns if so_far is None else min(so_far, link.stamp_ns)
            frame = link.parent
        return ages

    def _check_known(self, frame: str, argument: str) -> None:
        if frame not in self._known:
            raise LookupException(f'"{frame}" passed to lookupTransform argument {argument} does not exist. ')

    @staticmethod
    def _check_name(frame: str, argument: str) -> None:
        if not frame:
            raise InvalidArgumentException(f"lookupTransform argument {argument} is empty")
        if frame.startswith("/"):
            raise InvalidArgumentException(f"lookupTransform argument {argument}: '{frame}' starts with a slash")


_NOT_HERE = {
    "transform",
    "transform_full",
    "lookup_transform_full",
    "lookup_transform_async",
    "lookup_transform_full_async",
    "can_transform_full",
    "wait_for_transform_async",
    "wait_for_transform_full_async",
    "registration",
    "all_frames_as_yaml",
    "lookup_transform_core",
    "can_transform_core",
    "get_latest_common_time",
    "get_frame_strings",
}


def _nanoseconds(moment: Any) -> int:
    """Nanoseconds of a rclpy.time.Time or of a builtin_interfaces/Time."""
    if hasattr(moment, "nanosec"):
        return int(moment.sec) * 1_000_000_000 + int(moment.nanosec)
    return int(moment.nanoseconds)


def _unconnected(target: str, source: str) -> ConnectivityException:
    return ConnectivityException(
        f"Could not find a connection between '{target}' and '{source}' because they are not part of the same tree. "
        "Tf has two or more unconnected trees."
    )
