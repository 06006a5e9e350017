# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Make examples/custom_data anew: recordings of three generated people, as .npz files and bags, with their tables."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from ghtt_core.bags.convert import fill_hand_observation
from ghtt_core.bags.messages import new_message
from ghtt_core.bags.topics import HAND_OBSERVATION
from ghtt_core.bags.writer import BagFileWriter
from ghtt_core.data.recordings import save_recording
from ghtt_core.data.sequence import HandSequence
from ghtt_core.data.synthetic.config import HELD_OUT_SUBJECT
from ghtt_core.data.synthetic.workbench import perform
from ghtt_core.estimators.recorded import RecordedPoses

FOLDER: Final = Path(__file__).resolve().parent.parent / "examples" / "custom_data"
PEOPLE: Final = ("ana", "ben", "chi")
ACTIONS: Final = (("open", "box"), ("pour", "bottle"), ("shake", "jar"))
FRAMES: Final = 240
TOPIC: Final = "/ghtt/hand_observation"
STARTED_NS: Final = 1_767_225_600_000_000_000
"""When the bags say that they were recorded."""
NOTE: Final = """\
# What is done in the recordings beside this table; seconds count from the first frame of each.
recording,start,end,label,verb,noun
"""


def act(person: int, take: int) -> HandSequence:
    """One recording: a person does the actions in an order of their own."""
    rng = np.random.default_rng(np.random.SeedSequence(20, spawn_key=(person, take)))
    order = [ACTIONS[(person + take + turn * (1 + take)) % len(ACTIONS)] for turn in range(len(ACTIONS))]
    sequence = perform(rng, HELD_OUT_SUBJECT + 500 + person, FRAMES, False, order, 0.0, f"{PEOPLE[person]}-{take + 1}")
    # Tenths of a millimetre are enough, and compress.
    return replace(sequence, joints=np.round(sequence.joints, 4), subject=PEOPLE[person])


def write_bag(path: Path, sequence: HandSequence) -> None:
    """Write what a hand estimator publishes."""
    bag = BagFileWriter(path)
    bag.add_topic(TOPIC, HAND_OBSERVATION)
    for frame in RecordedPoses(replace(sequence, stamps_ns=sequence.stamps_ns + STARTED_NS)):
        message = new_message(HAND_OBSERVATION)
        fill_hand_observation(message, frame)
        bag.write(TOPIC, message, frame.stamp_ns)
    bag.finish()


def main() -> None:
    """Replace the example."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "recordings").mkdir(parents=True)
    rows, people = [], []
    for person, name in enumerate(PEOPLE):
        for take in range(2):
            sequence = act(person, take)
            people.append(f"{sequence.name},{name}\n")
            for segment in sequence.segments:
                start, end = segment.start / 30, segment.end / 30
                rows.append(f"{sequence.name},{start:.2f},{end:.2f},{segment.label},{segment.verb},{segment.noun}\n")
            bare = replace(sequence, segments=(), object_names=(), object_ids=None, subject="", name="")
            if person == len(PEOPLE) - 1:
                write_bag(FOLDER / "recordings" / f"{sequence.name}.mcap", bare)
            else:
                save_recording(FOLDER / "recordings" / f"{sequence.name}.npz", bare, licence="Apache-2.0")
    (FOLDER / "actions.csv").write_text(NOTE + "".join(rows), encoding="utf-8")
    (FOLDER / "recordings.csv").write_text("recording,subject\n" + "".join(people), encoding="utf-8")
    size = sum(file.stat().st_size for file in FOLDER.rglob("*") if file.is_file())
    print(f"{FOLDER}: {size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
