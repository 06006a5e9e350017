# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From scripts to motion: things first, then the hands that hold them, then their joints."""

from __future__ import annotations

from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.synthetic.hand_model import Array
from ghtt_core.data.synthetic.world.anatomy import Performer, joints_of
from ghtt_core.data.synthetic.world.channel import eased, frame_at
from ghtt_core.data.synthetic.world.dice import Dice
from ghtt_core.data.synthetic.world.pose import PoseTrack, blended, track_of
from ghtt_core.data.synthetic.world.scripts import HandScript, Hold, ThingScript
from ghtt_core.data.synthetic.world.unrest import fidget_of, sway_of
from ghtt_core.hands.layout import FRAME_RATE

_APPROACH, _DEPART = 0.22, 0.16
"""Seconds over which a hand's own route and the thing it takes or leaves are blended."""
_STEADY: Final = 0.25
"""Seconds in which a hand's unsteadiness reaches what it lifted."""
_SETTLE: Final = 0.25
"""Seconds over which a thing passes from one parent to another."""
_SLIP: Final = 0.2
"""Share of a hand's sway that is left relative to what it holds."""
_CONTACT_CALM: Final = 0.22
"""Share of restless finger motion that is left while the hand holds something."""


class Staged(NamedTuple):
    """A stream in the world's frame of a right-handed person.

    Attributes:
        joints: (T, 2, 21, 3) metres, aiding (left) hand first.
        poses: For every thing its poses over time.
        shown: For every thing (T,) bool.
    """

    joints: Array
    poses: list[PoseTrack]
    shown: list[NDArray[np.bool_]]


def stage(
    dice: Dice, performer: Performer, frames: int, lead: HandScript, aid: HandScript, things: list[ThingScript]
) -> Staged:
    """Render scripts to T frames with the performer's unsteadiness."""
    sway = {id(hand): sway_of(dice, performer, frames) for hand in (lead, aid)}
    tracks: dict[int, PoseTrack] = {}
    for thing in things:
        _place(thing, frames, (lead, aid), sway, tracks)
    joints = np.stack([_act(dice, performer, frames, hand, sway[id(hand)], tracks) for hand in (aid, lead)], axis=1)
    joints[:, 0, :, 0] *= -1.0
    return Staged(joints, [tracks[id(thing)] for thing in things], [_shown(thing, frames) for thing in things])


def _place(
    thing: ThingScript,
    frames: int,
    hands: tuple[HandScript, HandScript],
    sway: dict[int, Array],
    tracks: dict[int, PoseTrack],
) -> PoseTrack:
    """Poses of a thing, after those of its parents; kept in ``tracks``."""
    if id(thing) in tracks:
        return tracks[id(thing)]
    values = thing.channel.render(frames)
    phases = _phases(thing, frames)
    for hand in hands:
        for hold in hand.holds:
            if hold.thing is thing and hold.carries:
                shaken = _carried(hold, frames)[:, None] * _mirrored_sway(sway[id(hand)], hand.aiding)
                for parent, first, last in phases:
                    if parent is None:
                        values[first:last, :6] += shaken[first:last]
    own = track_of(values[:, :3], values[:, 3:6])
    if values[:, 6].any():
        spin = np.zeros((frames, 3))
        spin[:, 0] = values[:, 6]
        own = own @ track_of(np.zeros((frames, 3)), spin)
    bases = [None if parent is None else _place(parent, frames, hands, sway, tracks) for parent, _, _ in phases]
    last_of = [(own.between(last - 1, last), base) for (_, _, last), base in zip(phases, bases, strict=True)]
    last_of = [(PoseTrack(pose.turn.copy(), pose.at.copy()), base) for pose, base in last_of]
    for base, (_, first, last) in zip(bases, phases, strict=True):
        if base is not None:
            _overwrite(own, first, base.between(first, last) @ own.between(first, last))
    settle = frame_at(_SETTLE)
    for (pose, base), (_, first, last) in zip(last_of, phases[1:], strict=False):
        # The plan knows nothing of unsteadiness: what was loosened from one thing eases into the next one's care.
        end = min(first + settle, last)
        still = PoseTrack(np.repeat(pose.turn, end - first, axis=0), np.repeat(pose.at, end - first, axis=0))
        before = still if base is None else base.between(first, end) @ still
        weight = eased((np.arange(end - first) + 1.0) / settle)
        _overwrite(own, first, blended(before, own.between(first, end), weight))
    tracks[id(thing)] = own
    return own


def _phases(thing: ThingScript, frames: int) -> list[tuple[ThingScript | None, int, int]]:
    """(parent, first frame, frame after the last) of every stretch with one parent, in order, none of them empty."""
    bounds = [0] + [min(max(frame_at(since), 0), frames) for since, _ in thing.parents] + [frames]
    parents = [None, *(parent for _, parent in thing.parents)]
    return [(p, first, last) for p, (first, last) in zip(parents, pairwise(bounds), strict=True) if last > first]


def _overwrite(track: PoseTrack, first: int, poses: PoseTrack) -> None:
    """Put poses into a track from a frame on; in place."""
    track.turn[first : first + len(poses.turn)], track.at[first : first + len(poses.at)] = poses.turn, poses.at


def _carried(hold: Hold, frames: int) -> Array:
    """(T,) 0 to 1: how much of the hand's unsteadiness reaches the thing."""
    t = np.arange(frames) / FRAME_RATE
    weight: Array = eased((t - hold.begin) / _STEADY) * eased((hold.end - t) / _STEADY)
    return weight


def _mirrored_sway(sway: Array, aiding: bool) -> Array:
    """A hand's sway as that of a thing in the world: azimuth and elevation change sign in a mirror, roll does not."""
    sign = -1.0 if aiding else 1.0
    value: Array = sway * np.array([sign, 1.0, 1.0, 0.4 * sign, 0.4 * sign, 0.4])
    return value


def _act(
    dice: Dice, performer: Performer, frames: int, hand: HandScript, sway: Array, tracks: dict[int, PoseTrack]
) -> Array:
    """Joints (T, 21, 3) of one hand in its own side's frame."""
    values = hand.route.render(frames) + sway
    track = track_of(values[:, :3], values[:, 3:])
    holding = np.zeros(frames)
    t = np.arange(frames) / FRAME_RATE
    for hold in hand.holds:
        first = min(max(frame_at(hold.begin - _APPROACH), 0), frames)
        last = min(max(frame_at(min(hold.end + _DEPART, 1e6)), first), frames)
        if last <= first:
            continue
        s = t[first:last]
        weight = eased((s - (hold.begin - _APPROACH)) / _APPROACH) * eased((hold.end + _DEPART - s) / _DEPART)
        thing = tracks[id(hold.thing)].between(first, last)
        slide = hold.slide.render(frames)[first:last]
        turned = np.zeros((last - first, 3))
        turned[:, 0] = slide[:, 3]
        # Skin gives: a held hand moves a little against what it holds.
        slide[:, :3] += _SLIP * sway[first:last, :3]
        led = (thing.mirrored() if hand.aiding else thing) @ track_of(slide[:, :3], turned) @ hold.grasp.hand_to_thing
        joined = blended(track.between(first, last), led, weight)
        track.turn[first:last], track.at[first:last] = joined.turn, joined.at
        holding[first:last] = np.maximum(holding[first:last], weight)
    fingers = hand.fingers.render(frames) + fidget_of(dice, performer, frames) * (
        1.0 - (1.0 - _CONTACT_CALM) * holding[:, None]
    )
    return joints_of(track, fingers, performer)


def _shown(thing: ThingScript, frames: int) -> NDArray[np.bool_]:
    shown = np.zeros(frames, bool)
    for since, visible in thing.shown:
        shown[min(max(frame_at(since), 0), frames) :] = visible
    return shown
