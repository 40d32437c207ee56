"""One subprocess's life with its host: handshake, messages, end."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from typing import Any

from streamlib._native import BridgeError, Connection, Endpoint, Poller
from streamlib._runner.handshake.connect import connect
from streamlib._runner.inputs import InputPort
from streamlib._runner.links import Links
from streamlib._runner.outputs import OutputPort
from streamlib._runner.pending import send_pending
from streamlib._runner.readiness import ReadinessWatcher
from streamlib._runner.reports import ErrorReports
from streamlib._runner.run_state import RunState
from streamlib._runner.throttled_log import UnknownPortWarning
from streamlib.processor import ProcessorError, ProcessorSpec

#: How long acknowledgements wait for a message that they could travel with, in seconds. By themselves they would wake the sender
#: of the frame at the moment at which the next one needs the processor.
LINGER = 0.002

#: How long `receive_if_idle` waits for the thread that receives, in seconds. It is woken sooner, as a rule.
_RECEIVER_TIMEOUT = 0.1

#: How long the end waits for room before it looks again, in seconds.
_SEND_WAIT = 0.005


class Session:
    """The channels, and what came over them. ``wait_for_messages`` is the only place where messages are taken in."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.poller = Poller()
        self.poller.add(connection, self)
        self.links: Links | None = None
        self.errors = ErrorReports(connection)
        self.state = RunState(lambda: self.notify("finished"))
        self.inputs: list[InputPort] = []
        self.outputs: list[OutputPort] = []
        self.settings: dict[str, Any] | None = None
        self.started = False
        self.tear_down = False
        self.closed = False
        #: How many messages were taken in. To wait for something: read this, look whether it is there, wait for more than this.
        self.messages_taken = 0
        #: Whether a thread is receiving: one at a time, and others wait for what it takes in.
        self._receiving = False
        self._lock = threading.Lock()
        self._received = threading.Condition(self._lock)
        #: How many threads wait for the condition: mostly none, and notifying would still cost.
        self._waiting = 0
        self._watcher = ReadinessWatcher(self.receive_if_idle)
        self._unknown = UnknownPortWarning()

    @staticmethod
    def open(connection_id: str, broker_address: str, heartbeat: bool = True) -> tuple[Session, dict[str, Any]]:
        """The client's half of the handshake. Returns the session and the port schemas that the host gave the broker.

        Without ``heartbeat``, which is a thread, the caller starts it later.
        """
        connection, schemas = connect(connection_id, broker_address, heartbeat)
        return Session(connection), schemas

    def notify(self, what: str) -> None:
        if what == "stopped":
            for port in self.outputs:
                port.stop()
        if what in ("finished", "stopped"):
            self._beat()
        self._send({"type": what})

    def _send(self, message: dict[str, Any], endpoint: Endpoint | None = None) -> None:
        try:
            self.connection.send_control(message, endpoint)
        except BridgeError as error:
            # receive() reports a channel that is closed as well, which ends the session in order.
            if error.code != "closed":
                # Too much waits for a host that does not read. It would miss this, and wait for it for ever.
                self._ended(error.code, str(error))
                self.connection.close()

    def _beat(self) -> None:
        """Counts that are true now."""
        for port in self.outputs:
            port.count_links()
        try:
            self.connection.beat()
        except BridgeError:
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
            given = settings.get("inputs", {}).get(name, {})
            self.inputs.append(InputPort(name, index, spec.inputs[name], self.connection, given, self.poller.flush))
        for index, name in enumerate(schemas.get("outputs", {})):
            given = settings.get("outputs", {}).get(name, {})
            self.outputs.append(
                OutputPort(name, index, spec.outputs[name], self.connection, given, self.state, self.inputs, self)
            )
        self.links = Links(self.poller, schemas, self.inputs, self.outputs, self._send)

    @property
    def over(self) -> bool:
        """The host wants the end, or is gone."""
        return self.closed or self.tear_down

    def receive_until(self, condition: Callable[[], bool]) -> bool:
        """Takes messages in until something holds. False: the host wants the end, or is gone."""
        while True:
            seen = self.messages_taken
            if condition():
                return True
            if self.closed or self.tear_down:
                return False
            self.wait_for_messages(seen, None)

    def drain(self) -> None:
        """Takes in what has come already."""
        while not self.closed and self.wait_for_messages(self.messages_taken, 0.0):
            pass

    def wait_for_messages(self, seen: int, timeout: float | None) -> bool:
        """Waits until more was taken in than ``seen`` messages. False: nothing came in time.

        Any thread may call it: the first receives, and the others are woken when it has.
        """
        with self._lock:
            while self.messages_taken == seen and self._receiving:
                self._waiting += 1
                try:
                    if not self._received.wait(timeout):
                        return self.messages_taken != seen
                finally:
                    self._waiting -= 1
            if self.messages_taken != seen:
                return True
            self._receiving = True
        return self._receive(timeout)

    def receive_if_idle(self) -> None:
        """Takes in what has come, unless another thread is receiving: then waits until it has."""
        with self._lock:
            if self._receiving:
                self._waiting += 1
                try:
                    self._received.wait(_RECEIVER_TIMEOUT)
                finally:
                    self._waiting -= 1
                return
            self._receiving = True
        self._receive(0.0)

    def _receive(self, timeout: float | None) -> bool:
        """Takes in what has come, and waits for it. The caller has made sure that no other thread does."""
        came = 0
        links = self.links
        if links is not None and links.listener.paused_until is not None:
            timeout = links.listener.resume_when_due(timeout)
        try:
            for owner, event in self.poller.receive(timeout, LINGER):
                came += 1
                owner.on_event(event)
            return came > 0
        finally:
            with self._lock:
                self._receiving = False
                self.messages_taken += came
                if self._waiting > 0:
                    self._received.notify_all()

    def on_event(self, event: tuple[Any, ...]) -> None:
        """A message of the host's."""
        kind = event[0]
        if kind == "frame":
            # Before the ports are made it has no receiver.
            if event[1] < len(self.inputs):
                self.inputs[event[1]].add(event[2], event[3])
        elif kind == "ack":
            if event[1] < len(self.outputs):
                self.outputs[event[1]].acked(event[2])
        elif kind == "control":
            self._control(event[1])
        elif kind == "lost":
            if event[1] < len(self.inputs):
                self.inputs[event[1]].lose(event[2], event[3])
        elif kind == "unknown_port":
            self._unknown.warn(event[1], "the runtime")
        elif kind == "closed":
            self._ended(event[1], event[2])

    def _ended(self, code: str, message: str) -> None:
        """There is no channel any more. If the host did not close it, the reason goes to stderr."""
        if not self.closed and code != "peer_closed":
            print(f"{code}: {message}", file=sys.stderr)
        self.closed = True
        self.state.stop()

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
        elif kind == "report":
            # The runtime waits for the end of the graph, and asks whether frames are still in flight here.
            self._beat()
            self._send({"type": "reported", "round": message.get("round", 0)})
        elif isinstance(kind, str) and kind.startswith("link_"):
            links = self.links
            if links is not None:
                links.control(message)

    def watch(self, connections: list[Connection]) -> None:
        """Something waits for the peers of these to be ready, and the user's code may be about to take its time."""
        self._watcher.watch(connections)

    def receive_in_background(self) -> None:
        """For manual processors, whose own code has the main thread."""
        self._watcher.stop()

        def run() -> None:
            try:
                self.receive_until(lambda: False)
            except BaseException as error:
                # Without messages nothing would ever stop the user's code.
                self.closed = True
                self.state.stop()
                self.errors.report("process", error, fatal=True)

        threading.Thread(target=run, name="streamlib-channel", daemon=True).start()

    def close(self) -> None:
        for port in self.outputs:
            port.close()
        self._watcher.stop()
        if self.links is not None:
            # What comes from here on makes no new ones.
            links, self.links = self.links, None
            links.close()
        send_pending(self.connection, self._send_and_receive)
        # It stays in the poller: a thread that receives has to see the end.
        self.connection.close()

    def _send_and_receive(self) -> None:
        """Sends what waits, whichever thread receives: a heartbeat goes behind it. What has come is taken in, to no effect."""
        self._beat()
        self.wait_for_messages(self.messages_taken, _SEND_WAIT)
