"""Notices that readers are ready while the user's code is busy."""

from __future__ import annotations

import threading
from collections.abc import Callable

from streamlib._native import Connection, wait_for_any


class ReadinessWatcher:
    """Watches connections while the main thread runs the user's code, so that frames that wait for their readers go out at once.

    A thread, begun when something waits for the first time. It only notices that messages came; ``on_ready`` decides
    which thread receives them. With nothing waiting it sleeps, and costs nothing per frame.
    """

    def __init__(self, on_ready: Callable[[], None]) -> None:
        self._on_ready = on_ready
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
            # One message is enough: sending the next frame that has to wait calls `watch` again.
            if connections and wait_for_any(connections):
                self._on_ready()
            del connections
