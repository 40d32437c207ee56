"""The end of a session: what is said last, and why it came."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest
from host import DEADLINE, Host
from peers import HEAD
from streamlib._native import Connection
from streamlib._runner import pending
from streamlib._runner.session import Session

Start = Callable[..., Host]


class Pair:
    """A session, and the end of its host."""

    def __init__(self) -> None:
        self.far, near = Connection.pair()
        self.session = Session(near)

    def close(self) -> None:
        self.far.close()
        self.session.close()
        # What is left open is counted while the test's arguments are still there.
        del self.session, self.far


@pytest.fixture
def pair(nothing_left: None) -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.close()


def fill(session: Session, messages: int = 600) -> None:
    """More than the socket takes while nobody reads."""
    for number in range(messages):
        session.connection.send_control({"type": "log", "message": f"{number}".ljust(900)})


def types(far: Connection) -> list[str]:
    """What came up to the end."""
    came = []
    while (event := far.receive(DEADLINE)) is not None and event[0] != "closed":
        if event[0] == "control":
            came.append(str(event[1]["type"]))
    return came


def test_last_words_wait_for_room_when_the_socket_is_full(pair: Pair) -> None:
    far, session = pair.far, pair.session
    fill(session)
    session.errors.report("process", ValueError("the reason"), fatal=True)
    session.notify("bye")
    ending = threading.Thread(target=session.close)
    ending.start()
    came = types(far)
    ending.join(DEADLINE)
    assert came.count("log") == 600
    assert [kind for kind in came if kind in ("error", "bye")] == ["error", "bye"]


def test_last_words_go_out_though_another_thread_receives(pair: Pair) -> None:
    """As with manual processors. It began to wait when nothing wanted out."""
    far, session = pair.far, pair.session
    receiving = threading.Thread(target=session.receive_until, args=(lambda: False,))
    receiving.start()
    far.send_control({"type": "report", "round": 1})
    while (event := far.receive(DEADLINE)) is not None and event[1].get("type") != "reported":
        pass
    fill(session)
    session.notify("bye")
    ending = threading.Thread(target=session.close)
    ending.start()
    assert "bye" in types(far)
    ending.join(DEADLINE)
    receiving.join(DEADLINE)
    assert not receiving.is_alive()


def test_a_host_that_never_reads_is_not_waited_for_for_ever(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending, "TIMEOUT", 0.02)
    session = pair.session
    fill(session)
    ending = threading.Thread(target=session.close)
    ending.start()
    ending.join(DEADLINE)
    assert not ending.is_alive()
    assert session.connection.closed


def test_a_channel_that_nothing_waits_for_is_closed_at_once(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    session = pair.session
    session.notify("bye")
    pushed: list[None] = []
    monkeypatch.setattr(session, "_send_and_receive", lambda: pushed.append(None))
    session.close()
    assert pushed == []


def test_why_the_channel_was_closed_is_printed(nothing_left: None, capfd: pytest.CaptureFixture[str]) -> None:
    far, near = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with far:
        session = Session(Connection.adopt(near.detach()))
        far.send(struct.pack("<H", 0xBAD) + bytes(22))
        assert session.receive_until(lambda: False) is False
        assert capfd.readouterr().err.startswith("malformed: ")
        session.close()


def test_of_a_host_that_closes_in_order_nothing_is_printed(pair: Pair, capfd: pytest.CaptureFixture[str]) -> None:
    far, session = pair.far, pair.session
    far.close()
    assert session.receive_until(lambda: False) is False
    assert capfd.readouterr().err == ""


def test_a_message_that_finds_no_place_in_the_queue_closes_the_channel(
    pair: Pair, capfd: pytest.CaptureFixture[str]
) -> None:
    session = pair.session
    for _ in range(3000):
        session.notify("acked")
    assert session.connection.closed
    assert session.over
    assert session.state.stopping
    assert capfd.readouterr().err == "exhausted: 1024 control messages wait for a peer that does not read\n"


def test_log_lines_without_a_place_in_the_queue_close_nothing(start: Start, capfd: pytest.CaptureFixture[str]) -> None:
    host = start(
        HEAD
        + """
import logging
@streamlib.processor(inputs={"video_in": V})
def wordy(inputs):
    handler, = (h for h in logging.getLogger().handlers if hasattr(h, "_tokens"))
    for n in range(3000):
        handler._tokens = 1
        logging.info("x" * 900)
    told.put(handler._left_out)
"""
    )
    host.send_picture(1)
    assert host.module.told.get(timeout=DEADLINE) > 0
    assert capfd.readouterr().err == ""
    assert not host.session.connection.closed
