"""Log lines and errors of the user's code, sent to the host over the channel."""

from __future__ import annotations

import bdb
import logging
import os
import sys
import threading
import time
import traceback
from pathlib import Path

from streamlib._native import BridgeError, Connection, monotonic_ns

_PACKAGE = str(Path(__file__).resolve().parent.parent) + os.sep
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
        except BridgeError as error:
            if error.code == "exhausted":
                self._left_out += 1
            else:
                # The host is gone: stderr, if anybody reads it, is what is left.
                print(self.format(record), file=sys.stderr)
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
    for other in root.handlers[:]:
        # What the file has set up for a terminal (logging.basicConfig) would print each line a second time.
        if type(other) is logging.StreamHandler and other.stream in (sys.stderr, sys.stdout):
            root.removeHandler(other)
    root.addHandler(handler)
    names = {"trace": logging.DEBUG, "debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING}
    root.setLevel(names.get(level, logging.ERROR))
    logging.captureWarnings(True)


def describe(error: BaseException) -> tuple[str, str]:
    """An exception's message, and its traceback without the frames of this package."""
    message = str(error)
    if isinstance(error, bdb.BdbQuit):
        message = "the debugger has no terminal here to read from; use breakpoint(), which says what to do instead"
    steps = traceback.TracebackException.from_exception(error)
    _trim(steps, set())
    text = "".join(steps.format())
    return message[:_LONGEST_MESSAGE], text[-_LONGEST_TRACEBACK:]


def _trim(steps: traceback.TracebackException | None, seen: set[int]) -> None:
    """Leaves the user's frames and those of other packages: ours are the same each time and do not help."""
    if steps is None or id(steps) in seen:
        return
    seen.add(id(steps))
    steps.stack[:] = [step for step in steps.stack if not _is_ours(step.filename)]
    _trim(steps.__cause__, seen)
    _trim(steps.__context__, seen)


def _is_ours(file: str) -> bool:
    return file.startswith((_PACKAGE, "<frozen"))


def _place(error: BaseException) -> str:
    """Where in the user's code an error came from."""
    places = [
        f"{frame.f_code.co_filename}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if not _is_ours(frame.f_code.co_filename)
    ]
    return places[-1] if places else ""


class ErrorReports:
    """Tells the host of errors: each of them, but a traceback of a place that it has just seen is not sent again."""

    QUIET_SECONDS = 1.0

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._reported: dict[str, float] = {}
        self._lock = threading.Lock()

    def report(self, phase: str, error: BaseException, fatal: bool = False) -> None:
        message, trace = describe(error)
        now = time.monotonic()
        # Not the message: it often holds a number that differs each time.
        key = f"{phase} {type(error).__name__} {_place(error) or message}"
        with self._lock:
            if not fatal and now - self._reported.get(key, -1e9) < self.QUIET_SECONDS:
                trace = ""
            else:
                if len(self._reported) > 64:
                    self._reported.clear()
                self._reported[key] = now
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
