"""A spare process for confined code. Started by a runtime ahead of need, without ``site`` and with none of its variables.

It imports what every processor needs and waits for its job on descriptor 3. With the job it does the handshake, then confines
itself, and only then touches the code. That is sound while it has one thread: confinement holds for a thread and those that it
starts later. If it has more, it becomes a fresh program instead, which takes as long as starting one.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any

from streamlib._native import BridgeError
from streamlib._process import entry
from streamlib._process.handover import hand_over
from streamlib._process.spare import JobPipe, assume_job
from streamlib._sandbox import mechanisms
from streamlib._sandbox.policy import variables

#: What code finds imported. Nothing here may start a thread.
PRELOADED = (
    "streamlib._native",
    "faulthandler",
    "signal",
    "site",
    "streamlib._process.confined",
    "streamlib._runner.kinds",
    "streamlib._runner.load",
    "streamlib._process.check",
    "streamlib._process.inspect",
    "numpy",
)


def main() -> int:
    pipe = JobPipe()
    for name in PRELOADED:
        if pipe.poll():
            break
        importlib.import_module(name)
        if name == PRELOADED[0]:
            entry.die_with_parent()
    else:
        print("warm", flush=True)
    job = pipe.job()
    policy, arguments = job["policy"], assume_job(job)
    return _check(policy, arguments) if job.get("check") else _run(policy, arguments)


def _check(policy: dict[str, Any], arguments: list[str]) -> int:
    """Checks code, which needs no handshake."""
    from streamlib._process import check
    from streamlib._sandbox.refusals import explain_refusals

    try:
        if _sockets() or not _has_one_thread():
            raise entry.ProcessFailed(entry.EXIT_SANDBOX, "not run: the spare process is not as it should be")
        mechanisms.confine_this_process(policy, variables(policy))
    except BridgeError as error:
        raise entry.ProcessFailed(entry.EXIT_SANDBOX, f"not run: {error}") from None
    explain_refusals(lambda message: print(message, file=sys.stderr))
    sys.argv = ["streamlib._process.check", *arguments]
    return check.main()


def _run(policy: dict[str, Any], arguments: list[str]) -> int:
    from streamlib._process import confined

    # The heartbeat is a thread.
    session, schemas = entry.open_session(heartbeat=False)
    own = variables(policy)
    if _sockets() != [session.connection.fileno()] or not _has_one_thread():
        keep, handed_over = hand_over(session.connection, schemas)
        mechanisms.become(policy, ["streamlib._process.confined", *arguments], {**own, **handed_over}, keep)
    try:
        mechanisms.confine_this_process(policy, own)
    except BridgeError as error:
        name = policy.get("name", "the code")
        raise entry.ProcessFailed(entry.EXIT_SANDBOX, f"{name} is not run: {error}") from None
    return confined.serve(session, schemas, arguments)


def _has_one_thread() -> bool:
    return len(os.listdir("/proc/self/task")) == 1


def _sockets() -> list[int]:
    """Those besides its outputs, which are the runtime's."""
    names = [int(name) for name in os.listdir("/proc/self/fd")]
    return [fd for fd in names if fd > 2 and Path(f"/proc/self/fd/{fd}").is_socket()]
