# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghtt_core.data.readers.base import Faults
from ghtt_core.data.sequence import HandSequence
from ghtt_core.data.tables.csv_table import Problems
from ghtt_core.data.tables.segments_csv import Unit, label_sequence, read_actions
from ghtt_core.errors import InputError

HEADER = "recording,start,end,label\n"


def table(folder: Path, text: str | bytes) -> Path:
    path = folder / "actions.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(folder: Path, text: str | bytes, unit: Unit = "seconds") -> str:
    with pytest.raises(InputError) as caught:
        read_actions(table(folder, text), unit)
    return str(caught.value).replace(str(folder) + "/", "")


def moving(frames: int, fps: float = 30.0) -> HandSequence:
    return HandSequence(
        np.zeros((frames, 2, 21, 3), np.float32),
        np.ones((frames, 2), bool),
        np.round(np.arange(frames) * 1e9 / fps).astype(np.int64) + 1_700_000_000_000_000_000,
        name="a",
    )


def labelled(folder: Path, text: str, sequence: HandSequence, unit: Unit = "seconds") -> HandSequence:
    actions = read_actions(table(folder, text), unit)
    problems = Problems(actions.path)
    result = label_sequence(sequence, actions.of("a"), unit, problems)
    problems.settle()
    return result


def test_what_spreadsheets_write_is_read(tmp_path: Path) -> None:
    text = (
        "\ufeff# made by hand\r\n"
        "\r\n"
        "Recording , START,end,label,remark\r\n"
        'a,0,1.5,"pour water, slowly",x\r\n'
        '"# a comment that a spreadsheet put in quotes, with a comma",,,,\r\n'
        ",,,,\r\n"
        'b, 2 ,3,"say ""stop""",\r\n'
        "a,1.5,2,  open   the box \r\n"
    )
    actions = read_actions(table(tmp_path, text))
    assert [(r.line, r.recording, r.start, r.end, r.label, r.verb, r.noun) for r in actions.rows] == [
        (4, "a", 0, 1.5, "pour water, slowly", "pour", "slowly"),
        (7, "b", 2, 3, 'say "stop"', "say", '"stop"'),
        (8, "a", 1.5, 2, "open the box", "open", "box"),
    ]
    assert actions.labels == ("open the box", "pour water, slowly", 'say "stop"')


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends_of_all_systems(tmp_path: Path, separator: str, line_end: str) -> None:
    lines = ["recording,start,end,label,verb,noun", "a,1,2,stir tea,stir,cup", "a,2,3,wave,wave"]
    actions = read_actions(table(tmp_path, line_end.join(lines).replace(",", separator)))
    assert [(row.label, row.verb, row.noun) for row in actions.rows] == [
        ("stir tea", "stir", "cup"),
        ("wave", "wave", ""),
    ]
    assert actions.nouns == ("cup",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "actions.csv is empty"),
        ("# nothing\n", "actions.csv is empty"),
        (HEADER, "no rows"),
        ("recording,begin,end,label\na,0,1,x\n", "actions.csv:1: does not name start"),
        ("recording,start,start,end,label\n", "actions.csv:1: names the column start twice"),
        (HEADER + "a,2,1,wave\n", "actions.csv:2: ends at 1, which is not after its start at 2"),
        (HEADER + "a,1,1,wave\n", "actions.csv:2: ends at 1"),
        (HEADER + "a,one,2,wave\n", "actions.csv:2: its start 'one' is not a number of seconds"),
        (HEADER + "a,-1,2,wave\n", "actions.csv:2: its start '-1' is not a number"),
        (HEADER + "a,0,nan,wave\n", "actions.csv:2: its end 'nan' is not a number"),
        (HEADER.replace(",", ";") + "a;0,5;1;wave\n", "'0,5' is not a number of seconds from 0 on with a point"),
        (HEADER + "a,0,1,pour water, slowly\n", "actions.csv:2: has 5 fields where the header names 4"),
        (HEADER + "a,0,1,\n", "actions.csv:2: has no label"),
        (HEADER + "a,0\n", "actions.csv:2: has no end and no label"),
        (HEADER + 'a,0,1,"wave\nb,0,1,wave\n', "actions.csv:2: a quotation mark is not closed"),
        (HEADER + "a,0,1,wave\n#\na,0,1,wave\n", "actions.csv:4: repeats line 2"),
        (HEADER + "a,0,1,Wave\na,1,2,wave\n", "actions.csv:3: writes 'wave' where line 2 writes 'Wave'"),
        ("recording,start,end,label,noun\na,0,1,wave,\na,1,2,wave,flag\n", "actions.csv:3: gives 'wave' the verb"),
        ((HEADER + "a,0,1,caf").encode() + b"\xe9\n", "actions.csv:2: is not UTF-8"),
        ("recording,start,end,label\n".encode("utf-16"), "is not a plain text table"),
        (b"PK\x03\x04 a spreadsheet", "is not a plain text table"),
    ],
)  # fmt: skip
def test_mistakes_are_named_with_file_and_line(tmp_path: Path, text: str | bytes, says: str) -> None:
    assert says in refusal(tmp_path, text)


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    said = refusal(tmp_path, HEADER + "a,2,1,wave\n" + "a,0,1,open box\n" + "a,x,1,wave\n")
    assert [line.split(" ")[0] for line in said.splitlines()] == ["actions.csv:2:", "actions.csv:4:"]
    said = refusal(tmp_path, HEADER + "a,2,1,wave\n" * 50)
    assert len(said.splitlines()) == 21
    assert said.endswith("There are 30 more.")


def test_a_missing_table_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_actions(tmp_path / "none.csv")
    with pytest.raises(InputError, match="cannot be read"):
        read_actions(tmp_path)


def test_recordings_are_found_by_name_suffix_and_either_slash(tmp_path: Path) -> None:
    text = HEADER + "kitchen/first,0,1,wave\nkitchen\\first.npz,1,2,wave\n./second.mcap,0,1,wave\n"
    actions = read_actions(table(tmp_path, text)).for_recordings({"kitchen/first", "second"})
    assert [row.recording for row in actions.rows] == ["kitchen/first", "kitchen/first", "second"]


def test_unknown_recordings_are_named_with_a_guess(tmp_path: Path) -> None:
    actions = read_actions(table(tmp_path, HEADER + "kitchen1,0,1,wave\ngarden,0,1,wave\n"))
    with pytest.raises(
        InputError, match=r"csv:2: there is no recording 'kitchen1'; did you mean 'kitchen-1'\?"
    ) as caught:
        actions.for_recordings({"kitchen-1", "office"})
    assert "csv:3: there is no recording 'garden'" in str(caught.value)


def test_overlaps_are_named_only_within_a_recording(tmp_path: Path) -> None:
    fine = HEADER + "a,1,2,wave\na,0,1,open box\nb,0.5,3,wave\n"
    read_actions(table(tmp_path, fine)).without_overlaps()
    wrong = HEADER + "a,1,2,wave\na,0,5,open box\na,3,4,wave\n"
    with pytest.raises(InputError) as caught:
        read_actions(table(tmp_path, wrong)).without_overlaps()
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert "csv:2: 'wave' of a starts at 1 before 'open box' of line 3 ends at 5" in lines[0]


def test_seconds_count_from_the_first_frame_and_ends_are_exclusive(tmp_path: Path) -> None:
    text = HEADER + "a,1,2,wave\na,2,3,open box\n"
    first, second = labelled(tmp_path, text, moving(120)).segments
    assert (first.start, first.end, second.start, second.end) == (30, 60, 60, 90)
    first, second = labelled(tmp_path, text, moving(120, fps=25)).segments
    assert (first.start, first.end, second.start, second.end) == (25, 50, 50, 75)


def test_frames_are_the_recordings_own(tmp_path: Path) -> None:
    (segment,) = labelled(tmp_path, HEADER + "a,10,20,wave\n", moving(120, fps=60), "frames").segments
    assert (segment.start, segment.end) == (10, 20)
    assert "whole number of frames" in refusal(tmp_path, HEADER + "a,1.5,20,wave\n", "frames")


def test_an_end_just_behind_the_recording_is_its_end(tmp_path: Path) -> None:
    (segment,) = labelled(tmp_path, HEADER + "a,1,4.2,wave\n", moving(120)).segments
    assert segment.end == 120
    (segment,) = labelled(tmp_path, HEADER + "a,1,124,wave\n", moving(120), "frames").segments
    assert segment.end == 120


@pytest.mark.parametrize(
    ("row", "unit", "says"),
    [
        ("a,1,4.5,wave", "seconds", "csv:2: 'wave' lasts from 1 to 4.5, but a has 4.00 s"),
        ("a,4,4.1,wave", "seconds", "csv:2: 'wave' lasts from 4 to 4.1"),
        ("a,30,110,wave", "seconds", "Are these frames?"),
        ("a,30,200,wave", "frames", "but a has 120 frames"),
        ("a,1.001,1.002,wave", "seconds", "holds no frame"),
    ],
)
def test_what_lies_outside_the_recording_is_refused(tmp_path: Path, row: str, unit: Unit, says: str) -> None:
    with pytest.raises(InputError) as caught:
        labelled(tmp_path, HEADER + row + "\n", moving(120), unit)
    assert says in str(caught.value)


def test_the_noun_is_the_object_of_its_frames_unless_the_recording_says_better(tmp_path: Path) -> None:
    text = HEADER + "a,1,2,open box\na,2,3,wave\na,3,4,pour cup\n"
    sequence = labelled(tmp_path, text, moving(150))
    assert sequence.object_names == ("box", "cup")
    assert sequence.object_ids is not None
    assert [int(sequence.object_ids[frame]) for frame in (0, 30, 59, 60, 90, 119, 120)] == [-1, 0, 0, -1, 1, 1, -1]
    told = HandSequence(
        *(getattr(sequence, name) for name in ("joints", "valid", "stamps_ns")),
        object_names=("spoon",),
        object_ids=np.zeros(150, np.int16),
    )
    again = labelled(tmp_path, text, told)
    assert again.object_names == ("spoon",)


def test_bad_rows_can_be_skipped_and_are_then_listed(tmp_path: Path) -> None:
    text = HEADER + "a,2,1,wave\na,0,3,open box\nx,0,1,wave\na,1,2,wave\na,3,4,Wave\na,3,9,wave\n" + 'a,0,1,"wave\n'
    faults = Faults("skip")
    actions = read_actions(table(tmp_path, text), "seconds", faults)
    actions = actions.for_recordings({"a"}, faults).without_overlaps(faults)
    problems = Problems(actions.path, faults)
    sequence = label_sequence(moving(120), actions.rows, "seconds", problems)
    problems.settle()
    assert [segment.label for segment in sequence.segments] == ["open box"]
    assert [fault.line for fault in faults.found] == [2, 6, 8, 4, 5, 7]
    assert {fault.consequence for fault in faults.found} == {"the row is left out"}
    with pytest.raises(InputError, match="no row that can be used"):
        read_actions(table(tmp_path, HEADER + "a,2,1,wave\n"), "seconds", Faults("skip"))


@given(st.binary(max_size=300))
def test_no_bytes_are_more_than_an_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.csv"
    path.write_bytes(HEADER.encode() + data)
    with suppress(InputError):
        assert all(row.end > row.start >= 0 and row.label for row in read_actions(path).rows)
