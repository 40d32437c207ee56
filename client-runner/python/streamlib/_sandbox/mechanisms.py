"""The mechanisms of confinement: Landlock, bubblewrap where the kernel has no Landlock, Seatbelt on macOS.

``policy`` says what may be read and written; the policy names the mechanism.
"""

from __future__ import annotations

import os
import resource
import site
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from streamlib._native import confine_and_become, confine_here
from streamlib._sandbox.policy import limits, readable

#: Has the program inside install what bubblewrap does not: the filter of system calls.
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


def become(policy: dict[str, Any], arguments: list[str], variables: dict[str, str], keep: list[int]) -> NoReturn:
    """Becomes ``python -m ARGUMENTS``, confined, with the descriptors ``keep`` besides 0, 1 and 2.

    Raises:
        BridgeError, OSError: the process could not be confined; nothing was run.
    """
    scratch = str(policy["scratch"])
    os.chdir(scratch)
    os.nice(int(policy.get("nice", 5)))
    command = [f"{policy['environment']}/bin/python", "-P", "-m", *arguments]
    mechanism = policy.get("mechanism", "landlock")
    if mechanism == "landlock":
        confine_and_become(
            command,
            [f"{name}={value}" for name, value in variables.items()],
            readable(policy),
            [scratch, "/dev/null"],
            limits(policy),
            int(policy.get("cpus", 0)),
            keep,
        )
    program = str(policy["program"])
    if mechanism == "bubblewrap":
        variables = {**variables, FILTER: "1"}
        command = bubblewrap_command(program, readable(policy), scratch, command)
    else:
        command = [program, "-p", str(policy["profile"]), *command]
    limit(limits(policy), int(policy.get("cpus", 0)))
    execute(command, variables, keep)


def enter(policy: dict[str, Any], variables: dict[str, str]) -> None:
    """Makes the surroundings of this process those of confined code: variables, folder, priority."""
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(str(policy["scratch"]))
    os.nice(int(policy.get("nice", 5)))


def confine_this_process(policy: dict[str, Any], variables: dict[str, str]) -> None:
    """Confines this thread and those that it starts later, with Landlock. Sound only while it is the only one.

    Raises:
        BridgeError: the kernel refused; the code must not be run.
    """
    enter(policy, variables)
    writable = [str(policy["scratch"]), "/dev/null"]
    confine_here(readable(policy), writable, limits(policy), int(policy.get("cpus", 0)))
    initialise_site(policy)


def initialise_site(policy: dict[str, Any]) -> None:
    """What `site` does in an interpreter that is started in the usual way: packages may count on it."""
    own = f"{policy['environment']}/lib/"
    sys.path[:] = [path for path in sys.path if not path.startswith(own)]
    site.main()


def execute(command: Sequence[str], variables: Mapping[str, str], keep: Sequence[int]) -> NoReturn:
    """Becomes a program that has these descriptors besides 0, 1 and 2."""
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
    """Applies the rules to this process, for good: on macOS they hold for all of its threads."""
    import ctypes

    system: Any = ctypes.CDLL("/usr/lib/libSystem.dylib")
    message = ctypes.c_char_p()
    if system.sandbox_init(profile.encode(), ctypes.c_uint64(0), ctypes.byref(message)) != 0:
        why = message.value.decode(errors="replace") if message.value else "no reason was given"
        raise OSError(f"Seatbelt refused the rules: {why}")
