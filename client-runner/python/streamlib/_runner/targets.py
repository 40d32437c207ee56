"""Where the frames of an output go: to the runtime, and straight to other Python processors that read it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from streamlib._native import BridgeError, Connection, SharedBuffer, Tally, Texture


class HostTarget:
    """The runtime, which hands frames on to its own readers. One port of the connection that all ports share."""

    def __init__(self, index: int, connection: Connection, settings: Mapping[str, Any]) -> None:
        self.wanted = True
        self.blocking = False
        self._index = index
        self._connection = connection
        self._window = max(1, int(settings.get("window", 8)))
        self._next_id = 0
        self._acked = -1
        self.configure(settings)

    def configure(self, settings: Mapping[str, Any]) -> None:
        #: Whether anybody in the runtime reads the output.
        self.wanted = bool(settings.get("host", True))
        #: Whether one of those may not miss a frame.
        self.blocking = self.wanted and bool(settings.get("blocking", False))

    def acked(self, frame_id: int) -> None:
        self._acked = max(self._acked, frame_id)

    @property
    def has_room(self) -> bool:
        return self._next_id - self._acked <= self._window

    def send(self, value: dict[str, Any]) -> bool:
        """False: there is no room, nothing was sent."""
        if not self.has_room or not self._connection.send_frame(self._index, self._next_id, value):
            return False
        self._next_id += 1
        return True


class LinkTarget:
    """The input of another Python processor, with what waits for it and how much it may have unfinished.

    What the runtime does in front of a subprocess happens here: the gate that drops until there is a channel, the queue, the
    window. The caller holds its output's lock.
    """

    def __init__(self, settings: Mapping[str, Any], memory: frozenset[str], timed: bool) -> None:
        self.id = str(settings["link"])
        self.delivery = str(settings["delivery"])
        self.blocking = self.delivery == "lossless"
        self.tally = Tally()
        #: The runtime says that its reader will not come again.
        self.over = bool(settings.get("over", False))
        #: Whether frames wait for the channel, which is about to be made, instead of being dropped.
        self._keep = bool(settings.get("keep", False))
        self.connection: Connection | None = None
        self._window = max(1, int(settings["window"]))
        self._capacity = max(1, int(settings["queue"]))
        self._memory = memory
        self._timed = timed
        self._next_id = 0
        #: Whether acknowledgements are events: only while a frame waits for one; most are only counted.
        self._listening = False
        self._pending: deque[dict[str, Any]] = deque()

    @property
    def pending(self) -> int:
        return len(self._pending)

    @property
    def in_flight(self) -> int:
        """Frames that were sent, or are about to be, and that the reader has not finished with."""
        return self.unfinished + len(self._pending)

    @property
    def unfinished(self) -> int:
        """Frames that the reader has, or that are on their way to it."""
        if self.connection is None:
            return 0
        return self._next_id - 1 - min(self.connection.acked(0), self._next_id - 1)

    @property
    def outstanding(self) -> int:
        """Pieces of memory that the reader holds, also of frames that it has finished with."""
        return 0 if self.connection is None else self.connection.stats()["outstanding"]

    @property
    def has_room(self) -> bool:
        """Only a lossless reader is ever without, and none that is over."""
        if not self.blocking or self.over:
            return True
        if self.connection is None:
            return False
        if self._pending:
            self._flush()
        if self.in_flight < self._window:
            if self._listening:
                self.listen(bool(self._pending))
            return True
        self.listen(True)
        # It may have come before it was an event.
        return self.in_flight < self._window

    def listen(self, wanted: bool) -> None:
        """Whether the reader's acknowledgements and releases are to be events."""
        if wanted != self._listening and self.connection is not None:
            self._listening = wanted
            self.connection.tell_acks(wanted)

    def open(self, connection: Connection) -> None:
        """Bytes have crossed both ways: frames flow."""
        self.connection = connection
        self._next_id = 0
        self._listening = False
        connection.tell_acks(False)
        self._keep = False
        if self._pending:
            self._flush()
            self.listen(bool(self._pending))
            # It may have become free before it was listened to.
            self._flush()

    def lose(self) -> None:
        """The reader is gone, and what it had not finished with it."""
        lost = self.unfinished
        self.connection = None
        if lost:
            self.tally.drop("lost", lost)
        self._drop_pending("stopped" if self.over else "not_ready")

    def end(self) -> None:
        """There will be no other reader; a wait for room ends."""
        self.over = True
        if self.connection is None:
            self._drop_pending("stopped")

    def stop(self) -> None:
        """This process ends, and with it what waits here."""
        self._drop_pending("stopped")

    def offer(self, value: dict[str, Any]) -> None:
        """Takes a frame, to send it now or when the reader has room. Never waits."""
        if self.connection is None and (self.over or not self._keep):
            self.tally.drop("stopped" if self.over else "not_ready")
            return
        if self.connection is not None and not self._pending and self.unfinished < self._window and self._send(value):
            return
        # Of a lossless one there is room, but for frames of threads that asked at the same time.
        if len(self._pending) >= self._capacity and not self.blocking:
            self.drop_oldest()
        self._pending.append({k: shared(v) if k in self._memory else v for k, v in value.items()})
        if not self._listening:
            self.listen(True)
            # It may have become free before it was listened to.
            self._flush()

    def acked(self) -> None:
        """The reader has finished with something."""
        if self._pending:
            self._flush()
            self.listen(bool(self._pending))

    def drop_oldest(self) -> None:
        self._pending.popleft()
        self.tally.drop("replaced" if self.delivery == "latest" else "overflow")

    def _flush(self) -> None:
        while self._pending and self.connection is not None and self.unfinished < self._window:
            try:
                if not self._send(self._pending[0]):
                    return
            except BridgeError:
                # The error was raised where it was set, if it went to another reader too; here it is only counted.
                self.tally.drop("error")
            self._pending.popleft()

    def _send(self, value: dict[str, Any]) -> bool:
        if self.connection is None:
            return False
        try:
            if not self.connection.send_frame(0, self._next_id, value):
                return False
        except BridgeError as error:
            if error.code != "closed":
                raise
            # The receiving side ends the link.
            return False
        self._next_id += 1
        self.tally.pass_one(value.get("timestamp_ns") if self._timed else None)
        return True

    def _drop_pending(self, reason: str) -> None:
        if self._pending:
            self.tally.drop(reason, len(self._pending))
            self._pending.clear()

    def count(self) -> None:
        """Says how much is on its way at this moment."""
        self.tally.set_waiting(self.in_flight)


def shared(value: Any) -> Any:
    """A field with handles of its own: what waits here stays as it is, whatever the user's code does with what it sent."""
    if isinstance(value, (Texture, SharedBuffer)):
        return value.share()
    if isinstance(value, dict):
        return {k: shared(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [shared(v) for v in value]
    return value
