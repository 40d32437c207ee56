"""What the tests share: a host that is played over a pair of connections, and counts of what a test leaves behind."""

from __future__ import annotations

import gc
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from host import Host
from peers import ADD, Writer
from streamlib._native import debug_counts
from streamlib._runner.load import Code, FileCode


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """Descriptors, mappings, connections and leases are back at their baseline when the test is over."""

    def held() -> dict[str, int]:
        gc.collect()
        return {**debug_counts(), "open": len(os.listdir("/proc/self/fd"))}

    def files() -> list[str]:
        return [os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")]

    before = held()
    yield
    # Threads of the heartbeat's and of gRPC's close theirs a moment after they were told to, and tell nobody.
    end = time.monotonic() + 5
    while (more := {k: v for k, v in held().items() if v > before[k]}) and time.monotonic() < end:
        pass
    assert more == {}, files()


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., str]:
    """Writes a user's file."""

    def write(source: str, name: str = "effect.py") -> str:
        path = tmp_path / name
        path.write_text(source)
        return str(path)

    return write


@pytest.fixture
def start(nothing_left: None, file: Callable[..., str]) -> Iterator[Callable[..., Host]]:
    """Runs a user's file with a host that the test plays; whatever the test left running is ended."""
    hosts: list[Host] = []
    root = logging.getLogger()
    handlers, level, path = root.handlers[:], root.level, sys.path[:]

    def begin(source: str = "", code: Code | None = None, **options: Any) -> Host:
        host = Host(code or FileCode(file(source)), **options)
        hosts.append(host)
        return host

    yield begin
    for host in hosts:
        host.close()
    hosts.clear()
    root.handlers[:], root.level = handlers, level
    sys.path[:] = path
    logging.captureWarnings(False)
    for name in [name for name in sys.modules if name.startswith("streamlib_file_")]:
        del sys.modules[name]


@pytest.fixture
def writer(start: Callable[..., Host]) -> Iterator[Callable[..., tuple[Host, Writer]]]:
    opened: list[Writer] = []

    def begin(source: str = ADD, **options: Any) -> tuple[Host, Writer]:
        host = start(source)
        opened.append(Writer(host, **options))
        return host, opened[-1]

    yield begin
    for one in opened:
        one.close()
    opened.clear()


@pytest.fixture
def log_lines() -> Iterator[list[str]]:
    """What this package logs."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("streamlib")
    logger.addHandler(handler)
    yield lines
    logger.removeHandler(handler)


def pytest_collection_finish() -> None:
    """What the imports made stays anyway; without it in the way, a collection after each test costs little."""
    gc.collect()
    gc.freeze()
