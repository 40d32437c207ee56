"""What the socket had no room for when it was said: a traceback, a ``bye``."""

from __future__ import annotations

import select
import time
from collections.abc import Callable

from streamlib._native import Connection, wait_for_any

#: How long a process that ends waits for a host that does not read, in all (seconds).
PATIENCE = 0.5


def send_what_waits(connection: Connection, push: Callable[[], None]) -> None:
    """Has ``push`` send what waits whenever there is room, until nothing does. A host that reads nothing is not waited for."""
    fileno = getattr(connection, "fileno", None)
    if fileno is None:
        # A system without descriptors to ask. What it takes, it takes now.
        push()
        return
    room = select.poll()
    room.register(fileno(), select.POLLOUT)
    end = time.monotonic() + PATIENCE
    while not connection.closed and (left := end - time.monotonic()) > 0:
        found = room.poll(left * 1000)
        if not found or found[0][1] & (select.POLLHUP | select.POLLERR):
            return
        # There is room, and nothing that wants it: then all is out. (It is also said of messages that wait to be taken in.)
        if not wait_for_any([connection], 0):
            return
        push()
