"""What is printed, where nobody reads it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from streamlib._runner.standard_streams import NonBlockingOutput, non_blocking


class Reader:
    def __init__(self) -> None:
        self.near, self.far = socket.socketpair()
        self.near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        self.stream = non_blocking(os.fdopen(os.dup(self.near.fileno()), "w", encoding="utf-8"))

    def lines(self) -> list[str]:
        parts = []
        self.far.setblocking(False)
        try:
            while part := self.far.recv(65536):
                parts.append(part)
        except BlockingIOError:
            pass
        return b"".join(parts).decode().splitlines()


@pytest.fixture
def reader() -> Iterator[Reader]:
    reader = Reader()
    yield reader
    reader.stream.close()
    reader.near.close()
    reader.far.close()


def test_all_that_is_read_in_time_arrives(reader: Reader) -> None:
    for n in range(500):
        print("line", n, "with an ä", file=reader.stream)
        assert reader.lines() == [f"line {n} with an ä"]


def test_nobody_waits_for_a_reader_that_does_not_read(reader: Reader) -> None:
    began = time.monotonic()
    for n in range(20_000):
        print("line", n, file=reader.stream)
    # The patience of one go, and of each second that this takes.
    assert time.monotonic() - began < 2
    told = reader.lines()
    assert told[0] == "line 0"
    print("and now", file=reader.stream)
    notice, last = reader.lines()[-2:]
    assert last == "and now"
    count, words = notice.split(" ", 1)
    assert words == "lines of output left out: the runtime did not read them in time"
    assert len([line for line in told if line.startswith("line ")]) + int(count) in (20_000, 20_001)


def test_a_line_that_was_torn_ends_before_the_next_one_begins(reader: Reader) -> None:
    print("x" * 1_000_000, file=reader.stream)
    torn = reader.lines()
    assert len(torn) == 1
    assert set(torn[0]) == {"x"}
    print("whole", file=reader.stream)
    assert [line for line in reader.lines() if line] == [
        "1 line of output left out: the runtime did not read them in time",
        "whole",
    ]


def test_patience_is_a_share_of_the_time() -> None:
    near, far = socket.socketpair()
    speech = NonBlockingOutput(near.fileno())
    began = time.monotonic()
    for _ in range(2_000):
        speech.write(b"x" * 4096 + b"\n")
    first = time.monotonic() - began
    began = time.monotonic()
    for _ in range(2_000):
        speech.write(b"x" * 4096 + b"\n")
    assert time.monotonic() - began < first + 0.05
    speech.close()
    near.close()
    far.close()


def test_the_descriptor_is_a_childs_as_well(reader: Reader) -> None:
    subprocess.run([sys.executable, "-c", "print('of a child')"], stdout=reader.stream, check=True)
    assert reader.lines() == ["of a child"]
    assert os.get_blocking(reader.stream.fileno())


def test_a_file_stays_what_it_is(tmp_path) -> None:
    with open(tmp_path / "log", "w") as file:
        assert non_blocking(file) is file
