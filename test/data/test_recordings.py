# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ghtt_core.data.recordings import load_recording, save_recording
from ghtt_core.data.synthetic.demo import demo_sequence, write_demo
from ghtt_core.data.synthetic.generator import SyntheticConfig, generate_sequence
from ghtt_core.errors import InputError, OutputError

REPOSITORY = Path(__file__).parents[2]
REAL = REPOSITORY.parent / "shared" / "data" / "poses"


def arrays(frames=5, **changes):
    rng = np.random.default_rng(0)
    fields = {
        "joints": (rng.normal(size=(frames, 2, 21, 3)) * 0.1).astype(np.float32),
        "valid": np.ones((frames, 2), bool),
        "t": np.arange(frames) / 30,
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


def write(path, **changes):
    np.savez(path, **arrays(**changes))
    return path


def test_a_recording_survives_saving_and_loading(tmp_path):
    sequence = generate_sequence(SyntheticConfig(frames=200, free_fraction=0.0), 3, 0)
    save_recording(tmp_path / "a.npz", sequence, reference=sequence.joints + 1)
    loaded = load_recording(tmp_path / "a.npz")
    np.testing.assert_array_equal(loaded.joints, sequence.joints)
    np.testing.assert_array_equal(loaded.object_ids, sequence.object_ids)
    np.testing.assert_allclose(loaded.stamps_ns, sequence.stamps_ns, atol=2)
    assert loaded.segments == sequence.segments
    assert loaded.subject == sequence.subject
    assert loaded.resampled() is loaded
    np.testing.assert_array_equal(load_recording(tmp_path / "a.npz", "reference").joints, sequence.joints + 1)
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


@pytest.mark.parametrize("synth", [np.isin(np.arange(21), [0, 1]), np.array([0, 1]), np.array([1, 0], np.uint8)])
def test_joints_a_conversion_made_up_are_not_measured(tmp_path, synth):
    loaded = load_recording(write(tmp_path / "a.npz", synth=synth))
    assert np.flatnonzero(~loaded.joint_valid).tolist() == [0, 1]


def test_a_rate_replaces_missing_stamps_and_a_label_names_the_whole(tmp_path):
    loaded = load_recording(
        write(tmp_path / "a.npz", t=None, fps=60.0, label="put down screw", valid=np.ones((5, 2))[:].astype(np.uint8))
    )
    assert loaded.stamps_ns[-1] == round(4e9 / 60)
    (segment,) = loaded.segments
    assert (segment.verb, segment.noun, segment.end) == ("put down", "screw", 5)


def test_stamps_that_count_from_1970_keep_their_microseconds(tmp_path):
    loaded = load_recording(write(tmp_path / "a.npz", t=1.7e9 + np.arange(5) / 30))
    np.testing.assert_allclose(np.diff(loaded.stamps_ns), 1e9 / 30, atol=1000)


def test_one_frame_is_a_recording(tmp_path):
    assert len(load_recording(write(tmp_path / "a.npz", frames=1)).resampled()) == 1


BAD = {
    "joints shape": ({"joints": np.zeros((5, 21, 3), np.float32)}, "must have the shape"),
    "joints type": ({"joints": np.zeros((5, 2, 21, 3), int)}, "floating-point"),
    "joints missing": ({"joints": None}, "no array 'joints'"),
    "valid missing": ({"valid": None}, "no array 'valid'"),
    "valid shape": ({"valid": np.ones((4, 2), bool)}, "'valid' must be"),
    "valid type": ({"valid": np.ones((5, 2))}, "'valid' must be"),
    "nan": ({"joints": np.full((5, 2, 21, 3), np.nan, np.float32)}, "NaN or infinite joint in the left hand"),
    "inf": ({"joints": np.full((5, 2, 21, 3), np.inf, np.float32)}, "NaN or infinite"),
    "overflow": ({"joints": np.full((5, 2, 21, 3), 1e300)}, "NaN or infinite"),
    "millimetres": ({"joints": np.random.default_rng(0).normal(0, 80, (5, 2, 21, 3))}, "must be in metres"),
    "backwards": ({"t": np.array([0, 0.1, 0.05, 0.2, 0.3])}, "frame 2 goes backwards"),
    "repeated": ({"t": np.array([0, 0.1, 0.1, 0.2, 0.3])}, "frame 2 repeats"),
    "nan time": ({"t": np.array([0, np.nan, 0.1, 0.2, 0.3])}, "not a number"),
    "time shape": ({"t": np.arange(4.0)}, "one per frame"),
    "no time": ({"t": None}, "neither 't'"),
    "rate": ({"t": None, "fps": -5.0}, "'fps' must be"),
    "no frames": ({"frames": 0}, "no frames"),
    "synth": ({"synth": np.array([30])}, "'synth' must be"),
    "objects": ({"object_names": np.array(["cup"]), "object_ids": np.full(5, 3)}, "object_ids must be"),
    "segments": ({"segment_label": np.array(["a b"]), "segment_start": np.array([1])}, "equal length"),
    "segment range": (
        {"segment_label": np.array(["a b"]), "segment_start": np.array([1]), "segment_end": np.array([9])},
        "outside 0 to 5",
    ),
}


@pytest.mark.parametrize(("changes", "words"), BAD.values(), ids=BAD.keys())
def test_a_malformed_recording_is_refused_in_one_sentence(tmp_path, changes, words):
    with pytest.raises(InputError, match=words) as error:
        load_recording(write(tmp_path / "a.npz", **changes))
    assert "\n" not in str(error.value)


def test_pickled_objects_are_never_loaded(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, **arrays(t=np.array([object()] * 5, dtype=object)))
    with pytest.raises(InputError, match="pickled"):
        load_recording(path)


def test_files_that_are_not_npz_are_refused(tmp_path):
    text = tmp_path / "a.npz"
    with pytest.raises(InputError, match="no recording"):
        load_recording(text)
    text.write_text("0.1 0.2 0.3\n")
    with pytest.raises(InputError, match=r"not an \.npz file"):
        load_recording(text)
    whole = write(tmp_path / "b.npz").read_bytes()
    text.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"cut off"):
        load_recording(text)
    at = whole.index(b"joints.npy") + 300
    text.write_bytes(whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])
    with pytest.raises(InputError, match="damaged"):
        load_recording(text)


@pytest.mark.parametrize(("frames", "words"), [(3_000_000, "too large"), (1000, "shorter than its header")])
def test_a_header_that_promises_too_much_allocates_nothing(tmp_path, frames, words):
    buffer = io.BytesIO()
    header = {"descr": "<f4", "fortran_order": False, "shape": (frames, 2, 21, 3)}
    np.lib.format.write_array_header_1_0(buffer, header)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("joints.npy", buffer.getvalue())
    with pytest.raises(InputError, match=words):
        load_recording(tmp_path / "a.npz")


def test_writing_where_one_cannot_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    sequence = generate_sequence(SyntheticConfig(frames=32), 0, 0)
    with pytest.raises(OutputError, match="Cannot write"):
        save_recording(tmp_path / "file" / "a.npz", sequence)


def test_the_bundled_demonstration_is_what_its_script_writes(tmp_path):
    write_demo(tmp_path / "demo.npz")
    bundled = REPOSITORY / "ghtt_core" / "assets" / "demo.npz"
    assert bundled.stat().st_size < 600_000
    fresh, kept = (load_recording(path, "reference") for path in (tmp_path / "demo.npz", bundled))
    np.testing.assert_allclose(fresh.joints, kept.joints, atol=1e-5)
    assert kept.segments == demo_sequence().segments
    assert len(kept.segments) >= 3
    noisy = load_recording(bundled)
    assert 0.9 < noisy.valid.mean() < 1.0
    error = np.linalg.norm(noisy.joints - kept.joints, axis=-1)[noisy.valid]
    assert 0.008 < error.mean() < 0.03


@pytest.mark.skipif(not REAL.is_dir(), reason="the real recordings in ../shared/data are not here")
def test_real_recordings_load_and_resample():
    files = sorted(REAL.glob("*.npz"))
    assert files
    for path in files:
        sequence = load_recording(path).resampled()
        np.testing.assert_allclose(np.diff(sequence.stamps_ns), 1e9 / 30, atol=1e9 / 30 * 0.05)
        assert sequence.valid.any()
