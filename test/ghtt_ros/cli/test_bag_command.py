# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`ghtt bag` with real processes and real DDS: what is played is heard, what is recorded is what was sent."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ghtt_core.bags.messages import encode, new_message
from ghtt_core.bags.reader import BagReader
from ghtt_core.bags.topics import ACTION_RECOGNITION, HAND_OBSERVATION, SKELETON_LAYOUT, QosOffer
from ghtt_core.bags.writer import BagWriter
from ghtt_core.cli.main import main

FIRST_NS = 1_700_000_000_000_000_000
STEP_NS = 50_000_000
FRAMES = 20
TOPICS = {
    "/ghtt/hand_observation": (HAND_OBSERVATION, QosOffer(depth=50)),
    "/ghtt/action": (ACTION_RECOGNITION, QosOffer(reliable=False, depth=3, lifespan_ns=500_000_000)),
    "/ghtt/skeleton_layout": (SKELETON_LAYOUT, QosOffer(transient_local=True, depth=1)),
}


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    """A second of messages on three topics with different QoS, and one of a type that nobody has."""
    writer = BagWriter(tmp_path / "recorded")
    for topic, (typename, offer) in TOPICS.items():
        writer.add_topic(topic, typename, offer)
    writer.add_topic("/secret", "their_msgs/msg/Secret", definition=("int32 number\n", "RIHS01_" + "0" * 64))
    for index in range(FRAMES):
        stamp_ns = FIRST_NS + index * STEP_NS
        for topic, (typename, _) in TOPICS.items():
            if topic != "/ghtt/skeleton_layout" or index == 0:
                message = new_message(typename)
                message.header.stamp.sec = index
                message.header.frame_id = topic
                writer.write(topic, message, stamp_ns)
        writer.write("/secret", b"\x00\x01\x00\x00\x01\x00\x00\x00", stamp_ns)
    writer.close()
    return tmp_path / "recorded"


@pytest.fixture
def listener() -> Iterator[Any]:
    """A node of this process, and what turns it."""
    import rclpy
    from rclpy.executors import SingleThreadedExecutor

    from ghtt_ros.cli.topic_graph import TopicGraph

    rclpy.init(args=[])
    node = rclpy.create_node("listener", start_parameter_services=False)
    graph = TopicGraph(node)
    assert isinstance(graph._executor, SingleThreadedExecutor)
    yield graph
    node.destroy_node()
    rclpy.try_shutdown()


def test_info_says_what_is_inside(bag: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bag", "info", str(bag)]) == 0
    said = capsys.readouterr().out
    assert "duration    0.950 s" in said
    assert "2023-11-14 22:13:20 UTC" in said
    for topic, (typename, _) in TOPICS.items():
        assert f"{topic}" in said
        assert typename in said
    assert "best effort, keep last 3" in said
    assert "reliable, transient local, keep last 1" in said
    assert main(["bag", "info", str(bag / "nothing")]) == 2


def test_what_is_played_can_be_recorded_again(bag: Path, tmp_path: Path, ghtt: Callable[..., Any]) -> None:
    copy = tmp_path / "copy"
    recorder = ghtt("bag", "record", "--out", str(copy), "--topics", "ghtt/hand_observation", "/ghtt/skeleton_layout")
    player = ghtt(
        "bag", "play", str(bag), "--wait", "20", "--topics", "/ghtt/hand_observation", "/ghtt/skeleton_layout"
    )
    assert player.ended() == 0, player.said
    assert f"Played {FRAMES + 1} messages" in player.said
    recorder.send(signal.SIGINT)
    assert recorder.ended() == 0, recorder.said
    assert f"Recorded {FRAMES + 1} messages on 2 topics" in recorder.said
    before, after = BagReader(bag), BagReader(copy)
    for topic in ("/ghtt/hand_observation", "/ghtt/skeleton_layout"):
        # DDS fills messages up to multiples of four bytes, so their content is compared.
        sent, got = ([encode(m, raw.typename) for raw, m in one.decoded([topic])] for one in (before, after))
        assert sent == got
    latched = after.topic("/ghtt/skeleton_layout").offers[0]
    assert (latched.reliable, latched.transient_local) == (True, True)
    times = [item.log_ns for item in after.raw(["/ghtt/hand_observation"])]
    assert times == sorted(times)
    # Played at the pace of the recording, however late a single message may be.
    assert (times[-1] - times[0]) / 1e9 > 0.5 * (FRAMES - 1) * STEP_NS / 1e9


def test_time_is_told_and_starts_again_with_the_loop(bag: Path, ghtt: Callable[..., Any], listener: Any) -> None:
    player = ghtt("bag", "play", str(bag), "--clock", "--loop", "--rate", "2", "--remap", "/ghtt/action:=/other/action")
    clock: list[int] = []
    heard: list[str] = []
    listener.wait_for_type("/other/action", 120, lambda sentence: None)
    listener.wait_for_type("/clock", 120, lambda sentence: None)
    offered = listener.endpoints("/other/action", publishers=True)[0].qos_profile
    listener.subscribe(
        "/clock", "rosgraph_msgs/msg/Clock", lambda m: clock.append(m.clock.sec * 10**9 + m.clock.nanosec)
    )
    listener.subscribe("/other/action", ACTION_RECOGNITION, lambda m: heard.append(m.header.frame_id))
    assert listener.spin(lambda: any(b < a for a, b in itertools.pairwise(clock)) and heard, 120)
    assert all(FIRST_NS <= stamp <= FIRST_NS + FRAMES * STEP_NS for stamp in clock)
    assert set(heard) == {"/ghtt/action"}
    assert offered.reliability.name == "BEST_EFFORT"
    assert "/ghtt/action" not in [name for name, _ in listener.node.get_topic_names_and_types()]
    assert "left out" in player.said
    assert "/secret (their_msgs/msg/Secret)" in player.said
    player.send(signal.SIGINT)
    assert player.ended() == 0, player.said


def test_a_recording_of_nothing_leaves_nothing(tmp_path: Path, ghtt: Callable[..., Any]) -> None:
    out = tmp_path / "silence"
    recorder = ghtt("bag", "record", "--topics", "/nobody/here", "--out", str(out), "--duration", "0.5")
    assert recorder.ended() == 2
    assert "Nobody published /nobody/here" in recorder.said
    assert not out.exists()


def test_options_that_make_no_sense_are_refused(bag: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = {
        ("play", str(bag), "--rate", "0"): "--rate",
        ("play", str(bag), "--topics", "/not/there"): "it has /ghtt/action",
        ("play", str(bag), "--remap", "/a/b"): "/old:=/new",
        ("play", str(bag.parent)): "holds no bag",
        ("record", "--out", str(bag)): "Say what to record",
        ("record", "--all", "--out", str(bag)): "exists already",
    }
    for words, sentence in cases.items():
        assert main(["bag", *words]) == 2
        assert sentence in capsys.readouterr().err
