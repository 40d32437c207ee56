"""Standard output and error, on their way to the runtime: printing must not hold a frame up."""

from __future__ import annotations

import io
import os
import select
import socket
import stat
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Buffer

#: How long a process waits, in all, for a runtime that does not read what it prints: so much at once (seconds) …
_LONGEST_WAIT = 0.05
#: … and so much of the time in the long run.
_SHARE = 0.05


class NonBlockingOutput(io.RawIOBase):
    """Writes to a socket. While it is full, lines are left out and counted. The descriptor stays blocking: children use it."""

    def __init__(self, descriptor: int, owner: Any = None, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        #: Kept, for it would close the descriptor when it is collected.
        self._owner = owner
        self._descriptor = descriptor
        self._socket = socket.socket(fileno=os.dup(descriptor))
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        self._now = now
        self._wait_left = _LONGEST_WAIT
        self._at = now()
        self._lost = False
        self._left_out = 0
        #: A line was begun whose end was left out.
        self._line_is_cut = False

    def fileno(self) -> int:
        return self._descriptor

    def writable(self) -> bool:
        return True

    def close(self) -> None:
        if not self.closed:
            self._socket.close()
        super().close()

    def write(self, data: Buffer) -> int:
        text = bytes(data)
        notice = self._notice()
        rest = memoryview(notice + text)
        while rest:
            sent = self._send(rest)
            rest = rest[sent:]
            if sent == 0 and not self._wait():
                break
        whole = len(notice) + len(text)
        self._count(text, whole - len(rest) - len(notice), bool(notice))
        return len(text)

    def _notice(self) -> bytes:
        if not self._lost:
            return b""
        begin = "\n" if self._line_is_cut else ""
        count = max(1, self._left_out)
        lines = "1 line" if count == 1 else f"{count} lines"
        return f"{begin}{lines} of output left out: the runtime did not read them in time\n".encode()

    def _count(self, text: bytes, sent: int, noticed: bool) -> None:
        """`sent` is below zero while not even the notice of earlier ones is through."""
        if sent >= 0 and noticed:
            self._lost = False
            self._left_out = 0
            self._line_is_cut = False
        if sent < len(text):
            lost = text[max(sent, 0) :]
            self._lost = True
            self._left_out += lost.count(b"\n")
            self._line_is_cut = self._line_is_cut or (sent > 0 and text[sent - 1 : sent] != b"\n")

    def _send(self, data: memoryview) -> int:
        try:
            return self._socket.send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0

    def _wait(self) -> bool:
        """Waits for room, within the share of the time that may be spent on it. False: there is none."""
        now = self._now()
        self._wait_left = min(_LONGEST_WAIT, self._wait_left + (now - self._at) * _SHARE)
        self._at = now
        milliseconds = int(self._wait_left * 1000)
        if milliseconds < 1:
            return False
        ready = self._poll.poll(milliseconds)
        waited = self._now() - now
        self._wait_left = max(0.0, self._wait_left - waited)
        self._at = now + waited
        return bool(ready)


def non_blocking(stream: Any) -> Any:
    """A standard stream that does not wait for its reader; the very same one where it is no socket (a terminal, a file)."""
    try:
        descriptor: int = stream.fileno()
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            return stream
        stream.flush()
        raw = NonBlockingOutput(descriptor, stream)
    except (AttributeError, OSError, ValueError):
        return stream
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=stream.encoding, errors=stream.errors, line_buffering=True)


def make_standard_streams_non_blocking() -> None:
    """From here on, printing does not wait for a runtime that does not read."""
    sys.stdout = sys.__stdout__ = non_blocking(sys.stdout)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = non_blocking(sys.stderr)  # type: ignore[misc]
