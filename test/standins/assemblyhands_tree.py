# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Writes small stand-ins of AssemblyHands in its published layout."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from assembly_tree import HEADSET, SERIALS, intrinsics, level, world_to_camera, write_video
from h2o_tree import Array, camera_poses, hands, hash_of

OURS_OF_INTERHAND = (4, 3, 2, 1, 8, 7, 6, 5, 12, 11, 10, 9, 16, 15, 14, 13, 20, 19, 18, 17, 0)
"""Every finger from its tip to the palm, then the wrist."""
EGO_INTRINSICS = np.array([[191.5, 0, 312.0], [0, 191.25, 237.5], [0, 0, 1]])


@dataclass(frozen=True)
class Stretch:
    """The annotated stretch of a recording.

    Attributes:
        split: "train", "val" or "test": AssemblyHands' own.
        start: First annotated frame, at 60 frames/s.
        count: Annotated frames; every second frame is annotated.
    """

    split: str
    start: int
    count: int

    @property
    def numbers(self) -> range:
        """Frame numbers."""
        return range(self.start, self.start + 2 * self.count, 2)


@dataclass
class HandsTree:
    """What a tree holds; the truth that a reader has to find.

    Attributes:
        world: (T, 2, 21, 3) metres of the annotated frames by recording; left hand first, our order.
        headset: (T, 4, 3, 4) world to camera, metres, by recording: e1 to e4.
    """

    root: Path
    stretches: Mapping[str, Stretch]
    world: dict[str, Array] = field(default_factory=dict)
    headset: dict[str, Array] = field(default_factory=dict)


def write_assemblyhands(root: Path, stretches: Mapping[str, Stretch], pictures: bool = True) -> HandsTree:
    """Write a tree."""
    tree = HandsTree(root, stretches)
    joints: dict[str, dict[str, Any]] = {}
    calibration: dict[str, dict[str, Any]] = {}
    annotated: dict[str, dict[str, Any]] = {}
    spans: dict[str, dict[str, Any]] = {}
    for name, stretch in stretches.items():
        world = tree.world[name] = hands(np.random.default_rng(hash_of(name)), stretch.count)
        place = [np.linalg.inv(camera_poses(4, stretch.count + number))[number:, :3] for number in range(4)]
        tree.headset[name] = np.stack(place, axis=1)
        joints.setdefault(stretch.split, {})[name] = _joints(world, stretch)
        calibration.setdefault(stretch.split, {})[name] = _calibration(tree.headset[name], stretch)
        ends = [stretch.start, stretch.numbers[-1] + 2]
        annotated.setdefault(stretch.split, {})[name] = [ends]
        spans[name] = {f"v{view + 1}": [ends] for view in range(8)}
        _write_cameras(root / "cam_para" / f"{name}.json")
        if pictures:
            _write_pictures(root, name, stretch)
    for split in joints:
        folder = root / "annotations" / split
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / f"assemblyhands_{split}_joint_3d_v1-1.json", {"annotations": joints[split]})
        _write(folder / f"assemblyhands_{split}_ego_calib_v1-1.json", {"calibration": calibration[split]})
        _write(root / "annotations" / f"{split}_annotated@fps60.json", annotated[split])
    _write(root / "annotations" / "exo_with_img_info.json", spans)
    return tree


def _joints(world: Array, stretch: Stretch) -> dict[str, Any]:
    """Millimetres, right hand first, InterHand's order; joint_valid says nonsense, as nobody reads it."""
    both = [world[:, hand][:, list(OURS_OF_INTERHAND)] for hand in (1, 0)]
    points = np.concatenate(both, axis=1) * 1000
    return {
        f"{number:06d}": {"world_coord": frame, "joint_valid": [0] * 42}
        for number, frame in zip(stretch.numbers, points.tolist(), strict=True)
    }


def _calibration(headset: Array, stretch: Stretch) -> dict[str, Any]:
    names = [f"{serial}_mono10bit" for serial in HEADSET]
    millimetres = (headset * [1, 1, 1, 1000]).tolist()
    return {
        "intrinsics": {name: EGO_INTRINSICS.tolist() for name in names},
        "extrinsics": {
            f"{number:06d}": dict(zip(names, poses, strict=True))
            for number, poses in zip(stretch.numbers, millimetres, strict=True)
        },
    }


def _write_cameras(path: Path) -> None:
    """cam_para: fixed cameras, and those of the headset at some moment."""
    cameras: list[dict[str, Any]] = []
    for number, serial in enumerate((*SERIALS, *HEADSET)):
        pose = world_to_camera(number)
        pose[:3, 3] *= 1000
        matrix = intrinsics(number)
        cameras.append(
            {
                "DistortionModel": "OpenCV" if number < 8 else "OVFishEye62",
                "ImageSizeX": 1920,
                "ImageSizeY": 1080,
                "ModelViewMatrix": pose.tolist(),
                "SerialNo": f"{serial}_rgb" if number < 8 else f"{serial.removeprefix('HMC_')}_mono10bit",
                "fx": matrix[0, 0],
                "fy": matrix[1, 1],
                "cx": matrix[0, 2],
                "cy": matrix[1, 2],
                "k1": -0.13,
            }
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([{"Camera": camera} for camera in cameras]))


def _write_pictures(root: Path, name: str, stretch: Stretch) -> None:
    for view, serial in enumerate(SERIALS):
        write_video(root / "videos/exo_videos_rectified" / name / f"{serial}_rgb.mp4", 30, stretch.count, view)
    for view, serial in enumerate(HEADSET):
        folder = root / "images/ego_images_rectified" / stretch.split / name / f"{serial}_mono10bit"
        folder.mkdir(parents=True)
        for place, number in enumerate(stretch.numbers):
            image = np.zeros((480, 636), np.uint8)
            image[:, :318], image[:, 318:] = level(place), level(view)
            cv2.imwrite(str(folder / f"{number:06d}.jpg"), image)


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content))
