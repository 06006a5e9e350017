# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How a store keeps views: numbers in its index, camera poses and missing pictures in arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.store.arrays import ArrayFile
from ghtt_core.data.views import NO_PICTURE, ImageSource, View


def pack_view(view: View, cameras: ArrayFile, pictures: ArrayFile) -> dict[str, Any]:
    """Append the arrays of a view to those of a store and return what its index keeps.

    Raises:
        OSError: If the disk does not take them.
    """
    return {
        "name": view.name,
        "intrinsics": view.intrinsics.tolist(),
        "size": list(view.size),
        "poses": [cameras.append(view.world_to_camera), len(view.world_to_camera)],
        "images": None if view.images is None else _pack_images(view.images, pictures),
    }


def _pack_images(images: ImageSource, pictures: ArrayFile) -> dict[str, Any]:
    packed: dict[str, Any] = {"kind": images.kind, "path": images.path, "first": images.first, "step": images.step}
    some = images.present if images.present is not None else images.numbers
    if some is None:
        return packed
    # One array for both: the number of every picture, NO_PICTURE where there is none.
    numbers = images.numbers
    if numbers is None:
        numbers = (images.first + np.arange(len(some)) * images.step).astype(np.int32)
    if images.present is not None:
        numbers = np.where(images.present, numbers, NO_PICTURE).astype(np.int32)
    packed["pictures"] = [pictures.append(numbers), len(numbers)]
    packed["evenly"] = images.numbers is None
    return packed


def unpack_view(packed: Mapping[str, Any], cameras: NDArray[np.float32], pictures: NDArray[np.int32]) -> View:
    """Return the view that pack_view put away; its camera poses stay memory-mapped."""
    first, rows = packed["poses"]
    return View(
        name=packed["name"],
        intrinsics=np.array(packed["intrinsics"], np.float64),
        size=(packed["size"][0], packed["size"][1]),
        world_to_camera=cameras[first : first + rows],
        images=None if packed["images"] is None else _unpack_images(packed["images"], pictures),
    )


def _unpack_images(packed: Mapping[str, Any], pictures: NDArray[np.int32]) -> ImageSource:
    source = ImageSource(packed["kind"], packed["path"], packed["first"], packed["step"])
    if "pictures" not in packed:
        return source
    first, rows = packed["pictures"]
    numbers = np.array(pictures[first : first + rows])
    there = numbers != NO_PICTURE
    return ImageSource(
        source.kind,
        source.path,
        source.first,
        source.step,
        present=None if there.all() else there,
        numbers=None if packed["evenly"] else numbers,
    )
