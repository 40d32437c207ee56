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
from streamlib._runner import door


@contextmanager
def no_descriptors() -> Iterator[None]:
    """Those that are open stay so."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Hall:
    """A door, and somebody who knocks when there are no descriptors."""

    def __init__(self) -> None:
        self.poller = Poller()
        self.came: list[Connection] = []
        self.door = door.Door(self.poller, lambda _pid: True, self.came.append)
        endpoint = self.door.endpoint()
        self.guest = Connection.connect(endpoint)
        endpoint.close()

    def knock(self) -> int:
        """Hands out what has come. How much it was."""
        found = self.poller.receive(0)
        for owner, event in found:
            owner.take_in(event)
        return len(found)

    def close(self) -> None:
        for one in (*self.came, self.guest):
            one.close()
        self.door.close()


def test_a_door_without_descriptors_rests_instead_of_ending_the_processor(
    nothing_left: None, monkeypatch: pytest.MonkeyPatch, log_lines: list[str]
) -> None:
    now = [100.0]
    monkeypatch.setattr(door.time, "monotonic", lambda: now[0])
    hall = Hall()
    with no_descriptors():
        # Once: then the poller has nothing to tell, though the guest still waits.
        assert [hall.knock() for _ in range(3)] == [1, 0, 0]
        assert hall.door.look_again(None) is not None
        assert hall.door.look_again(0.01) == 0.01
        now[0] += 0.2
        assert hall.door.look_again(None) is None
        assert [hall.knock() for _ in range(3)] == [1, 0, 0]
    assert len(log_lines) == 1
    assert "other processors cannot connect to this one" in log_lines[0]
    now[0] += 0.2
    hall.door.look_again(None)
    assert hall.knock() == 1
    assert len(hall.came) == 1
    hall.close()


def test_frames_go_on_while_the_door_rests_and_who_knocked_is_let_in_later(
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
    take_in = door.Door.take_in

    def starved(self: door.Door, event: tuple[object, ...]) -> None:
        if len(refused) == 2:
            take_in(self, event)
            return
        refused.append(None)
        with no_descriptors():
            take_in(self, event)

    monkeypatch.setattr(door.Door, "take_in", starved)
    second = Writer(host, attempt=2)
    flow()
    second.greet()
    assert len(refused) == 2
    second.send(7)
    assert (pixels(host.frame()) == 8).all()
    second.close()
