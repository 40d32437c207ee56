"""Links to other processors, with a runtime and processors at the other ends that the tests play."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from host import DEADLINE, Host, pixels
from peers import ADD, HEAD, Reader, Writer, link, readers, send, tallies
from streamlib._native import Connection, Poller, Tally, wait_for_any

Start = Callable[..., Host]


def test_one_frame_for_three_readers_and_the_host_lies_in_one_slot(start: Start) -> None:
    host = start(ADD, outputs=readers(*(link(name) for name in "abc"), host=True))
    all_readers = [Reader(host, name).greet(host) for name in "abc"]
    pool = host.session.outputs[0]._pool
    for number in range(10):
        host.send_picture(number)
        for reader in all_readers:
            value = reader.frame()
            assert (pixels(value) == number + 1).all()
            assert value["frame_number"] == number
        assert (pixels(host.frame()) == number + 1).all()
        assert pool.stats()["acquired"] == number + 1
    counts = tallies(host)
    assert [counts[f"link/{name}"]["passed"] for name in "abc"] == [10, 10, 10]
    # The runtime counts what it sees itself.
    assert counts["output/video_out"]["passed"] == 0
    for reader in all_readers:
        reader.close()


def test_what_comes_before_the_reader_is_dropped_and_counted(start: Start) -> None:
    host = start(ADD, outputs=readers(link()))
    send(host, 1, 2, 3)
    counts = tallies(host)
    assert counts["link/a"]["dropped"] == {"not_ready": 3}
    assert counts["output/video_out"]["passed"] == 3
    reader = Reader(host).greet(host)
    host.send_picture(4)
    assert (pixels(reader.frame()) == 5).all()
    reader.close()


def test_a_lossless_output_waits_for_its_reader_to_come(start: Start) -> None:
    host = start(ADD, outputs=readers(link(delivery="lossless")))
    host.send_picture(1)
    host.send_picture(2)
    reader = Reader(host).greet(host)
    assert [int(pixels(reader.frame())[0, 0, 0]) for _ in range(2)] == [2, 3]
    assert tallies(host)["link/a"]["dropped"] == {}
    reader.close()


def test_a_lossless_output_goes_on_when_its_reader_is_over(start: Start) -> None:
    host = start(ADD, outputs=readers(link(delivery="lossless")))
    last = host.send_picture(1)
    host.connection.send_control({"type": "link_over", "link": "a"})
    assert host.ack() == last
    assert tallies(host)["link/a"]["dropped"] == {"stopped": 1}


def test_latest_keeps_the_newest_for_a_busy_reader(start: Start) -> None:
    host = start(ADD, outputs=readers(link(delivery="latest")))
    reader = Reader(host).greet(host)
    send(host, *range(6))
    value = reader.frame(acknowledge=False)
    assert value["frame_number"] == 0
    assert reader.nothing()
    reader.connection.ack(0, 0)
    reader.connection.flush()
    assert reader.frame()["frame_number"] == 5
    counts = tallies(host)["link/a"]
    assert (counts["passed"], counts["dropped"]) == (2, {"replaced": 4})
    del value
    reader.close()


def test_the_newest_goes_out_while_the_users_code_is_busy(start: Start) -> None:
    host = start(
        HEAD
        + """
@streamlib.processor(inputs={"video_in": V}, outputs={"video_out": V})
class Busy:
    def process(self, ctx):
        frame = ctx.input("video_in").get()
        ctx.output("video_out").set(frame)
        if frame["frame_number"] == 2:
            told.put("busy")
            gate.wait()
""",
        outputs=readers(link(delivery="latest")),
    )
    reader = Reader(host).greet(host)
    for number in range(3):
        host.send_picture(number)
    value = reader.frame(acknowledge=False)
    assert host.module.told.get(timeout=DEADLINE) == "busy"
    reader.connection.ack(0, 0)
    reader.connection.flush()
    assert reader.frame()["frame_number"] == 2
    host.module.gate.set()
    del value
    reader.close()


def test_a_reader_that_hangs_holds_no_memory_that_others_need(start: Start) -> None:
    slow = link("slow", window=4, queue=64)
    host = start(ADD, outputs=readers(slow, link("quick", delivery="lossless")))
    hung, quick = (Reader(host, name).greet(host) for name in ("slow", "quick"))
    # More than the pool has slots for.
    for number in range(50):
        send(host, number)
        assert quick.frame()["frame_number"] == number
    counts = tallies(host)["link/slow"]
    assert counts["passed"] == 4
    assert counts["dropped"]["overflow"] + counts["waiting"] == 50
    assert tallies(host)["link/quick"]["dropped"] == {}
    hung.close()
    quick.close()


def test_a_reader_that_dies_gives_back_what_it_had_and_the_link_heals(start: Start) -> None:
    host = start(ADD, outputs=readers(link(window=4)))
    output = host.session.outputs[0]
    for attempt in range(1, 4):
        reader = Reader(host, attempt=attempt).greet(host)
        send(host, *range(5))
        assert reader.frame(acknowledge=False)["frame_number"] == 0
        reader.close()
        failed = host.control("link_failed")
        assert (failed["link"], failed["attempt"]) == ("a", attempt)
        counts = tallies(host)["link/a"]
        assert counts["dropped"] == {"lost": 4 * attempt, "not_ready": attempt}
        assert counts["waiting"] == 0
        stats = output._pool.stats()
        assert stats["free"] == stats["slots"]


def test_a_reader_is_who_the_runtime_says_it_is(start: Start) -> None:
    host = start(ADD, outputs=readers(link()))
    reader = Reader(host, pid=1)
    assert "the runtime announced 1" in host.control("link_failed")["reason"]
    assert reader.event()[0] == "closed"


def test_the_readers_of_an_output_change_while_it_runs(start: Start) -> None:
    host = start(ADD)
    send(host, 1)
    assert (pixels(host.frame()) == 2).all()
    change = {"type": "link_readers", "output": "video_out", "blocking": False}
    host.connection.send_control({**change, "host": False, "links": [link()]})
    reader = Reader(host).greet(host)
    host.send_picture(2)
    assert (pixels(reader.frame()) == 3).all()
    # The memory as well.
    reader.connection.flush()
    host.connection.send_control({**change, "host": True, "links": []})
    assert reader.event()[0] == "closed"
    host.send_picture(3)
    assert (pixels(host.frame()) == 4).all()
    reader.close()


def test_frames_of_a_writer_are_processed_and_acknowledged_to_it(writer: Callable[..., Any]) -> None:
    host, one = writer()
    one.greet()
    for number in range(20):
        one.send(number)
        assert (pixels(host.frame()) == number + 1).all()
    acked = -1
    while acked < 19 or one.connection.stats()["outstanding"]:
        event = one.event()
        if event[0] == "ack":
            acked = event[2]
    assert not [e for e in host.seen() if e[0] == "ack"]


def test_nobody_else_is_let_in(writer: Callable[..., Any]) -> None:
    _, stranger = writer(pid=1)
    assert stranger.event()[0] == "closed"


@pytest.mark.parametrize("wrong", [{"link": "other"}, {"attempt": 2}, {"bytes": b"SLX"}, {"type": "pong"}])
def test_a_wrong_ping_is_refused(writer: Callable[..., Any], wrong: dict[str, Any]) -> None:
    _, one = writer()
    one.ping(**wrong)
    assert one.event()[0] == "closed"


def test_an_announcement_is_good_for_one(writer: Callable[..., Any]) -> None:
    host, one = writer()
    one.greet()
    one.ping()
    one.send(1)
    assert (pixels(host.frame()) == 2).all()
    second = Writer(host, attempt=2)
    second.ping(attempt=1)
    assert second.event()[0] == "closed"
    second.close()


def test_a_writer_that_comes_again_is_read_after_what_the_first_had_sent(writer: Callable[..., Any]) -> None:
    host, one = writer()
    one.greet()
    one.send(1)
    one.close()
    again = Writer(host, attempt=2).greet()
    again.send(2)
    assert [int(pixels(host.frame())[0, 0, 0]) for _ in range(2)] == [2, 3]
    again.close()


def test_a_writer_that_is_gone_when_its_frame_is_finished_ends_nothing(writer: Callable[..., Any]) -> None:
    host, one = writer(
        HEAD
        + """
@streamlib.processor(inputs={"video_in": V}, outputs={"video_out": V})
def slow(inputs):
    told.put("busy")
    gate.wait()
    return V.from_numpy(inputs["video_in"].to_numpy() + 1)
"""
    )
    one.greet()
    for number in range(5):
        one.send(number)
    assert host.module.told.get(timeout=DEADLINE) == "busy"
    one.close()
    host.module.gate.set()
    assert [int(pixels(host.frame())[0, 0, 0]) for _ in range(5)] == [1, 2, 3, 4, 5]
    host.send_picture(9)
    assert (pixels(host.frame()) == 10).all()


def test_a_poller_serves_all_in_turn_and_lets_go_of_what_is_removed(nothing_left: None) -> None:
    poller = Poller()
    pairs = [Connection.pair() for _ in range(3)]
    for index, (_, near) in enumerate(pairs):
        poller.add(near, index)
    assert poller.receive(0) == []
    for n in range(2):
        for far, _ in pairs:
            far.send_control({"n": n})
    came = poller.receive(0)
    assert sorted((owner, event[1]["n"]) for owner, event in came) == [
        (owner, n) for owner in range(3) for n in range(2)
    ]
    # Nobody is served twice while another waits.
    assert {owner for owner, _ in came[:3]} == {0, 1, 2}
    assert poller.receive(0.001) == []
    poller.remove(pairs[1][1])
    pairs[1][0].send_control({"n": 2})
    assert poller.receive(0) == []
    pairs[0][0].close()
    # The end is told once at a time, and again to whoever asks again.
    for _ in range(2):
        assert [(owner, event[0]) for owner, event in poller.receive(DEADLINE)] == [(0, "closed")]
    assert len(poller) == 2
    assert wait_for_any([pairs[1][1]], 0) is True
    assert wait_for_any([pairs[2][1]], 0) is False
    for pair in pairs:
        for end in pair:
            end.close()


def test_acknowledgements_linger_for_a_message_to_travel_with() -> None:
    a, b = Connection.pair()
    schema = {"name": "N", "fields": [{"name": "n", "type": "Int32"}]}
    ports = json.dumps([{"name": "p", "schema": schema}])
    a.define_ports(ports, ports)
    b.define_ports(ports, ports)
    poller = Poller()
    poller.add(b, "b")
    assert a.send_frame(0, 0, {"n": 1})
    assert len(poller.receive(DEADLINE)) == 1
    b.ack(0, 0)
    # A receive that may not wait sends nothing by itself.
    assert poller.receive(0, 10.0) == []
    assert a.receive(0) is None
    assert poller.receive(0.05, 0.01) == []
    assert a.receive(0) == ("ack", 0, 0)
    a.close()
    b.close()


def test_a_tally_counts_ages_in_the_buckets_of_the_runtime() -> None:
    tally = Tally()
    tally.pass_one()
    tally.pass_one(0)
    tally.drop("lost", 3)
    tally.drop("lost")
    tally.set_waiting(2)
    assert (tally.passed, tally.dropped, tally.waiting) == (2, {"lost": 4}, 2)


def test_acknowledgements_are_counted_though_nobody_asked_to_be_told() -> None:
    a, b = Connection.pair()
    schema = {"name": "N", "fields": [{"name": "n", "type": "Int32"}]}
    ports = json.dumps([{"name": "p", "schema": schema}])
    a.define_ports(ports, ports)
    b.define_ports(ports, ports)
    assert a.acked(0) == -1
    a.tell_acks(False)
    for n in range(3):
        assert a.send_frame(0, n, {"n": n})
        b.ack(0, n)
        b.flush()
    b.send_control({"n": 1})
    # What else comes is told as ever.
    assert a.receive(DEADLINE) == ("control", {"n": 1})
    assert a.acked(0) == 2
    b.ack(0, 3)
    b.flush()
    assert a.receive(0) is None
    assert a.acked(0) == 3
    a.tell_acks(True)
    b.ack(0, 4)
    b.flush()
    assert a.receive(DEADLINE) == ("ack", 0, 4)
    a.close()
    b.close()
