"""How far a run is: seen by the user's code, changed by the host's messages."""

from __future__ import annotations

import threading
from collections.abc import Callable


class StopRunning(BaseException):
    """Unwinds a manual ``start()`` that goes on sending after it was asked to stop. Not for users to catch."""


class RunState:
    """The host's wishes. ``on_finish`` is called once, when the user's code says that it is at its end."""

    def __init__(self, on_finish: Callable[[], None]) -> None:
        self._stop = threading.Event()
        #: Whether the host wants the end. Looked at for every frame.
        self.stopping = False
        self._on_finish = on_finish
        self._finished = False
        #: The thread whose code is unwound when it sends after a stop: the one that runs a manual ``start()``.
        self.unwind: int | None = None
        self._lock = threading.Lock()

    def stop(self) -> None:
        self.stopping = True
        self._stop.set()

    def wait(self, seconds: float) -> bool:
        return self._stop.wait(seconds)

    def wait_for_stop(self) -> None:
        self._stop.wait()

    def finish(self) -> None:
        with self._lock:
            first, self._finished = not self._finished, True
        if first:
            self._on_finish()

    def check(self) -> None:
        """Where the user's code calls in: ends it if it was asked to stop."""
        if self.stopping and self.unwind == threading.get_ident():
            raise StopRunning
