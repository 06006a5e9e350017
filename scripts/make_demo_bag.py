# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Make the bundled bag ghtt_core/assets/demo_bag anew from the recording beside it, demo.npz."""

from __future__ import annotations

import shutil
from pathlib import Path

from ghtt_core.cli.demo_bag import write_demo_bag

ASSETS = Path(__file__).resolve().parent.parent / "ghtt_core" / "assets"


def main() -> None:
    """Replace the bundled bag."""
    fresh = ASSETS / "demo_bag.new"
    shutil.rmtree(fresh, ignore_errors=True)
    # The bag names its file after its folder, so it is made under its own name.
    write_demo_bag(fresh / "demo_bag", ASSETS / "demo.npz")
    shutil.rmtree(ASSETS / "demo_bag", ignore_errors=True)
    (fresh / "demo_bag").rename(ASSETS / "demo_bag")
    fresh.rmdir()
    size = sum(file.stat().st_size for file in (ASSETS / "demo_bag").iterdir())
    print(f"{ASSETS / 'demo_bag'}: {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
