# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the networks promise: the paper's sizes, what is hidden stays hidden, results without luck."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from ghtt_core.models.action_block import ActionBlock
from ghtt_core.models.config import PAPER, PAPER_OBJECT, SMALL, ObjectAggregatorConfig
from ghtt_core.models.object_aggregator import ObjectAggregator
from ghtt_core.models.pose_block import PoseBlock

TEXT = 24


@pytest.fixture(scope="module")
def pose_block() -> PoseBlock:
    torch.manual_seed(1)
    return PoseBlock(SMALL).eval()


@pytest.fixture(scope="module")
def action_block() -> ActionBlock:
    torch.manual_seed(2)
    return ActionBlock(SMALL, TEXT).eval()


def clip(batch: int = 2, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(batch, 16, 153, generator=generator)
    return features, torch.ones(batch, 16, dtype=torch.bool), torch.ones(batch, 16, 2, 21, dtype=torch.bool)


def observed(batch: int = 2, clips: int = 5) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(3)
    seen = torch.ones(batch, clips, dtype=torch.bool)
    mid_level = torch.randn(batch, clips, SMALL.width, generator=generator)
    return mid_level, torch.randn(batch, clips, TEXT, generator=generator), seen, seen.clone()


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_paper_size_has_the_papers_parameters() -> None:
    with torch.device("meta"):
        pose, action, aggregator = PoseBlock(PAPER), ActionBlock(PAPER, 512), ObjectAggregator(PAPER_OBJECT)
    parts = {
        "P encoder": (count(pose.vae.encoder), 28_372_480),
        "P decoder": (count(pose.vae.decoder), 37_837_312),
        "P learned tokens": (pose.vae.mu_token.numel() + pose.vae.logvar_token.numel(), 1_024),
        "P embedding": (count(pose.embedding), 36_224 + 126),
        "P head": (count(pose.head), 603_801),
        "A encoder": (count(action.vae.encoder), 28_372_480),
        "A decoder": (count(action.vae.decoder), 37_837_312),
        "A learned tokens": (action.vae.mu_token.numel() + action.vae.logvar_token.numel(), 1_024),
        "A object projection": (count(action.object_projection), 0),
        "A label projection": (count(action.label_projection), 262_656),
        "E^PO": (count(aggregator), 6_306_304),
    }
    wrong = {name: sizes for name, sizes in parts.items() if sizes[0] != sizes[1]}
    assert not wrong, f"parts with another number of parameters than the paper's (ours, paper's): {wrong}"
    assert count(pose) == pytest.approx(66_850_967, rel=0.005)
    assert count(action) == pytest.approx(66_473_598, rel=0.005)


def test_layers_compute_the_textbook_attention(pose_block: PoseBlock) -> None:
    """The fused projections against torch's own attention with positions on queries and keys only."""

    def attend(part: nn.Module, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        reference = nn.MultiheadAttention(SMALL.width, SMALL.heads, batch_first=True).eval()
        weights = {"in_proj_weight": part.project.weight, "in_proj_bias": part.project.bias}
        reference.load_state_dict(weights | {"out_proj.weight": part.out.weight, "out_proj.bias": part.out.bias})
        return reference(query, key, value, need_weights=False)[0]

    decoder = pose_block.vae.decoder
    queries, memory = torch.randn(2, 16, SMALL.width), torch.randn(2, 17, SMALL.width)
    place, memory_place = decoder.position[:16], decoder.position[:17]
    want = queries
    for layer in decoder.layers:
        x = layer.attention_norm(want)
        want = want + attend(layer.attention, x + place, x + place, x)
        want = want + attend(layer.cross, layer.cross_norm(want) + place, memory + memory_place, memory)
        want = want + layer.feedforward(layer.feedforward_norm(want))
    torch.testing.assert_close(decoder(queries, memory), decoder.norm(want), atol=1e-5, rtol=1e-5)


def test_decoding_without_tokens_is_attention_to_one_token(pose_block: PoseBlock) -> None:
    latent = torch.randn(3, SMALL.width)
    hidden = torch.zeros(3, 16, dtype=torch.bool)
    general = pose_block.decode(latent, torch.randn(3, 16, SMALL.width), hidden)
    torch.testing.assert_close(pose_block.decode(latent), general, atol=1e-5, rtol=1e-5)


def test_hidden_frames_and_joints_change_nothing(pose_block: PoseBlock) -> None:
    features, frames, joints = clip()
    frames[:, 11:] = False
    joints[:, :, 1] = False  # no right hand
    want = pose_block.encode(features, frames, joints)
    noisy = features.clone()
    noisy[:, 11:] += 100.0
    noisy[..., 63:126] = torch.nan
    noisy[..., 3:6] = torch.nan  # the thumb CMC is never shown, whatever the mask says
    got = pose_block.encode(noisy, frames, joints)
    torch.testing.assert_close(got.mu, want.mu)
    torch.testing.assert_close(got.refined[:, :11], want.refined[:, :11])


def test_shown_joints_do_change_the_result(pose_block: PoseBlock) -> None:
    features, frames, joints = clip()
    without = pose_block.encode(features, frames, joints & (torch.arange(21) != 8))
    assert (pose_block.encode(features, frames, joints).mu - without.mu).abs().max() > 1e-4


def test_a_clip_with_no_valid_frame_gives_finite_output(pose_block: PoseBlock) -> None:
    features, frames, joints = clip()
    encoding = pose_block.encode(features, torch.zeros_like(frames), torch.zeros_like(joints))
    assert all(part.isfinite().all() for part in encoding)


def test_a_row_does_not_depend_on_its_batch(pose_block: PoseBlock) -> None:
    features, frames, joints = clip(batch=5)
    together = pose_block.encode(features, frames, joints)
    alone = pose_block.encode(features[3:4], frames[3:4], joints[3:4])
    torch.testing.assert_close(together.refined[3:4], alone.refined, atol=1e-5, rtol=1e-5)


def test_same_input_gives_the_same_bits(pose_block: PoseBlock) -> None:
    features, frames, joints = clip()
    first, second = (pose_block.encode(features, frames, joints) for _ in range(2))
    assert all(torch.equal(one, other) for one, other in zip(first, second, strict=True))


def test_absent_objects_are_hidden_while_their_clips_stay(action_block: ActionBlock) -> None:
    mid_level, objects, seen, known = observed()
    known[:, 2] = False
    want = action_block.encode(mid_level, objects, seen, known)
    objects[:, 2] = torch.nan
    torch.testing.assert_close(action_block.encode(mid_level, objects, seen, known), want)
    mid_level[:, 2] = torch.randn(2, SMALL.width)
    assert (action_block.encode(mid_level, objects, seen, known).mu - want.mu).abs().max() > 1e-4


def test_hidden_clips_change_nothing(action_block: ActionBlock) -> None:
    mid_level, objects, seen, known = observed()
    seen[:, 3:] = False
    first, future = torch.tensor([3, 3]), torch.ones(2, 4, dtype=torch.bool)

    def run() -> tuple[Tensor, Tensor]:
        encoding = action_block.encode(mid_level, objects, seen, known)
        return encoding.mu, action_block.decode(encoding.mu, encoding.clip_tokens, seen, first, future)

    want = run()
    mid_level[:, 3:] *= -7.0
    objects[:, 3:] += 5.0
    torch.testing.assert_close(run(), want)


def test_future_clips_beyond_the_valid_ones_change_nothing(action_block: ActionBlock) -> None:
    mid_level, objects, seen, known = observed()
    encoding = action_block.encode(mid_level, objects, seen, known)
    first = torch.tensor([5, 5])
    short = action_block.decode(encoding.mu, encoding.clip_tokens, seen, first, torch.ones(2, 3, dtype=torch.bool))
    masked = action_block.decode(encoding.mu, encoding.clip_tokens, seen, first, torch.arange(17).expand(2, -1) < 3)
    torch.testing.assert_close(masked[:, :3], short, atol=1e-5, rtol=1e-5)
    nothing = torch.zeros(2, 17, dtype=torch.bool)
    assert action_block.decode(encoding.mu, encoding.clip_tokens, seen, first, nothing).isfinite().all()


def test_phase_counts_from_the_start_of_the_action(action_block: ActionBlock) -> None:
    inputs = observed()
    start = action_block.encode(*inputs)
    torch.testing.assert_close(action_block.encode(*inputs, torch.zeros(2, dtype=torch.int64)), start)
    later = action_block.encode(*inputs, torch.tensor([4, 4]))
    assert (later.mu - start.mu).abs().max() > 1e-3


def test_label_logits_are_cosines_over_the_temperature(action_block: ActionBlock) -> None:
    labels = action_block.embed_labels(torch.randn(6, TEXT))
    logits = action_block.label_logits(3.0 * labels, labels)
    assert torch.equal(logits.argmax(dim=1), torch.arange(6))
    torch.testing.assert_close(logits.diagonal(), torch.full((6,), 1 / 0.07), atol=1e-3, rtol=0)


def test_aggregator_ignores_hidden_frames() -> None:
    aggregator = ObjectAggregator(ObjectAggregatorConfig(width=TEXT, heads=2, feedforward=32)).eval()
    features, seen = torch.randn(2, 16, TEXT), torch.ones(2, 16, dtype=torch.bool)
    seen[:, 9:] = False
    want = aggregator(features, seen)
    features[:, 9:] = torch.nan
    torch.testing.assert_close(aggregator(features, seen), want)
    assert aggregator(features, torch.zeros_like(seen)).isfinite().all()


@pytest.mark.parametrize("with_tokens", [True, False])
def test_every_parameter_gets_a_gradient_in_both_memory_modes(with_tokens: bool) -> None:
    """Data-parallel training needs this: parameters must not come and go with the coin flip over the memory."""
    block = PoseBlock(SMALL).train()
    encoding = block.encode(*clip())
    latent = block.reparameterise(encoding.mu, encoding.logvar, torch.randn_like(encoding.mu))
    decoded = block.decode(latent, encoding.tokens if with_tokens else None)
    (decoded.square().mean() + encoding.refined.square().mean()).backward()
    assert [name for name, parameter in block.named_parameters() if parameter.grad is None] == []
