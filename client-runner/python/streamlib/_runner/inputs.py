"""Inputs: the frames that came and were not taken yet, and their acknowledgements."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from streamlib._native import Connection
from streamlib.schema import Schema


class InputPort:
    """Frames of one input.

    A frame is acknowledged when the user's code has finished with it: when the call that took it returned, or when a newer
    one replaced it. The host's window counts acknowledgements, so a slow processor has little waiting in front of it.
    """

    def __init__(
        self,
        name: str,
        index: int,
        schema: type[Schema],
        connection: Connection,
        latest: bool,
        flush: Callable[[], None] | None = None,
    ) -> None:
        self.name = name
        #: Frames that the user's code took so far.
        self.taken = 0
        #: Time and number of the frame that was taken last, for outputs made from it.
        self.timestamp_ns: int | None = None
        self.frame_number: int | None = None
        #: With a user's code that is never done with a call (manual), taking a frame says that the one before it is done.
        self.settles_itself = False
        #: Frames come in on one thread and may be taken on another.
        self._lock = threading.Lock()
        self._index = index
        self._schema = schema
        self._connection = connection
        self._latest = latest
        self._flush: Callable[[], Any] = flush or connection.flush
        #: Each with the connection that it came over, and its port there.
        self._waiting: deque[tuple[Connection, int, int, dict[str, Any]]] = deque()
        self._unfinished: list[tuple[Connection, int, int]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(
        self, frame_id: int, value: dict[str, Any], connection: Connection | None = None, index: int | None = None
    ) -> None:
        """A frame came: from the host, or over the connection that is given."""
        with self._lock:
            if self._latest and self._waiting:
                self._acknowledge(*self._waiting.popleft()[:3])
            source = self._connection if connection is None else connection
            self._waiting.append((source, self._index if index is None else index, frame_id, value))

    def take(self) -> Schema | None:
        if self.settles_itself:
            self.finish()
            self._flush()
        with self._lock:
            if not self._waiting:
                return None
            connection, index, frame_id, value = self._waiting.popleft()
            self._unfinished.append((connection, index, frame_id))
            self.taken += 1
        self.timestamp_ns = value.get("timestamp_ns")
        self.frame_number = value.get("frame_number")
        return self._schema(value)

    def finish(self) -> None:
        """The user's code is done with what it took: acknowledged with the next message that goes out."""
        with self._lock:
            finished, self._unfinished = self._unfinished, []
        for frame in finished:
            self._acknowledge(*frame)

    def forget(self) -> None:
        """What is sent from here on was not made from the last frame."""
        self.timestamp_ns = self.frame_number = None

    def discard_oldest(self) -> None:
        """Acknowledges a frame that nobody will take."""
        with self._lock:
            if self._waiting:
                self._acknowledge(*self._waiting.popleft()[:3])

    @staticmethod
    def _acknowledge(connection: Connection, index: int, frame_id: int) -> None:
        # Of a connection that has ended nobody wants to know; it takes the note and never sends it.
        connection.ack(index, frame_id)
