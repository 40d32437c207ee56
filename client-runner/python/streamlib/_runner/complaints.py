"""What would be told with every frame, told as often as somebody wants to read it."""

from __future__ import annotations

import logging
import time

_log = logging.getLogger("streamlib")

#: Between two of the same kind, in seconds.
_QUIET = 1.0

#: A wait of this many seconds is told.
_LONG = 5.0


class Seldom:
    """A warning that comes once a second at most, with how many there were besides."""

    def __init__(self) -> None:
        self._told = float("-inf")
        self._left_out = 0

    def warning(self, message: str) -> None:
        now = time.monotonic()
        if now - self._told < _QUIET:
            self._left_out += 1
            return
        more = f" (and {self._left_out} times before)" if self._left_out else ""
        self._told, self._left_out = now, 0
        _log.warning("%s%s", message, more)


class Stall:
    """A warning for waits that go on and on: one, until a wait was short again."""

    def __init__(self, who: str) -> None:
        self._who = who
        self._told = False

    def goes_on(self, began: float | None, what_for: str) -> float:
        """Looks how long it has been since the wait began. Returns when that was."""
        now = time.monotonic()
        if began is None:
            return now
        if now - began >= _LONG and not self._told:
            self._told = True
            _log.warning("%s has been waiting for %.0f s %s", self._who, now - began, what_for)
        return began

    def over(self, began: float | None) -> None:
        if self._told and (began is None or time.monotonic() - began < _LONG):
            self._told = False


class UnknownPorts:
    """Frames for ports that do not exist: dropped, and told once for each port."""

    def __init__(self) -> None:
        self._told: set[int] = set()

    def tell(self, port: int, sender: str) -> None:
        if port not in self._told:
            self._told.add(port)
            _log.warning("%s sends frames for input number %d, which does not exist; they are dropped", sender, port)
