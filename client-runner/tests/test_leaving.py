"""A link that is taken away while its reader still holds memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from host import Host, pixels
from peers import ADD, Reader, link, readers, send, tallies

Start = Callable[..., Host]


def change(host: Host, *links: dict[str, Any], read_by_host: bool = False) -> None:
    """Gives the output other readers, and returns when that has happened."""
    host.connection.send_control(
        {"type": "link_readers", "output": "video_out", "blocking": False, "host": read_by_host, "links": [*links]}
    )
    tallies(host)


def is_closed(reader: Reader) -> bool:
    while (event := reader.connection.receive(0)) is not None:
        if event[0] == "closed":
            return True
    return False


def held(start: Start) -> tuple[Host, Reader, dict[str, Any]]:
    """A frame that is acknowledged and held, over a link that is no more."""
    host = start(ADD, outputs=readers(link()))
    reader = Reader(host).greet(host)
    send(host, 1)
    value = reader.frame()
    change(host, read_by_host=True)
    assert not is_closed(reader)
    return host, reader, value


def test_what_a_reader_holds_is_not_written_over_when_its_link_is_taken_away(start: Start) -> None:
    host, reader, value = held(start)
    # More than the pool has slots for.
    for number in range(100, 140):
        host.send_picture(number)
        assert (pixels(host.frame()) == number + 1).all()
    assert (pixels(value) == 2).all()
    assert not is_closed(reader)
    # The memory travels with a message of its own: no acknowledgement comes with it.
    del value
    reader.connection.flush()
    assert reader.event()[0] == "closed"


def test_a_link_that_is_made_anew_does_not_end_the_one_that_is_left(start: Start) -> None:
    host, old, value = held(start)
    change(host, link())
    new = Reader(host, attempt=2).greet(host)
    send(host, 5)
    assert (pixels(new.frame()) == 6).all()
    assert not is_closed(old)
    assert (pixels(value) == 2).all()
    del value
    old.connection.flush()
    assert old.event()[0] == "closed"
    send(host, 6)
    assert (pixels(new.frame()) == 7).all()
    new.close()


def test_a_reader_that_closes_while_its_link_is_left_gives_its_memory_back(start: Start) -> None:
    host, reader, value = held(start)
    del value
    reader.close()
    assert host.control("link_failed")["link"] == "a"
    stats = host.session.outputs[0]._pool.stats()
    assert stats["free"] == stats["slots"]


def test_frames_that_wait_for_a_reader_still_go_out_when_its_link_is_taken_away(start: Start) -> None:
    host = start(ADD, outputs=readers(link(window=1, queue=8)))
    reader = Reader(host).greet(host)
    send(host, 0, 1, 2)
    value = reader.frame(acknowledge=False)
    change(host)
    reader.connection.ack(0, 0)
    del value
    reader.connection.flush()
    assert [reader.frame()["frame_number"] for _ in range(2)] == [1, 2]
    reader.connection.flush()
    assert reader.event()[0] == "closed"
