# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Services between processes, their bytes on the wire, and the services behind `ros2 param`."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cyclonedds.domain import DomainParticipant
from cyclonedds.idl import make_idl_struct
from cyclonedds.idl.types import int64, sequence, uint8, uint64
from cyclonedds.pub import DataWriter
from cyclonedds.qos import Policy, Qos
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic
from cyclonedds.util import duration

import ghtt_ros  # noqa: F401  (makes the next imports work where there is no ROS 2)

import rclpy  # isort: skip
from lifecycle_msgs.srv import GetState  # isort: skip
from rcl_interfaces.msg import Parameter as ParameterMessage, ParameterValue  # isort: skip
from rcl_interfaces.srv import (  # isort: skip
    DescribeParameters,
    GetParameters,
    GetParameterTypes,
    ListParameters,
    SetParameters,
    SetParametersAtomically,
)
from rclpy.executors import MultiThreadedExecutor, SingleThreadedExecutor  # isort: skip
from rclpy.parameter import parameter_value_to_python  # isort: skip

DEADLINE_S = 60.0


@pytest.fixture
def node() -> Iterator[Any]:
    rclpy.init()
    made = rclpy.create_node("asking")
    yield made
    made.destroy_node()
    rclpy.try_shutdown()


def until(node: Any, condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline
        rclpy.spin_once(node, timeout_sec=0.05)


def take(node: Any, reader: Any, count: int) -> list[bytes]:
    """Bytes of that many samples."""
    taken: list[bytes] = []

    def enough() -> bool:
        taken.extend(sample.data for sample in reader.take(10) if sample.sample_info.valid_data)
        return len(taken) >= count

    until(node, enough)
    return taken


def ask(node: Any, service_type: Any, name: str, **fields: Any) -> Any:
    client = node.create_client(service_type, name)
    assert client.wait_for_service(DEADLINE_S)
    future = client.call_async(service_type.Request(**fields))
    until(node, future.done)
    node.destroy_client(client)
    return future.result()


def idl(name: str, /, **members: Any) -> Any:
    """A DDS type made by hand, whose samples are bytes: `.data`."""
    package, kind, short = name.split("/")
    header = {"request_client": uint64, "request_sequence": int64}
    made = make_idl_struct(f"{short}_", f"{package}.{kind}.dds_.{short}_", {**header, **members})

    def of(data: bytes, *_: Any, **__: Any) -> Any:
        sample = made.__new__(made)
        sample.data = bytes(data)
        return sample

    made.serialize = lambda self, *_, **__: self.data
    made.deserialize = made.of = staticmethod(of)
    return made


State = make_idl_struct("State_", "lifecycle_msgs.msg.dds_.State_", {"id": uint8, "label": str})
StateRequest = idl("lifecycle_msgs/srv/GetState_Request", structure_needs_at_least_one_member=uint8)
StateResponse = idl("lifecycle_msgs/srv/GetState_Response", current_state=State)
NamesRequest = idl("rcl_interfaces/srv/GetParameterTypes_Request", names=sequence[str])
TypesResponse = idl("rcl_interfaces/srv/GetParameterTypes_Response", types=sequence[uint8])


def on_the_wire(client: int, number: int, payload: bytes) -> bytes:
    """What rmw_cyclonedds_cpp sends: encapsulation, who asks, which request, and the payload."""
    return b"\x00\x01\x00\x00" + struct.pack("<Qq", client, number) + payload


def plain_qos(mark: bytes = b"") -> Qos:
    return Qos(
        Policy.Reliability.Reliable(duration(seconds=1)),
        Policy.Durability.Volatile,
        Policy.History.KeepLast(10),
        Policy.DataRepresentation(use_cdrv0_representation=True),
        Policy.Userdata(mark),
    )


@pytest.fixture
def stranger(node: Any) -> DomainParticipant:
    """A bare DDS participant that shares nothing with the code under test but the domain."""
    return DomainParticipant(int(os.environ["ROS_DOMAIN_ID"]))


def test_a_service_answers_a_bare_dds_client_by_its_client_id_and_number(node: Any, stranger: Any) -> None:
    def answer(request: Any, response: Any) -> Any:
        response.current_state.id, response.current_state.label = 3, "active"
        return response

    service = node.create_service(GetState, "~/state", answer)
    qos = plain_qos(b"clientid= 1.2.3;")
    writer = DataWriter(stranger, Topic(stranger, "rq/asking/stateRequest", StateRequest), qos)
    reader = DataReader(stranger, Topic(stranger, "rr/asking/stateReply", StateResponse), qos)
    until(node, lambda: writer.get_matched_subscriptions() and reader.get_matched_publications())
    asker = 0xFEDCBA9876543210
    for number in (7, 2**40):
        writer.write(StateRequest.of(on_the_wire(asker, number, b"\x00")))
    replies = take(node, reader, 2)
    active = b"\x03\x00\x00\x00" + struct.pack("<I", 7) + b"active\x00"
    for reply, number in zip(replies, (7, 2**40), strict=True):
        expected = on_the_wire(asker, number, active)
        assert reply[: len(expected)] == expected
        assert len(reply) - len(expected) < 4  # DDS pads to four bytes
    described = reader.get_matched_publication_data(reader.get_matched_publications()[0])
    marks = described.qos[Policy.Userdata].data
    assert b"serviceid=" in marks
    assert b"typehash=RIHS01_" in marks
    node.destroy_service(service)


def test_requests_without_a_client_id_are_left_out(node: Any, stranger: Any) -> None:
    """They come from Fast DDS, which has no header in front of the payload."""
    asked: list[Any] = []

    def answer(request: Any, response: Any) -> Any:
        asked.append(request)
        return response

    node.create_service(GetState, "~/state", answer)
    topic = Topic(stranger, "rq/asking/stateRequest", StateRequest)
    silent, honest = DataWriter(stranger, topic, plain_qos()), DataWriter(stranger, topic, plain_qos(b"clientid=9;"))
    until(node, lambda: silent.get_matched_subscriptions() and honest.get_matched_subscriptions())
    silent.write(StateRequest.of(on_the_wire(1, 1, b"\x00")))
    honest.write(StateRequest.of(on_the_wire(1, 2, b"\x00")))
    until(node, lambda: asked)
    assert len(asked) == 1


def test_the_bytes_of_a_request_and_of_its_reply(node: Any, stranger: Any) -> None:
    """A reply is taken only with the client's own id and number."""
    qos = plain_qos(b"serviceid=1.2.3;")
    reader = DataReader(stranger, Topic(stranger, "rq/elsewhere/typesRequest", NamesRequest), qos)
    writer = DataWriter(stranger, Topic(stranger, "rr/elsewhere/typesReply", TypesResponse), qos)
    client = node.create_client(GetParameterTypes, "/elsewhere/types")
    until(node, client.service_is_ready)
    future = client.call_async(GetParameterTypes.Request(names=["ab"]))
    (request,) = take(node, reader, 1)
    asker, number = struct.unpack_from("<Qq", request, 4)
    expected = on_the_wire(asker, number, struct.pack("<II", 1, 3) + b"ab\x00")
    assert request[: len(expected)] == expected
    assert number > 0

    for wrong, its_number, answer in ((asker + 1, number, 1), (asker, number + 1, 2), (asker, number, 3)):
        writer.write(TypesResponse.of(on_the_wire(wrong, its_number, struct.pack("<IB", 1, answer))))
    until(node, future.done)
    assert list(future.result().types) == [3]
    node.destroy_client(client)


def test_two_clients_of_one_service_get_their_own_replies(node: Any) -> None:
    def answer(request: Any, response: Any) -> Any:
        response.types = [len(name) for name in request.names]
        return response

    node.create_service(GetParameterTypes, "measure", answer)
    clients = [node.create_client(GetParameterTypes, "measure") for _ in range(2)]
    futures = [clients[number % 2].call_async(GetParameterTypes.Request(names=["x" * number])) for number in range(20)]
    # the history of a service is ten requests long
    until(node, lambda: sum(future.done() for future in futures) >= 10)
    for number, future in enumerate(futures):
        assert not future.done() or list(future.result().types) == [number]


def test_a_call_can_wait_in_another_thread(node: Any) -> None:
    node.create_service(GetState, "~/state", lambda request, response: response)
    client = node.create_client(GetState, "~/state")
    executor = MultiThreadedExecutor(num_threads=2)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()
    assert client.call(GetState.Request(), timeout_sec=DEADLINE_S) == GetState.Response()
    executor.shutdown()
    thread.join(DEADLINE_S)


def test_a_missing_service_is_not_ready(node: Any) -> None:
    client = node.create_client(GetState, "/nobody/get_state")
    assert not client.service_is_ready()
    assert not client.wait_for_service(timeout_sec=0.1)
    with pytest.raises(TypeError):
        client.call_async("state?")
    future = client.call_async(GetState.Request())
    node.destroy_client(client)
    assert future.cancelled()


def test_services_of_one_process_show_as_its_nodes_own(node: Any) -> None:
    readers, writers = node.endpoint_guids()
    before = len(readers), len(writers)
    service = node.create_service(GetState, "~/state", lambda request, response: response)
    readers, writers = node.endpoint_guids()
    assert (len(readers), len(writers)) == (before[0] + 1, before[1] + 1)
    assert service.reader_guid in readers
    assert service.writer_guid in writers


SERVER = """
import ghtt_ros, rclpy
from rcl_interfaces.msg import FloatingPointRange, ParameterDescriptor, SetParametersResult
from rclpy.parameter import Parameter

rclpy.init(args=["--ros-args", "-r", "__ns:=/left", "-p", "gain:=0.25"])
node = rclpy.create_node("server")
span = FloatingPointRange(from_value=0.0, to_value=1.0, step=0.0)
node.declare_parameter("gain", 0.5, ParameterDescriptor(description="How much.", floating_point_range=[span]))
node.declare_parameter("mode", "fast", ParameterDescriptor(read_only=True))
node.declare_parameter("block.depth", 3)
node.declare_parameter("block.names", ["a", "b"])
node.declare_parameter("later", Parameter.Type.STRING)

def check(parameters):
    for parameter in parameters:
        if parameter.name == "block.depth" and parameter.value == 13:
            raise RuntimeError("unlucky")
    return SetParametersResult(successful=True)

node.add_on_set_parameters_callback(check)
rclpy.spin(node)
"""


@pytest.fixture
def server(node: Any) -> Iterator[str]:
    process = subprocess.Popen([sys.executable, "-c", SERVER])
    yield "/left/server"
    process.terminate()
    assert process.wait(DEADLINE_S) is not None


def message_of(name: str, **value: Any) -> Any:
    return ParameterMessage(name=name, value=ParameterValue(**value))


def test_what_ros2_param_asks_another_process(node: Any, server: str) -> None:
    listed = ask(node, ListParameters, f"{server}/list_parameters").result
    assert {"gain", "mode", "block.depth", "block.names", "later", "use_sim_time"} <= set(listed.names)
    listed = ask(node, ListParameters, f"{server}/list_parameters", prefixes=["block"], depth=1).result
    assert set(listed.names) == {"block.depth", "block.names"}

    names = ["gain", "mode", "block.depth", "block.names"]
    found = ask(node, GetParameters, f"{server}/get_parameters", names=names).values
    assert [parameter_value_to_python(value) for value in found] == [0.25, "fast", 3, ["a", "b"]]
    assert not ask(node, GetParameters, f"{server}/get_parameters", names=["gain", "nothing"]).values
    types = ask(node, GetParameterTypes, f"{server}/get_parameter_types", names=names).types
    assert list(types) == [3, 4, 2, 9]
    described = ask(node, DescribeParameters, f"{server}/describe_parameters", names=["gain"]).descriptors
    assert described[0].description == "How much."
    assert described[0].floating_point_range[0].to_value == 1.0

    wanted = [
        message_of("gain", type=3, double_value=0.75),
        message_of("gain", type=3, double_value=7.5),
        message_of("gain", type=2, integer_value=1),
        message_of("mode", type=4, string_value="slow"),
        message_of("nothing", type=4, string_value="slow"),
        message_of("block.depth", type=2, integer_value=13),
        message_of("block.depth", type=200),
    ]
    results = ask(node, SetParameters, f"{server}/set_parameters", parameters=wanted).results
    assert [result.successful for result in results] == [True] + 6 * [False]
    reasons = ["out of range", "Wrong parameter type", "read-only", "undeclared", "unlucky", "200"]
    for result, reason in zip(results[1:], reasons, strict=True):
        assert reason in result.reason

    pair = [message_of("block.depth", type=2, integer_value=4), message_of("gain", type=3, double_value=-1.0)]
    result = ask(node, SetParametersAtomically, f"{server}/set_parameters_atomically", parameters=pair).result
    assert not result.successful
    found = ask(node, GetParameters, f"{server}/get_parameters", names=["block.depth", "gain"]).values
    assert [parameter_value_to_python(value) for value in found] == [3, 0.75]


def test_a_server_that_is_killed_is_no_longer_ready(node: Any) -> None:
    process = subprocess.Popen([sys.executable, "-c", SERVER])
    client = node.create_client(GetParameters, "/left/server/get_parameters")
    assert client.wait_for_service(DEADLINE_S)
    process.terminate()
    process.wait(DEADLINE_S)
    until(node, lambda: not client.service_is_ready())


def test_requests_and_topics_share_an_executor(node: Any) -> None:
    """A slow service does not keep a reentrant timer from running, as with rclpy's multi-threaded executor."""
    from rclpy.callback_groups import ReentrantCallbackGroup

    busy, ticked = threading.Event(), threading.Event()

    def answer(request: Any, response: Any) -> Any:
        busy.set()
        assert ticked.wait(DEADLINE_S)
        return response

    node.create_service(GetState, "~/state", answer)
    node.create_timer(0.01, lambda: busy.is_set() and ticked.set(), callback_group=ReentrantCallbackGroup())
    client = node.create_client(GetState, "~/state", callback_group=ReentrantCallbackGroup())
    future = client.call_async(GetState.Request())
    executor = MultiThreadedExecutor(num_threads=3)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()
    deadline = time.monotonic() + DEADLINE_S
    while not future.done() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert future.done()
    executor.shutdown()
    thread.join(DEADLINE_S)


def test_remapped_services() -> None:
    rclpy.init(args=["--ros-args", "-r", "state:=/other/state"])
    node = rclpy.create_node("remapped")
    service = node.create_service(GetState, "state", lambda request, response: response)
    assert service.service_name == "/other/state"
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    future = node.create_client(GetState, "/other/state").call_async(GetState.Request())
    executor.spin_until_future_complete(future, timeout_sec=DEADLINE_S)
    assert future.result() == GetState.Response()
    node.destroy_node()
    rclpy.shutdown()
