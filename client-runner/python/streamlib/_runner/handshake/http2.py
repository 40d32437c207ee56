"""gRPC calls that succeed, without importing grpcio: that alone nearly doubles a processor's start-up time.

gRPC is HTTP/2 with a five-byte prefix before each message. A call that succeeds needs little of either: this module sends a
request and reads the one message that comes back. It reads no header fields, so it does not know why a call was refused, and
does not retry: whatever is not a plain answer is ``NoAnswer``, and the caller asks again with the library.
"""

from __future__ import annotations

import re
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from streamlib._runner.handshake.calls import SERVICE
from streamlib._runner.handshake.protobuf import varint

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PING, _GOAWAY = 0, 1, 3, 4, 6, 7
_WINDOW_UPDATE, _CONTINUATION = 8, 9
_END_STREAM, _ACK, _END_HEADERS, _PADDED = 1, 1, 4, 8
#: Room for the longest reply, so that no window ever has to be opened further.
_LONGEST_REPLY = 8 << 20
#: What HTTP/2 allows without being asked.
_LONGEST_FRAME = 16384
_SETTING_PUSH, _SETTING_WINDOW = 2, 4


class NoAnswer(Exception):
    """The call was refused, did not reach a broker, or was answered with something that this module does not know."""


class Http2Calls:
    """One connection to the broker."""

    def __init__(self, address: str, token: str, limit: float) -> None:
        self._limit = limit
        self._headers = _headers(address, token)
        self._next_stream = 1
        self._replies: dict[int, bytearray] = {}
        self._done: dict[int, bool] = {}
        self._input = bytearray()
        self._socket = _connect(address, limit)
        settings = struct.pack(">HIHI", _SETTING_PUSH, 0, _SETTING_WINDOW, _LONGEST_REPLY)
        window = struct.pack(">I", _LONGEST_REPLY)
        self._output = _PREFACE + _frame(_SETTINGS, 0, 0, settings) + _frame(_WINDOW_UPDATE, 0, 0, window)

    def begin(self, method: str, request: bytes) -> Callable[[], bytes]:
        """Queues a call; it is sent when an answer is waited for.

        Raises:
            NoAnswer: the request is too long for one frame; the returned function raises it where there is no plain answer.
        """
        stream = self._next_stream
        self._next_stream += 2
        # Names that begin with a colon come first, or the whole call is refused.
        headers = _literal(b":path", (SERVICE + method).encode()) + self._headers
        message = struct.pack(">BI", 0, len(request)) + request
        if len(headers) > _LONGEST_FRAME or len(message) > _LONGEST_FRAME:
            raise NoAnswer("the request is too long")
        self._output += _frame(_HEADERS, _END_HEADERS, stream, headers) + _frame(_DATA, _END_STREAM, stream, message)
        self._replies[stream] = bytearray()
        return lambda: self._answer(stream)

    def _answer(self, stream: int) -> bytes:
        until = time.monotonic() + self._limit
        try:
            while stream not in self._done:
                self._flush()
                if time.monotonic() > until:
                    raise NoAnswer("no answer in time")
                self._take_frame()
        except OSError as error:
            raise NoAnswer(str(error)) from error
        return _message(bytes(self._replies.pop(stream)))

    def close(self) -> None:
        self._socket.close()

    def _flush(self) -> None:
        if self._output:
            output, self._output = self._output, b""
            self._socket.sendall(output)

    def _take_frame(self) -> None:
        head = self._read(9)
        length = int.from_bytes(head[:3], "big")
        kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big") & 0x7FFFFFFF
        if length > _LONGEST_FRAME:
            raise NoAnswer("a frame is too long")
        body = self._read(length)
        if kind == _DATA and stream in self._replies:
            reply = self._replies[stream]
            reply += _unpadded(body, flags)
            if len(reply) > _LONGEST_REPLY:
                raise NoAnswer("the reply is too long")
        elif kind == _SETTINGS and not flags & _ACK:
            self._output += _frame(_SETTINGS, _ACK, 0, b"")
        elif kind == _PING and not flags & _ACK:
            self._output += _frame(_PING, _ACK, 0, body)
        elif kind == _GOAWAY or (kind == _RST_STREAM and stream not in self._done):
            raise NoAnswer("the broker ended the connection or the call")
        if kind in (_DATA, _HEADERS) and flags & _END_STREAM:
            self._done[stream] = True

    def _read(self, count: int) -> bytes:
        while len(self._input) < count:
            chunk = self._socket.recv(65536)
            if not chunk:
                raise NoAnswer("the broker closed the connection")
            self._input += chunk
        taken = bytes(self._input[:count])
        del self._input[:count]
        return taken


def _connect(address: str, limit: float) -> socket.socket:
    file = re.fullmatch(r"unix:(?://)?(/.+)", address)
    place = re.fullmatch(r"(?:\[([0-9a-fA-F:]+)\]|([\w.-]+)):(\d+)", address)
    reason = "an address of a kind that is not supported here"
    try:
        if file:
            return _connected(socket.AF_UNIX, file[1], limit)
        if place:
            # As bytes, a name needs no codec for names, whose import takes longer than a call.
            host = (place[1] or place[2]).encode()
            for family, _, _, _, target in socket.getaddrinfo(host, int(place[3]), type=socket.SOCK_STREAM):
                try:
                    return _connected(family, target, limit)
                except OSError as error:
                    reason = str(error)
    except OSError as error:
        raise NoAnswer(str(error)) from error
    raise NoAnswer(reason)


def _connected(family: int, target: Any, limit: float) -> socket.socket:
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(limit)
        connection.connect(target)
        if family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        connection.close()
        raise
    return connection


def _headers(address: str, token: str) -> bytes:
    """What all calls have in common."""
    # 0x83 and 0x86 are entries of HTTP/2's own table: ":method: POST", ":scheme: http".
    headers = b"\x83\x86" + _literal(b":authority", b"localhost" if address.startswith("unix:") else address.encode())
    headers += _literal(b"content-type", b"application/grpc") + _literal(b"te", b"trailers")
    if token:
        # Never to be put into a table on the way.
        headers += b"\x10" + _literal(b"authorization", f"Bearer {token}".encode())[1:]
    return headers


def _literal(name: bytes, value: bytes) -> bytes:
    return b"\0" + _length(len(name)) + name + _length(len(value)) + value


def _length(value: int) -> bytes:
    return bytes([value]) if value < 127 else b"\x7f" + varint(value - 127)


def _frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
    return len(body).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + body


def _unpadded(body: bytes, flags: int) -> bytes:
    if not flags & _PADDED:
        return body
    if not body or body[0] >= len(body):
        raise NoAnswer("the padding of a frame is malformed")
    return body[1 : len(body) - body[0]]


def _message(reply: bytes) -> bytes:
    """The one message of a reply. A call that was refused has none."""
    if len(reply) < 5 or reply[0] != 0 or int.from_bytes(reply[1:5], "big") != len(reply) - 5:
        raise NoAnswer("the reply holds no message")
    return reply[5:]
