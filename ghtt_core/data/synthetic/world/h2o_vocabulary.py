# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The 36 actions of H2O, how long they take and how they follow each other.

Names and their order are the published taxonomy. The durations, chains and pauses are our own round numbers for the way
such a session goes: something is brought and put down, picked up, used, and closed again.
"""

from __future__ import annotations

from typing import Final

NOUNS: Final = ("book", "espresso", "lotion", "spray", "milk", "cocoa", "chips", "cappuccino")
"""In the order of the published labels."""

_SOME: Final[dict[str, tuple[str, ...]]] = {
    "grab": NOUNS,
    "place": NOUNS,
    "open": ("lotion", "milk", "chips"),
    "close": ("lotion", "milk", "chips"),
    "pour": ("milk",),
    "take out": ("espresso", "cocoa", "chips", "cappuccino"),
    "put in": ("espresso", "cocoa", "cappuccino"),
    "apply": ("lotion", "spray"),
    "read": ("book", "espresso"),
    "spray": ("spray",),
    "squeeze": ("lotion",),
}

VERBS: Final = tuple(_SOME)
ACTIONS: Final = tuple((verb, noun) for verb, nouns in _SOME.items() for noun in nouns)
"""All (verb, noun) pairs in the order of the published labels, which count from 1."""
LABELS: Final = tuple(f"{verb} {noun}" for verb, noun in ACTIONS)

_SECONDS: Final[dict[str, float]] = {
    "grab": 1.6, "place": 2.0, "grab book": 2.9, "place book": 2.8, "grab cocoa": 1.4, "grab chips": 1.3,
    "open lotion": 2.6, "open milk": 4.4, "open chips": 2.5,
    "close lotion": 2.5, "close milk": 5.0, "close chips": 3.8,
    "pour": 4.5, "take out": 3.5, "take out cocoa": 4.7, "take out chips": 2.6, "put in": 3.3, "put in cocoa": 3.9,
    "apply lotion": 9.5, "apply spray": 6.5, "read book": 8.8, "read espresso": 6.2, "spray": 2.9, "squeeze": 3.9,
}  # fmt: skip
SPREAD: Final = 0.24
"""Standard deviation of the logarithm of a duration."""

CHAINS: Final[dict[str, tuple[tuple[float, str], ...]]] = {
    "book": ((1.0, "place grab read"),),
    "espresso": (
        (10.0, "place grab read take_out put_in"), (2.0, "place grab read"),
        (1.0, "place grab read take_out place grab put_in"), (1.0, "place grab take_out put_in read"),
        (1.0, "place grab take_out place grab put_in read"),
    ),
    "lotion": (
        (6.0, "place grab open squeeze place apply grab close"),
        (5.0, "place grab open squeeze place close apply grab"),
        (1.5, "place grab open squeeze close place apply grab"),
    ),
    "spray": (
        (11.0, "place grab spray place apply grab"), (2.0, "spray place apply grab"),
        (1.0, "place grab spray place apply"),
    ),
    "milk": (
        (11.0, "place grab open pour close"), (1.5, "place grab open pour place close"),
        (1.5, "place grab open pour place close grab"), (1.0, "place open pour place close grab"),
    ),
    "cocoa": (
        (13.0, "place grab take_out put_in"), (1.5, "place take_out put_in"), (1.5, "place take_out place grab put_in"),
    ),
    "chips": (
        (10.0, "place grab open take_out close"), (2.0, "place grab open take_out place close grab"),
        (1.0, "place open take_out close"), (1.0, "open place grab take_out close"),
    ),
    "cappuccino": (
        (11.0, "place grab take_out put_in"), (3.0, "place grab take_out place grab put_in"),
        (1.0, "place take_out put_in"),
    ),
}  # fmt: skip
"""For every noun, weights and what is done with it in one go."""

_PAUSES: Final[dict[str, float]] = {
    "place grab": 0.8, "take out put in": 2.8, "grab read": 1.2, "open pour": 1.4, "open take out": 0.7,
    "pour close": 1.5, "take out close": 2.6, "read take out": 1.0, "place take out": 1.2, "put in read": 1.2,
    "place open": 1.5, "open squeeze": 0.5, "grab spray": 0.4, "open place": 0.6,
}  # fmt: skip
_PAUSE: Final = 0.15


def typical_seconds(verb: str, noun: str) -> float:
    """Median duration of an action."""
    return _SECONDS.get(f"{verb} {noun}", _SECONDS.get(verb, 2.0))


def typical_pause(verb: str, following: str) -> float:
    """Mean time between the end of one action and the beginning of the next, seconds."""
    return _PAUSES.get(f"{verb} {following}", _PAUSE)
