"""The client's half of the handshake with the real broker, over real gRPC and the real relay."""

from __future__ import annotations

import json
import os
import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from brokers import PORTS, HostSide, InBackground, RealBroker
from streamlib._native import Connection, Endpoint
from streamlib._runner.handshake import errors, relay
from streamlib._runner.handshake.broker import Broker
from streamlib._runner.handshake.errors import HandshakeError
from streamlib._runner.handshake.relay import fetch_endpoint
from streamlib._runner.session import Session
from streamlib.broker.v1 import broker_pb2 as pb


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealBroker]:
    broker = RealBroker(tmp_path_factory.mktemp("broker"))
    kept = dict(os.environ)
    os.environ.update(broker.env)
    broker.start()
    os.environ.update(broker.env)
    # Libraries of gRPC's open what they keep with the first call.
    broker.stub.GetStatus(pb.GetStatusRequest(), timeout=5)
    yield broker
    broker.kill()
    os.environ.clear()
    os.environ.update(kept)


@pytest.fixture
def host(world: RealBroker) -> Iterator[HostSide]:
    side = HostSide(world)
    yield side
    side.close()


def client(world: RealBroker, host: HostSide, pid: int | None = None) -> Broker:
    return Broker(world.address, host.id, pid or os.getpid())


def states(world: RealBroker, host: HostSide) -> tuple[str, str, str]:
    info = world.info(host.id)
    return info.host_state, info.client_state, info.derived_state


def test_each_step_moves_the_state_until_both_have_acked(world: RealBroker, host: HostSide) -> None:
    assert states(world, host) == ("pending", "pending", "awaiting_both")
    host.alive()
    assert states(world, host) == ("alive", "pending", "awaiting_client")
    broker = client(world, host)
    broker.client_alive()
    assert states(world, host) == ("alive", "alive", "both_alive_awaiting_host_xpc")
    host.store()
    endpoint = fetch_endpoint(host.id)
    assert isinstance(endpoint, Endpoint)
    assert states(world, host) == ("xpc_ready", "xpc_endpoint_received", "client_connecting")
    connection = Connection.connect(endpoint)
    endpoint.close()
    accepted = host.listener.accept(5)
    assert accepted is not None
    assert connection.peer_pid == accepted.peer_pid == os.getpid()
    assert json.loads(broker.schemas()) == PORTS
    broker.mark_acked()
    broker.mark_acked()
    assert states(world, host)[1:] == ("acked", "awaiting_ack")
    assert host.mark_acked() == "ready"
    assert states(world, host) == ("acked", "acked", "ready")
    broker.close()
    connection.close()
    accepted.close()


def test_a_session_opens_and_leaves_nothing(world: RealBroker, nothing_left: None) -> None:
    host = HostSide(world)
    host.alive()
    opening = InBackground(lambda: Session.open(host.id, world.address))
    host.store()
    host.meet()
    host.control("acked")
    assert host.mark_acked() == "ready"
    session, schemas = opening.result()
    assert schemas == PORTS
    assert host.control("heartbeat")["seq"] >= 1
    session.close()
    host.close()


def test_a_client_that_is_early_waits_for_the_endpoint(
    world: RealBroker, host: HostSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    replies: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    ask = relay.ask

    def asked(connection: Connection, connection_id: str) -> dict[str, Any]:
        reply = ask(connection, connection_id)
        replies.put(reply)
        return reply

    monkeypatch.setattr(relay, "ask", asked)
    broker = client(world, host)
    broker.client_alive()
    fetching = InBackground(lambda: fetch_endpoint(host.id))
    reply = replies.get(timeout=10)
    assert (reply["found"], reply["reason"]) == (False, "host_endpoint_not_ready")
    assert (reply["host_state"], reply["your_poll_count"]) == ("pending", 1)
    assert reply["timeout_remaining_secs"] > 0
    assert states(world, host)[1] == "waiting_for_endpoint"
    host.alive()
    host.store()
    fetching.result().close()
    assert states(world, host)[1] == "xpc_endpoint_received"
    broker.close()


def test_a_second_client_is_refused(world: RealBroker, host: HostSide) -> None:
    host.alive()
    first, second = client(world, host), client(world, host, os.getppid())
    first.client_alive()
    with pytest.raises(HandshakeError, match=r"refused connection_id .*FAILED_PRECONDITION"):
        second.client_alive()
    first.client_alive()
    first.close()
    second.close()


def test_an_unknown_connection_is_told_when_patience_ends(world: RealBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "UNKNOWN_TIMEOUT", 0.0)
    monkeypatch.setattr(relay, "UNKNOWN_TIMEOUT", 0.0)
    broker = Broker(world.address, "conn-that-nobody-made", os.getpid())
    for call in (broker.client_alive, broker.schemas, broker.mark_acked):
        with pytest.raises(HandshakeError, match=r"connection_id conn-that-nobody-made: (NOT_FOUND|INVALID_ARGUMENT)"):
            call()
    with pytest.raises(HandshakeError, match="connection_not_found.*STREAMLIB_CONNECTION_ID"):
        fetch_endpoint("conn-that-nobody-made")
    broker.close()


def test_a_broker_that_is_not_there_is_told_with_its_address(
    world: RealBroker, monkeypatch: Any, tmp_path: Path
) -> None:
    monkeypatch.setattr(errors, "BROKER_TIMEOUT", 0.0)
    monkeypatch.setattr(relay, "BROKER_TIMEOUT", 0.0)
    broker = Broker("127.0.0.1:1", "c", 1)
    with pytest.raises(
        HandshakeError, match=r"the broker at 127\.0\.0\.1:1 did not answer .*connection_id c.*UNAVAILABLE"
    ):
        broker.client_alive()
    broker.close()
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with pytest.raises(HandshakeError, match=f"the broker's relay at {tmp_path}.* does not answer"):
        fetch_endpoint("c")


def test_a_step_out_of_order_and_a_closed_connection_are_refused(world: RealBroker, host: HostSide) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        world.stub.HostXpcReady(pb.HostXpcReadyRequest(connection_id=host.id), timeout=5)
    assert raised.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    with pytest.raises(grpc.RpcError) as raised:
        host.mark_acked()
    assert raised.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    with pytest.raises(grpc.RpcError) as raised:
        world.stub.MarkAcked(pb.MarkAckedRequest(connection_id=host.id, side="nobody"), timeout=5)
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    world.stub.CloseConnection(pb.CloseConnectionRequest(connection_id=host.id, reason="shutdown"), timeout=5)
    broker = client(world, host)
    with pytest.raises(HandshakeError, match="FAILED_PRECONDITION"):
        broker.client_alive()
    broker.close()


def test_a_host_that_is_gone_is_told_to_the_client(world: RealBroker, host: HostSide) -> None:
    host.alive()
    opening = InBackground(lambda: Session.open(host.id, world.address))
    host.store()
    connection = host.listener.accept(10)
    assert connection is not None
    connection.close()
    with pytest.raises(HandshakeError, match="closed the connection before its ping .*; does it have a client already"):
        opening.result()


def test_a_host_that_says_something_else_than_a_ping_is_refused(world: RealBroker, host: HostSide) -> None:
    host.alive()
    opening = InBackground(lambda: Session.open(host.id, world.address))
    host.store()
    connection = host.listener.accept(10)
    assert connection is not None
    connection.send_control({"type": "ping", "bytes": b"xyz"})
    with pytest.raises(HandshakeError, match="sent control instead of its ping"):
        opening.result()
    event = connection.receive(5)
    assert event is not None
    assert event[0] == "closed"
    connection.close()


def test_a_broker_killed_in_the_handshake_and_started_again(world: RealBroker, nothing_left: None) -> None:
    # The channel of the fixture goes with the broker; a new one comes with the next call.
    host = HostSide(world)
    host.alive()
    opening = InBackground(lambda: Session.open(host.id, world.address))
    host.store()
    # The client has the endpoint. The broker goes before the ping, so that all that follows meets a broker without memory.
    accepted = host.listener.accept(10)
    assert accepted is not None
    world.kill()
    accepted.send_control({"type": "ping", "bytes": b"SLP"})
    host.connection = accepted
    assert host.control("pong")["bytes"] == b"SLA"
    world.start()
    host.come_back()
    host.control("acked")
    assert host.mark_acked() == "ready"
    session, schemas = opening.result()
    assert schemas == PORTS
    assert states(world, host) == ("acked", "acked", "ready")
    session.close()
    accepted.close()
    del accepted
    host.close()
