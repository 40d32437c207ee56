"""A listener that the system gives no descriptors."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from host import pixels
from peers import Writer
from streamlib._native import Connection, Poller
from streamlib._runner import link_listener


@contextmanager
def no_descriptors() -> Iterator[None]:
    """Those that are open stay so."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Listening:
    """A listener, and a peer that connects."""

    def __init__(self) -> None:
        self.poller = Poller()
        self.came: list[Connection] = []
        self.listener = link_listener.LinkListener(self.poller, lambda _pid: True, self.came.append)
        endpoint = self.listener.endpoint()
        self.peer = Connection.connect(endpoint)
        endpoint.close()

    def deliver(self) -> int:
        """Hands out what has come. How much it was."""
        found = self.poller.receive(0)
        for owner, event in found:
            owner.on_event(event)
        return len(found)

    def close(self) -> None:
        for one in (*self.came, self.peer):
            one.close()
        self.listener.close()


def test_a_listener_without_descriptors_pauses_instead_of_ending_the_processor(
    nothing_left: None, monkeypatch: pytest.MonkeyPatch, log_lines: list[str]
) -> None:
    now = [100.0]
    monkeypatch.setattr(link_listener.time, "monotonic", lambda: now[0])
    listening = Listening()
    with no_descriptors():
        # Once: then the poller has nothing to tell, though the peer still waits.
        assert [listening.deliver() for _ in range(3)] == [1, 0, 0]
        assert listening.listener.resume_when_due(None) is not None
        assert listening.listener.resume_when_due(0.01) == 0.01
        now[0] += 0.2
        assert listening.listener.resume_when_due(None) is None
        assert [listening.deliver() for _ in range(3)] == [1, 0, 0]
    assert len(log_lines) == 1
    assert "other processors cannot connect to this one" in log_lines[0]
    now[0] += 0.2
    listening.listener.resume_when_due(None)
    assert listening.deliver() == 1
    assert len(listening.came) == 1
    listening.close()


def test_frames_go_on_while_the_listener_pauses_and_the_peer_is_accepted_later(
    writer: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    host, one = writer()
    one.greet()

    def flow() -> None:
        for number in range(20):
            one.send(number)
            assert (pixels(host.frame()) == number + 1).all()

    # All memory has crossed before descriptors are short: the two ends of this test are one process.
    flow()
    refused: list[None] = []
    on_event = link_listener.LinkListener.on_event

    def starved(self: link_listener.LinkListener, event: tuple[object, ...]) -> None:
        if len(refused) == 2:
            on_event(self, event)
            return
        refused.append(None)
        with no_descriptors():
            on_event(self, event)

    monkeypatch.setattr(link_listener.LinkListener, "on_event", starved)
    second = Writer(host, attempt=2)
    flow()
    second.greet()
    assert len(refused) == 2
    second.send(7)
    assert (pixels(host.frame()) == 8).all()
    second.close()
