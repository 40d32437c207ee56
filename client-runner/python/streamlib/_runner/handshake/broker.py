"""The steps that the client takes with the broker, each written once, whichever way its calls travel."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

from streamlib._runner.handshake import errors
from streamlib._runner.handshake.calls import CALL_TIMEOUT, BrokerCalls, CallFailed
from streamlib._runner.handshake.errors import HandshakeError
from streamlib._runner.handshake.http2 import Http2Calls, NoAnswer
from streamlib._runner.handshake.protobuf import fields, number, text
from streamlib._runner.handshake.relay import fetch_endpoint

R = TypeVar("R")

_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 0.5


class Broker:
    """The broker, as one client sees it.

    A step is tried without grpcio first, whose import takes longer than the whole handshake. Where that gives no plain answer
    (a refusal, a broker that is away, or one that has just come back) it is taken again with grpcio, which says why, and waits.
    All steps may be taken twice.
    """

    def __init__(self, address: str, connection_id: str, pid: int) -> None:
        self._address = address
        self._connection_id = connection_id
        self._pid = pid
        self._token = _take_token()
        self._library: BrokerCalls | None = None
        #: The reply to a GetSchema that was sent along with ClientAlive.
        self._schemas: Callable[[], bytes] | None = None
        try:
            self._quick: BrokerCalls | None = Http2Calls(address, self._token, CALL_TIMEOUT)
        except NoAnswer:
            self._quick = None

    def client_alive(self) -> None:
        """Tells the broker that this process is the connection's client."""
        self._take(self._say_alive)

    def schemas(self) -> str:
        """The port schemas that the host gave the broker, as JSON."""

        def step(calls: BrokerCalls) -> str:
            reply, self._schemas = self._schemas or self._ask_schemas(calls), None
            schemas = fields(reply()).get(1, b"")
            return schemas.decode() if isinstance(schemas, bytes) else ""

        return self._take(step)

    def mark_acked(self) -> None:
        """Tells the broker that ping and pong have crossed."""

        def step(calls: BrokerCalls) -> None:
            try:
                self._say_acked(calls)
            except CallFailed as error:
                if error.code != "FAILED_PRECONDITION":
                    raise
                # A broker that came back in the middle of the handshake has not seen this side's earlier steps: take them again.
                self._say_alive(calls)
                fetch_endpoint(self._connection_id).close()
                self._say_acked(calls)

        self._take(step)

    def close(self) -> None:
        self._close_quick()
        if self._library is not None:
            self._library.close()

    def _say_alive(self, calls: BrokerCalls) -> None:
        reply = calls.begin("ClientAlive", text(1, self._connection_id) + number(2, self._pid))
        # Asked for along with it: the answer is here when it is needed.
        self._schemas = self._ask_schemas(calls)
        _require_success(reply())

    def _ask_schemas(self, calls: BrokerCalls) -> Callable[[], bytes]:
        return calls.begin("GetSchema", text(1, self._connection_id))

    def _say_acked(self, calls: BrokerCalls) -> None:
        reply = calls.begin("MarkAcked", text(1, self._connection_id) + text(2, "client"))
        _require_success(reply())

    def _take(self, step: Callable[[BrokerCalls], R]) -> R:
        if self._quick is not None:
            try:
                return step(self._quick)
            except (NoAnswer, CallFailed, ValueError):
                self._close_quick()
        if self._library is None:
            # Imported here: it nearly doubles the start-up time, which a processor that does not need it should not pay.
            from streamlib._runner.handshake.grpc_calls import GrpcCalls

            self._library = GrpcCalls(self._address, self._token)
        return self._take_patiently(step, self._library)

    def _take_patiently(self, step: Callable[[BrokerCalls], R], calls: BrokerCalls) -> R:
        """Tries until the broker answers. What it refuses is final; that it is away, or knows nothing yet, is not."""
        began = time.monotonic()
        pause = _FIRST_PAUSE
        while True:
            try:
                return step(calls)
            except CallFailed as error:
                waited = time.monotonic() - began
                away = error.code in ("UNAVAILABLE", "DEADLINE_EXCEEDED")
                unknown = error.code == "NOT_FOUND"
                if away and waited >= errors.BROKER_TIMEOUT:
                    raise HandshakeError(
                        f"the broker at {self._address} did not answer for {waited:.0f} s "
                        f"(connection_id {self._connection_id}): {error}; see `streamlib broker status`"
                    ) from None
                if not away and not (unknown and waited < errors.UNKNOWN_TIMEOUT):
                    raise HandshakeError(
                        f"the broker at {self._address} refused connection_id {self._connection_id}: {error}"
                    ) from None
            except ValueError as error:
                raise HandshakeError(
                    f"the broker at {self._address} sent a reply that cannot be read: {error}; "
                    "is its version that of this package?"
                ) from None
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def _close_quick(self) -> None:
        if self._quick is not None:
            self._quick.close()
            self._quick = None
            # It was to come over that connection.
            self._schemas = None


def _require_success(reply: bytes) -> None:
    if fields(reply).get(1) != 1:
        raise CallFailed("UNKNOWN", "the broker answered without success")


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
