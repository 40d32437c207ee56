"""Channels to other Python processors: the runtime introduces two of them, and frames go straight from one to the other."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from streamlib._native import BridgeError, Connection, Endpoint, Poller
from streamlib._runner.handshake.connect import PING, PONG
from streamlib._runner.link_listener import LinkListener
from streamlib._runner.outputs import OutputPort
from streamlib._runner.targets import LinkTarget
from streamlib._runner.throttled_log import UnknownPortWarning

if TYPE_CHECKING:
    from streamlib._runner.inputs import InputPort

_log = logging.getLogger("streamlib")


class AnnouncedProducer:
    """A producer that the runtime has announced: connections of other processes are refused."""

    def __init__(self, attempt: int, port: InputPort, pid: int) -> None:
        self.attempt = attempt
        self.port = port
        self.pid = pid


class Incoming:
    """A producer's end, as this process reads it. Nothing is believed before its ping."""

    def __init__(self, links: Links, connection: Connection) -> None:
        self._links = links
        self._connection = connection
        self._port: InputPort | None = None
        self._unknown = UnknownPortWarning()

    def on_event(self, event: tuple[Any, ...]) -> None:
        kind = event[0]
        if kind == "frame" and self._port is not None:
            self._port.add(event[2], event[3], self._connection, 0)
        elif kind == "control" and self._port is None:
            self._on_ping(event[1])
        elif kind == "lost" and self._port is not None:
            self._port.lose(event[2], event[3], self._connection, 0)
        elif kind == "unknown_port":
            self._unknown.warn(event[1], f"process {self._connection.peer_pid}")
        elif kind == "closed":
            if event[1] != "peer_closed":
                where = f" for input {self._port.name}" if self._port is not None else ""
                _log.warning("the channel%s was closed: %s: %s", where, event[1], event[2])
            self.close()

    def _on_ping(self, message: Mapping[str, Any]) -> None:
        port = self._links.port_for(message, self._connection.peer_pid)
        if port is None or message.get("type") != "ping" or message.get("bytes") != PING:
            _log.warning("process %d was refused: it was not announced by the runtime", self._connection.peer_pid)
            self.close()
            return
        try:
            self._connection.define_ports(self._links.ports_json(port.name, "inputs"), "[]")
            self._port = port
            self._connection.send_control({"type": "pong", "bytes": PONG})
        except BridgeError:
            self.close()

    def close(self) -> None:
        self._links.forget(self)

    @property
    def connection(self) -> Connection:
        return self._connection


class Outgoing:
    """This process's end of a channel to a reader of one of its outputs."""

    def __init__(
        self, links: Links, output: OutputPort, target: LinkTarget, connection: Connection, attempt: int
    ) -> None:
        self._links = links
        self._output = output
        self._target = target
        self._connection = connection
        self._attempt = attempt
        self._linked = False
        self._leaving = False

    def send_ping(self) -> None:
        self._connection.define_ports("[]", self._links.ports_json(self._output.name, "outputs"))
        self._connection.send_control(
            {"type": "ping", "bytes": PING, "link": self._target.id, "attempt": self._attempt}
        )

    def on_event(self, event: tuple[Any, ...]) -> None:
        kind = event[0]
        if kind == "ack":
            self._output.link_acked(self._target)
        elif kind == "control" and not self._linked and event[1].get("bytes") == PONG:
            # Bytes have crossed both ways.
            self._linked = True
            self._output.link_opened(self._target, self._connection)
            self._links.report("linked", self._target.id, self._attempt)
        elif kind == "closed":
            self.close()
            why = "its reader closed it" if event[1] == "peer_closed" else f"{event[1]}: {event[2]}"
            self._links.report("link_failed", self._target.id, self._attempt, why)
            return
        if self._leaving:
            # Memory comes back with any message.
            self.leave()

    def leave(self) -> None:
        """Nothing more is offered: closed once the reader has finished with what it was sent, and holds none of it.

        What it holds would be written over while it reads. One that holds it for ever keeps the channel for as long.
        """
        self._leaving = True
        if not self._linked or self._output.link_has_left(self._target):
            self.close()

    def close(self) -> None:
        if self._linked:
            self._output.link_lost(self._target)
            self._linked = False
        self._links.forget(self)

    @property
    def connection(self) -> Connection:
        return self._connection


class Links:
    """All channels of this process to other processors."""

    def __init__(
        self,
        poller: Poller,
        schemas: Mapping[str, Any],
        inputs: Sequence[InputPort],
        outputs: Sequence[OutputPort],
        send: Callable[..., None],
    ) -> None:
        self._poller = poller
        self._schemas = schemas
        self._inputs = {port.name: port for port in inputs}
        self._outputs = outputs
        self._send = send
        self.listener = LinkListener(
            poller, self._is_announced, lambda connection: self._add(Incoming(self, connection))
        )
        self._announced: dict[str, AnnouncedProducer] = {}
        self._open: list[Incoming | Outgoing] = []
        self._out: dict[str, Outgoing] = {}

    def control(self, message: Mapping[str, Any]) -> None:
        """What the runtime says about links."""
        kind, link, attempt = message["type"], str(message.get("link")), int(message.get("attempt", 0))
        endpoint = next((v for v in message.values() if isinstance(v, Endpoint)), None)
        try:
            if kind == "link_expect":
                self._expect(link, attempt, str(message["input"]), int(message["peer_pid"]))
            elif kind == "link_connect" and endpoint is not None:
                self._connect(link, attempt, endpoint, int(message["peer_pid"]))
            elif kind == "link_readers":
                self._readers(message)
            elif kind == "link_over":
                output, target = self._find(link)
                output.link_over(target)
        except (BridgeError, LookupError) as error:
            self.report("link_failed", link, attempt, str(error))
        finally:
            if endpoint is not None:
                endpoint.close()

    def _expect(self, link: str, attempt: int, port: str, pid: int) -> None:
        endpoint = self.listener.endpoint()
        self._announced[link] = AnnouncedProducer(attempt, self._inputs[port], pid)
        try:
            self._send({"type": "link_endpoint", "link": link, "attempt": attempt}, endpoint)
        finally:
            endpoint.close()

    def _is_announced(self, pid: int) -> bool:
        return any(expected.pid == pid for expected in self._announced.values())

    def port_for(self, message: Mapping[str, Any], pid: int) -> InputPort | None:
        """The input that a ping is for, if its sender was announced for it. Each announcement is good for one."""
        link = str(message.get("link"))
        expected = self._announced.get(link)
        if expected is None or expected.pid != pid or expected.attempt != message.get("attempt"):
            return None
        del self._announced[link]
        return expected.port

    def _connect(self, link: str, attempt: int, endpoint: Endpoint, pid: int) -> None:
        output, target = self._find(link)
        earlier = self._out.pop(link, None)
        if earlier is not None:
            earlier.close()
        connection = Connection.connect(endpoint)
        if connection.peer_pid != pid:
            connection.close()
            raise LookupError(f"process {connection.peer_pid} answers where the runtime announced {pid}")
        outgoing = Outgoing(self, output, target, connection, attempt)
        self._out[link] = outgoing
        self._add(outgoing)
        outgoing.send_ping()

    def _readers(self, message: Mapping[str, Any]) -> None:
        """The graph has changed: an output has other readers."""
        for output in self._outputs:
            if output.name == message.get("output"):
                for target in output.configure(message):
                    # Not for good: a link that is made anew may have the same name.
                    outgoing = self._out.pop(target.id, None)
                    if outgoing is not None:
                        outgoing.leave()

    def _find(self, link: str) -> tuple[OutputPort, LinkTarget]:
        for output in self._outputs:
            for target in output.links:
                if target.id == link:
                    return output, target
        raise LookupError(f"this process has no link {link}")

    def _add(self, end: Incoming | Outgoing) -> None:
        self._open.append(end)
        self._poller.add(end.connection, end)

    def forget(self, end: Incoming | Outgoing) -> None:
        self._poller.remove(end.connection)
        if end in self._open:
            self._open.remove(end)
        self._out = {link: out for link, out in self._out.items() if out is not end}
        end.connection.close()

    def ports_json(self, name: str, kind: str) -> str:
        return json.dumps([{"name": name, "schema": self._schemas[kind][name]}])

    def report(self, kind: str, link: str, attempt: int, reason: str = "") -> None:
        self._send({"type": kind, "link": link, "attempt": attempt, "reason": reason})

    def close(self) -> None:
        for end in self._open[:]:
            self._poller.remove(end.connection)
            end.connection.close()
        self._open.clear()
        self._out.clear()
        self.listener.close()
