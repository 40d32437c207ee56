"""Warnings that would come with every frame, at a rate that can be read."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable

_log = logging.getLogger("streamlib")

#: The shortest time between two warnings of the same kind, in seconds.
_INTERVAL = 1.0

#: A wait of this many seconds is warned of.
_LONG = 5.0

#: So many calls without a result are not chance.
_MANY_CALLS = 10


class ThrottledWarning:
    """A warning that is logged once a second at most, with the number of those that were left out."""

    def __init__(self) -> None:
        self._warned = float("-inf")
        self._left_out = 0

    def warning(self, message: str) -> None:
        now = time.monotonic()
        if now - self._warned < _INTERVAL:
            self._left_out += 1
            return
        more = f" (and {self._left_out} times before)" if self._left_out else ""
        self._warned, self._left_out = now, 0
        _log.warning("%s%s", message, more)


class StallWarning:
    """A warning for a long wait: one, until a wait was short again."""

    def __init__(self, who: str, after: float | None = None) -> None:
        self._who = who
        self._after = after
        self._warned = False

    def check(self, began: float | None, what_for: str | Callable[[], str]) -> float:
        """Warns if the wait has been long. Returns when it began; ``None`` for ``began`` begins one."""
        now = time.monotonic()
        if began is None:
            return now
        if now - began >= (_LONG if self._after is None else min(_LONG, self._after)) and not self._warned:
            self._warned = True
            text = what_for if isinstance(what_for, str) else what_for()
            _log.warning("%s has been waiting for %.0f s %s", self._who, now - began, text)
        return began

    def over(self, began: float | None) -> None:
        if self._warned and (began is None or time.monotonic() - began < _LONG):
            self._warned = False


class SilenceWarning:
    """A warning for code that is called again and again and sends nothing: one, with the first that was due."""

    def __init__(self, outputs: Iterable[str]) -> None:
        self._outputs = ", ".join(outputs)
        self._began: float | None = None
        self._calls = 0

    def over(self, sent: bool) -> bool:
        """Looks after a call. True: there is nothing more to look at."""
        if sent:
            return True
        self._calls += 1
        if self._calls < _MANY_CALLS:
            return False
        now = time.monotonic()
        self._began = self._began or now
        if now - self._began < _LONG:
            return False
        _log.warning("was called %d times and has sent nothing yet to its output %s", self._calls, self._outputs)
        return True


class UnknownPortWarning:
    """A warning for frames of ports that do not exist: one for each port."""

    def __init__(self) -> None:
        self._warned: set[int] = set()

    def warn(self, port: int, sender: str) -> None:
        if port not in self._warned:
            self._warned.add(port)
            _log.warning("%s sends frames for input number %d, which does not exist; they are dropped", sender, port)
