"""A dry run: the runner itself, with a host in a thread that gives it one frame. What works here works in a graph."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from streamlib._native import BridgeError, Connection, FramePool
from streamlib._process.findings import Findings
from streamlib._process.samples import describe, synthetic
from streamlib._process.subprocess_runner import run_session
from streamlib._runner.load import Code
from streamlib._runner.session import Session

#: How long the first frame and ``setup()`` may take, in seconds. The runtime has a limit of its own, in case this thread is not
#: let run.
FRAME_TIMEOUT = 8.0
SETUP_TIMEOUT = 20.0
#: How long the code may take to end after that.
END_TIMEOUT = 1.0


def dry_run(code: Code, description: dict[str, Any], config: dict[str, Any], findings: Findings) -> None:
    """Runs a processor, which ``description`` (see ``inspect``) describes, for one frame."""
    host, client = Connection.pair()
    schemas = {kind: description[kind] for kind in ("inputs", "outputs")}
    session = Session(client)
    host_side = TrialHost(host, schemas, description["kind"] or "reactive", config, findings)
    thread = threading.Thread(target=host_side.run, name="streamlib-trial", daemon=True)
    thread.start()
    try:
        run_session(session, schemas, code, description["name"])
    except BridgeError:
        pass  # The host has closed its end.
    finally:
        session.close()
        host_side.over.set()
        thread.join(END_TIMEOUT)


class TrialHost:
    """Plays the host for one frame."""

    def __init__(
        self, connection: Connection, schemas: dict[str, Any], kind: str, config: dict[str, Any], findings: Findings
    ) -> None:
        self.connection = connection
        self.schemas = schemas
        self.kind = kind
        self.config = config
        self.findings = findings
        self.outputs: dict[str, str] = {}
        self.errors: list[dict[str, Any]] = []
        self.done = False
        self.last = 0.0
        self.over = threading.Event()

    def run(self) -> None:
        try:
            self._run()
        except Exception as error:
            self.findings.write("trial_failed", message=f"{type(error).__name__}: {error}")
        finally:
            self.connection.close()
        if not self.over.wait(END_TIMEOUT):
            # The code does not come back, and nothing more is to be learnt.
            self.findings.write("end")
            sys.stdout.flush()
            os._exit(0)

    def _run(self) -> None:
        names = {kind: list(self.schemas[kind]) for kind in ("inputs", "outputs")}
        self.connection.define_ports(*(self._ports(kind) for kind in ("outputs", "inputs")))
        self.connection.send_control(
            {
                "type": "setup",
                "kind": self.kind,
                "processor_id": "trial",
                "name": "trial",
                "config": json.dumps(self.config),
                "inputs": {name: {"delivery": "every_sample", "window": 8} for name in names["inputs"]},
                "outputs": {name: {"blocking": False, "window": 8} for name in names["outputs"]},
                "log_level": "info",
            }
        )
        began = time.monotonic()
        if not self._until(lambda e: e[0] == "control" and e[1].get("type") == "setup_done", began + SETUP_TIMEOUT):
            self._write(began, began, None if self.errors else f"setup() did not return within {SETUP_TIMEOUT:.0f} s")
            return
        self.connection.send_control({"type": "start"})
        set_up = time.monotonic()
        pool = FramePool()
        for index, name in enumerate(names["inputs"]):
            self.connection.send_frame(index, 0, synthetic(self.schemas["inputs"][name]["fields"], pool))
        waiting = set(range(len(names["inputs"])))

        def finished(event: tuple[Any, ...]) -> bool:
            if event[0] == "ack":
                waiting.discard(event[1])
            # A source and a loop are seen by what they give; a processor of frames has done when it gives the frame back.
            if self.kind == "reactive" and names["inputs"]:
                return event[0] == "ack" and not waiting
            return len(self.outputs) == len(names["outputs"]) > 0 or (
                event[0] == "control" and event[1].get("type") == "finished"
            )

        came = self._until(finished, set_up + FRAME_TIMEOUT)
        took = self.last
        for what in ("stop", "teardown"):
            self.connection.send_control({"type": what})
        # An acknowledgement may travel ahead of the frame that it came with.
        self._until(lambda e: e[0] == "control" and e[1].get("type") == "bye", time.monotonic() + 1.0)
        self._write(began, set_up, None if came or self.outputs else self._no_answer(), took)
        pool.close()

    def _no_answer(self) -> str | None:
        return None if self.errors else f"nothing came back within {FRAME_TIMEOUT:.0f} s"

    def _write(self, began: float, set_up: float, problem: str | None, took: float | None = None) -> None:
        self.findings.write(
            "dry_run",
            setup_milliseconds=round((set_up - began) * 1000, 1),
            milliseconds=round((took - set_up) * 1000, 1) if took and self.done else None,
            outputs=self.outputs,
            errors=self.errors,
            problem=problem,
        )

    def _until(self, wanted: Callable[[tuple[Any, ...]], bool], end: float) -> bool:
        """Takes events in until the wanted one. False: the time is over, the code failed, or it is gone."""
        while time.monotonic() < end:
            event = self.connection.receive(max(0.0, end - time.monotonic()))
            if event is None:
                continue
            self.last = time.monotonic()
            if event[0] == "closed":
                return False
            if event[0] == "frame":
                self.done = True
                name = list(self.schemas["outputs"])[event[1]]
                self.outputs.setdefault(name, describe(event[3]))
                self.connection.ack(event[1], event[2])
                self.connection.flush()
            elif event[0] == "ack":
                self.done = True
            elif event[0] == "control" and event[1].get("type") == "error":
                self.errors.append({key: event[1].get(key) for key in ("phase", "error_type", "message", "traceback")})
                if event[1].get("fatal") or event[1].get("phase") in ("process", "start"):
                    return False
            elif event[0] == "control" and event[1].get("type") == "log":
                print(f"{event[1].get('level')}: {event[1].get('message')}")
            if wanted(event):
                return True
        return False

    def _ports(self, kind: str) -> str:
        return json.dumps([{"name": name, "schema": schema} for name, schema in self.schemas[kind].items()])
