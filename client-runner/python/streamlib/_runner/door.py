"""Where other processors knock."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from streamlib._native import BridgeError, Connection, Endpoint, Listener, Poller
from streamlib._runner.complaints import Seldom

_log = logging.getLogger("streamlib")

#: How long nobody is let in after that has failed, in seconds.
_REST = 0.1


class Door:
    """The listener of this process, which is made when it is needed for the first time."""

    def __init__(self, poller: Poller, announced: Callable[[int], bool], let_in: Callable[[Connection], None]) -> None:
        self._poller = poller
        self._announced = announced
        self._let_in = let_in
        self._listener: Listener | None = None
        #: Until when the poller does not listen; None while it does. Looked at for each batch of messages.
        self.resting: float | None = None
        self._trouble = Seldom()

    def endpoint(self) -> Endpoint:
        if self._listener is None:
            self._listener = Listener.anonymous()
            self._poller.add(self._listener, self)
        return self._listener.endpoint()

    def take_in(self, _event: tuple[object, ...]) -> None:
        """Somebody knocks."""
        listener = self._listener
        if listener is None:
            return
        try:
            while (connection := listener.accept(0.0)) is not None:
                self._admit(connection)
        except BridgeError as error:
            # No descriptors, as a rule. Whoever knocks would be told again at once, and nothing else would be done.
            self._trouble.warning(f"other processors cannot connect to this one: {error}")
            self._poller.remove(listener)
            self.resting = time.monotonic() + _REST

    def _admit(self, connection: Connection) -> None:
        if not self._announced(connection.peer_pid):
            _log.warning("process %d was refused: it was not announced by the runtime", connection.peer_pid)
            connection.close()
            return
        self._let_in(connection)

    def look_again(self, timeout: float | None) -> float | None:
        """Ends a rest that has lasted long enough. Returns how long to wait for messages at most, so that it is ended."""
        if self.resting is None or self._listener is None:
            return timeout
        left = self.resting - time.monotonic()
        if left <= 0:
            self.resting = None
            self._poller.add(self._listener, self)
            return timeout
        return left if timeout is None else min(left, timeout)

    def close(self) -> None:
        if self._listener is not None:
            self._poller.remove(self._listener)
            self._listener = None
