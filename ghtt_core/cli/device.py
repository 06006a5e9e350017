# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Which device networks run on."""

from __future__ import annotations

from typing import Literal

import torch

from ghtt_core.errors import InputError

DeviceName = Literal["auto", "cpu", "cuda"]


def choose_device(name: DeviceName) -> torch.device:
    """Turn --device into a device of torch; ``auto`` takes a GPU that is there.

    Raises:
        InputError: If a GPU is asked for and torch finds none.
    """
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise InputError("--device cuda: torch finds no GPU here; use --device cpu, or install a CUDA build of torch.")
    return torch.device("cuda" if available and name != "cpu" else "cpu")
