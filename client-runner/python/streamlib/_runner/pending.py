"""Messages that wait because the socket was full: a traceback, a ``bye``."""

from __future__ import annotations

import select
import time
from collections.abc import Callable

from streamlib._native import Connection, wait_for_any

#: How long a process that ends waits for a host that does not read, in seconds, all in all.
TIMEOUT = 0.5


def send_pending(connection: Connection, push: Callable[[], None]) -> None:
    """Calls ``push`` whenever the socket has room, until no message waits. Gives up on a host that reads nothing."""
    fileno = getattr(connection, "fileno", None)
    if fileno is None:
        # macOS has no descriptor to wait for: what the channel takes, it takes now.
        push()
        return
    room = select.poll()
    room.register(fileno(), select.POLLOUT)
    end = time.monotonic() + TIMEOUT
    while not connection.closed and (left := end - time.monotonic()) > 0:
        found = room.poll(left * 1000)
        if not found or found[0][1] & (select.POLLHUP | select.POLLERR):
            return
        # There is room, and no message that waits for it. (Also true while received messages wait to be read.)
        if not wait_for_any([connection], 0):
            return
        push()
