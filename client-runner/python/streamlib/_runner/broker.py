"""The client's side of the handshake: who it is, and where its host is."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from typing import Any, TypeVar

from streamlib._native import BridgeError, Connection, Endpoint, relay_path
from streamlib._runner import wire

R = TypeVar("R")

#: A broker that is away (restarted, updated) is waited for this long, in seconds.
PATIENCE = 60.0
#: A broker that has just come back does not know the connection until its runtime has registered again.
UNKNOWN_PATIENCE = 15.0
_CALL_LIMIT = 5.0
_FIRST_PAUSE = 0.001
_LONGEST_PAUSE = 0.1


class HandshakeError(Exception):
    """The broker or the host would not have this process; the message says why and what to look at."""


class Broker:
    """Calls to the broker on behalf of one connection.

    A broker that is there and content is asked without grpcio, whose import takes longer than the whole handshake. Everything
    else, such as a refusal, a broker that is away, or one that has just come back, is the real library's to find out about.
    """

    def __init__(self, address: str, connection_id: str, pid: int) -> None:
        self._id = connection_id
        self._pid = pid
        self._address = address
        self._token = _take_token()
        self._library: _Library | None = None
        self._schemas: int | None = None
        self._wire: wire.Wire | None = None
        with contextlib.suppress(wire.NoAnswer):
            self._wire = wire.Wire(address, self._token, _CALL_LIMIT)

    def close(self) -> None:
        self._hang_up()
        if self._library is not None:
            self._library.close()

    def client_alive(self) -> None:
        def ask(line: wire.Wire) -> bool:
            alive = line.send("ClientAlive", wire.text(1, self._id) + wire.number(2, self._pid))
            # Asked for along with it: the answer is here when it is needed.
            self._schemas = line.send("GetSchema", wire.text(1, self._id))
            return line.answer(alive).get(1) == 1

        if not self._quickly(ask):
            self._real.client_alive()

    def schemas(self) -> str:
        def ask(line: wire.Wire) -> str | None:
            if self._schemas is None:
                return None
            schemas = line.answer(self._schemas).get(1, b"")
            return schemas.decode() if isinstance(schemas, bytes) else None

        quick = self._quickly(ask)
        return self._real.schemas() if quick is None else quick

    def mark_acked(self) -> None:
        def ask(line: wire.Wire) -> bool:
            return line.answer(line.send("MarkAcked", wire.text(1, self._id) + wire.text(2, "client"))).get(1) == 1

        if not self._quickly(ask):
            self._real.mark_acked()

    @property
    def _real(self) -> _Library:
        self._hang_up()
        if self._library is None:
            self._library = _Library(self._address, self._id, self._pid, self._token)
        return self._library

    def _quickly(self, ask: Callable[[wire.Wire], R]) -> R | None:
        """None: no answer that will do. All calls may be made twice, so the real library asks again."""
        if self._wire is None:
            return None
        try:
            return ask(self._wire)
        except (wire.NoAnswer, UnicodeError):
            self._hang_up()
            return None

    def _hang_up(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None


class _Library:
    """The calls with grpcio, patient with a broker that is away."""

    def __init__(self, address: str, connection_id: str, pid: int, token: str) -> None:
        # Imported here: it takes a tenth of a second, which a processor that does not need it should not pay.
        import grpc

        from streamlib.broker.v1 import broker_pb2, broker_pb2_grpc

        self._grpc = grpc
        self._messages = broker_pb2
        self._id = connection_id
        self._pid = pid
        self._address = address
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()
        self._channel = grpc.insecure_channel(
            address,
            options=[
                ("grpc.enable_http_proxy", 0),
                ("grpc.initial_reconnect_backoff_ms", 50),
                ("grpc.min_reconnect_backoff_ms", 50),
                ("grpc.max_reconnect_backoff_ms", 500),
            ],
        )
        self._stub = broker_pb2_grpc.BrokerServiceStub(self._channel)

    def close(self) -> None:
        self._channel.close()

    def client_alive(self) -> None:
        request = self._messages.ClientAliveRequest(connection_id=self._id, pid=self._pid)
        self._call(lambda: self._stub.ClientAlive(request, timeout=_CALL_LIMIT, metadata=self._metadata))

    def schemas(self) -> str:
        request = self._messages.GetSchemaRequest(connection_id=self._id)
        reply = self._call(lambda: self._stub.GetSchema(request, timeout=_CALL_LIMIT, metadata=self._metadata))
        return str(reply.schemas_json)

    def mark_acked(self) -> None:
        request = self._messages.MarkAckedRequest(connection_id=self._id, side="client")

        def attempt() -> Any:
            try:
                return self._stub.MarkAcked(request, timeout=_CALL_LIMIT, metadata=self._metadata)
            except self._grpc.RpcError as error:
                if error.code() != self._grpc.StatusCode.FAILED_PRECONDITION:
                    raise
                # A broker that came back in the middle of the handshake has not seen this side's earlier steps: take them again.
                alive = self._messages.ClientAliveRequest(connection_id=self._id, pid=self._pid)
                self._stub.ClientAlive(alive, timeout=_CALL_LIMIT, metadata=self._metadata)
                fetch_endpoint(self._id).close()
                return self._stub.MarkAcked(request, timeout=_CALL_LIMIT, metadata=self._metadata)

        self._call(attempt)

    def _call(self, attempt: Callable[[], R]) -> R:
        """Tries until the broker answers. What it refuses is final; that it is away, or knows nothing yet, is not."""
        began = time.monotonic()
        pause = 0.02
        while True:
            try:
                return attempt()
            except self._grpc.RpcError as error:
                code, waited = error.code(), time.monotonic() - began
                status = self._grpc.StatusCode
                away = code in (status.UNAVAILABLE, status.DEADLINE_EXCEEDED) and waited < PATIENCE
                unknown = code == status.NOT_FOUND and waited < UNKNOWN_PATIENCE
                if not (away or unknown):
                    raise HandshakeError(
                        f"the broker at {self._address} refused connection {self._id}: {code.name}: {error.details()}"
                    ) from None
            time.sleep(pause)
            pause = min(pause * 1.5, 0.5)


def _take_token() -> str:
    """This connection's token, from the descriptor that the host left open; closed, so that no child of ours inherits it."""
    token = os.environ.pop("STREAMLIB_CLIENT_TOKEN", "")
    fd = os.environ.pop("STREAMLIB_CLIENT_TOKEN_FD", "")
    if token:
        return token
    if fd.isdigit():
        with open(int(fd), "rb") as pipe:
            return pipe.read(4096).decode("ascii")
    return os.environ.get("STREAMLIB_BROKER_TOKEN", "")


def fetch_endpoint(connection_id: str) -> Endpoint:
    """Asks the relay for the host's endpoint until it is there."""
    began = time.monotonic()
    pause = _FIRST_PAUSE
    relay: Connection | None = None
    try:
        while True:
            waited = time.monotonic() - began
            try:
                relay = relay or Connection.connect_named(relay_path())
                reply = _ask(relay, connection_id)
            except BridgeError as error:
                if waited > PATIENCE or error.code == "permission":
                    raise HandshakeError(f"the broker's relay at {relay_path()} does not answer: {error}") from None
                relay = None
                reply = {}
            endpoint = next((v for v in reply.values() if isinstance(v, Endpoint)), None)
            if endpoint is not None:
                return endpoint
            if reply.get("error") and waited > UNKNOWN_PATIENCE:
                raise HandshakeError(
                    f"the relay gave no endpoint for connection {connection_id}: {reply['error']}; {reply.get('hint', '')}"
                )
            if reply.get("timeout_remaining_secs") == 0:
                raise HandshakeError(f"the host never got ready: {reply.get('reason')}; {reply.get('hint', '')}")
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
    finally:
        if relay is not None:
            relay.close()


def _ask(relay: Connection, connection_id: str) -> dict[str, Any]:
    relay.send_control({"type": "get_endpoint", "connection_id": connection_id})
    event = relay.receive(_CALL_LIMIT)
    if event is not None and event[0] == "control":
        return dict(event[1])
    relay.close()
    why = "no reply" if event is None else " ".join(map(str, event[1:]))
    raise BridgeError(f"the relay ended the exchange: {why}")
