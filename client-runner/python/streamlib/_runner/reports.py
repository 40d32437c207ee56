"""What the user's code says and does wrong, told to the host over the channel."""

from __future__ import annotations

import logging
import time
import traceback
from pathlib import Path
from types import TracebackType

from streamlib._native import BridgeError, Connection, monotonic_ns

_PACKAGE = str(Path(__file__).resolve().parent.parent)
_LINES_A_SECOND = 200
_BURST = 500
_LONGEST_MESSAGE = 16_384
_LONGEST_TRACEBACK = 32_768


class LogHandler(logging.Handler):
    """Sends log records to the host. A flood is cut off and counted: logging must never hold a frame up."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection
        self._tokens = float(_BURST)
        self._filled = time.monotonic()
        self._left_out = 0

    def emit(self, record: logging.LogRecord) -> None:
        now = time.monotonic()
        self._tokens = min(_BURST, self._tokens + (now - self._filled) * _LINES_A_SECOND)
        self._filled = now
        if self._tokens < 1:
            self._left_out += 1
            return
        self._tokens -= 1
        try:
            self._connection.send_control(
                {
                    "type": "log",
                    "level": _level(record.levelno),
                    "message": self.format(record)[:_LONGEST_MESSAGE],
                    "logger": record.name,
                    "time_ns": monotonic_ns(),
                    "dropped": self._left_out,
                }
            )
            self._left_out = 0
        except BridgeError:
            # The host is gone: stderr, if anybody reads it, is what is left.
            self.handleError(record)
        except Exception:
            self.handleError(record)


def _level(number: int) -> str:
    if number >= logging.ERROR:
        return "error"
    if number >= logging.WARNING:
        return "warn"
    return "info" if number >= logging.INFO else "debug"


def install_logging(connection: Connection, level: str) -> None:
    """From here on ``logging`` and ``warnings`` reach the runtime's log, with their level."""
    handler = LogHandler(connection)
    root = logging.getLogger()
    root.addHandler(handler)
    names = {"trace": logging.DEBUG, "debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING}
    root.setLevel(names.get(level, logging.ERROR))
    logging.captureWarnings(True)


def describe(error: BaseException) -> tuple[str, str]:
    """An exception's message, and its traceback without the frames of this package."""
    message = str(error)
    steps = traceback.TracebackException(type(error), error, _user_part(error.__traceback__))
    text = "".join(steps.format())
    return message[:_LONGEST_MESSAGE], text[-_LONGEST_TRACEBACK:]


def _user_part(trace: TracebackType | None) -> TracebackType | None:
    """Skips the frames above the user's code: they are the same each time and help nobody."""
    first = trace
    while first is not None:
        name = first.tb_frame.f_code.co_filename
        if not name.startswith(_PACKAGE) and not name.startswith("<frozen"):
            return first
        first = first.tb_next
    return trace


class ErrorReports:
    """Tells the host of errors: each of them, but a traceback that it has just seen is not sent again."""

    QUIET_SECONDS = 1.0

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._told: dict[str, float] = {}

    def report(self, phase: str, error: BaseException, fatal: bool = False) -> None:
        message, trace = describe(error)
        now = time.monotonic()
        key = f"{phase} {type(error).__name__} {message}"
        if not fatal and now - self._told.get(key, -1e9) < self.QUIET_SECONDS:
            trace = ""
        else:
            if len(self._told) > 64:
                self._told.clear()
            self._told[key] = now
        try:
            self._connection.send_control(
                {
                    "type": "error",
                    "phase": phase,
                    "error_type": type(error).__name__,
                    "message": message,
                    "traceback": trace,
                    "fatal": fatal,
                }
            )
        except BridgeError:
            return
