"""Frames that cannot be given to anybody: of ports that do not exist, and those that the system gives no memory to read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from host import Host, pixels
from peers import ADD, tallies
from streamlib._native import Connection, Poller
from streamlib._runner import throttled_log
from streamlib._runner.inputs import InputPort
from streamlib._runner.links import Incoming, Links
from streamlib._runner.session import Session
from streamlib.types import VideoFrame

Start = Callable[..., Host]
SCHEMA = {"name": "N", "fields": [{"name": "n", "type": "Int32"}]}


class Sender:
    """Sends frames to an input port, which reads no more of them than the test hands it."""

    def __init__(self, **settings: Any) -> None:
        self.connection, near = Connection.pair()
        ports = json.dumps([{"name": "p", "schema": SCHEMA}])
        self.connection.define_ports(ports, ports)
        self.session = Session(near)
        self.port = InputPort("p", 0, VideoFrame, near, {"delivery": "every_sample", "window": 8, **settings})
        self.session.inputs.append(self.port)

    def acked(self) -> int:
        """The newest frame that was acknowledged; -1: none."""
        self.session.connection.flush()
        newest = -1
        while (event := self.connection.receive(0)) is not None:
            if event[0] == "ack":
                newest = event[2]
        return newest

    def close(self) -> None:
        self.connection.close()
        self.session.close()
        # What is left open is counted while the test's arguments are still there.
        del self.session, self.connection, self.port


@pytest.fixture
def sender(nothing_left: None) -> Iterator[Sender]:
    sender = Sender()
    yield sender
    sender.close()


def test_a_lost_frame_is_acknowledged_and_counted(sender: Sender, log_lines: list[str]) -> None:
    sender.session.on_event(("lost", 0, 4, "cannot map"))
    assert sender.acked() == 4
    assert sender.port._lost is not None
    assert sender.port._lost.dropped == {"no_memory": 1}
    assert log_lines == ["a frame of input p was dropped, the system gives no memory to read it: cannot map"]


def test_a_lost_frame_does_not_acknowledge_those_before_it(sender: Sender) -> None:
    on_event, port = sender.session.on_event, sender.port
    on_event(("frame", 0, 0, {"n": 0}))
    on_event(("frame", 0, 1, {"n": 1}))
    on_event(("lost", 0, 2, "cannot map"))
    assert sender.acked() == -1
    port.take()
    port.finish()
    assert sender.acked() == 0
    port.take()
    on_event(("lost", 0, 3, "cannot map"))
    assert sender.acked() == -1
    port.finish()
    assert sender.acked() == 3
    on_event(("lost", 0, 4, "cannot map"))
    assert sender.acked() == 4


def test_lost_frames_are_told_once_a_second(
    sender: Sender, log_lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(throttled_log.time, "monotonic", lambda: now[0])
    for number in range(50):
        sender.session.on_event(("lost", 0, number, "x"))
    now[0] += 1.5
    sender.session.on_event(("lost", 0, 50, "x"))
    assert [line.partition("read it: ")[2] for line in log_lines] == ["x", "x (and 49 times before)"]


def test_lost_frames_reach_the_runtime_under_their_input(start: Start) -> None:
    host = start(ADD)
    host.session.inputs[0].lose(0, "cannot map")
    counts = tallies(host)
    assert counts["input/video_in"]["dropped"] == {"no_memory": 1}
    # Frames go on.
    host.send_picture(1)
    assert (pixels(host.frame()) == 2).all()


def test_a_frame_of_a_link_is_lost_as_one_of_the_runtime(writer: Callable[..., Any]) -> None:
    host, one = writer()
    one.greet()
    incoming = next(end for end in host.session.links._open if isinstance(end, Incoming))
    incoming.on_event(("lost", 0, 0, "cannot map"))
    assert tallies(host)["input/video_in"]["dropped"] == {"no_memory": 1}
    # It is acknowledged to the one that sent it.
    one.next_id = 1
    one.send(3)
    assert (pixels(host.frame()) == 4).all()
    while (event := one.event())[0] != "ack":
        pass
    assert event[2] in (0, 1)


def test_a_frame_for_an_unknown_port_is_told_once(sender: Sender, log_lines: list[str]) -> None:
    for number in range(3):
        for port in (5, 6):
            sender.session.on_event(("unknown_port", port, number))
    assert [line.partition(", which")[0] for line in log_lines] == [
        "the runtime sends frames for input number 5",
        "the runtime sends frames for input number 6",
    ]


def test_a_frame_for_an_unknown_port_of_a_link_is_told_once(nothing_left: None, log_lines: list[str]) -> None:
    links = Links(Poller(), {}, [], [], lambda *_: None)
    near, far = Connection.pair()
    incoming = Incoming(links, near)
    for number in range(3):
        incoming.on_event(("unknown_port", 1, number))
    assert len(log_lines) == 1
    assert f"process {near.peer_pid} sends frames for input number 1" in log_lines[0]
    near.close()
    far.close()


def test_why_a_link_was_closed_is_told(nothing_left: None, log_lines: list[str]) -> None:
    links = Links(Poller(), {}, [], [], lambda *_: None)
    for code, lines in (("peer_closed", 0), ("malformed", 1)):
        near, far = Connection.pair()
        Incoming(links, near).on_event(("closed", code, "a wrong magic"))
        assert len(log_lines) == lines
        far.close()
    assert log_lines == ["the channel was closed: malformed: a wrong magic"]
