"""Walls that another program puts up: bubblewrap where the kernel has no Landlock, Seatbelt on macOS.

Used by ``streamlib._sandbox``, which says what may be read and written.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

#: Tells the program inside to put up what bubblewrap does not: the list of system calls.
FILTER = "STREAMLIB_SANDBOX_FILTER"


def bubblewrap_command(bwrap: str, readable: Sequence[str], scratch: str, command: Sequence[str]) -> list[str]:
    """A file system of its own in which only these paths are, no network, no other processes, no rights."""
    mounts: list[str] = []
    for path in dict.fromkeys(readable):
        # Processes of others are not to be seen, so it has a view of its own.
        if path == "/proc" or path.startswith("/proc/"):
            continue
        mounts += ["--dev-bind-try" if path.startswith("/dev/") else "--ro-bind-try", path, path]
    return [
        bwrap,
        "--unshare-all",
        "--die-with-parent",
        # Otherwise a process of bubblewrap's would be there too, without the list of system calls around it.
        "--as-pid-1",
        "--cap-drop",
        "ALL",
        "--proc",
        "/proc",
        *mounts,
        "--dev-bind",
        "/dev/null",
        "/dev/null",
        "--bind",
        scratch,
        scratch,
        # What is not mounted would otherwise be memory that can be written to.
        "--remount-ro",
        "/",
        "--chdir",
        scratch,
        "--",
        *command,
    ]


def become(command: Sequence[str], variables: Mapping[str, str], keep: Sequence[int]) -> None:
    """Becomes a program that has these descriptors besides 0, 1 and 2. Returns only by an exception."""
    for fd in open_descriptors():
        if fd > 2:
            try:
                os.set_inheritable(fd, fd in keep)
            except OSError:
                continue  # That of the listing itself.
    os.execve(command[0], list(command), dict(variables))


def open_descriptors() -> list[int]:
    folder = "/proc/self/fd" if Path("/proc/self/fd").is_dir() else "/dev/fd"
    return [int(name) for name in os.listdir(folder)]


def limit(limits: Sequence[tuple[int, int]], cpus: int) -> None:
    for kind, most in limits:
        hard = resource.getrlimit(kind)[1]
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        try:
            resource.setrlimit(kind, (most, most))
        except (OSError, ValueError):
            # Some systems name a limit that they do not keep.
            if os.uname().sysname == "Linux":
                raise
    present = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if 0 < cpus < len(present):
        first = os.getpid() % len(present)
        os.sched_setaffinity(0, {present[(first + n) % len(present)] for n in range(cpus)})


def enter_seatbelt(profile: str) -> None:
    """Puts the rules around this process, for good: on macOS they hold for all of its threads."""
    import ctypes

    system: Any = ctypes.CDLL("/usr/lib/libSystem.dylib")
    message = ctypes.c_char_p()
    if system.sandbox_init(profile.encode(), ctypes.c_uint64(0), ctypes.byref(message)) != 0:
        why = message.value.decode(errors="replace") if message.value else "no reason was given"
        raise OSError(f"Seatbelt refused the rules: {why}")
