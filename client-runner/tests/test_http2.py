"""The handshake's calls without grpcio: they leave to it whatever is not a plain answer."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager

import grpc
import pytest
from streamlib._runner.handshake import broker, errors, http2, protobuf
from streamlib.broker.v1 import broker_pb2 as pb
from streamlib.broker.v1 import broker_pb2_grpc


class Service(broker_pb2_grpc.BrokerServiceServicer):  # type: ignore[misc]
    """Answers as a broker would, and remembers who asked."""

    def __init__(self, schemas: str = "{}") -> None:
        self.asked: list[tuple[str, str]] = []
        self.schemas = schemas
        self.refuse_once: grpc.StatusCode | None = None
        self.answer_acked: Callable[..., pb.MarkAckedResponse] | None = None

    def _seen(self, name: str, context: grpc.ServicerContext) -> None:
        metadata = dict(context.invocation_metadata())
        self.asked.append((name, metadata.get("authorization", "")))
        # GetSchema is asked for along with ClientAlive, and may be served first.
        if self.refuse_once is not None and not name.startswith("GetSchema"):
            code, self.refuse_once = self.refuse_once, None
            context.abort(code, "not now")

    def ClientAlive(self, request: pb.ClientAliveRequest, context: grpc.ServicerContext) -> pb.ClientAliveResponse:
        self._seen(f"ClientAlive {request.connection_id} {request.pid}", context)
        return pb.ClientAliveResponse(success=True, host_state="alive")

    def GetSchema(self, request: pb.GetSchemaRequest, context: grpc.ServicerContext) -> pb.GetSchemaResponse:
        self._seen(f"GetSchema {request.connection_id}", context)
        return pb.GetSchemaResponse(schemas_json=self.schemas, kind="reactive")

    def MarkAcked(self, request: pb.MarkAckedRequest, context: grpc.ServicerContext) -> pb.MarkAckedResponse:
        if self.answer_acked is not None:
            return self.answer_acked(request, context)
        self._seen(f"MarkAcked {request.connection_id} {request.side}", context)
        return pb.MarkAckedResponse(success=True, connection_state="ready")


@contextmanager
def served(service: Service, address: str = "127.0.0.1:0") -> Iterator[str]:
    server = grpc.server(futures.ThreadPoolExecutor(4))
    broker_pb2_grpc.add_BrokerServiceServicer_to_server(service, server)
    port = server.add_insecure_port(address)
    server.start()
    try:
        yield address if address.startswith("unix:") else f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


@contextmanager
def peer(act: Callable[[socket.socket], None]) -> Iterator[str]:
    """Somebody who accepts one connection and is no broker."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            connection, _ = server.accept()
            with connection:
                act(connection)

        thread = threading.Thread(target=run)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def frame(kind: int, flags: int, stream: int, body: bytes = b"") -> bytes:
    return len(body).to_bytes(3, "big") + bytes([kind, flags]) + struct.pack(">I", stream) + body


def test_requests_are_those_of_the_schema() -> None:
    assert (
        protobuf.text(1, "c" * 300) + protobuf.number(2, 70_000)
        == pb.ClientAliveRequest(connection_id="c" * 300, pid=70_000).SerializeToString()
    )
    assert protobuf.text(1, "ü") == pb.GetSchemaRequest(connection_id="ü").SerializeToString()
    assert (
        protobuf.text(1, "c") + protobuf.text(2, "client")
        == pb.MarkAckedRequest(connection_id="c", side="client").SerializeToString()
    )


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_a_whole_handshake_needs_no_grpcio(kind: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMLIB_CLIENT_TOKEN", "t" * 500)
    service = Service('{"inputs": {}}')
    with served(service, "127.0.0.1:0" if kind == "tcp" else f"unix:{tmp_path}/broker") as address:
        client = broker.Broker(address, "abc", 42)
        client.client_alive()
        assert client.schemas() == '{"inputs": {}}'
        client.mark_acked()
        assert client._library is None
        client.close()
    bearer = f"Bearer {'t' * 500}"
    assert sorted(service.asked) == [
        ("ClientAlive abc 42", bearer),
        ("GetSchema abc", bearer),
        ("MarkAcked abc client", bearer),
    ]


def test_a_long_reply_comes_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMLIB_BROKER_TOKEN", "")
    long = "x" * 3_000_000
    with served(Service(long)) as address:
        client = broker.Broker(address, "abc", 42)
        client.client_alive()
        assert client.schemas() == long
        assert client._library is None
        client.close()


def test_a_broker_that_knows_nothing_yet_is_asked_again_by_the_library() -> None:
    service = Service()
    service.refuse_once = grpc.StatusCode.NOT_FOUND
    with served(service) as address:
        client = broker.Broker(address, "abc", 42)
        client.client_alive()
        assert client._library is not None
        client.mark_acked()
        client.close()
    assert [name for name, _ in service.asked if name.startswith("MarkAcked")] == ["MarkAcked abc client"]


def test_a_refusal_is_told_with_its_reason() -> None:
    class Refusing(Service):
        def MarkAcked(self, request: pb.MarkAckedRequest, context: grpc.ServicerContext) -> pb.MarkAckedResponse:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "somebody else has it")
            raise AssertionError

    with served(Refusing()) as address:
        client = broker.Broker(address, "abc", 42)
        client.client_alive()
        with pytest.raises(errors.HandshakeError, match="PERMISSION_DENIED: somebody else has it"):
            client.mark_acked()
        client.close()


@pytest.mark.parametrize("library", [False, True])
def test_a_broker_that_has_forgotten_the_steps_is_told_them_again(
    library: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The repair is the same whichever way the calls travel."""
    fetched: list[str] = []

    class Endpoint:
        def close(self) -> None: ...

    def fetch(connection_id: str) -> Endpoint:
        fetched.append(connection_id)
        return Endpoint()

    monkeypatch.setattr(broker, "fetch_endpoint", fetch)
    service = Service()
    with served(service) as address:
        client = broker.Broker(address, "abc", 42)
        if library:
            client._close_quick()
        client.client_alive()
        # Refused is what asks first: the quick way, which cannot know why, or the library.
        refusals = [grpc.StatusCode.FAILED_PRECONDITION] * (1 if library else 2)

        def mark_acked(request: pb.MarkAckedRequest, context: grpc.ServicerContext) -> pb.MarkAckedResponse:
            if refusals:
                context.abort(refusals.pop(), "no such step now")
            return pb.MarkAckedResponse(success=True, connection_state="ready")

        service.answer_acked = mark_acked
        client.mark_acked()
        client.close()
    assert fetched == ["abc"]
    assert [name for name, _ in service.asked if name.startswith("ClientAlive")] == ["ClientAlive abc 42"] * 2


def test_a_reply_that_cannot_be_read_ends_the_handshake(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service("{}")
    with served(service) as address:
        client = broker.Broker(address, "abc", 42)
        monkeypatch.setattr(broker, "fields", lambda _: protobuf.fields(b"\xff"))
        with pytest.raises(errors.HandshakeError, match="sent a reply that cannot be read: the reply is cut short"):
            client.client_alive()
        client.close()


MESSAGE = struct.pack(">BI", 0, 2) + b"\x08\x01"


@pytest.mark.parametrize(
    ("answer", "holds"),
    [
        (frame(0, 1, 1, MESSAGE), True),
        (frame(0, 0, 1, MESSAGE[:3]) + frame(0, 0, 1, MESSAGE[3:]) + frame(1, 5, 1), True),
        (frame(0, 8 | 1, 1, b"\x03" + MESSAGE + b"\0\0\0"), True),
        (frame(4, 0, 0) + frame(6, 0, 0, b"12345678") + frame(99, 0, 7, b"?") + frame(0, 1, 1, MESSAGE), True),
        (frame(1, 5, 1), False),
        (frame(0, 1, 1, MESSAGE[:-1]), False),
        (frame(0, 1, 1, b"\x01" + MESSAGE[1:]), False),
        (frame(0, 8 | 1, 1, b"\xff" + MESSAGE), False),
        (frame(0, 1, 1, struct.pack(">BI", 0, 2) + b"\x0a\x7f"), False),
        (frame(0, 1, 1, struct.pack(">BI", 0, 1) + b"\xff"), False),
        (frame(3, 0, 1, b"\0\0\0\x07"), False),
        (frame(7, 0, 0, b"\0" * 8), False),
        (b"\xff\xff\xff\0\0\0\0\0\1", False),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", False),
        (b"\0\0", False),
        (b"", False),
    ],
)
def test_only_a_plain_answer_counts(answer: bytes, holds: bool) -> None:
    def act(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass

    with peer(act) as address:
        line = http2.Http2Calls(address, "", 5.0)
        try:
            reply = line.begin("MarkAcked", b"")
            if holds:
                assert protobuf.fields(reply()) == {1: 1}
            else:
                with pytest.raises((http2.NoAnswer, protobuf.Malformed)):
                    protobuf.fields(reply())
        finally:
            line.close()


def test_who_is_silent_is_given_up() -> None:
    done = threading.Event()
    with peer(lambda _: done.wait(10) and None) as address:
        line = http2.Http2Calls(address, "", 0.05)
        with pytest.raises(http2.NoAnswer):
            line.begin("MarkAcked", b"")()
        line.close()
        done.set()


@pytest.mark.parametrize("address", ["127.0.0.1:1", "unix:/nowhere/at/all", "dns:///somewhere", "", "a b:1"])
def test_an_address_where_nobody_is(address: str) -> None:
    with pytest.raises(http2.NoAnswer):
        http2.Http2Calls(address, "", 1.0)
