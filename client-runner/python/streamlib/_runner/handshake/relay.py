"""The relay, where the client gets the endpoint of its host."""

from __future__ import annotations

import time
from typing import Any

from streamlib._native import BridgeError, Connection, Endpoint, relay_path
from streamlib._runner.handshake.calls import CALL_TIMEOUT
from streamlib._runner.handshake.errors import BROKER_TIMEOUT, UNKNOWN_TIMEOUT, HandshakeError

_FIRST_PAUSE = 0.001
_LONGEST_PAUSE = 0.1


def fetch_endpoint(connection_id: str) -> Endpoint:
    """Asks the relay for the host's endpoint until it has it.

    Raises:
        HandshakeError: the relay does not answer, does not know the connection, or the host never stored an endpoint.
    """
    began = time.monotonic()
    pause = _FIRST_PAUSE
    relay: Connection | None = None
    try:
        while True:
            waited = time.monotonic() - began
            try:
                relay = relay or Connection.connect_named(relay_path())
                reply = ask(relay, connection_id)
            except BridgeError as error:
                if waited > BROKER_TIMEOUT or error.code == "permission":
                    raise HandshakeError(f"the broker's relay at {relay_path()} does not answer: {error}") from None
                relay = None
                reply = {}
            endpoint = next((v for v in reply.values() if isinstance(v, Endpoint)), None)
            if endpoint is not None:
                return endpoint
            if reply.get("error") and waited > UNKNOWN_TIMEOUT:
                raise HandshakeError(
                    f"the relay gave no endpoint for connection_id {connection_id}: "
                    f"{reply['error']}; {reply.get('hint', '')}"
                )
            if reply.get("timeout_remaining_secs") == 0:
                raise HandshakeError(
                    f"the host of connection_id {connection_id} did not get ready in time: "
                    f"{reply.get('reason')}; {reply.get('hint', '')}"
                )
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
    finally:
        if relay is not None:
            relay.close()


def ask(relay: Connection, connection_id: str) -> dict[str, Any]:
    """One ``get_endpoint``, and its reply."""
    relay.send_control({"type": "get_endpoint", "connection_id": connection_id})
    event = relay.receive(CALL_TIMEOUT)
    if event is not None and event[0] == "control":
        return dict(event[1])
    relay.close()
    why = "no reply" if event is None else " ".join(map(str, event[1:]))
    raise BridgeError(f"the relay ended the exchange: {why}")
