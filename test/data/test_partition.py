# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghtt_core.data.tables.partition import RecordingFacts, choose_splits, read_recording_table
from ghtt_core.errors import InputError

TWENTY = [RecordingFacts(f"r{number:02d}", f"s{number // 4}", 100.0) for number in range(20)]


def test_subjects_stay_together_and_shares_are_met() -> None:
    splits = choose_splits(TWENTY, {"val": 0.2, "test": 0.2})
    assert Counter(splits.values()) == {"train": 12, "val": 4, "test": 4}
    for subject in {recording.subject for recording in TWENTY}:
        assert len({splits[recording.name] for recording in TWENTY if recording.subject == subject}) == 1


def test_the_choice_is_the_same_in_any_order_and_another_with_another_seed() -> None:
    first = choose_splits(TWENTY, {"val": 0.2})
    assert first == choose_splits(TWENTY[::-1], {"val": 0.2})
    assert any(choose_splits(TWENTY, {"val": 0.2}, seed) != first for seed in range(1, 5))


def test_one_subject_alone_is_divided_by_recording() -> None:
    recordings = [RecordingFacts(f"r{number}", "me") for number in range(5)]
    assert Counter(choose_splits(recordings, {"val": 0.2}).values()) == {"train": 4, "val": 1}


def test_the_only_recording_of_an_action_trains() -> None:
    recordings = [RecordingFacts("only", labels={"open box"})] + [
        RecordingFacts(f"r{number}", labels={"wave"}) for number in range(3)
    ]
    for seed in range(10):
        assert choose_splits(recordings, {"val": 0.25}, seed)["only"] == "train"


def test_too_few_recordings_and_impossible_shares_are_refused() -> None:
    with pytest.raises(InputError, match="1 recording cannot be divided into train and val"):
        choose_splits(TWENTY[:1], {"val": 0.2})
    with pytest.raises(InputError, match="2 recordings cannot be divided into train and val and test"):
        choose_splits(TWENTY[:2], {"val": 0.2, "test": 0.2})
    with pytest.raises(InputError, match="leave some to train on"):
        choose_splits(TWENTY, {"val": 1.0})
    assert choose_splits(TWENTY[:1], {"val": 0.0}) == {"r00": "train"}


@given(
    st.lists(st.tuples(st.integers(0, 5), st.floats(1, 1000)), min_size=3, max_size=30),
    st.floats(0.01, 0.45),
    st.floats(0.01, 0.45),
)
def test_no_split_is_ever_empty(recordings: list[tuple[int, float]], val: float, test: float) -> None:
    facts = [RecordingFacts(f"r{n}", f"s{subject}", amount) for n, (subject, amount) in enumerate(recordings)]
    assert set(choose_splits(facts, {"val": val, "test": test}).values()) == {"train", "val", "test"}


def test_a_table_gives_subjects_and_splits(tmp_path: Path) -> None:
    path = tmp_path / "recordings.csv"
    path.write_text("recording,subject,split\na.npz,ann,train\nb,ben,Validation\nc,,\n")
    table = read_recording_table(path, {"a", "b", "c", "d"})
    assert table.subjects == {"a": "ann", "b": "ben"}
    assert table.splits == {"a": "train", "b": "val"}
    path.write_text("recording,split\na,exam\nx,val\nb,val\nb,test\n")
    with pytest.raises(InputError) as caught:
        read_recording_table(path, {"a", "b"})
    lines = str(caught.value).splitlines()
    assert "csv:2: 'exam' is no split" in lines[0]
    assert "csv:3: there is no recording 'x'" in lines[1]
    assert "csv:5: names b again, which line 4 has" in lines[2]
