# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hand estimators by name. A new one is a file beside this one and a line in the table below."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Final

from ghtt_core.errors import InputError
from ghtt_core.estimators.base import HandEstimator


def _mediapipe(**options: Any) -> HandEstimator:
    from ghtt_core.estimators.mediapipe_hands import MediaPipeHands, MediaPipeOptions

    _refuse_unknown("mediapipe", options, tuple(option.name for option in fields(MediaPipeOptions)))
    return MediaPipeHands(MediaPipeOptions(**options))


def _recorded(**options: Any) -> HandEstimator:
    from ghtt_core.estimators.recorded import RecordedPoses

    _refuse_unknown("recorded", options, ("recording",))
    if "recording" not in options:
        raise InputError("The estimator recorded needs a recording; load one with ghtt_core.data.recordings.")
    return RecordedPoses(options["recording"])


def _resnet18(**options: Any) -> HandEstimator:
    from ghtt_core.estimators.resnet18 import ResNet18Hands, ResNet18Options

    _refuse_unknown("resnet18", options, tuple(option.name for option in fields(ResNet18Options)))
    return ResNet18Hands(ResNet18Options(**options))


_FACTORIES: Final[Mapping[str, Callable[..., HandEstimator]]] = {
    "mediapipe": _mediapipe,
    "resnet18": _resnet18,
    "recorded": _recorded,
}


def estimator_names() -> tuple[str, ...]:
    """Return the names that `create_estimator` knows."""
    return tuple(_FACTORIES)


def create_estimator(name: str, **options: Any) -> HandEstimator:
    """Make an estimator by name; its libraries are loaded only now.

    Args:
        name: One of `estimator_names()`.
        **options: Options of that estimator: for `mediapipe` the fields of `MediaPipeOptions`; for `resnet18`
            those of `ResNet18Options`; for `recorded` `recording`, a `HandSequence`.

    Raises:
        InputError: If the name or an option is unknown or out of range.
        CheckpointError: If the checkpoint of `resnet18` cannot be used.
        MissingDependencyError: If something the estimator needs is not installed; the sentence names the remedy.
    """
    if name not in _FACTORIES:
        raise InputError(f"There is no hand estimator {name!r}; choose one of: {', '.join(_FACTORIES)}.")
    return _FACTORIES[name](**options)


def _refuse_unknown(name: str, options: Mapping[str, Any], known: tuple[str, ...]) -> None:
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise InputError(f"The estimator {name} has no option {', '.join(unknown)}; it takes {', '.join(known)}.")
