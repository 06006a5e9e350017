# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""ResNet-18 without its classifier, with the parameter names of torchvision so that ImageNet weights fit."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from ghtt_core.errors import CheckpointError

STAGE_BLOCKS: Final = (2, 2, 2, 2)
"""Residual blocks per stage: 18 layers with weights."""
_CLASSIFIER: Final = ("fc.weight", "fc.bias")
_OPTIONAL_SUFFIX: Final = ".num_batches_tracked"


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        """Builds the block; the shortcut is a 1x1 convolution where size or channels change."""
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample: nn.Module | None = None
        if stride != 1 or channels_in != channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, channels_in, H, W)`` to ``(B, channels, H / stride, W / stride)``."""
        shortcut = x if self.downsample is None else self.downsample(x)
        out = functional.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out)) + shortcut
        return functional.relu(out)


class ResNet18(nn.Module):
    """The image network of F (paper, Section 4.1): a feature map at a 32nd of the input's size."""

    def __init__(self, base_width: int = 64) -> None:
        """Builds the network.

        Args:
            base_width: Channels of the first stage, 64 in the publication of ResNet; each stage doubles them.
        """
        super().__init__()
        self.conv1 = nn.Conv2d(3, base_width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(base_width)
        width = base_width
        for stage, blocks in enumerate(STAGE_BLOCKS):
            channels, stride = base_width << stage, 1 if stage == 0 else 2
            layers = [ResidualBlock(width, channels, stride)]
            layers += [ResidualBlock(channels, channels, 1) for _ in range(blocks - 1)]
            self.add_module(f"layer{stage + 1}", nn.Sequential(*layers))
            width = channels
        self.channels = width
        """Channels of the feature map: 8 times the base width."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if isinstance(module, ResidualBlock):
                # A block starts as its shortcut, which makes deep networks train faster.
                nn.init.zeros_(module.bn2.weight)

    def forward(self, image: Tensor) -> Tensor:
        """Map pictures ``(B, 3, H, W)`` to features ``(B, channels, ceil(H / 32), ceil(W / 32))``."""
        return self.feature_maps(image)[-1]

    def feature_maps(self, image: Tensor) -> list[Tensor]:
        """The features of all four stages, at a 4th to a 32nd of the input's size."""
        x = functional.relu(self.bn1(self.conv1(image)))
        x = functional.max_pool2d(x, 3, 2, 1)
        maps = []
        for stage in range(len(STAGE_BLOCKS)):
            x = self.get_submodule(f"layer{stage + 1}")(x)
            maps.append(x)
        return maps


def load_pretrained(network: ResNet18, path: Path) -> str:
    """Fill a network with weights from a local file, such as torchvision's for ImageNet.

    Args:
        network: Of the size of the weights.
        path: A .safetensors file, or a .pth file that is opened without unpickling anything but tensors. A classifier
            in it is left out.

    Returns:
        SHA-256 of the file, for the record.

    Raises:
        CheckpointError: If the file cannot be read or holds another network.
    """
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if path.suffix == ".safetensors":
            stored = load_file(path)
        else:
            stored = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(f"There is no weights file {path}.") from error
    except (OSError, SafetensorError, RuntimeError, ValueError, EOFError, KeyError, LookupError) as error:
        raise _unreadable(path, error) from error
    except Exception as error:
        # torch raises its unpickler's own error type for anything but tensors.
        if type(error).__name__ != "UnpicklingError":
            raise
        raise _unreadable(path, error) from error
    if not isinstance(stored, dict) or not all(isinstance(value, Tensor) for value in stored.values()):
        raise CheckpointError(f"{path} holds no table of weights by name; give the state_dict of a ResNet-18.")
    state = {name: value for name, value in stored.items() if name not in _CLASSIFIER}
    wanted = network.state_dict()
    for name in sorted(wanted.keys() | state.keys()):
        if name.endswith(_OPTIONAL_SUFFIX) and name not in state:
            continue
        shape = tuple(state[name].shape) if name in state else None
        expected = tuple(wanted[name].shape) if name in wanted else None
        if shape != expected:
            raise CheckpointError(
                f"{path} does not fit a ResNet-18 of base width {network.conv1.out_channels}: {name} has shape "
                f"{shape}, expected {expected}."
            )
    network.load_state_dict(state, strict=False)
    return digest


def _unreadable(path: Path, error: Exception) -> CheckpointError:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return CheckpointError(f"The weights {path} cannot be read as tensors ({reason}); fetch the file again.")
