# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Which program performs which action."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ghtt_core.data.synthetic.world.acting import Act
from ghtt_core.data.synthetic.world.cast import Cast
from ghtt_core.data.synthetic.world.verbs_book import read_book
from ghtt_core.data.synthetic.world.verbs_carry import grab, place, read_label
from ghtt_core.data.synthetic.world.verbs_contents import pour, put_in, take_out
from ghtt_core.data.synthetic.world.verbs_lids import close, open_
from ghtt_core.data.synthetic.world.verbs_skin import apply_lotion, apply_spray, spray, squeeze

Program = Callable[[Act, Cast, float, float], None]
"""Writes an action into the scripts, from an instant on, for so many seconds."""

PROGRAMS: Final[dict[tuple[str, str], Program]] = {
    ("grab", ""): grab,
    ("place", ""): place,
    ("open", ""): open_,
    ("close", ""): close,
    ("pour", ""): pour,
    ("take out", ""): take_out,
    ("put in", ""): put_in,
    ("apply", "lotion"): apply_lotion,
    ("apply", "spray"): apply_spray,
    ("read", "book"): read_book,
    ("read", "espresso"): read_label,
    ("spray", ""): spray,
    ("squeeze", ""): squeeze,
}
"""By verb, and by noun where verbs of one name are done differently."""
