# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Labelling videos: every label belongs to the picture it was made from, whatever the rate, in whatever pieces.

The teacher here reads a number that is painted into the pictures and says it again as the place of a hand.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
import yaml
from numpy.typing import NDArray

from ghtt_core.cli.main import main
from ghtt_core.data.pictures.images import ImageReader
from ghtt_core.data.pictures.video_rate import choose_pictures
from ghtt_core.data.store.dataset import Dataset, open_dataset
from ghtt_core.errors import GhttError
from ghtt_core.estimators import registry
from ghtt_core.estimators.camera import PinholeCamera
from ghtt_core.estimators.model_files import MEDIAPIPE_HANDS, cached_path
from ghtt_core.hands.frame import HandFrame
from ghtt_core.hands.layout import LEFT, RIGHT
from ghtt_core.models.card import ImageCard
from ghtt_core.models.config import ImageEstimatorConfig
from ghtt_core.models.image_checkpoint import load_image_checkpoint, save_image_checkpoint
from ghtt_core.models.image_estimator import ImageEstimator
from ghtt_core.training.video_labels import VideoReader

WIDTH, HEIGHT, BITS = 160, 96, 10
STEP_M = 2e-4
VIDEOS = Path(__file__).parents[3] / "shared" / "data" / "video"


def paint(number: int) -> NDArray[np.uint8]:
    bars = [255 * (number >> bit & 1) for bit in range(BITS)]
    return np.tile(np.repeat(np.array(bars, np.uint8), WIDTH // BITS)[None, :, None], (HEIGHT, 1, 3))


def number_in(image: NDArray[np.uint8]) -> int:
    bars = image.reshape(HEIGHT, BITS, WIDTH // BITS, 3).mean((0, 2, 3)) > 128
    return int((bars << np.arange(BITS)).sum())


class PaintedHands:
    """Puts a right hand half a metre away, as many fifths of a millimetre to the right as the picture says."""

    name = "painted"

    def __init__(self) -> None:
        hand = np.zeros((21, 3), np.float32)
        for finger, angle in enumerate(np.linspace(-0.5, 0.5, 5)):
            reach = np.array([0.09, 0.12, 0.14, 0.16])[:, None]
            hand[1 + 4 * finger : 5 + 4 * finger, :2] = reach * (np.sin(angle), -np.cos(angle))
        self._hand = hand + np.float32([-0.1, 0.05, 0.5])

    def estimate(self, image_bgr: Any, camera: PinholeCamera, stamp_ns: int, depth: Any = None) -> HandFrame:
        joints = np.zeros((2, 21, 3), np.float32)
        number = number_in(image_bgr)
        joints[RIGHT] = self._hand + np.float32([STEP_M * number, 0, 0])
        sure = 0.2 if 40 <= number < 50 else 0.9
        return HandFrame(stamp_ns, joints, np.array([False, True]), np.full((2, 21), sure, np.float32), None, "camera")

    def reset(self) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture(autouse=True)
def painted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_FACTORIES", {**registry._FACTORIES, "painted": PaintedHands})


def write_video(path: Path, ticks: Sequence[int], per_second: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, per_second)
        stream.options = {"preset": "ultrafast", "threads": "1", "g": "40", "bf": "2"}
        for number, tick in enumerate(ticks):
            picture = av.VideoFrame.from_ndarray(paint(number), format="bgr24")
            picture.pts, picture.time_base = tick, Fraction(1, per_second)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def prepare(source: Path, store: Path, *words: str) -> Dataset:
    command = ["prepare", "video", "--source", str(source), "--store", str(store), "--estimator", "painted"]
    assert main([*command, "--workers", "1", *words]) == 0
    return open_dataset(store, verify=True)


def told(store: Any, index: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Numbers (T,) that the labels of a sequence say, and where there is a label."""
    sequence = store.sequence(index)
    hand = PaintedHands()._hand
    return (sequence.joints[:, RIGHT, 0, 0] - hand[0, 0]) / STEP_M, sequence.valid[:, RIGHT]


RATES = {"25": (25, 1), "24": (24, 1), "50": (50, 1), "60": (60, 1), "29.97": (30000, 1001), "30": (30, 1)}


@pytest.mark.parametrize("rate", RATES)
def test_every_label_is_that_of_the_picture_of_its_frame(tmp_path: Path, rate: str) -> None:
    per_second, step = RATES[rate]
    pictures = round(4 * per_second / step)
    write_video(tmp_path / "videos" / "a.mp4", [n * step for n in range(pictures)], per_second)
    dataset = prepare(tmp_path / "videos", tmp_path / "store", "--piece", "1.5", "--least-confidence", "0")
    seen = []
    for store in dataset.splits.values():
        with ImageReader(store) as reader:
            for index in range(len(store)):
                numbers, valid = told(store, index)
                assert valid.all()
                for frame in range(len(numbers)):
                    if reader.has(index, "camera", frame):
                        seen.append(number_in(reader.read(index, "camera", frame)))
                        assert numbers[frame] == pytest.approx(seen[-1], abs=0.05)
    frames = sum(store.frames for store in dataset.splits.values())
    assert abs(frames - 120) <= 5  # four seconds at 30 per second, cut into five pieces
    assert len(seen) >= (frames if rate in ("60", "29.97", "30") else 0.45 * frames)


def test_frames_between_pictures_move_evenly(tmp_path: Path) -> None:
    """25 pictures per second become 30 frames: no frame stands still because its picture is that of the one before."""
    write_video(tmp_path / "videos" / "a.mp4", range(100), 25)
    write_video(tmp_path / "videos" / "b.mp4", range(100), 25)
    dataset = prepare(tmp_path / "videos", tmp_path / "store", "--least-confidence", "0")
    numbers, _ = told(dataset.splits["train"], 0)
    assert np.diff(numbers).min() > 0.3
    assert len(numbers) == 119


def test_pictures_that_are_missing_leave_frames_without_one(tmp_path: Path) -> None:
    ticks = [20 * n for n in range(90) if not 30 <= n < 36]
    write_video(tmp_path / "videos" / "a.mp4", ticks, 600)
    write_video(tmp_path / "videos" / "b.mp4", ticks, 600)
    store = prepare(tmp_path / "videos", tmp_path / "store", "--least-confidence", "0").splits["train"]
    with ImageReader(store) as reader:
        has = [reader.has(0, "camera", frame) for frame in range(int(store.ends[0]))]
    assert len(has) == 90
    assert [frame for frame, there in enumerate(has) if not there] == list(range(30, 36))


def test_unsure_hands_are_masked_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_video(tmp_path / "videos" / "x" / "a.mp4", range(90), 30)
    write_video(tmp_path / "videos" / "b.mp4", range(90), 30)
    dataset = prepare(tmp_path / "videos", tmp_path / "store")
    printed = capsys.readouterr().out
    assert [line.split()[1:4] for line in printed.splitlines() if line.startswith("x/a")] == [["90", "90", "10"]]
    for store in dataset.splits.values():
        _, valid = told(store, 0)
        assert (~valid).nonzero()[0].tolist() == list(range(40, 50))
        with ImageReader(store) as reader:
            # Nobody knows whether an unsure hand is there, so nobody learns from its picture that it is not.
            has = np.array([reader.has(0, "camera", frame) for frame in range(90)])
        assert (has == valid).all()
    note = dataset.notes["x/a"]
    assert (note["pictures"], note["offered"]) == (90, 80)
    assert (note["kept"], note["masked"]["unsure"]) == ([0, 80], [0, 10])
    assert dataset.splits["train"].view_names(0) == ("camera",)


def test_whole_videos_validate_and_a_single_one_is_cut(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write_video(tmp_path / "videos" / f"{name}.mp4", range(75), 30)
    many = prepare(tmp_path / "videos", tmp_path / "many", "--piece", "1", "--least-confidence", "0")
    videos = {split: {name.split("#")[0] for name in store.names} for split, store in many.splits.items()}
    assert videos["train"] | videos["val"] == {"a", "b", "c"}
    assert not videos["train"] & videos["val"]
    one = prepare(tmp_path / "videos" / "b.mp4", tmp_path / "one", "--least-confidence", "0")
    assert {split: len(store) for split, store in one.splits.items()} == {"train": 4, "val": 1}
    assert one.splits["val"].source_root == tmp_path / "videos"


def test_calibrations_beside_videos_go_before_the_common_one(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write_video(tmp_path / "videos" / f"{name}.mp4", range(30), 30)
    text = "{fx: %d, fy: 150, cx: 80, cy: 48, width: 160, height: 96}"
    (tmp_path / "common.yaml").write_text(text % 140)
    (tmp_path / "videos" / "b.yaml").write_text(text % 170)
    dataset = prepare(tmp_path / "videos", tmp_path / "store", "--camera-info", str(tmp_path / "common.yaml"))
    focal = {
        name: store.views(index)[0].intrinsics[0, 0]
        for store in dataset.splits.values()
        for index, name in enumerate(store.names)
    }
    assert focal == {"a": 140, "b": 170, "c": 140}
    assert not any(piece.what == "calibration" for piece in dataset.missing)


def test_a_bent_lens_and_a_guessed_one_are_said(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_video(tmp_path / "videos" / f"{name}.mp4", range(30), 30)
    bent = "{fx: 140, fy: 140, cx: 80, cy: 48, width: 160, height: 96, distortion: [-0.3, 0.1, 0, 0, 0]}"
    (tmp_path / "videos" / "a.yaml").write_text(bent)
    missing = {piece.where: piece for piece in prepare(tmp_path / "videos", tmp_path / "store").missing}
    assert missing["a"].what == "a lens without distortion"
    assert "undistort the video" in missing["a"].consequence
    assert missing["b"].what == "calibration"


def refusal(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    assert main(["prepare", "video", *map(str, words)]) == 2
    return capsys.readouterr().err.strip().splitlines()[-1]


def test_mistakes_are_one_sentence_and_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    videos, store = tmp_path / "videos", tmp_path / "store"
    videos.mkdir()
    base = ("--source", videos, "--store", store, "--workers", "1", "--estimator", "painted")
    assert "There is no folder" in refusal(capsys, "--source", tmp_path / "none", *base[2:])
    assert "holds no video" in refusal(capsys, *base)
    (videos / "a.mp4").write_text("not a video")
    assert "cannot be read as a video" in refusal(capsys, *base)
    write_video(videos / "a.mp4", range(30), 30)
    assert "no hand estimator 'nobody'" in refusal(capsys, *base[:-1], "nobody")
    assert "between 0 and 1" in refusal(capsys, *base, "--least-confidence", "7")
    assert "at least 1 second" in refusal(capsys, *base, "--piece", "0")
    assert "no camera file" in refusal(capsys, *base, "--camera-info", tmp_path / "none.yaml")
    (tmp_path / "wrong.yaml").write_text("{fx: 1, fy: 1, cx: 1, cy: 1, width: 100, height: 100}")
    assert "of another aspect ratio" in refusal(capsys, *base, "--camera-info", tmp_path / "wrong.yaml")
    write_video(videos / "a.mkv", range(30), 30)
    assert "would both be called 'a'" in refusal(capsys, *base)
    assert not store.exists()


def test_a_broken_video_can_be_skipped(tmp_path: Path) -> None:
    write_video(tmp_path / "videos" / "a.mp4", range(60), 30)
    write_video(tmp_path / "videos" / "b.mp4", range(60), 30)
    (tmp_path / "videos" / "c.mp4").write_bytes((tmp_path / "videos" / "a.mp4").read_bytes()[:300])
    dataset = prepare(tmp_path / "videos", tmp_path / "store", "--malformed", "skip")
    assert sorted(name for store in dataset.splits.values() for name in store.names) == ["a", "b"]
    assert [Path(fault.path).name for fault in dataset.faults] == ["c.mp4"]


def test_a_stopped_run_goes_on_with_the_pieces_that_are_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_video(tmp_path / "videos" / "a.mp4", range(150), 30)
    real, labelled = VideoReader.read, []

    def read_three(self: VideoReader, entry: Any, faults: Any) -> Any:
        if len(labelled) == 3:
            raise KeyboardInterrupt
        labelled.append(entry.name)
        return real(self, entry, faults)

    command = ["prepare", "video", "--source", str(tmp_path / "videos"), "--store", str(tmp_path / "store")]
    command += ["--estimator", "painted", "--workers", "1"]
    monkeypatch.setattr(VideoReader, "read", read_three)
    assert main(command) == 130
    assert not (tmp_path / "store").exists()
    labelled.clear()
    assert main(command) == 0
    assert len(labelled) == 2
    assert "3 sequences are ready" in capsys.readouterr().err
    assert len(json.loads((tmp_path / "store" / "dataset.json").read_text())["notes"]) == 5


def test_the_image_estimator_is_adapted_to_videos_and_keeps_its_objects(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_video(tmp_path / "videos" / f"{name}.mp4", range(60), 30)
    prepare(tmp_path / "videos", tmp_path / "store")
    sizes = {
        "base_width": 4, "input_width": 96, "input_height": 54, "hidden": 16, "text_width": 8, "attention_maps": 21,
        "together": 0,
    }  # fmt: skip
    config = ImageEstimatorConfig(**sizes)
    card = ImageCard(model_id="before", model=config, object_names=("cup", "jar"), text_encoder="words", text_width=8)
    text = torch.nn.functional.normalize(torch.randn(2, 8), dim=1)
    save_image_checkpoint(tmp_path / "before", ImageEstimator(config), card, text)
    recipe = {
        "task": "image",
        "model": sizes,
        "model_id": "after",
        "initial": str(tmp_path / "before"),
        "data": {"dataset": str(tmp_path / "store"), "workers": 1},
        "loop": {"steps": 2, "batch_size": 4, "threads": 1},
    }
    (tmp_path / "image.yaml").write_text(yaml.safe_dump(recipe))
    assert main(["train", "image", str(tmp_path / "image.yaml"), "--out", str(tmp_path / "run")]) == 0
    after = load_image_checkpoint(tmp_path / "run" / "checkpoint")
    assert after.card.object_names == ("cup", "jar")
    torch.testing.assert_close(after.object_text, text)
    assert np.isfinite(list(after.card.metrics["image"].values())).all()
    assert all(parameter.isfinite().all() for parameter in after.network.parameters())


def test_the_choice_of_pictures_of_the_shortest_videos() -> None:
    for count in (1, 2, 3):
        numbers, times = choose_pictures(np.arange(count, dtype=np.int64) * 33_366_667 + 5)
        assert numbers.tolist() == list(range(count))
        assert times[0] == 0


def test_a_real_video_keeps_its_sure_hands(tmp_path: Path) -> None:
    """Needs MediaPipe with its model file, and development data that is not part of the project."""
    video = VIDEOS / "one_hand.mp4"
    if not video.is_file():
        pytest.skip(f"{video.name} is not on this machine (shared development data)")
    try:
        cached_path(MEDIAPIPE_HANDS)
        registry.create_estimator("mediapipe").close()
    except GhttError as error:
        pytest.skip(str(error))
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / "videos").mkdir(exist_ok=True)
        with av.open(str(video)) as source, av.open(str(tmp_path / "videos" / name), "w") as target:
            stream = target.add_stream_from_template(source.streams.video[0])
            for number, packet in enumerate(source.demux(video=0)):
                if number < 45 and packet.dts is not None:
                    packet.stream = stream
                    target.mux(packet)
    dataset = prepare(tmp_path / "videos", tmp_path / "store", "--estimator", "mediapipe")
    assert [note["kept"][RIGHT] >= 40 and note["kept"][LEFT] == 0 for note in dataset.notes.values()] == [True, True]
    store = dataset.splits["train"]
    sequence, (view,) = store.sequence(0), store.views(0)
    pixels = view.project(sequence.joints[sequence.valid])
    assert ((pixels > 0) & (pixels < view.size)).mean() > 0.95
