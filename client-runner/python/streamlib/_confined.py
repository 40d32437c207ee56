"""Runs confined: ``python -m streamlib._confined FILE [PROCESSOR]`` with an inherited channel, or ``… MODULE ARGUMENTS``.

The kernel's walls stand already (see ``streamlib._sandbox``). Here the last door is shut, and what the code will be refused
gets a name: an audit hook sees the request before the kernel does. The hook protects nothing; it explains.
"""

from __future__ import annotations

import errno
import json
import os
import runpy
import sys
import traceback
from collections.abc import Callable
from typing import Any

from streamlib import _walls
from streamlib._native import BridgeError, Connection, filter_calls, forbid_programs

NO_NETWORK = "a processor has no network: it gets frames from its inputs and gives them to its outputs"
ONE_PROCESS = "a processor is one process; it may use threads"
OWN_FILES = "a processor writes to its scratch folder only (the variable TMPDIR names it)"

#: Audit events that the kernel will refuse: what they are called, and what to do instead.
REFUSED = {
    "socket.__new__": ("opening a socket", NO_NETWORK),
    "socket.connect": ("connecting to the network", NO_NETWORK),
    "socket.getaddrinfo": ("asking for a network address", NO_NETWORK),
    "socket.gethostbyname": ("asking for a network address", NO_NETWORK),
    "os.fork": ("starting a process (os.fork)", ONE_PROCESS),
    "os.forkpty": ("starting a process (os.forkpty)", ONE_PROCESS),
    "os.posix_spawn": ("starting a process (os.posix_spawn)", ONE_PROCESS),
    "os.system": ("starting a process (os.system)", ONE_PROCESS),
    "os.exec": ("becoming another program (os.exec)", ONE_PROCESS),
    "subprocess.Popen": ("starting a process (subprocess)", ONE_PROCESS),
    "os.kill": ("sending a signal", ONE_PROCESS),
    "os.killpg": ("sending a signal", ONE_PROCESS),
    "os.chmod": ("changing a file's rights", OWN_FILES),
    "os.chown": ("changing a file's owner", OWN_FILES),
}


class SandboxRefused(PermissionError):
    """The sandbox does not allow what the code asked for."""


def name_refusals(tell: Callable[[str], None]) -> None:
    told: set[str] = set()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        refused = REFUSED.get(event)
        if refused is None:
            return
        if event == "socket.__new__" and len(arguments) > 1 and _inherited_socket():
            return
        if event == "os.kill" and arguments and arguments[0] == os.getpid():
            return
        message = f"the sandbox does not allow {refused[0]}; {refused[1]}"
        if event not in told:
            told.add(event)
            tell(message)
        raise SandboxRefused(errno.EPERM, message)

    sys.addaudithook(hook)


def _inherited_socket() -> bool:
    """``socket.socketpair()`` wraps descriptors that exist already; asyncio needs it."""
    frame = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__") == "socket":
        if frame.f_code.co_name == "socketpair":
            return True
        if frame.f_back is None:
            break
        frame = frame.f_back
    return False


def run_processor(arguments: list[str]) -> int:
    from streamlib._runner.session import Session

    connection = Connection.adopt(int(os.environ.pop("STREAMLIB_CHANNEL_FD")))
    with os.fdopen(int(os.environ.pop("STREAMLIB_PORTS_FD")), "rb") as ports:
        ports.seek(0)
        schemas = json.load(ports)
    _shut_the_door()
    return serve(Session(connection), schemas, arguments)


def serve(session: Any, schemas: dict[str, Any], arguments: list[str]) -> int:
    """Runs the processor; the walls stand."""
    from streamlib._subprocess_runner import prepare_process, run_to_the_end

    prepare_process()
    connection = session.connection
    connection.start_heartbeat()

    def tell(message: str) -> None:
        try:
            connection.send_control(
                {"type": "log", "level": "warn", "message": message, "logger": "sandbox", "time_ns": 0, "dropped": 0}
            )
        except BridgeError:
            return  # The channel is gone, and this process will be.

    name_refusals(tell)
    return run_to_the_end(session, schemas, arguments)


def run_module(arguments: list[str]) -> int:
    name_refusals(lambda message: print(message, file=sys.stderr))
    _shut_the_door()
    sys.argv = arguments
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    return 0


def _shut_the_door() -> None:
    if os.environ.pop(_walls.FILTER, "") != "":
        filter_calls()
    if sys.platform == "linux":
        forbid_programs()


def main() -> int:
    try:
        if "STREAMLIB_CHANNEL_FD" in os.environ:
            return run_processor(sys.argv[1:])
        return run_module(sys.argv[1:])
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except BaseException:
        traceback.print_exc()
        return 7


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads that the code left running must not keep the process.
    os._exit(status)
