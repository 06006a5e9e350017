# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The environment variables of ROS 2 decide who is found."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest

import ghtt_ros  # noqa: F401  (provides the modules imported next where there is no ROS 2)
from ghtt_core.errors import InputError, MissingDependencyError
from ghtt_ros.embedded.environment import cyclonedds_configuration, domain_id

import rclpy  # isort: skip
from rclpy.executors import SingleThreadedExecutor  # isort: skip
from std_msgs.msg import Int32  # isort: skip

DEADLINE_S = 60.0

COUNT = """
    import os
    import ghtt_ros
    import rclpy
    from rclpy.qos import DurabilityPolicy, QoSProfile
    from std_msgs.msg import Int32

    rclpy.init()
    node = rclpy.create_node("source")
    publisher = node.create_publisher(Int32, "n", QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
    publisher.publish(Int32(data=7))
    print("ready")
    rclpy.spin(node)
"""
LISTEN = """
    import ghtt_ros
    import rclpy
    from std_msgs.msg import Int32
    from rclpy.qos import DurabilityPolicy, QoSProfile

    rclpy.init()
    node = rclpy.create_node("sink")
    got = []
    node.create_subscription(
        Int32, "n", got.append, QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    )
    while not got:
        rclpy.spin_once(node, timeout_sec=1.0)
    print("got", got[0].data)
"""


def test_values_that_do_not_exist_are_refused_with_the_variable() -> None:
    for text in ("-1", "x", "233"):
        with pytest.raises(InputError, match="ROS_DOMAIN_ID"):
            domain_id({"ROS_DOMAIN_ID": text})
    assert domain_id({}) == 0
    with pytest.raises(InputError, match="ROS_AUTOMATIC_DISCOVERY_RANGE"):
        cyclonedds_configuration({"ROS_AUTOMATIC_DISCOVERY_RANGE": "HOUSE"})
    with pytest.raises(InputError, match="ROS_STATIC_PEERS"):
        cyclonedds_configuration({"ROS_STATIC_PEERS": "127.0.0.1;no such host"})


def test_ranges_and_peers() -> None:
    def made(networked: bool = True, **variables: str) -> str:
        return cyclonedds_configuration(variables, networked=networked)

    assert "Multicast" not in made()
    local = made(ROS_AUTOMATIC_DISCOVERY_RANGE="localhost")
    assert local == made(ROS_LOCALHOST_ONLY="1", ROS_STATIC_PEERS="127.0.0.1")
    assert "<AllowMulticast>false" in local
    assert '<Peer address="localhost"/>' in local
    assert '<Peer address="127.0.0.1"/>' in made(ROS_STATIC_PEERS="127.0.0.1")
    assert "ros_discovery_off" in made(ROS_AUTOMATIC_DISCOVERY_RANGE="OFF")
    alone = made(networked=False)
    assert '<NetworkInterface name="lo"/>' in alone
    assert '<Peer address="localhost"/>' in alone
    assert made(CYCLONEDDS_URI="<CycloneDDS/>").endswith(",<CycloneDDS/>")


def test_a_broken_configuration_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CYCLONEDDS_URI", "<CycloneDDS><Domain><Nonsense/></Domain></CycloneDDS>")
    rclpy.init(args=[])
    try:
        with pytest.raises(MissingDependencyError, match="CYCLONEDDS_URI"):
            rclpy.create_node("unlucky")
    finally:
        rclpy.try_shutdown()


def test_domains_are_kept_apart(ros: Any, program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    node = ros.node("here")
    monkeypatch.setenv("ROS_DOMAIN_ID", "101")
    other = program(COUNT)
    other.expect("ready")
    assert node.count_publishers("n") == 0
    got: list[int] = []
    context = rclpy.Context()
    context.init([], domain_id=101)
    with context:
        there = rclpy.create_node("there", context=context)
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(there)
        there.create_subscription(Int32, "n", got.append, 1)
        while there.count_publishers("n") == 0:
            executor.spin_once(timeout_sec=0.05)
    assert node.count_publishers("n") == 0


def _can_leave_the_network() -> bool:
    if not shutil.which("unshare"):
        return False
    tried = subprocess.run(["unshare", "--map-root-user", "--net", "true"], capture_output=True, check=False)
    return tried.returncode == 0


@pytest.mark.skipif(not _can_leave_the_network(), reason="the kernel lets this user make no network namespace")
@pytest.mark.parametrize("reach", ["SUBNET", "LOCALHOST"])
def test_loopback_is_network_enough(program: Any, monkeypatch: pytest.MonkeyPatch, reach: str) -> None:
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", reach)
    both = """
        import fcntl, os, socket, struct, subprocess, sys
        with socket.socket() as probe:  # bring loopback up, the only interface there is
            fcntl.ioctl(probe, 0x8914, struct.pack("16sh", b"lo", 0x49))
        source = subprocess.Popen([sys.executable, "-u", "-c", sys.argv[1]])
        try:
            subprocess.run([sys.executable, "-u", "-c", sys.argv[2]], check=True)
        finally:
            source.kill()
    """
    import textwrap

    other = program(
        both, textwrap.dedent(COUNT), textwrap.dedent(LISTEN), prefix=("unshare", "--map-root-user", "--net")
    )
    other.expect("got 7")
    assert other.process.wait(DEADLINE_S) == 0  # it ends the source, which would outlive it otherwise
