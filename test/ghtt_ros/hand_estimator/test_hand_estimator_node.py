# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures in, observations out: the node as a process, over DDS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def test_a_picture_gives_the_recorded_hands_of_its_instant(
    bench: Any, start: Callable[..., Any], recording: Path
) -> None:
    start()
    images, infos = bench.cameras()
    bench.calibrated(infos)
    observation = bench.shown(images, 0, 1, 5)
    with np.load(recording) as arrays:
        np.testing.assert_allclose(np.reshape(observation.joints, (2, 21, 3)), arrays["joints"][5], atol=1e-6)
    assert list(observation.valid) == [True, True]
    assert observation.header.frame_id == "lens"
    assert all(0 < score <= 1 for score in observation.score)


def test_a_best_effort_camera_is_received_by_default(bench: Any, start: Callable[..., Any]) -> None:
    start(image_reliability="best_effort")
    images, infos = bench.cameras(reliable=False)
    bench.calibrated(infos)
    sent: list[int] = []

    def answered() -> bool:
        # Best effort: one picture alone may be lost.
        images.publish(bench.picture(bench.stamp(len(sent))))
        sent.append(1)
        return bool(bench.observations)

    bench.eventually(answered, "an observation")


def test_a_picture_without_hands_gives_an_observation_that_says_so(bench: Any, start: Callable[..., Any]) -> None:
    start()
    images, infos = bench.cameras()
    bench.calibrated(infos)
    observation = bench.shown(images, 9, 10)
    assert list(observation.valid) == [False, False]
    assert not np.any(observation.joints)
    assert not np.any(observation.confidence)


def test_a_subscriber_that_comes_and_the_log_see_the_node_by_its_name(bench: Any, start: Callable[..., Any]) -> None:
    node = start(image_timeout=60.0)
    status, values = bench.status(lambda _, values: values.get("lifecycle") == "active")
    assert status.message == "waiting for the first picture"
    assert values["estimator"] == "recorded"
    assert "hand_estimator" in node.log


def test_silence_is_reported_once_with_topic_and_publishers_and_ends_with_the_next_picture(
    bench: Any, start: Callable[..., Any]
) -> None:
    node = start(image_timeout=1.0)
    node.said("No image on", f"{bench.namespace}/image", "0 publishers")
    images, infos = bench.cameras()
    bench.calibrated(infos)
    bench.shown(images, 0)
    node.said("Image on", "again after")
    # The camera stalls, and comes back.
    node.said("No image on", "1 publisher", times=1)
    status, _ = bench.status(lambda status, _: "No image" in status.message)
    assert status.level == type(status).WARN
    assert len(bench.observations) == 1
    bench.shown(images, 30)
    status, _ = bench.status(lambda status, _: status.message == "looking for hands")
    assert status.level == type(status).OK
    assert node.count("No image on") == 2


def test_a_reliable_node_and_a_best_effort_camera_get_one_line_with_both_profiles(
    bench: Any, start: Callable[..., Any]
) -> None:
    from sensor_msgs.msg import Image

    node = start(image_reliability="reliable", image_timeout=1.0)
    images = bench.publisher(Image, "image", reliable=False)
    node.said("Incompatible QoS on", f"{bench.namespace}/image", "asks for [reliable", "best_effort")
    for frame in range(5):
        images.publish(bench.picture(bench.stamp(frame)))
    node.said("No image on", "1 publisher")
    assert node.count("Incompatible QoS") == 1


def test_duplicates_and_late_pictures_are_skipped_and_counted(bench: Any, start: Callable[..., Any]) -> None:
    node = start(image_depth=5)
    images, infos = bench.cameras()
    bench.calibrated(infos)
    bench.shown(images, 4)
    for frame in (4, 3, 4, 2):
        images.publish(bench.picture(bench.stamp(frame)))
    bench.shown(images, 5)
    _, values = bench.status(lambda _, values: values["dropped, duplicate stamp"] == "2")
    assert values["dropped, late"] == "2"
    assert [bench.stamp_of(found) for found in bench.observations] == [bench.stamp(4), bench.stamp(5)]
    node.said("Several pictures have the stamp")


def test_a_jump_back_starts_anew(bench: Any, start: Callable[..., Any]) -> None:
    node = start()
    images, infos = bench.cameras()
    bench.calibrated(infos)
    bench.shown(images, 80, 81)
    bench.shown(images, 2, 3)
    node.said("Time jumped back")
    _, values = bench.status(lambda _, values: values["time restarts"] == "1")
    assert values["estimator resets"] == "1"


def test_ten_times_the_rate_keeps_the_newest_and_stays_responsive(bench: Any, start: Callable[..., Any]) -> None:
    start()
    images, infos = bench.cameras()
    bench.calibrated(infos)
    for frame in range(300):
        images.publish(bench.picture(bench.stamp(0) + frame * 3_000_000))
    last = bench.stamp(0) + 299 * 3_000_000
    bench.seen(last)
    stamps = [bench.stamp_of(found) for found in bench.observations]
    assert stamps == sorted(stamps)


def test_simulated_time_that_has_not_begun_holds_nothing_up(bench: Any, start: Callable[..., Any]) -> None:
    start(use_sim_time="true")
    images, infos = bench.cameras()
    bench.calibrated(infos)
    bench.shown(images, 0, 1)
    _, values = bench.status(lambda _, values: values["published"] == "2")
    assert "acquisition to publish p50 ms" not in values  # nobody can tell without a clock


def test_ctrl_c_ends_the_node_with_exit_code_0(bench: Any, start: Callable[..., Any]) -> None:
    node = start()
    bench.status(lambda _, values: values.get("lifecycle") == "active")
    assert node.stop() == 0
