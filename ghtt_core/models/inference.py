# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""P, A and E^PO for inference: the methods of the modules, the same results, less work and an optional bfloat16.

The modules stay the reference; these hold copies of their weights, so prepare again after the weights change.
"""

from __future__ import annotations

from typing import overload

import torch
from torch import Tensor, nn

from ghtt_core.hands.layout import CLIP_FRAMES, FEATURE_SIZE
from ghtt_core.models.action_block import ActionBlock, ActionEncoding
from ghtt_core.models.fast_transformer import FastDecoder, FastEncoder, chunks, part
from ghtt_core.models.packed import PackedLinear
from ghtt_core.models.pose_block import LOCAL_SIZE, PoseBlock, PoseEncoding
from ghtt_core.models.transformer import sinusoid
from ghtt_core.models.vae import VaeBlock, reparameterise

_SUMMARY_ROWS = 4
"""Observations summarised at a time: few, so that little padding is carried along."""


class _FastVae:
    def __init__(self, block: VaeBlock, dtype: torch.dtype, encoder_dtype: torch.dtype) -> None:
        self._learned = torch.cat((block.mu_token, block.logvar_token), dim=1).detach()
        self._encoder = FastEncoder(block.encoder, encoder_dtype)
        self.decoder = FastDecoder(block.decoder, dtype)

    def encode(self, content: Tensor, valid: Tensor, wanted: int | None = None) -> Tensor:
        """Encoder outputs ``(B, 2 + L, d)`` of content ``(B, L, d)``; mean and log-variance come first.

        With `wanted`, only that many of them.
        """
        batch = content.shape[0]
        seen = torch.cat((valid.new_ones(batch, 2), valid), dim=1)
        return self._encoder(torch.cat((self._learned.expand(batch, -1, -1), content), dim=1), seen, wanted)


class FastPoseBlock:
    """`PoseBlock` for inference."""

    reparameterise = staticmethod(reparameterise)

    def __init__(self, block: PoseBlock, dtype: torch.dtype, encoder_dtype: torch.dtype) -> None:
        """Packs the weights of a pose block."""
        self.config = block.config
        embedding, width = block.embedding, block.config.width
        # One block-diagonal map instead of three: at this size a second kernel costs more than the zeros.
        maps = (embedding.local, embedding.velocity, embedding.left_to_right)
        weight = torch.zeros(width, FEATURE_SIZE, device=embedding.placeholder.device)
        rows, columns = 0, 0
        for linear in maps:
            weight[rows : rows + linear.out_features, columns : columns + linear.in_features] = linear.weight.detach()
            rows, columns = rows + linear.out_features, columns + linear.in_features
        self._embedding = PackedLinear(weight, torch.cat([linear.bias for linear in maps]).detach())
        self._placeholder = embedding.placeholder.detach().flatten()  # (126,)
        self._known = embedding.known.clone()
        self._vae = _FastVae(block.vae, dtype, encoder_dtype)
        self._head = [PackedLinear.of(linear, torch.float32) for linear in block.head if isinstance(linear, nn.Linear)]

    @torch.inference_mode()
    def encode(self, features: Tensor, frame_valid: Tensor, joint_valid: Tensor) -> PoseEncoding:
        """See `PoseBlock.encode`."""
        batch, frames, _ = features.shape
        outputs = [
            self._encode(features[rows], frame_valid[rows], joint_valid[rows]) for rows in chunks(batch, frames + 2)
        ]
        encoded, refined = (torch.cat(group) if len(group) > 1 else group[0] for group in zip(*outputs, strict=True))
        return PoseEncoding(encoded[:, 0], encoded[:, 1], encoded[:, 2:], refined)

    @torch.inference_mode()
    def decode(
        self,
        latent: Tensor,
        tokens: Tensor | None = None,
        tokens_valid: Tensor | None = None,
        frames: int = CLIP_FRAMES,
    ) -> Tensor:
        """See `PoseBlock.decode`; tokens (and their validity) of batch 1 are shared by all latents."""
        outputs = [
            self._components(
                self._vae.decoder(None, latent[rows], frames, part(tokens, rows), part(tokens_valid, rows))
            )
            for rows in chunks(latent.shape[0], frames)
        ]
        return torch.cat(outputs) if len(outputs) > 1 else outputs[0]

    def _encode(self, features: Tensor, frame_valid: Tensor, joint_valid: Tensor) -> tuple[Tensor, Tensor]:
        hidden = ~(joint_valid & self._known).flatten(-2).repeat_interleave(3, dim=-1)  # (B, T, 126)
        local = torch.where(hidden, self._placeholder, features[..., :LOCAL_SIZE])
        whole = torch.cat((local, features[..., LOCAL_SIZE:]), dim=-1)
        content = self._embedding(whole.view(-1, FEATURE_SIZE)).view(*features.shape[:2], -1)
        encoded = self._vae.encode(content, frame_valid)
        return encoded, self._components(encoded[:, 2:])

    def _components(self, tokens: Tensor) -> Tensor:
        first, second, last = self._head
        rows = last(second.leaky_relu(first.leaky_relu(tokens.reshape(-1, tokens.shape[-1]))))
        return rows.view(*tokens.shape[:2], FEATURE_SIZE)


class FastActionBlock:
    """`ActionBlock` for inference."""

    reparameterise = staticmethod(reparameterise)
    label_logits = staticmethod(ActionBlock.label_logits)

    def __init__(self, block: ActionBlock, dtype: torch.dtype, encoder_dtype: torch.dtype) -> None:
        """Packs the weights of an action block."""
        self.config, self.text_width = block.config, block.text_width
        self._object = None
        if isinstance(block.object_projection, nn.Linear):
            self._object = PackedLinear.of(block.object_projection, torch.float32)
        self._label = PackedLinear.of(block.label_projection, torch.float32)
        self._vae = _FastVae(block.vae, dtype, encoder_dtype)

    @torch.inference_mode()
    def encode(
        self,
        mid_level: Tensor,
        object_feature: Tensor,
        clip_valid: Tensor,
        object_valid: Tensor,
        first_phase: Tensor | None = None,
    ) -> ActionEncoding:
        """See `ActionBlock.encode`."""
        content, valid = self._content(mid_level, object_feature, clip_valid, object_valid, first_phase)
        outputs = [self._vae.encode(content[rows], valid[rows]) for rows in chunks(len(content), content.shape[1] + 2)]
        encoded = torch.cat(outputs)
        return ActionEncoding(encoded[:, 0], encoded[:, 1], encoded[:, 2::2])

    @torch.inference_mode()
    def summarise(self, mid_level: Tensor, object_feature: Tensor, clip_valid: Tensor, object_valid: Tensor) -> Tensor:
        """See `ActionBlock.summarise`; cheap where neighbouring rows end early, for the padding is left out."""
        content, valid = self._content(mid_level, object_feature, clip_valid, object_valid, None)
        means = []
        for first in range(0, len(content), _SUMMARY_ROWS):
            rows = slice(first, first + _SUMMARY_ROWS)
            shown_columns = torch.nonzero(valid[rows].any(0))
            length = 1 + int(shown_columns[-1]) if len(shown_columns) else 1
            means.append(self._vae.encode(content[rows, :length], valid[rows, :length], wanted=1)[:, 0])
        return torch.cat(means)

    def _content(
        self,
        mid_level: Tensor,
        object_feature: Tensor,
        clip_valid: Tensor,
        object_valid: Tensor,
        first_phase: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        """Tokens ``(B, 2 N, d)``, clips and objects in turn, and which of them are valid."""
        batch, clips, width = mid_level.shape
        object_seen = clip_valid & object_valid
        objects = torch.where(object_seen[..., None], object_feature, 0.0)
        if self._object is not None:
            objects = self._object(objects.reshape(-1, self.text_width)).view(batch, clips, width)
        steps = torch.arange(clips, device=mid_level.device)
        phase = sinusoid(steps if first_phase is None else first_phase[:, None] + steps, width)
        pairs = torch.stack((mid_level + phase, objects + phase), dim=2).view(batch, 2 * clips, width)
        return pairs, torch.stack((clip_valid, object_seen), dim=2).view(batch, 2 * clips)

    @torch.inference_mode()
    def decode(
        self, alpha: Tensor, clip_tokens: Tensor, clip_valid: Tensor, first_phase: Tensor, future_valid: Tensor
    ) -> Tensor:
        """See `ActionBlock.decode`; all inputs but alpha may have batch 1, then all alphas share them."""
        batch, width = alpha.shape
        length = future_valid.shape[1]
        steps = torch.arange(length, device=alpha.device)
        queries = sinusoid(first_phase[:, None] + steps, width).expand(batch, -1, -1)
        seen = future_valid | (steps == 0)
        outputs = [
            self._vae.decoder(
                queries[rows], alpha[rows], length, part(clip_tokens, rows), part(clip_valid, rows), part(seen, rows)
            )
            for rows in chunks(batch, length)
        ]
        return torch.cat(outputs)

    @torch.inference_mode()
    def embed_labels(self, text: Tensor) -> Tensor:
        """See `ActionBlock.embed_labels`."""
        return self._label(text)


@overload
def prepare_for_inference(
    module: PoseBlock, dtype: torch.dtype = ..., encoder_dtype: torch.dtype | None = ...
) -> FastPoseBlock: ...
@overload
def prepare_for_inference(
    module: ActionBlock, dtype: torch.dtype = ..., encoder_dtype: torch.dtype | None = ...
) -> FastActionBlock: ...
def prepare_for_inference(
    module: PoseBlock | ActionBlock, dtype: torch.dtype = torch.float32, encoder_dtype: torch.dtype | None = None
) -> FastPoseBlock | FastActionBlock:
    """Copies a block into its fast form, on the device it is on.

    Args:
        module: P or A.
        dtype: torch.float32 (same results up to rounding) or torch.bfloat16; inputs and outputs stay float32.
        encoder_dtype: The same for the encoder alone; as the rest when None.

    Returns:
        An object with the methods of the block.
    """
    encoder_dtype = encoder_dtype or dtype
    with torch.inference_mode():
        if isinstance(module, PoseBlock):
            return FastPoseBlock(module, dtype, encoder_dtype)
        return FastActionBlock(module, dtype, encoder_dtype)


def multiplies_bfloat16(device: torch.device) -> bool:
    """Says whether a device is a processor with instructions for bfloat16, on which it is about twice as fast."""
    if device.type != "cpu" or not hasattr(torch.cpu, "get_capabilities"):
        return False
    able = torch.cpu.get_capabilities()
    return any(bool(able.get(name)) for name in ("avx512_bf16", "amx_bf16", "bf16"))
