# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Make the forecasts of a stream, as planners get them, with the same noise every time."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ghtt_core.hands.frame import HandFrame
from ghtt_core.models.action_block import ActionBlock
from ghtt_core.models.inference import FastActionBlock, FastPoseBlock
from ghtt_core.models.pose_block import PoseBlock
from ghtt_core.streaming.forecast import Forecast
from ghtt_core.streaming.forecasting import ObservedAction, forecast_action, forecast_pose, num_clips, sample_noise
from ghtt_core.streaming.refinement import RefinedWindow
from ghtt_core.streaming.resampling import STEP_NS
from ghtt_core.streaming.sample_threads import SampleThreads
from ghtt_core.streaming.settings import PredictorConfig
from ghtt_core.streaming.status import Status


class Forecaster:
    """Holds the networks and the noise of the samples.

    The noise is drawn once. So sample s moves smoothly from one forecast to the next, instead of being drawn afresh,
    and the same stream gives the same forecasts.

    Attributes:
        label_text: (text_width,) embedding of a prescribed action, or None to follow the recognised one.
    """

    def __init__(
        self,
        pose_block: PoseBlock | FastPoseBlock,
        action_block: ActionBlock | FastActionBlock | None,
        config: PredictorConfig,
        device: torch.device,
        seed: int,
    ) -> None:
        """Draw the noise.

        Args:
            pose_block: P.
            action_block: A, or None: then every forecast is by pose.
            config: Samples, horizon, method.
            device: Where the networks are.
            seed: Of the samples.
        """
        self._pose_block = pose_block
        self._action_block = action_block
        self._config = config
        self._seed = seed
        draws = max(num_clips(config.horizon_frames), 2)
        generator = torch.Generator().manual_seed(seed)
        self._noise = sample_noise(config.samples, draws, pose_block.config.width, generator).to(device)
        self._threads = SampleThreads(config.threads) if config.threads > 1 and device.type == "cpu" else None
        self.label_text: Tensor | None = None

    @property
    def needs_action(self) -> bool:
        """Whether a forecast needs the observed action."""
        return self._action_block is not None and self._config.forecast_method != "pose"

    def forecast(
        self, window: RefinedWindow, action: ObservedAction | None, newest: HandFrame, status: Status
    ) -> tuple[Forecast, ...]:
        """Continue a window, batch of one.

        Args:
            window: The newest refined window.
            action: The observed action; without it there is only the forecast by pose.
            newest: Its newest frame as it was given out.
            status: What may be believed.

        Returns:
            One forecast or, for the method ``both``, that by action and that by pose.
        """
        config = self._config
        made: list[tuple[str, Tensor]] = []
        if self._action_block is not None and action is not None and config.forecast_method != "pose":
            joints = forecast_action(
                self._pose_block,
                self._action_block,
                window,
                action,
                frames=config.horizon_frames,
                noise=self._noise,
                factor=config.sampling_factor,
                label_text=self.label_text,
                first_clip=config.first_clip,
                threads=self._threads,
            )
            made.append(("action", joints))
        if not made or config.forecast_method == "both":
            joints = forecast_pose(
                self._pose_block,
                window,
                frames=config.horizon_frames,
                noise=self._noise,
                factor=config.sampling_factor,
                threads=self._threads,
            )
            made.append(("pose", joints))
        result = []
        for method, joints in made:
            samples = joints[0].float().cpu().numpy()  # (S, T, 2, 21, 3)
            samples[:, :, ~newest.valid] = 0.0
            if np.isfinite(samples).all():  # weights that overflow give no forecast rather than a wrong one
                result.append(
                    Forecast(
                        samples=samples,
                        t0_ns=newest.stamp_ns,
                        step_ns=STEP_NS,
                        first_offset_ns=STEP_NS,
                        hands=newest.valid,
                        status=status,
                        origin=newest.joints,
                        frame_id=newest.frame_id,
                        method=method,
                        seed=self._seed,
                    )
                )
        return tuple(result)
