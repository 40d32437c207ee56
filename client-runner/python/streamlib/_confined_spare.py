"""A spare process for confined code. Started by a runtime ahead of need, without ``site`` and with none of its variables.

It imports what every processor needs and waits for its job on descriptor 3. With the job it does the handshake, then puts the
walls up around itself, and only then touches the code. That is sound while it has one thread: the walls go around a thread
and those that it starts later. If it has more, it becomes a fresh program instead, which takes as long as starting one.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any

from streamlib import _sandbox
from streamlib._spare import JobPipe, take_on

#: What code finds imported. Nothing here may start a thread.
WARM = (
    "streamlib._native",
    "faulthandler",
    "signal",
    "site",
    "streamlib._confined",
    "streamlib._runner.session",
    "streamlib._runner.kinds",
    "streamlib._runner.load",
    "streamlib._subprocess_runner",
    "streamlib._check",
    "streamlib._inspect",
    "numpy",
)


def main() -> int:
    pipe = JobPipe()
    for name in WARM:
        if pipe.poll():
            break
        importlib.import_module(name)
        if name == WARM[0]:
            _sandbox.die_with_parent()
    else:
        print("warm", flush=True)
    job = pipe.job()
    policy, arguments = job["policy"], take_on(job)
    return _look(policy, arguments) if job.get("check") else _run(policy, arguments)


def _look(policy: dict[str, Any], arguments: list[str]) -> int:
    """Checks code: there is nobody to shake hands with."""
    from streamlib import _check, _confined
    from streamlib._native import BridgeError

    variables = _sandbox.variables(policy)
    try:
        if _sockets() or not _alone():
            print("not run: the spare process is not as it should be", file=sys.stderr)
            return _sandbox.EXIT_SANDBOX
        _confine(policy, variables)
    except BridgeError as error:
        print(f"not run: {error}", file=sys.stderr)
        return _sandbox.EXIT_SANDBOX
    _confined.name_refusals(lambda message: print(message, file=sys.stderr))
    sys.argv = ["streamlib._check", *arguments]
    return _check.main()


def _run(policy: dict[str, Any], arguments: list[str]) -> int:
    from streamlib import _confined
    from streamlib._native import BridgeError, broker_address
    from streamlib._runner.broker import HandshakeError
    from streamlib._runner.session import Session

    try:
        session, schemas = Session.open(os.environ["STREAMLIB_CONNECTION_ID"], broker_address(), heartbeat=False)
    except (HandshakeError, BridgeError) as error:
        print(f"handshake failed: {error}", file=sys.stderr)
        return _sandbox.EXIT_HANDSHAKE
    channel = session.connection.fileno()
    variables = _sandbox.variables(policy)
    if _sockets() != [channel] or not _alone():
        keep, told = _sandbox.hand_over(session, schemas)
        _sandbox.become(policy, [_sandbox.CONFINED, *arguments], {**variables, **told}, keep)
    try:
        _confine(policy, variables)
    except BridgeError as error:
        print(f"{policy.get('name', 'the code')} is not run: {error}", file=sys.stderr)
        return _sandbox.EXIT_SANDBOX
    return _confined.serve(session, schemas, arguments)


def _confine(policy: dict[str, Any], variables: dict[str, str]) -> None:
    from streamlib._native import confine_here

    os.environ.clear()
    os.environ.update(variables)
    scratch = str(policy["scratch"])
    os.chdir(scratch)
    os.nice(int(policy.get("nice", 5)))
    readable, limits = _sandbox.readable(policy), _sandbox.limits(policy)
    confine_here(readable, [scratch, "/dev/null"], limits, int(policy.get("cpus", 0)))
    settle(policy)


def _alone() -> bool:
    return len(os.listdir("/proc/self/task")) == 1


def _sockets() -> list[int]:
    """Those besides its outputs, which are the runtime's."""
    names = [int(name) for name in os.listdir("/proc/self/fd")]
    return [fd for fd in names if fd > 2 and Path(f"/proc/self/fd/{fd}").is_socket()]


def settle(policy: dict[str, Any]) -> None:
    """What `site` does in an interpreter that is started in the usual way: packages may count on it."""
    import site

    own = f"{policy['environment']}/lib/"
    sys.path[:] = [path for path in sys.path if not path.startswith(own)]
    site.main()


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
