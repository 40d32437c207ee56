"""Inputs: the frames that came and were not taken yet, and their acknowledgements."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, MutableSequence
from contextlib import suppress
from typing import Any

from streamlib._native import BridgeError, Connection, Tally
from streamlib._runner.throttled_log import ThrottledWarning
from streamlib.schema import Schema

#: Between two frames of a processor that is not fast, in seconds.
_SLOW = 0.001


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
        settings: Mapping[str, Any],
        flush: Callable[[], None] | None = None,
    ) -> None:
        self.name = name
        #: Frames that the user's code took so far.
        self.taken = 0
        #: Times and number of the frame that was taken last, for outputs made from it.
        self.timestamp_ns: int | None = None
        self.frame_number: int | None = None
        self.media_time: int | None = None
        #: With a user's code that is never done with a call (manual), taking a frame says that the one before it is done.
        self.settles_itself = False
        #: Frames come in on one thread and may be taken on another.
        self._lock = threading.Lock()
        self._index = index
        self._schema = schema
        self._connection = connection
        self._latest = settings.get("delivery") == "latest"
        #: So many frames may be finished, and so much memory let go of, before the sender is told by a message of its own.
        self._ack_batch = 1 if self._latest else max(1, int(settings.get("window", 1)) // 2)
        self._unsent_acks = 0
        self._last_flush = 0.0
        self._flush: Callable[[], Any] = flush or connection.flush
        #: Each with the connection that it came over, and its port there.
        self.waiting: deque[tuple[Connection, int, int, dict[str, Any]]] = deque()
        self._unfinished: list[tuple[Connection, int, int]] = []
        #: Where the frame that was taken last came from.
        self._source = connection
        #: Frames that were lost on their way in. Made with the first.
        self._lost: Tally | None = None
        self._loss_warning = ThrottledWarning()

    def __len__(self) -> int:
        return len(self.waiting)

    def add(
        self, frame_id: int, value: dict[str, Any], connection: Connection | None = None, index: int | None = None
    ) -> None:
        """A frame came: from the host, or over the connection that is given."""
        with self._lock:
            if self._latest and self.waiting:
                self._acknowledge(*self.waiting.popleft()[:3])
            source = self._connection if connection is None else connection
            self.waiting.append((source, self._index if index is None else index, frame_id, value))

    def lose(self, frame_id: int, why: str, connection: Connection | None = None, index: int | None = None) -> None:
        """A frame came that cannot be read, for the system gives no memory for it: dropped and counted."""
        source = self._connection if connection is None else connection
        at = self._index if index is None else index
        with self._lock:
            if self._lost is None:
                self._lost = Tally()
                self._connection.add_tally(f"input/{self.name}", self._lost)
            self._lost.drop("no_memory")
            # Its acknowledgement would cover frames before it that are not finished: theirs covers it.
            if not (_cover(self.waiting, source, at, frame_id) or _cover(self._unfinished, source, at, frame_id)):
                self._acknowledge(source, at, frame_id)
        self._loss_warning.warning(
            f"a frame of input {self.name} was dropped, the system gives no memory to read it: {why}"
        )

    def take(self) -> Schema | None:
        if self.settles_itself:
            self.finish()
            self._flush()
        with self._lock:
            if not self.waiting:
                return None
            connection, index, frame_id, value = self.waiting.popleft()
            self._unfinished.append((connection, index, frame_id))
            self._source = connection
            self.taken += 1
        self.timestamp_ns = value.get("timestamp_ns")
        self.frame_number = value.get("frame_number")
        self.media_time = value.get("media_time")
        return self._schema(value)

    def finish(self) -> None:
        """The user's code is done with what it took: acknowledged with the next message that goes out."""
        if not self._unfinished:
            return
        with self._lock:
            finished, self._unfinished = self._unfinished, []
        for frame in finished:
            self._acknowledge(*frame)
        self._unsent_acks += len(finished)

    def flush_acks(self) -> None:
        """Tells senders what was finished, unless that can wait for a message that goes their way, or for a quiet moment."""
        source = self._source
        if self._unsent_acks < self._ack_batch and source.pending_releases < self._ack_batch:
            if not self.waiting:
                return
            # There is no quiet moment to come. The sender of a slow processor is told of each frame, so that its window is open.
            if time.monotonic() - self._last_flush < _SLOW:
                return
        self._unsent_acks = 0
        self._last_flush = time.monotonic()
        # The sender may be gone; the receiving side ends its connection.
        with suppress(BridgeError):
            source.flush()

    def forget(self) -> None:
        """What is sent from here on was not made from the last frame."""
        self.timestamp_ns = self.frame_number = self.media_time = None

    def discard_oldest(self) -> None:
        """Acknowledges a frame that will not be taken."""
        with self._lock:
            if self.waiting:
                self._acknowledge(*self.waiting.popleft()[:3])

    @staticmethod
    def _acknowledge(connection: Connection, index: int, frame_id: int) -> None:
        # A connection that has ended takes the note too, and never sends it.
        connection.ack(index, frame_id)


def _cover(frames: MutableSequence[Any], connection: Connection, index: int, frame_id: int) -> bool:
    """Has the last frame that came the same way be acknowledged with a later one's number. False: there is none."""
    for at in reversed(range(len(frames))):
        if frames[at][0] is connection and frames[at][1] == index:
            frames[at] = (connection, index, frame_id, *frames[at][3:])
            return True
    return False
