"""Runs confined: ``python -m streamlib._process.confined FILE [PROCESSOR]`` with an inherited channel, or ``… MODULE ARGUMENTS``.

The kernel confines this process already (see ``confine``). Here the last right that was needed to start goes, that of becoming
another program, and what the code will be refused gets a name.
"""

from __future__ import annotations

import os
import runpy
import sys
from typing import Any

from streamlib._native import BridgeError, filter_calls, forbid_programs
from streamlib._process import entry
from streamlib._process.handover import take_over, was_handed_over
from streamlib._process.subprocess_runner import prepare_process, run_to_the_end
from streamlib._runner.session import Session
from streamlib._sandbox.mechanisms import FILTER
from streamlib._sandbox.refusals import explain_refusals


def run_processor(arguments: list[str]) -> int:
    connection, schemas = take_over()
    _finish_confinement()
    return serve(Session(connection), schemas, arguments)


def serve(session: Session, schemas: dict[str, Any], arguments: list[str]) -> int:
    """Runs the processor in this process, which is confined."""
    prepare_process()
    connection = session.connection
    connection.start_heartbeat()

    def report(message: str) -> None:
        try:
            connection.send_control(
                {"type": "log", "level": "warn", "message": message, "logger": "sandbox", "time_ns": 0, "dropped": 0}
            )
        except BridgeError:
            return  # The channel is gone, and this process will be.

    explain_refusals(report)
    return run_to_the_end(session, schemas, arguments)


def run_module(arguments: list[str]) -> int:
    """Runs another program of this package, such as an inspection."""
    explain_refusals(lambda message: print(message, file=sys.stderr))
    entry.confined = True
    _finish_confinement()
    sys.argv = arguments
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    return 0


def _finish_confinement() -> None:
    if os.environ.pop(FILTER, "") != "":
        filter_calls()
    if sys.platform == "linux":
        forbid_programs()


def main() -> int:
    if was_handed_over():
        return run_processor(sys.argv[1:])
    return run_module(sys.argv[1:])


if __name__ == "__main__":
    entry.run(main)
