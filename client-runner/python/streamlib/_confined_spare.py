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
    return _run(job["policy"], take_on(job))


def _run(policy: dict[str, Any], arguments: list[str]) -> int:
    from streamlib import _confined
    from streamlib._native import BridgeError, broker_address, confine_here
    from streamlib._runner.broker import HandshakeError
    from streamlib._runner.session import Session

    try:
        session, schemas = Session.open(os.environ["STREAMLIB_CONNECTION_ID"], broker_address(), heartbeat=False)
    except (HandshakeError, BridgeError) as error:
        print(f"handshake failed: {error}", file=sys.stderr)
        return _sandbox.EXIT_HANDSHAKE
    channel = session.connection.fileno()
    variables = _sandbox.variables(policy)
    if _sockets() != [channel] or len(os.listdir("/proc/self/task")) != 1:
        keep, told = _sandbox.hand_over(session, schemas)
        _sandbox.become(policy, [_sandbox.CONFINED, *arguments], {**variables, **told}, keep)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(policy["scratch"])
    os.nice(int(policy.get("nice", 5)))
    scratch = str(policy["scratch"])
    try:
        confine_here(
            _sandbox.readable(policy), [scratch, "/dev/null"], _sandbox.limits(policy), int(policy.get("cpus", 0))
        )
    except BridgeError as error:
        print(f"{policy.get('name', 'the code')} is not run: {error}", file=sys.stderr)
        return _sandbox.EXIT_SANDBOX
    _settle(policy)
    return _confined.serve(session, schemas, arguments)


def _sockets() -> list[int]:
    found = []
    for name in os.listdir("/proc/self/fd"):
        path = Path("/proc/self/fd") / name
        if path.is_socket():
            found.append(int(name))
    return found


def _settle(policy: dict[str, Any]) -> None:
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
