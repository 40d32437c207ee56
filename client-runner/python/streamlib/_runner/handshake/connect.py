"""The whole handshake of the client: broker, relay, host."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import Any

from streamlib._native import BridgeError, Connection
from streamlib._runner.handshake.broker import Broker
from streamlib._runner.handshake.errors import HandshakeError
from streamlib._runner.handshake.relay import fetch_endpoint

PING = b"SLP"
PONG = b"SLA"
#: How long the host may take until its ping, in seconds.
PING_TIMEOUT = 30.0


def connect(connection_id: str, broker_address: str, heartbeat: bool = True) -> tuple[Connection, dict[str, Any]]:
    """Connects this process to its host. Without ``heartbeat``, which is a thread, the caller starts it later.

    Returns:
        The channel, over which bytes have crossed both ways, and the port schemas that the host gave the broker.

    Raises:
        HandshakeError: a step failed; the message says which, why, and what to look at.
        BridgeError: the channel was closed in the middle.
    """
    broker = Broker(broker_address, connection_id, os.getpid())
    try:
        broker.client_alive()
        connection = _connect_to_host(connection_id)
        try:
            _answer_ping(connection)
            if heartbeat:
                connection.start_heartbeat()
            schemas = json.loads(broker.schemas() or "{}")
            broker.mark_acked()
            # A channel that is closed is reported by what is received.
            with suppress(BridgeError):
                connection.send_control({"type": "acked"})
        except BaseException:
            connection.close()
            raise
        return connection, schemas
    finally:
        broker.close()


def _connect_to_host(connection_id: str) -> Connection:
    endpoint = fetch_endpoint(connection_id)
    try:
        return Connection.connect(endpoint)
    except BridgeError as error:
        raise HandshakeError(f"the host's endpoint refused the connection: {error}") from None
    finally:
        endpoint.close()


def _answer_ping(connection: Connection) -> None:
    event = connection.receive(PING_TIMEOUT)
    if event is None:
        raise HandshakeError(f"the host accepted the connection but sent no ping within {PING_TIMEOUT:.0f} s")
    if event[0] == "closed":
        raise HandshakeError(
            f"the host closed the connection before its ping ({event[2]}); does it have a client already?"
        )
    if event[0] != "control" or event[1].get("type") != "ping" or event[1].get("bytes") != PING:
        raise HandshakeError(f"the host sent {event[0]} instead of its ping")
    connection.send_control({"type": "pong", "bytes": PONG})
