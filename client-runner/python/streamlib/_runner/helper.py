"""A second pair of eyes, for while the user's code is busy."""

from __future__ import annotations

import threading
from collections.abc import Callable

from streamlib._native import Connection, wait_for_any


class Helper:
    """Hears that readers are ready while the main thread runs the user's code, so that what waits for them goes out at once.

    A thread, begun when something waits for the first time. It only looks whether messages came; ``lend_a_hand`` decides who
    takes them in. With nothing waiting it sleeps, and costs nothing per frame.
    """

    def __init__(self, lend_a_hand: Callable[[], None]) -> None:
        self._lend_a_hand = lend_a_hand
        self._wanted = threading.Event()
        self._connections: list[Connection] = []
        self._thread: threading.Thread | None = None
        self._stopped = False

    def watch(self, connections: list[Connection]) -> None:
        if self._stopped:
            return
        self._connections = connections
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="streamlib-helper", daemon=True)
            self._thread.start()
        self._wanted.set()

    def stop(self) -> None:
        self._stopped = True
        self._connections = []
        self._wanted.set()

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            if self._stopped:
                return
            connections = [connection for connection in self._connections if not connection.closed]
            # One message is all it takes: whoever sends the next frame that has to wait says so again.
            if connections and wait_for_any(connections):
                self._lend_a_hand()
            del connections
