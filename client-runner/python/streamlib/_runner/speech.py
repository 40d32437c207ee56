"""What the user's code prints, on its way to the runtime: printing must not hold a frame up."""

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
_PATIENCE = 0.05
#: … and so much of the time in the long run.
_SHARE = 0.05


class Speech(io.RawIOBase):
    """Writes to a socket. When nobody reads, lines are left out and counted. The descriptor stays as it is: children have it."""

    def __init__(self, descriptor: int, owner: Any = None, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        #: Who would close the descriptor when nobody knows it any more.
        self._owner = owner
        self._descriptor = descriptor
        self._socket = socket.socket(fileno=os.dup(descriptor))
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        self._now = now
        self._patience = _PATIENCE
        self._at = now()
        self._lost = False
        self._left_out = 0
        #: A line has begun that will not be ended.
        self._torn = False

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
        begin = "\n" if self._torn else ""
        return f"{begin}{max(1, self._left_out)} lines of output left out: the runtime did not read them in time\n".encode()

    def _count(self, text: bytes, sent: int, noticed: bool) -> None:
        """`sent` is below zero while not even the notice of earlier ones is through."""
        if sent >= 0 and noticed:
            self._lost = False
            self._left_out = 0
            self._torn = False
        if sent < len(text):
            lost = text[max(sent, 0) :]
            self._lost = True
            self._left_out += lost.count(b"\n")
            self._torn = self._torn or (sent > 0 and text[sent - 1 : sent] != b"\n")

    def _send(self, data: memoryview) -> int:
        try:
            return self._socket.send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0

    def _wait(self) -> bool:
        """For room, as long as there is patience left."""
        now = self._now()
        self._patience = min(_PATIENCE, self._patience + (now - self._at) * _SHARE)
        self._at = now
        milliseconds = int(self._patience * 1000)
        if milliseconds < 1:
            return False
        ready = self._poll.poll(milliseconds)
        waited = self._now() - now
        self._patience = max(0.0, self._patience - waited)
        self._at = now + waited
        return bool(ready)


def loosen(stream: Any) -> Any:
    """A standard stream that does not wait for its reader; the very same one where it is no socket (a terminal, a file)."""
    try:
        descriptor: int = stream.fileno()
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            return stream
        stream.flush()
        raw = Speech(descriptor, stream)
    except (AttributeError, OSError, ValueError):
        return stream
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=stream.encoding, errors=stream.errors, line_buffering=True)


def loosen_standard_streams() -> None:
    """From here on, what is printed is told if somebody reads it, and holds nobody up if not."""
    sys.stdout = sys.__stdout__ = loosen(sys.stdout)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = loosen(sys.stderr)  # type: ignore[misc]
