# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Networks that see, as they run online: batch norm folded into the convolutions, channels last, bfloat16 if wanted."""

from __future__ import annotations

import copy
from typing import Generic, Protocol, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ghtt_core.models.joint_attention import JointAttention
from ghtt_core.models.resnet import ResidualBlock, ResNet18

EstimateT = TypeVar("EstimateT", covariant=True)


class SeeingNetwork(Protocol[EstimateT]):
    """What F and the network of its second look have in common."""

    @property
    def backbone(self) -> ResNet18:
        """The convolutions."""

    @property
    def attention(self) -> JointAttention | None:
        """One look per joint."""

    def heads(self, feature_maps: list[Tensor]) -> EstimateT:
        """Estimates from the features of the backbone's four stages."""


class FastNetwork(nn.Module, Generic[EstimateT]):
    """Gives what a network in evaluation mode gives, sooner."""

    def __init__(self, network: SeeingNetwork[EstimateT], dtype: torch.dtype = torch.float32) -> None:
        """Folds a copy of the network.

        Args:
            network: A trained network; it is left as it is.
            dtype: Of the convolutions. bfloat16 moves joints by a fraction of a millimetre and pays where the
                processor has instructions for it.
        """
        super().__init__()
        self._network = network = copy.deepcopy(network)
        backbone, attention = network.backbone, network.attention
        assert isinstance(network, nn.Module)
        network.eval().requires_grad_(False)
        _fold(backbone, "conv1", "bn1")
        for module in backbone.modules():
            if isinstance(module, ResidualBlock):
                _fold(module, "conv1", "bn1")
                _fold(module, "conv2", "bn2")
                if module.downsample is not None:
                    _fold(module.downsample, "0", "1")
        if attention is not None:
            _fold(attention.merge, "0", "1")
            attention.to(memory_format=torch.channels_last, dtype=dtype)  # type: ignore[call-overload]
        backbone.to(memory_format=torch.channels_last, dtype=dtype)  # type: ignore[call-overload]
        self._dtype = dtype

    @torch.inference_mode()
    def forward(self, image: Tensor) -> EstimateT:
        """Estimate from pictures ``(B, 3, height, width)`` of the network's size, red first, values / 255 - 0.5."""
        image = image.to(dtype=self._dtype, memory_format=torch.channels_last)
        return self._network.heads(self._network.backbone.feature_maps(image))


def _fold(owner: nn.Module, convolution: str, norm: str) -> None:
    conv, bn = owner.get_submodule(convolution), owner.get_submodule(norm)
    assert isinstance(conv, nn.Conv2d)
    assert isinstance(bn, nn.BatchNorm2d)
    setattr(owner, convolution, fuse_conv_bn_eval(conv, bn))
    setattr(owner, norm, nn.Identity())
