"""The host process of a Python peer: takes orders from the benchmark, one at a time, and carries them out."""

from __future__ import annotations

import json
import os
import socket
import sys
import traceback
from collections.abc import Callable
from typing import Any

from .measure import Transport, closed_loop, paced

Open = Callable[[int, int], Transport]


def serve(open_transport: Open) -> None:
    """Returns when told to, or when the benchmark is gone. `open_transport` takes the bytes of a frame and the depth."""
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(os.environ["BENCH_CONTROL"])
        lines = control.makefile("rw")

        def say(message: dict[str, Any]) -> None:
            lines.write(json.dumps(message) + "\n")
            lines.flush()

        transport: Transport | None = None
        say({"hello": os.environ["BENCH_PEER"], "pid": os.getpid()})
        for line in lines:
            command = json.loads(line)
            operation = command.pop("op")
            try:
                answer: dict[str, Any] = {}
                if operation == "open":
                    transport = open_transport(command["bytes"], command["depth"])
                    answer = {"workers": [vars(worker) for worker in transport.workers]}
                elif operation in ("close", "exit"):
                    if transport is not None:
                        transport.close()
                    transport = None
                elif transport is None:
                    raise RuntimeError("nothing is open")
                else:
                    measure = closed_loop if operation == "loop" else paced
                    answer = {"result": measure(transport, **command)}
                say({"ok": True, **answer})
            except Exception as error:  # noqa: BLE001  whatever it is, the benchmark must hear of it
                traceback.print_exc(file=sys.stderr)
                say({"ok": False, "error": f"{type(error).__name__}: {error}"})
            if operation == "exit":
                return
