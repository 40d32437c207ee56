"""The listener that other processors connect to."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from streamlib._native import BridgeError, Connection, Endpoint, Listener, Poller
from streamlib._runner.throttled_log import ThrottledWarning

_log = logging.getLogger("streamlib")

#: How long no connection is accepted after that has failed, in seconds.
_ACCEPT_PAUSE = 0.1


class LinkListener:
    """Accepts connections of the processes that the runtime has announced. The socket is made when it is first needed."""

    def __init__(
        self, poller: Poller, is_announced: Callable[[int], bool], accepted: Callable[[Connection], None]
    ) -> None:
        self._poller = poller
        self._is_announced = is_announced
        self._accepted = accepted
        self._listener: Listener | None = None
        #: Until when nothing is accepted; None while it is. Read for each batch of messages.
        self.paused_until: float | None = None
        self._warning = ThrottledWarning()

    def endpoint(self) -> Endpoint:
        if self._listener is None:
            self._listener = Listener.anonymous()
            self._poller.add(self._listener, self)
        return self._listener.endpoint()

    def on_event(self, _event: tuple[object, ...]) -> None:
        """A peer wants to connect."""
        listener = self._listener
        if listener is None:
            return
        try:
            while (connection := listener.accept(0.0)) is not None:
                self._admit(connection)
        except BridgeError as error:
            # No descriptors, as a rule. The poller would report the same peer again at once, and nothing else would be done.
            self._warning.warning(f"other processors cannot connect to this one: {error}")
            self._poller.remove(listener)
            self.paused_until = time.monotonic() + _ACCEPT_PAUSE

    def _admit(self, connection: Connection) -> None:
        if not self._is_announced(connection.peer_pid):
            _log.warning("process %d was refused: it was not announced by the runtime", connection.peer_pid)
            connection.close()
            return
        self._accepted(connection)

    def resume_when_due(self, timeout: float | None) -> float | None:
        """Ends a pause that has lasted long enough. Returns how long to wait for messages at most, so that it does end."""
        if self.paused_until is None or self._listener is None:
            return timeout
        left = self.paused_until - time.monotonic()
        if left <= 0:
            self.paused_until = None
            self._poller.add(self._listener, self)
            return timeout
        return left if timeout is None else min(left, timeout)

    def close(self) -> None:
        if self._listener is not None:
            self._poller.remove(self._listener)
            self._listener = None
