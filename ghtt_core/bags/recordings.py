# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Recordings of hands in a folder of a user, whichever way they were recorded: .npz files and bags of ROS 2."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from ghtt_core.bags.camera_info import camera_from_message
from ghtt_core.bags.convert import read_action
from ghtt_core.bags.observations import RecordedObservations, choose_observations, read_hand_frames, stack_frames
from ghtt_core.bags.reader import BagReader
from ghtt_core.bags.topics import (
    ACTION_RECOGNITION,
    CAMERA_INFO,
    HAND_OBSERVATION,
    REFINED_HANDS,
    TRUE_ACTION,
    TRUE_HANDS,
)
from ghtt_core.data.recordings import load_recording
from ghtt_core.data.sequence import ActionSegment, HandSequence, verb_and_noun
from ghtt_core.data.views import View
from ghtt_core.errors import InputError
from ghtt_core.hands.layout import MCP_JOINTS, WRIST

Hands = Literal["best", "true", "observed", "refined"]
"""Which hands of a bag: the true ones, those an estimator observed, those that were refined, or the first of these that
there are."""

_BAG_SUFFIXES: Final = (".mcap", ".db3")
_SUFFIXES: Final = (".npz", *_BAG_SUFFIXES)
_PALM_METRES: Final = (0.01, 0.5)
"""Palms outside are no hands in metres."""


def find_recordings(folder: Path) -> dict[str, Path]:
    """Find all recordings below a folder; hidden files and folders are left out.

    Returns:
        Path by name, sorted. The name is the path from the folder on, with slashes and without the suffix; a bag that
        is a folder has the folder's name.

    Raises:
        InputError: If there is none, or two have one name.
    """
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder} with recordings.")
    found: dict[str, Path] = {}
    for path in _walk(folder):
        relative = path.relative_to(folder)
        name = (relative if path.is_dir() else relative.with_suffix("")).as_posix()
        if name in found:
            raise InputError(f"{found[name]} and {path} would both be called {name!r}; rename or move one of them.")
        found[name] = path
    if not found:
        raise InputError(f"The folder {folder} holds no recording ({', '.join(_SUFFIXES)}).")
    return dict(sorted(found.items()))


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if not path.is_dir():
            if path.suffix in _SUFFIXES:
                yield path
        elif (path / "metadata.yaml").is_file() and any(child.suffix in _BAG_SUFFIXES for child in path.iterdir()):
            yield path
        else:
            yield from _walk(path)


def read_recording(path: Path, name: str, hands: Hands = "best") -> HandSequence:
    """Read a recording at its own rate, with the actions and the camera that it knows of itself.

    Args:
        path: An .npz file, or a bag.
        name: What to call it.
        hands: Which hands of a bag.

    Raises:
        InputError: If it cannot be used; the sentence says why.
    """
    if path.suffix == ".npz":
        return replace(load_recording(path), name=name)
    bag = BagReader(path)
    frames = read_hand_frames(bag, _hands_topic(bag, hands))
    if not frames:
        raise InputError(f"The bag {path} has no hands that can be read.")
    sequence = hand_sequence(name, stack_frames(frames))
    return replace(sequence, segments=_true_actions(bag, sequence), views=_camera(bag, sequence.frame_id))


def hand_sequence(name: str, hands: RecordedObservations) -> HandSequence:
    """A checked sequence; hands that are none in metres count as not seen, as in the predictor."""
    palm = hands.joints[:, :, list(MCP_JOINTS)] - hands.joints[:, :, WRIST : WRIST + 1]
    size = np.linalg.norm(palm, axis=-1).mean(-1)
    valid: NDArray[np.bool_] = hands.valid & (size > _PALM_METRES[0]) & (size < _PALM_METRES[1])
    return HandSequence(
        joints=np.where(valid[..., None, None], hands.joints, np.float32(0)),
        valid=valid,
        stamps_ns=hands.stamps_ns,
        joint_valid=hands.joint_valid,
        name=name,
        frame_id=hands.frame_id,
    )


def _hands_topic(bag: BagReader, hands: Hands) -> str:
    refined = [topic.name for topic in bag.of_type(REFINED_HANDS)]
    if hands in ("best", "true") and TRUE_HANDS in refined:
        return TRUE_HANDS
    if hands == "true":
        raise InputError(f"The bag {bag.path} has no true hands ({TRUE_HANDS}).")
    if hands == "observed" or (hands == "best" and bag.of_type(HAND_OBSERVATION)):
        return choose_observations(bag)
    others = [name for name in refined if name != TRUE_HANDS]
    if len(others) == 1:
        return others[0]
    if others:
        raise InputError(f"The bag {bag.path} has several topics of refined hands: {', '.join(others)}; keep one.")
    raise InputError(
        f"The bag {bag.path} holds no hands. Where it has pictures, find the hands first: "
        f"ghtt run --bag {bag.path} --out DIR writes them to DIR/motion.mcap."
    )


def _true_actions(bag: BagReader, sequence: HandSequence) -> tuple[ActionSegment, ...]:
    """What the bag says is done; each label holds from its stamp to the next one's."""
    if TRUE_ACTION not in {topic.name for topic in bag.of_type(ACTION_RECOGNITION)}:
        return ()
    changes = sorted(read_action(message)[:2] for _, message in bag.decoded([TRUE_ACTION]))
    # A frame belongs to what is done in the middle of its time.
    half = int(np.median(np.diff(sequence.stamps_ns))) // 2 if len(sequence) > 1 else 0
    edges = np.searchsorted(sequence.stamps_ns + half, [stamp for stamp, _ in changes]).tolist()
    segments = []
    for (_, label), start, end in zip(changes, edges, [*edges[1:], len(sequence)], strict=True):
        label = " ".join(label.split())
        if label and start < end:
            segments.append(ActionSegment(start, end, label, *verb_and_noun(label)))
    return tuple(segments)


def _camera(bag: BagReader, frame_id: str) -> tuple[View, ...]:
    """The camera in whose frame the hands are, as a view; nothing where the bag does not tell of it."""
    for topic in bag.of_type(CAMERA_INFO):
        for _, message in bag.decoded([topic.name]):
            if str(message.header.frame_id) != frame_id:
                break
            camera = camera_from_message(message)
            if camera is not None:
                still = np.eye(3, 4, dtype=np.float32)[None]
                return (View("camera", camera.matrix, (camera.width, camera.height), still),)
    return ()
