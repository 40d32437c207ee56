"""A host, played by a test: the other end of a runner's connection."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from streamlib._native import BridgeError, Connection, FramePool
from streamlib._process.inspect import inspect_code
from streamlib._process.subprocess_runner import run_session
from streamlib._runner.load import Code
from streamlib._runner.session import Session

DEADLINE = 10.0

#: What the code of most tests begins with.
HEAD = """
import queue, threading
import numpy as np
import streamlib
from streamlib import VideoFrame, ObjectDetections, BoundingBox
V = VideoFrame
told = queue.SimpleQueue()
gate = threading.Event()
"""


class Host:
    """Runs a processor of some code in a thread of this process, and is its host."""

    def __init__(
        self,
        code: Code,
        kind: str = "reactive",
        processor: str | None = None,
        delivery: dict[str, str] | None = None,
        window: int = 8,
        blocking: bool = False,
        config: dict[str, Any] | None = None,
        log_level: str = "debug",
        go: bool = True,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        report = inspect_code(code)
        found = report.get("processors", [])
        chosen = next((p for p in found if processor in (None, p["name"])), {"inputs": {}, "outputs": {}})
        self.schemas = {kind: chosen[kind] for kind in ("inputs", "outputs")}
        self.connection, client = Connection.pair()
        self.connection.define_ports(self._ports("outputs"), self._ports("inputs"))
        self.pool = FramePool()
        self.session = Session(client)
        self.code: int | None = None
        self._events: list[tuple[Any, ...]] = []
        self._ids = dict.fromkeys(self.schemas["inputs"], 0)
        self._thread = threading.Thread(target=self._serve, args=(code, processor), daemon=True)
        inputs = {
            name: {"delivery": (delivery or {}).get(name, "every_sample"), "window": 8}
            for name in self.schemas["inputs"]
        }
        self.connection.send_control(
            {
                "type": "setup",
                "kind": kind,
                "name": "effect",
                "config": json.dumps(config or {}),
                "inputs": inputs,
                "outputs": {
                    name: {"blocking": blocking, "window": window, **(outputs or {})}
                    for name in self.schemas["outputs"]
                },
                "log_level": log_level,
            }
        )
        self._thread.start()
        if go:
            self.control("setup_done")
            self.tell("start")
            self.control("started")

    def _ports(self, kind: str) -> str:
        return json.dumps([{"name": name, "schema": schema} for name, schema in self.schemas[kind].items()])

    def _serve(self, code: Code, processor: str | None) -> None:
        try:
            self.code = run_session(self.session, self.schemas, code, processor)
        except BridgeError as error:
            self.code = -1 if error.code == "closed" else -2
        finally:
            self.session.close()

    @property
    def module(self) -> Any:
        """The user's file, imported."""
        return sys.modules["streamlib_file_effect"]

    def tell(self, what: str) -> None:
        self.connection.send_control({"type": what})

    def send(self, port: str, **fields: Any) -> int:
        """Sends a frame, and returns its id."""
        frame_id = self._ids[port]
        self._ids[port] += 1
        assert self.connection.send_frame(list(self.schemas["inputs"]).index(port), frame_id, fields)
        return frame_id

    def send_picture(self, number: int, port: str = "video_in", shape: tuple[int, ...] = (4, 6, 3)) -> int:
        """Sends a picture filled with a number."""
        texture = self.pool.texture(shape[1], shape[0])
        assert texture is not None
        texture.to_numpy()[:] = number
        return self.send(port, pixel_buffer=texture, timestamp_ns=1000 + number, frame_number=number)

    def wait_for(self, what: str, wanted: Callable[[tuple[Any, ...]], bool]) -> tuple[Any, ...]:
        """The next event that is wanted; the others are kept."""
        for index, event in enumerate(self._events):
            if wanted(event):
                return self._events.pop(index)
        end = time.monotonic() + DEADLINE
        while (left := end - time.monotonic()) > 0:
            event = self.connection.receive(left)
            if event is None:
                break
            if wanted(event):
                return event
            self._events.append(event)
            if event[0] == "closed":
                break
        raise AssertionError(f"no {what}; instead: {self._events}")

    def control(self, kind: str) -> dict[str, Any]:
        return self.wait_for(f"control {kind}", lambda e: e[0] == "control" and e[1]["type"] == kind)[1]

    def frame(self, port: str | None = None, acknowledge: bool = True) -> dict[str, Any]:
        """The next frame of an output."""
        names = list(self.schemas["outputs"])
        index = names.index(port) if port else 0
        _, at, frame_id, value = self.wait_for("frame", lambda e: e[0] == "frame" and e[1] == index)
        if acknowledge:
            self.connection.ack(at, frame_id)
            self.connection.flush()
        return value

    def ack(self, port: str | None = None) -> int:
        """The next acknowledgement of an input."""
        index = list(self.schemas["inputs"]).index(port) if port else 0
        return self.wait_for("ack", lambda e: e[0] == "ack" and e[1] == index)[2]

    def stop(self) -> int:
        """Ends the processor in order; its exit code."""
        self.tell("stop")
        self.tell("teardown")
        self.control("bye")
        return self.ended()

    def ended(self) -> int:
        self._thread.join(DEADLINE)
        assert not self._thread.is_alive()
        assert self.code is not None
        return self.code

    def seen(self) -> list[tuple[Any, ...]]:
        """What came and was not asked for, up to now."""
        while (event := self.connection.receive(0)) is not None and event[0] != "closed":
            self._events.append(event)
        return self._events

    def close(self) -> None:
        self.connection.close()
        self._thread.join(DEADLINE)
        assert not self._thread.is_alive()
        for thread in threading.enumerate():
            # The thread that receives for a manual processor holds the session until it has seen the end.
            if thread.name == "streamlib-channel":
                thread.join(DEADLINE)
        self._events.clear()
        self.pool.close()


def pixels(value: dict[str, Any]) -> np.ndarray[Any, Any]:
    return np.array(value["pixel_buffer"].to_numpy())
