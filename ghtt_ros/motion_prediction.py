# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The networks behind the node motion_predictor: found, checked, warmed up, and fed with observations.

torch is imported only when a `MotionPrediction` is made, so that a node without it can still say what is missing.
"""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.bags.convert import palm_poses, taxonomy_id
from ghtt_core.errors import GhttError, InputError, MissingDependencyError
from ghtt_core.hands.frame import HandFrame
from ghtt_core.hands.layout import CLIP_FRAMES, FRAME_RATE, MCP_JOINTS, NUM_HANDS, NUM_JOINTS, THUMB_CMC
from ghtt_core.streaming.update import Update
from ghtt_ros.motion_predictor_settings import MotionPredictorSettings
from ghtt_ros.node_support.callbacks import ErrorLog

if TYPE_CHECKING:
    from ghtt_core.streaming.predictor import MotionPredictor

_METHOD_NAMES: Final = {"p_a": "pose", "p_b": "action"}
_FINGER_REACH: Final = (1.0, 1.4, 1.65, 1.85)
"""Joints of a stretched finger, knuckle first, as multiples of the way from wrist to knuckle."""

_MOST_KINDS: Final = 20
"""Unreadable kinds of object features that are worth a line in the log."""


class MotionPrediction:
    """A loaded model with the state of one stream; used by one thread at a time.

    Attributes:
        model_id: Name of the checkpoint.
        taxonomy_id: Name of its set of labels.
        device: Where it runs, in words.
    """

    def __init__(self, settings: MotionPredictorSettings, errors: ErrorLog) -> None:
        """Load and check the model.

        Args:
            settings: The node's parameters.
            errors: Where warnings go.

        Raises:
            MissingDependencyError: If torch is not installed.
            CheckpointError: If the checkpoint is missing, damaged or edited.
            InputError: If the device is not there.
        """
        torch = _require_torch()
        from ghtt_core.models.checkpoint import load_checkpoint
        from ghtt_core.models.model_folder import find_model
        from ghtt_core.streaming.predictor import MotionPredictor, PredictorConfig
        from ghtt_core.streaming.sample_threads import default_threads

        torch.set_num_threads(1)  # a stream's networks are small: threads share samples, not matrix products
        device = _choose_device(torch, settings.device)
        checkpoint = load_checkpoint(find_model(Path(settings.model) if settings.model else None), device)
        method: Any = _METHOD_NAMES[settings.method]
        precision: Any = settings.precision
        config = PredictorConfig(
            samples=settings.samples,
            horizon_frames=max(1, round(settings.horizon * FRAME_RATE)),
            forecast_method=method,
            sampling_factor=settings.sampling_factor,
            action_stride=settings.action_stride,
            forecast_stride=settings.forecast_stride,
            hold_frames=settings.hold_frames,
            mismatch_limit=settings.mismatch_limit,
            top_k=settings.top_k,
            precision=precision,
            threads=settings.threads or default_threads(),
        )
        self._errors = errors
        self._predictor: MotionPredictor = MotionPredictor(checkpoint, config, device, settings.seed)
        self._template = checkpoint.template
        self._prescribed = ""
        self._unreadable: set[str] = set()
        self.labels = checkpoint.labels
        self.model_id = self._predictor.model_id
        self.taxonomy_id = taxonomy_id(self.model_id, checkpoint.labels)
        self.object_encoder = checkpoint.card.text_encoder
        self._object_width = checkpoint.card.text_width
        self.device = str(device)

    @property
    def window_fill(self) -> int:
        """Frames in the window, 0 to 16."""
        return self._predictor.window_fill

    def warm_up(self) -> None:
        """Run everything once, because the first pass of each network takes many times longer than the others."""
        config = self._predictor.config
        joints = _resting_hands(self._template.cpu().numpy())
        both = np.ones(NUM_HANDS, np.bool_)
        for index in range(CLIP_FRAMES + config.forecast_stride):
            update = self._predictor.update(HandFrame(round(index * 1e9 / FRAME_RATE), joints, both))
            if update.forecasts:
                break
        self.wrists(HandFrame(0, joints, both))
        self._predictor.reset()

    def update(self, frame: HandFrame, object_encoder: str, prescribed_action: str) -> Update:
        """Take the next frame.

        Args:
            frame: Hands in the camera's frame.
            object_encoder: What made the frame's object feature.
            prescribed_action: Label that leads the forecast, or empty.
        """
        if prescribed_action != self._prescribed:
            self._prescribe(prescribed_action)
        return self._predictor.update(self._with_known_object(frame, object_encoder))

    def reset(self) -> None:
        """Forget the stream."""
        self._predictor.reset()

    def wrists(self, frame: HandFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return positions (2, 3) and orientations (2, 4) as x y z w of the palms' canonical frames."""
        return palm_poses(frame, self._template)

    def close(self) -> None:
        """Free the memory of the networks; nothing else may be called afterwards."""
        import torch

        on_gpu = self._predictor.device.type == "cuda"
        del self._predictor, self._template
        gc.collect()
        if on_gpu:
            torch.cuda.empty_cache()

    def _prescribe(self, label: str) -> None:
        self._prescribed = label
        try:
            self._predictor.prescribe_action(label or None)
        except GhttError as error:
            self._predictor.prescribe_action(None)
            self._errors.warn(f"{error} The recognised action leads the forecast.")

    def _with_known_object(self, frame: HandFrame, encoder: str) -> HandFrame:
        """Drop an object feature that the model cannot read, and say so once for each kind of it."""
        feature = frame.object_feature
        if feature is None or (encoder == self.object_encoder and feature.shape == (self._object_width,)):
            return frame
        kind = f"{encoder or 'an unnamed encoder'!r} with {feature.size} numbers"
        if kind not in self._unreadable and len(self._unreadable) < _MOST_KINDS:
            self._unreadable.add(kind)
            self._errors.warn(
                f"Object features come from {kind}, the model {self.model_id} reads {self.object_encoder or 'none'!r} "
                f"with {self._object_width}; they are left out.",
            )
        return replace(frame, object_feature=None)


def _require_torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise MissingDependencyError(
            f"motion_predictor cannot load PyTorch ({error}); install it for this Python with "
            "`python3 -m pip install 'torch>=2.10'`."
        ) from error
    return torch


def _choose_device(torch: Any, name: str) -> Any:
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise InputError("Parameter device is cuda, but torch finds no GPU here; set it to cpu or auto.")
    return torch.device("cuda" if available and name != "cpu" else "cpu")


def _resting_hands(template: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return two stretched hands (2, 21, 3) half a metre in front of the camera, from palms (2, 5, 3)."""
    joints = np.zeros((NUM_HANDS, NUM_JOINTS, 3))
    for finger, knuckle in enumerate(MCP_JOINTS):
        for bone, reach in enumerate(_FINGER_REACH):
            joints[:, knuckle + bone] = reach * template[:, 1 + finger]
    beside = template[:, 1] * [1.6, 0.5, 1.0]
    for bone, reach in enumerate((0.3, 0.6, 0.85, 1.05)):
        joints[:, THUMB_CMC + bone] = reach * beside
    placed = 0.09 * joints + np.array([[-0.15, 0.0, 0.5], [0.15, 0.0, 0.5]])[:, None]
    result: NDArray[np.float32] = placed.astype(np.float32)
    return result
