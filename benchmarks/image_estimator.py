# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Time the image estimator F: one frame online, and its parts; and how far bfloat16 moves joints.

python benchmarks/image_estimator.py --image-model models/f-small
python benchmarks/image_estimator.py --paper-size

The picture is noise: times do not depend on it. --paper-size takes a network of the paper's size with random weights.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from ghtt_core.estimators.second_look import SecondLook
from ghtt_core.hands import normalised_camera as normal
from ghtt_core.models.config import ImageEstimatorConfig
from ghtt_core.models.image_checkpoint import load_image_checkpoint
from ghtt_core.models.image_estimator import ImageEstimator, network_input, to_points
from ghtt_core.models.image_inference import FastNetwork
from ghtt_core.models.model_folder import find_image_model


def milliseconds(work: Callable[[], object], rounds: int) -> float:
    """Median time of one call."""
    for _ in range(3):
        work()
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return 1e3 * float(np.median(times))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image-model", type=Path, default=None)
    parser.add_argument("--paper-size", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    crop_network = None
    if options.paper_size:
        network = ImageEstimator(ImageEstimatorConfig()).eval().requires_grad_(False)
    else:
        checkpoint = load_image_checkpoint(find_image_model(options.image_model))
        network, crop_network = checkpoint.network, checkpoint.crop_network
    sizes = network.config
    generator = torch.Generator().manual_seed(0)
    picture = torch.randint(
        0, 255, (1, sizes.input_height, sizes.input_width, 3), generator=generator, dtype=torch.uint8
    )
    image = network_input(picture)
    table = Table("what", "ms", title=f"{sizes.input_width}x{sizes.input_height}, {options.threads} threads")
    with torch.inference_mode():
        plain = network(image)
        table.add_row("the network as it is trained", f"{milliseconds(lambda: network(image), options.rounds):.1f}")
        for dtype in (torch.float32, torch.bfloat16):
            fast = FastNetwork(network, dtype)
            said = fast(image)
            away = (to_points(said.pixels, said.depth) - to_points(plain.pixels, plain.depth)).norm(dim=-1).mean()
            what = f"folded, {str(dtype).removeprefix('torch.')} ({1e3 * float(away):.2f} mm away)"
            table.add_row(what, f"{milliseconds(lambda fast=fast: fast(image), options.rounds):.1f}")
    hands = np.random.default_rng(0).uniform(-0.08, 0.08, (2, 21, 3)) + np.array([[[-0.1, 0, 0.5]], [[0.1, 0, 0.5]]])
    pixels, both = normal.project(hands, normal.normalised_matrix()), np.ones(2, bool)
    matrix = np.array([[400.0, 0, 240], [0, 400, 135], [0, 0, 1]])

    def back() -> object:
        return normal.from_normalised(pixels, hands[..., 2], both, matrix, bool(sizes.together))

    table.add_row("back to the real camera (EPnP)", f"{milliseconds(back, options.rounds):.2f}")
    if crop_network is not None:
        plane = np.random.default_rng(0).integers(0, 255, (normal.HEIGHT, normal.WIDTH, 3), np.uint8)
        for dtype in (torch.float32, torch.bfloat16):
            look = SecondLook(crop_network, dtype)
            time_ms = milliseconds(lambda look=look: look(plane, matrix, hands, both), options.rounds)
            table.add_row(f"second look at two hands, {str(dtype).removeprefix('torch.')}", f"{time_ms:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
