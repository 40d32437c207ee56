"""A peer that breaks the form: the connection ends with a reason, and nothing of what it sent stays."""

from __future__ import annotations

import array
import json
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlib import BridgeError
from streamlib._native import Connection, Listener

CONTROL, FRAME, NOTES = 1, 2, 3
PORTS = json.dumps(
    [
        {
            "name": "in",
            "schema": {"name": "S", "fields": [{"name": "n", "type": "Int32"}, {"name": "t", "type": "Texture"}]},
        }
    ]
)


def message(
    kind: int = CONTROL,
    body: bytes = b"\x08\0\0",
    *,
    magic: int = 0x4C53,
    version: int = 1,
    port: int = 0,
    fds: int = 0,
    flags: int = 0,
    frame_id: int = 0,
    length: int | None = None,
    acks: int = 0,
    releases: int = 0,
    notes: bytes = b"",
) -> bytes:
    size = len(body) if length is None else length
    head = struct.pack("<HBBHBBQIHH", magic, version, kind, port, fds, flags, frame_id, size, acks, releases)
    return head + notes + body


def release(segment: int = 1, slot: int = 0, generation: int = 0) -> bytes:
    return struct.pack("<QIIQ", segment, slot, 0, generation)


class Raw:
    """A socket of the test's on one end, a connection on the other."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o700)
        path = folder / "raw.sock"
        listener = Listener.named(str(path))
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.connect(str(path))
        connection = listener.accept(5)
        assert connection is not None
        self.connection: Connection = connection
        self.connection.define_ports(PORTS, PORTS)

    def send(self, data: bytes, fds: int = 0) -> None:
        read, write = os.pipe()
        try:
            rights = array.array("i", [read] * fds)
            self.socket.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)] if fds else [])
        finally:
            os.close(read)
            os.close(write)


@pytest.fixture
def raw(nothing_left: None, tmp_path: Path) -> Iterator[Raw]:
    peer = Raw(tmp_path)
    yield peer
    peer.socket.close()
    peer.connection.close()
    peer.__dict__.clear()


def test_a_message_in_order_is_taken(raw: Raw) -> None:
    raw.send(message(body=b"\x08\1\0\1a\x02" + struct.pack("<q", 5)))
    assert raw.connection.receive(5) == ("control", {"a": 5})
    raw.send(message(NOTES, b""))
    assert raw.connection.receive(5) == ("housekeeping",)


@pytest.mark.parametrize(
    ("data", "fds"),
    [
        (b"", 1),
        (b"x", 0),
        (message()[:20], 0),
        (message(magic=0x1234), 0),
        (message(version=9), 0),
        (message(kind=0), 0),
        (message(kind=77), 0),
        (message(length=2**32 - 1), 0),
        (message(length=1), 0),
        (message(body=b""), 0),
        (message(body=b"\x63"), 0),
        (message(body=b"\x08\xff\xff"), 0),
        (message(body=b"\x05\xff\xff\xff\xff"), 0),
        (message(body=b"\x07\xff\xff\xff\xff" * 40), 0),
        (message(fds=1), 0),
        (message(fds=255), 0),
        (message(fds=0), 1),
        (message(fds=2), 2),
        (message(fds=16), 16),
        (message(flags=1), 0),
        (message(flags=1, fds=1, body=b"", length=100_000), 1),
        (message(flags=0x80), 0),
        (message(acks=3), 0),
        (message(acks=60_000), 0),
        (message(acks=1, notes=struct.pack("<H6xQ", 7, 0)), 0),
        (message(releases=3), 0),
        (message(releases=1, notes=release()), 0),
        (message(releases=1, notes=release(slot=2**32 - 1, generation=2**64 - 1)), 0),
        (message(FRAME, b"\x08\0\0"), 0),
        (message(FRAME, b"\x08\x02\0\x01n\x02" + b"\xff" * 7 + b"\x7f"), 0),
        (message(FRAME, b"\x08\x02\0\x01n\x02" + struct.pack("<q", 1) + b"\x01t\x09" + b"\xff" * 60), 0),
        (message(FRAME, b"\x08\x02\0\x01n\x02" + struct.pack("<q", 1) + b"\x01t\x09" + b"\0" * 60, fds=1), 1),
        (os.urandom(300), 0),
    ],
)
def test_what_breaks_the_form_ends_the_connection(raw: Raw, data: bytes, fds: int) -> None:
    raw.send(data, fds)
    event = raw.connection.receive(5)
    assert event is not None
    assert event[0] == "closed"
    assert event[1] in ("malformed", "stale", "value", "peer_closed")
    assert event[2]
    assert raw.connection.closed
    again = raw.connection.receive(0)
    assert again is not None
    assert again[0] == "closed"
    with pytest.raises(BridgeError) as raised:
        raw.connection.send_control({"type": "x"})
    assert raised.value.code == "closed"


def test_too_many_descriptors_end_the_connection_and_are_closed(raw: Raw) -> None:
    raw.send(message(fds=40), 40)
    event = raw.connection.receive(5)
    assert event is not None
    assert (event[0], event[1]) == ("closed", "malformed")


def test_a_frame_for_a_port_that_is_not_there_is_told_and_dropped(raw: Raw) -> None:
    raw.send(message(FRAME, b"\x08\0\0", port=9, frame_id=4))
    event = raw.connection.receive(5)
    assert event is not None
    assert event == ("unknown_port", 9, 4)


def test_a_peer_that_dies_is_told_as_such(raw: Raw) -> None:
    raw.socket.close()
    event = raw.connection.receive(5)
    assert event is not None
    assert event[:2] == ("closed", "peer_closed")
