"""Names for what the sandbox refuses: an audit hook sees a request before the kernel does.

The hook protects nothing; the kernel does. It explains.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from typing import Any

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


def explain_refusals(report: Callable[[str], None]) -> None:
    """From here on, what the kernel would refuse raises `SandboxRefused`; each kind is reported once."""
    reported: set[str] = set()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        refused = REFUSED.get(event)
        if refused is None:
            return
        if event == "socket.__new__" and len(arguments) > 1 and _inherited_socket():
            return
        if event == "os.kill" and arguments and arguments[0] == os.getpid():
            return
        message = f"the sandbox does not allow {refused[0]}; {refused[1]}"
        if event not in reported:
            reported.add(event)
            report(message)
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
