# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Say in millimetres what the fast path changes: float32 and bfloat16 against the plain modules.

python benchmarks/precision.py --model models/ghtt-small
python benchmarks/precision.py --model models/ghtt-small --poses recording.npz

Joints are compared where a user gets them: refined clips, and deterministic forecasts by P.a and P.b, decoded to metres
for a palm of 8 cm. The input is synthetic motion of a subject that is not in the training data, with detector noise, or
the given recordings as they are.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from ghtt_core.data.recordings import load_recording
from ghtt_core.data.sequence import HandSequence
from ghtt_core.data.synthetic.demo import demo_sequence
from ghtt_core.hands import components, rigid
from ghtt_core.hands.noise import DetectorNoise
from ghtt_core.models.action_block import ActionBlock
from ghtt_core.models.checkpoint import load_checkpoint
from ghtt_core.models.inference import FastActionBlock, FastPoseBlock, prepare_for_inference
from ghtt_core.models.pose_block import PoseBlock

PALM = 0.08
FUTURE = 5


def clips_of(sequence: HandSequence, noise: bool) -> tuple[Tensor, Tensor]:
    """Joints and validity of the whole clips of a sequence, `(N, 16, 2, 21, 3)` and `(N, 16, 2)`."""
    joints = torch.from_numpy(sequence.joints).clone()
    valid = torch.from_numpy(sequence.valid).clone()
    if noise:
        joints, seen = DetectorNoise()(joints, torch.Generator().manual_seed(0))
        valid &= seen
    whole = len(joints) // 16 * 16
    return joints[:whole].view(-1, 16, 2, 21, 3), valid[:whole].view(-1, 16, 2)


def metres(features: Tensor) -> Tensor:
    """Decodes `(B, T, 153)` into joints relative to the first frame."""
    batch = features.shape[0]
    return components.decode(features, torch.full((batch, 2), PALM), rigid.identity((batch, 2)))


def outputs(
    pose: PoseBlock | FastPoseBlock, action: ActionBlock | FastActionBlock | None, features: Tensor, valid: Tensor
) -> dict[str, Tensor]:
    """Everything a user would get from clips `(N, 16, 153)` that follow one another, in metres."""
    frames = torch.ones(features.shape[:2], dtype=torch.bool)
    encoding = pose.encode(features, frames, valid[..., None].expand(-1, -1, -1, 21))
    results = {"refined clips": metres(encoding.refined)}
    first = pose.decode(encoding.mu, encoding.tokens)
    second = pose.encode(first, frames, torch.ones(*frames.shape, 2, 21, dtype=torch.bool))
    rolled = torch.cat((first, pose.decode(second.mu, second.tokens)), dim=1)
    results["P.a, first 0.5 s"] = metres(first[:, :15])
    results["P.a, first 1.0 s"] = metres(rolled[:, :30])
    if action is not None:
        seen = encoding.mu[None, -16:]
        clips = seen.shape[1]
        known = torch.ones(1, clips, dtype=torch.bool)
        observed = action.encode(seen, torch.zeros(1, clips, action.text_width), known, ~known)
        future = action.decode(
            observed.mu, observed.clip_tokens, known, torch.tensor([clips]), torch.ones(1, FUTURE, dtype=torch.bool)
        )
        results[f"P.b, {FUTURE} clips"] = metres(pose.decode(future[0]).reshape(1, -1, 153))
    return results


def main() -> None:
    """Runs the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path("models/ghtt-small"), help="checkpoint folder")
    parser.add_argument("--poses", type=Path, nargs="*", default=(), help="recordings instead of synthetic motion")
    options = parser.parse_args()
    checkpoint = load_checkpoint(options.model)
    sequences = [load_recording(path) for path in options.poses] or [demo_sequence()]
    table = Table(title=f"{checkpoint.card.model_id}: distance to the plain modules, millimetres", title_justify="left")
    for column in ("output", "float32 mean", "max", "bfloat16 mean", "max"):
        table.add_column(column, justify="left" if column == "output" else "right")
    distances: dict[tuple[str, torch.dtype], list[Tensor]] = {}
    with torch.inference_mode():
        for sequence in sequences:
            joints, valid = clips_of(sequence, noise=not options.poses)
            features = components.encode(joints, checkpoint.template, valid).features
            want = outputs(checkpoint.pose_block, checkpoint.action_block, features, valid)
            for dtype in (torch.float32, torch.bfloat16):
                pose = prepare_for_inference(checkpoint.pose_block, dtype)
                action = checkpoint.action_block and prepare_for_inference(checkpoint.action_block, dtype)
                for name, got in outputs(pose, action, features, valid).items():
                    distance = 1e3 * (got - want[name]).norm(dim=-1)
                    distances.setdefault((name, dtype), []).append(distance.flatten())
    for name in dict.fromkeys(name for name, _ in distances):
        cells = []
        for dtype in (torch.float32, torch.bfloat16):
            pooled = torch.cat(distances[name, dtype])
            cells += [f"{pooled.mean():.4f}", f"{pooled.max():.4f}"]
        table.add_row(name, *cells)
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
