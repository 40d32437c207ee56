"""Processors at the other ends of links, played by a test."""

from __future__ import annotations

import json
import os
from typing import Any

from host import DEADLINE, HEAD, Host
from streamlib._native import Connection, Endpoint, FramePool, Listener

ADD = (
    HEAD
    + """
@streamlib.processor(inputs={"video_in": V}, outputs={"video_out": V})
def add(inputs):
    return V.from_numpy(inputs["video_in"].to_numpy() + 1)
"""
)


def link(name: str = "a", delivery: str = "every_sample", window: int = 8, queue: int = 8) -> dict[str, Any]:
    if delivery == "latest":
        window = queue = 1
    return {"link": name, "delivery": delivery, "window": window, "queue": queue}


def readers(*links: dict[str, Any], host: bool = False) -> dict[str, Any]:
    return {"host": host, "slots": 16, "links": list(links)}


class Reader:
    """A processor that reads an output of the one that is tested."""

    def __init__(self, host: Host, name: str = "a", attempt: int = 1, pid: int | None = None) -> None:
        self.listener = Listener.anonymous()
        self.name = name
        endpoint = self.listener.endpoint()
        host.connection.send_control(
            {"type": "link_connect", "link": name, "attempt": attempt, "peer_pid": os.getpid() if pid is None else pid},
            endpoint,
        )
        endpoint.close()
        accepted = self.listener.accept(DEADLINE)
        assert accepted is not None
        self.connection = accepted
        ports = json.dumps([{"name": n, "schema": s} for n, s in host.schemas["outputs"].items()])
        self.connection.define_ports(ports, "[]")

    def greet(self, host: Host) -> Reader:
        event = self.event()
        assert event[0] == "control"
        assert (event[1]["type"], event[1]["bytes"], event[1]["link"]) == ("ping", b"SLP", self.name)
        self.connection.send_control({"type": "pong", "bytes": b"SLA"})
        assert host.control("linked")["link"] == self.name
        return self

    def event(self) -> tuple[Any, ...]:
        event = self.connection.receive(DEADLINE)
        assert event is not None
        return event

    def frame(self, acknowledge: bool = True) -> dict[str, Any]:
        event = self.event()
        while event[0] == "housekeeping":
            event = self.event()
        assert event[0] == "frame"
        if acknowledge:
            self.connection.ack(event[1], event[2])
            self.connection.flush()
        return event[3]

    def nothing(self) -> bool:
        return self.connection.receive(0) is None

    def close(self) -> None:
        self.connection.close()


def tallies(host: Host) -> dict[str, Any]:
    """What the process counts, asked for."""
    host.connection.send_control({"type": "report", "round": 7})
    assert host.control("reported")["round"] == 7
    beats = [e[1] for e in host._events if e[0] == "control" and e[1]["type"] == "heartbeat"]
    return dict(beats[-1]["tallies"])


def send(host: Host, *numbers: int) -> None:
    """Sends frames, and returns when the last one is finished."""
    for number in numbers:
        last = host.send_picture(number)
    while host.ack() < last:
        pass


class Writer:
    """A processor that sends to the one that is tested."""

    def __init__(self, host: Host, attempt: int = 1, pid: int | None = None, port: str = "video_in") -> None:
        host.connection.send_control(
            {
                "type": "link_expect",
                "link": "in",
                "attempt": attempt,
                "input": port,
                "peer_pid": os.getpid() if pid is None else pid,
            }
        )
        offer = host.control("link_endpoint")
        endpoint = next(v for v in offer.values() if isinstance(v, Endpoint))
        self.connection = Connection.connect(endpoint)
        endpoint.close()
        self.pool = FramePool()
        self.attempt = attempt
        self.next_id = 0
        schema = host.schemas["inputs"][port]
        self.connection.define_ports("[]", json.dumps([{"name": "video_out", "schema": schema}]))

    def ping(self, **other: Any) -> None:
        message = {"type": "ping", "bytes": b"SLP", "link": "in", "attempt": self.attempt}
        self.connection.send_control({**message, **other})

    def event(self) -> tuple[Any, ...]:
        event = self.connection.receive(DEADLINE)
        assert event is not None
        return event

    def greet(self) -> Writer:
        self.ping()
        assert self.event()[1] == {"type": "pong", "bytes": b"SLA"}
        return self

    def send(self, number: int) -> None:
        while (texture := self.pool.texture(6, 4)) is None:
            self.event()
        texture.to_numpy()[:] = number
        value = {"pixel_buffer": texture, "timestamp_ns": number, "frame_number": number}
        assert self.connection.send_frame(0, self.next_id, value)
        self.next_id += 1

    def close(self) -> None:
        self.connection.close()
        self.pool.close()
