# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Writes small stand-ins of H2O in its published layout, byte for byte as its files are built up."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CAMERAS = ("cam0", "cam1", "cam2", "cam3", "cam4")
INTRINSICS = (636.65, 637.25, 635.28, 366.87, 1280, 720)
FOLDERS = {"rgb": (1280, 720), "rgb480_270": (480, 270)}


@dataclass(frozen=True)
class Segment:
    """start_act and end_act as they stand in the list, and the published number of the action."""

    action: int
    start: int
    end: int


@dataclass
class StandIn:
    """What a tree holds; the truth that a reader has to find.

    Attributes:
        frames: Frames of every sequence by its path.
        segments: Rows of the lists by split and path.
        world: (T, 2, 21, 3) metres of every sequence.
        to_world: (T, 4, 4) camera -> world by sequence and camera.
    """

    root: Path
    frames: Mapping[str, int]
    segments: Mapping[str, Mapping[str, Sequence[Segment]]]
    world: dict[str, Array] = field(default_factory=dict)
    to_world: dict[tuple[str, str], Array] = field(default_factory=dict)

    def camera_joints(self, name: str, camera: str) -> Array:
        """(T, 2, 21, 3) joints in the camera's frame, metres."""
        poses = self.to_world[name, camera]
        apart = self.world[name] - poses[:, None, None, :3, 3]
        return np.einsum("tji,thkj->thki", poses[:, :3, :3], apart)  # the transpose undoes camera -> world


def write_tree(
    root: Path,
    frames: Mapping[str, int],
    segments: Mapping[str, Mapping[str, Sequence[Segment]]],
    cameras: Sequence[str] = CAMERAS,
    pictures: str | None = "rgb480_270",
    test_labels: bool = False,
    subject_suffix: str = "",
    list_folder: str = "action_labels",
    same_picture: bool = False,
) -> StandIn:
    """Write a tree.

    Args:
        root: Its root.
        frames: Frames of every sequence by its path "subject1/h1/0".
        segments: Rows of the action lists by split and path; a split that is not there has no list.
        cameras: Which cameras.
        pictures: Folder of the pictures; None for none. Each shows its camera and frame (`shown`).
        test_labels: Add the label as a last column of the test list.
        subject_suffix: "_ego" for the archives of the worn camera alone.
        list_folder: Where the lists lie.
        same_picture: One picture linked many times, for large trees.
    """
    tree = StandIn(root, frames, segments)
    for name, count in frames.items():
        rng = np.random.default_rng(abs(hash_of(name)))
        tree.world[name] = hands(rng, count)
        subject, rest = name.split("/", 1)
        for camera in cameras:
            tree.to_world[name, camera] = camera_poses(CAMERAS.index(camera), count)
            folder = root / (subject + subject_suffix) / rest / camera
            _write_camera(tree, name, camera, folder)
            if pictures is not None:
                _write_pictures(folder / pictures, camera, count, FOLDERS[pictures], same_picture)
    for split, rows in segments.items():
        _write_list(root / list_folder / f"action_{split}.txt", split, rows, frames, test_labels)
    return tree


def hash_of(text: str) -> int:
    """A small number that depends on the text and on nothing else."""
    return sum((place + 1) * ord(letter) for place, letter in enumerate(text))


def hands(rng: np.random.Generator, count: int) -> Array:
    """(T, 2, 21, 3) metres in the world: two hands that differ and move, left at negative x."""
    shape = rng.normal(0, 0.03, (2, 21, 3))
    time = np.arange(count)[:, None, None, None] / 30
    drift = 0.05 * np.sin(time * rng.uniform(1, 3, (2, 21, 3)) + rng.uniform(0, 6, (2, 21, 3)))
    return shape + drift + np.array([[-0.2, 0.0, 0.1], [0.25, 0.05, 0.12]])[:, None]


def camera_poses(number: int, count: int) -> Array:
    """(T, 4, 4) camera -> world: looks at the origin from its own side; the worn one wanders."""
    time = np.arange(count) / 30 if number == 4 else np.zeros(count)
    angle = 0.3 + 1.1 * number + 0.1 * np.sin(time)
    place = np.stack((0.9 * np.sin(angle), -0.9 * np.cos(angle), 0.5 + 0.05 * np.sin(2 * time)), axis=1)
    forward = -place / np.linalg.norm(place, axis=1, keepdims=True)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    poses = np.tile(np.eye(4), (count, 1, 1))
    poses[:, :3, 0], poses[:, :3, 1], poses[:, :3, 2] = right, np.cross(forward, right), forward
    poses[:, :3, 3] = place
    return poses


def shown(camera: str, frame: int) -> tuple[int, int, int]:
    """BGR of the picture of a camera and frame."""
    return 40 * CAMERAS.index(camera) + 20, 10 * (frame % 25), 128


def _write_camera(tree: StandIn, name: str, camera: str, folder: Path) -> None:
    for sub in ("hand_pose", "cam_pose"):
        (folder / sub).mkdir(parents=True)
    (folder / "cam_intrinsics.txt").write_text(" ".join(map(repr, INTRINSICS)))
    joints, poses = tree.camera_joints(name, camera), tree.to_world[name, camera]
    for frame, (both, pose) in enumerate(zip(joints.reshape(-1, 2, 63).tolist(), poses.tolist(), strict=True)):
        left, right = both
        (folder / "hand_pose" / f"{frame:06d}.txt").write_text(" ".join(map(repr, [1, *left, 1, *right])) + " ")
        (folder / "cam_pose" / f"{frame:06d}.txt").write_text(" ".join(repr(v) for row in pose for v in row))


def _write_pictures(folder: Path, camera: str, count: int, size: tuple[int, int], same: bool) -> None:
    folder.mkdir()
    for frame in range(count):
        path = folder / f"{frame:06d}.png"
        if same and frame:
            os.link(folder / "000000.png", path)
            continue
        picture: Any = np.full((size[1], size[0], 3), shown(camera, frame), np.uint8)
        cv2.imwrite(str(path), picture)


def _write_list(
    path: Path, split: str, rows: Mapping[str, Sequence[Segment]], frames: Mapping[str, int], test_labels: bool
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    train = split != "test"
    header = "id path action_label start_act end_act start_frame end_frame"
    lines = [header if train else header.replace(" action_label", "")]
    for name, segments in rows.items():
        for s in segments:
            words: list[object] = [len(lines), name, s.start, s.end, 0, frames.get(name, 500) - 1]
            if train:
                words.insert(2, s.action)
            elif test_labels:
                words.append(s.action)
            lines.append(" ".join(map(str, words)))
    path.write_text("\n".join(lines) + "\n")
