"""One subprocess's life with its host: handshake, messages, end."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from typing import Any

from streamlib._native import BridgeError, Connection
from streamlib._runner.broker import Broker, HandshakeError, fetch_endpoint
from streamlib._runner.inputs import InputPort
from streamlib._runner.outputs import OutputPort
from streamlib._runner.reports import ErrorReports
from streamlib._runner.run_state import RunState
from streamlib.processor import ProcessorError, ProcessorSpec

PING = b"SLP"
PONG = b"SLA"


class Session:
    """The direct channel, and what came over it. ``receive_one`` is the only place where messages are taken in."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.errors = ErrorReports(connection)
        self.state = RunState(lambda: self.tell("finished"))
        self.inputs: list[InputPort] = []
        self.outputs: list[OutputPort] = []
        self.settings: dict[str, Any] | None = None
        self.started = False
        self.tear_down = False
        self.closed = False
        #: Set while a thread of its own receives; others then wait for what it takes in.
        self._receiver: threading.Thread | None = None
        self._news = threading.Condition()

    @staticmethod
    def open(connection_id: str, broker_address: str) -> tuple[Session, dict[str, Any]]:
        """The client's half of the handshake. Returns the session and the port schemas that the host gave the broker."""
        broker = Broker(broker_address, connection_id, os.getpid())
        try:
            broker.client_alive()
            endpoint = fetch_endpoint(connection_id)
            try:
                connection = Connection.connect(endpoint)
            except BridgeError as error:
                raise HandshakeError(f"the host's endpoint refused the connection: {error}") from None
            finally:
                endpoint.close()
            session = Session(connection)
            session._pong()
            connection.start_heartbeat()
            schemas = json.loads(broker.schemas() or "{}")
            broker.mark_acked()
            session.tell("acked")
            return session, schemas
        finally:
            broker.close()

    def _pong(self) -> None:
        event = self.connection.receive(30.0)
        if event is None:
            raise HandshakeError("the host accepted the connection but sent no ping within 30 s")
        if event[0] == "closed":
            raise HandshakeError(
                f"the host closed the connection before its ping ({event[2]}); has it a client already?"
            )
        if event[0] != "control" or event[1].get("type") != "ping" or event[1].get("bytes") != PING:
            raise HandshakeError(f"the host sent something else than a ping: {event[0]}")
        self.connection.send_control({"type": "pong", "bytes": PONG})

    def tell(self, what: str) -> None:
        try:
            self.connection.send_control({"type": what})
        except BridgeError:
            # Told by receive() as well, which ends the session in order.
            return

    def define_ports(self, spec: ProcessorSpec, schemas: dict[str, Any]) -> None:
        """Ports in the host's order, which is that of the wire."""
        for kind, declared in (("inputs", spec.inputs), ("outputs", spec.outputs)):
            wanted = list(schemas.get(kind, {}))
            if sorted(wanted) != sorted(declared):
                raise ProcessorError(
                    f"{spec.name} declares the {kind} {list(declared)}, but the graph was built with {wanted}; "
                    "was the file changed while the graph was starting?"
                )
        self.connection.define_ports(*(self._ports_json(schemas, kind) for kind in ("inputs", "outputs")))

    @staticmethod
    def _ports_json(schemas: dict[str, Any], kind: str) -> str:
        return json.dumps([{"name": n, "schema": s} for n, s in schemas.get(kind, {}).items()])

    def make_ports(self, spec: ProcessorSpec, schemas: dict[str, Any]) -> None:
        settings = self.settings or {}
        for index, name in enumerate(schemas.get("inputs", {})):
            latest = settings.get("inputs", {}).get(name, {}).get("delivery") == "latest"
            self.inputs.append(InputPort(name, index, spec.inputs[name], self.connection, latest))
        for index, name in enumerate(schemas.get("outputs", {})):
            given = settings.get("outputs", {}).get(name, {})
            self.outputs.append(
                OutputPort(name, index, spec.outputs[name], self.connection, given, self.state, self.inputs, self.pump)
            )

    def receive_until(self, condition: Callable[[], bool]) -> bool:
        """Takes messages in until something holds. False: the host wants the end, or is gone."""
        while not condition():
            if self.closed or self.tear_down:
                return False
            self.receive_one(None)
        return True

    def receive_one(self, timeout: float | None) -> bool:
        """Takes one message in. False: there was none in time."""
        event = self.connection.receive(timeout)
        if event is None:
            return False
        kind = event[0]
        if kind == "frame":
            self.inputs[event[1]].add(event[2], event[3])
        elif kind == "ack":
            self.outputs[event[1]].acked(event[2])
        elif kind == "control":
            self._control(event[1])
        elif kind == "closed":
            self.closed = True
            self.state.stop()
        return True

    def _control(self, message: dict[str, Any]) -> None:
        kind = message.get("type")
        if kind == "setup":
            self.settings = message
        elif kind == "start":
            self.started = True
        elif kind == "stop":
            self.state.stop()
        elif kind == "teardown":
            self.state.stop()
            self.tear_down = True

    def receive_in_background(self) -> None:
        """For manual processors, whose own code has the main thread."""

        def run() -> None:
            while not (self.closed or self.tear_down):
                try:
                    self.receive_one(None)
                except BridgeError:
                    self.closed = True
                    self.state.stop()
                with self._news:
                    self._news.notify_all()

        self._receiver = threading.Thread(target=run, name="streamlib-channel", daemon=True)
        self._receiver.start()

    def pump(self, seconds: float) -> bool:
        """Waits for news from the host. False: there is no use in waiting."""
        if self.closed or self.tear_down:
            return False
        if self._receiver is None:
            self.receive_one(seconds)
        else:
            with self._news:
                self._news.wait(seconds)
        return not self.closed

    def close(self) -> None:
        for port in self.outputs:
            port.close()
        self.connection.close()
