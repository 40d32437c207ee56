"""Logs, warnings and errors on their way to the host."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from host import Host
from streamlib._native import Connection
from streamlib._runner import reports

Start = Callable[..., Host]

HEAD = """
import logging, warnings
import numpy as np
import streamlib
from streamlib import VideoFrame as V
"""


class Wire:
    """A connection's two ends, and the control messages that came over it."""

    def __init__(self) -> None:
        self.near, self.far = Connection.pair()

    def messages(self) -> list[dict[str, Any]]:
        found = []
        while (event := self.far.receive(0)) is not None and event[0] == "control":
            found.append(event[1])
        return found


@pytest.fixture
def wire(nothing_left: None) -> Iterator[Wire]:
    wire = Wire()
    yield wire
    wire.near.close()
    wire.far.close()
    del wire.near, wire.far


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(reports.time, "monotonic", lambda: now[0])
    return now


def record(message: str, level: int = logging.INFO) -> logging.LogRecord:
    return logging.LogRecord("some.name", level, __file__, 1, message, None, None)


def test_a_flood_of_lines_is_cut_off_and_counted(wire: Wire, clock: list[float]) -> None:
    handler = reports.LogHandler(wire.near)
    came = []
    for n in range(600):
        handler.emit(record(f"line {n}"))
        came += wire.messages()
    assert [m["message"] for m in came] == [f"line {n}" for n in range(500)]
    assert {m["dropped"] for m in came} == {0}
    clock[0] += 0.01
    for n in range(5):
        handler.emit(record(f"later {n}"))
    assert [(m["message"], m["dropped"]) for m in wire.messages()] == [("later 0", 100), ("later 1", 0)]


def test_a_host_that_does_not_read_costs_lines_not_the_processor(
    wire: Wire, clock: list[float], capfd: pytest.CaptureFixture[str]
) -> None:
    handler = reports.LogHandler(wire.near)
    for _ in range(2000):
        clock[0] += 1
        handler.emit(record("x"))
    assert handler._left_out > 0
    assert not wire.near.closed
    assert capfd.readouterr().err == ""


def test_what_is_said_when_the_host_is_gone_goes_to_stderr(wire: Wire, capfd: pytest.CaptureFixture[str]) -> None:
    wire.far.close()
    reports.LogHandler(wire.near).emit(record("last words"))
    assert capfd.readouterr().err == "last words\n"


def test_levels_and_long_messages(wire: Wire) -> None:
    handler = reports.LogHandler(wire.near)
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
        handler.emit(record("x" * 100_000, level))
    got = wire.messages()
    assert [m["level"] for m in got] == ["debug", "info", "warn", "error", "error"]
    assert {len(m["message"]) for m in got} == {16_384}


def raised(number: int) -> Exception:
    try:
        raise ValueError(f"number {number}")
    except ValueError as error:
        return error


def test_the_same_place_tells_its_traceback_once_a_second_and_its_message_each_time(
    wire: Wire, clock: list[float]
) -> None:
    errors = reports.ErrorReports(wire.near)
    for number in range(3):
        errors.report("process", raised(number))
    errors.report("process", KeyError("other"))
    clock[0] += 1.5
    errors.report("process", raised(3))
    errors.report("start", raised(4), fatal=True)
    got = wire.messages()
    assert [m["message"] for m in got] == ["number 0", "number 1", "number 2", "'other'", "number 3", "number 4"]
    assert [bool(m["traceback"]) for m in got] == [True, False, False, True, True, True]
    assert [m["fatal"] for m in got] == [False] * 5 + [True]


PICKY = (
    HEAD
    + """
log = logging.getLogger("mine")
logging.basicConfig(level=logging.INFO)

def helper(frame):
    raise ValueError(f"frame {frame['frame_number']}")

@streamlib.processor(inputs={"video_in": V}, outputs={"video_out": V})
def picky(inputs, ctx):
    try:
        helper(inputs["video_in"])
    except ValueError as error:
        ctx.log.info("seen %s", 5)
        log.debug("detail")
        warnings.warn("old use", stacklevel=1)
        log.exception("caught")
        if inputs["video_in"]["frame_number"] == 4:
            raise KeyError("second") from error
        ctx.output().set({"pixel_buffer": "nothing"})
"""
)


def test_a_traceback_shows_the_users_frames_only(start: Start) -> None:
    host = start(PICKY)
    host.send_picture(3)
    error = host.control("error")
    assert "port video_out, field pixel_buffer: must be a numpy array or a Texture, not str" in error["message"]
    trace = error["traceback"]
    assert trace.count('File "') == trace.count("effect.py") == 1
    assert 'ctx.output().set({"pixel_buffer": "nothing"})' in trace
    host.send_picture(4)
    trace = host.control("error")["traceback"]
    assert "ValueError: frame 4" in trace
    assert "The above exception was the direct cause" in trace
    assert trace.count('File "') == trace.count("effect.py") == 3
    assert 'raise ValueError(f"frame' in trace


def test_logs_and_warnings_come_once_with_their_level(start: Start, capfd: pytest.CaptureFixture[str]) -> None:
    host = start(PICKY)
    host.send_picture(3)
    host.control("error")
    logs = [e[1] for e in host.seen() if e[0] == "control" and e[1]["type"] == "log"]
    assert [(m["level"], m["logger"]) for m in logs] == [
        ("info", "effect"),
        ("debug", "mine"),
        ("warn", "py.warnings"),
        ("error", "mine"),
    ]
    assert logs[0]["message"] == "seen 5"
    assert "old use" in logs[2]["message"]
    assert "ValueError: frame 3" in logs[3]["message"]
    assert all(m["time_ns"] > 0 for m in logs)
    assert capfd.readouterr().err == ""


def test_the_level_of_the_graph_holds(start: Start) -> None:
    host = start(PICKY, log_level="error")
    host.send_picture(3)
    host.control("error")
    logs = [e[1] for e in host.seen() if e[0] == "control" and e[1]["type"] == "log"]
    assert [m["message"].splitlines()[0] for m in logs] == ["caught"]
