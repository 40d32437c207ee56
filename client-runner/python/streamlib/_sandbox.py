"""Confines this process and becomes the program that is to run confined. Started by a runtime, not by people.

The policy names the means: Landlock, bubblewrap or Seatbelt (see ``streamlib._walls`` for the last two).

The runtime starts it as ``python -I -S -c BOOT POLICY -m MODULE ARGUMENTS``: without ``site``, so that no package's start-up
hook and no file of the working directory runs before the walls stand. For a processor, the handshake with broker and host is
done first, here; what is run confined inherits only the channel. Since it starts as a new program, threads and memory of the
handshake (gRPC's, and this connection's token) are gone by then.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

from streamlib import _walls

RUNNER = "streamlib._subprocess_runner"
CONFINED = "streamlib._confined"
EXIT_HANDSHAKE = 5
EXIT_SANDBOX = 8

#: Variables that confined code gets; the user's others may hold secrets.
KEPT = ("PATH", "LANG", "LANGUAGE", "TZ", "PYTHONUNBUFFERED", "PYTHONHASHSEED")
KEPT_ENDINGS = ("_NUM_THREADS",)
#: What an interpreter and its packages read besides themselves.
SYSTEM = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/share/zoneinfo",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/dev/urandom",
    "/dev/random",
    "/dev/zero",
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/sys/vm/overcommit_memory",
    "/proc/sys/vm/max_map_count",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
)
#: Threads may reserve address space that they never touch.
RESERVED = 4 << 30


def main(arguments: list[str]) -> int:
    if arguments == ["--probe"]:
        return _probe()
    if arguments[:1] == ["--spare"]:
        from streamlib import _confined_spare

        return _confined_spare.main()
    policy = json.loads(arguments[0])
    if arguments[1:2] != ["-m"] or len(arguments) < 3:
        print("usage: python -I -S -c BOOT POLICY -m MODULE [ARGUMENTS]", file=sys.stderr)
        return 2
    from streamlib._native import BridgeError

    try:
        module, rest = arguments[2], arguments[3:]
        inherited = _inherited()
        if module == RUNNER and policy.get("mechanism") == "seatbelt":
            return _run_in_seatbelt(policy, rest)
        if module == RUNNER:
            keep, told = _handshake()
        else:
            die_with_parent()
            keep, told, rest = inherited, {}, [module, *rest]
        become(policy, [CONFINED, *rest], {**variables(policy), **told}, keep)
    except (BridgeError, OSError) as error:
        print(f"{policy.get('name', 'the code')} is not run: {error}", file=sys.stderr)
    except _NoHandshake as error:
        print(f"handshake failed: {error}", file=sys.stderr)
        return EXIT_HANDSHAKE
    return EXIT_SANDBOX


class _NoHandshake(Exception):
    pass


def _probe() -> int:
    """Tells what the kernel offers."""
    from streamlib._native import sandbox_support

    landlock, seccomp = sandbox_support()
    print(json.dumps({"landlock": landlock, "seccomp": seccomp}))
    return 0


def die_with_parent() -> None:
    from streamlib._native import set_parent_death_signal

    parent = os.environ.get("STREAMLIB_HOST_PID", "")
    if parent.isdigit():
        set_parent_death_signal(int(parent))


def _handshake() -> tuple[list[int], dict[str, str]]:
    """Everything that needs the broker. Returns the descriptors to keep, and where they are told."""
    from streamlib._native import broker_address
    from streamlib._runner.broker import HandshakeError
    from streamlib._runner.session import Session

    die_with_parent()
    try:
        session, schemas = Session.open(os.environ.get("STREAMLIB_CONNECTION_ID", ""), broker_address())
    except HandshakeError as error:
        raise _NoHandshake(str(error)) from None
    return hand_over(session, schemas)


def _run_in_seatbelt(policy: dict[str, Any], arguments: list[str]) -> int:
    """There a channel does not outlive a program, so the walls go up around this one: nothing of the code has run yet."""
    from streamlib import _confined, _confined_spare
    from streamlib._native import broker_address
    from streamlib._runner.broker import HandshakeError
    from streamlib._runner.session import Session

    die_with_parent()
    try:
        session, schemas = Session.open(os.environ.get("STREAMLIB_CONNECTION_ID", ""), broker_address())
    except HandshakeError as error:
        raise _NoHandshake(str(error)) from None
    told = variables(policy)
    os.environ.clear()
    os.environ.update(told)
    os.chdir(str(policy["scratch"]))
    os.nice(int(policy.get("nice", 5)))
    _walls.limit(limits(policy), 0)
    _walls.enter_seatbelt(str(policy["profile"]))
    _confined_spare.settle(policy)
    return _confined.serve(session, schemas, arguments)


def hand_over(session: Any, schemas: dict[str, Any]) -> tuple[list[int], dict[str, str]]:
    """What a fresh program needs to go on with a session: descriptors, and variables that tell them."""
    channel = session.connection.fileno()
    ports = os.memfd_create("streamlib-ports")
    with os.fdopen(os.dup(ports), "w", encoding="utf-8") as out:
        json.dump(schemas, out)
    return [channel, ports], {"STREAMLIB_CHANNEL_FD": str(channel), "STREAMLIB_PORTS_FD": str(ports)}


def _inherited() -> list[int]:
    """What the runtime left open for the program: a descriptor for its report, say."""
    found = []
    for fd in _walls.open_descriptors():
        try:
            if fd > 2 and os.get_inheritable(fd):
                found.append(fd)
        except OSError:
            continue  # That of the listing itself.
    return found


def variables(policy: dict[str, Any]) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in KEPT or name.startswith("LC_") or name.endswith(KEPT_ENDINGS)
    }
    scratch = str(policy["scratch"])
    return {
        "HOME": scratch,
        "TMPDIR": scratch,
        "XDG_CACHE_HOME": scratch,
        "XDG_CONFIG_HOME": scratch,
        "PYTHONDONTWRITEBYTECODE": "1",
        # A spare process has imported numpy, and must have one thread until its walls stand: so it is everywhere.
        "OPENBLAS_NUM_THREADS": "1",
        # A library that would ask its maker's servers is told in time that there are none.
        "NO_PROXY": "*",
        "STREAMLIB_SANDBOX": str(policy["name"]),
        "STREAMLIB_CODE_DIR": str(policy["code_dir"]),
        **kept,
    }


def readable(policy: dict[str, Any]) -> list[str]:
    """The folders and files that confined code may read and load."""
    environment = str(policy["environment"])
    base = sys.base_prefix
    own = [f"{base}/lib", f"{base}/lib64"] if base in ("/usr", "/usr/local") else [base]
    interpreter = os.path.realpath(f"{environment}/bin/python")
    # A system's interpreter is one file; its folder holds others.
    return [str(policy["code_dir"]), environment, *own, interpreter, *SYSTEM]


def become(policy: dict[str, Any], arguments: list[str], variables: dict[str, str], keep: list[int]) -> None:
    scratch = Path(policy["scratch"])
    os.chdir(scratch)
    os.nice(int(policy.get("nice", 5)))
    command = [f"{policy['environment']}/bin/python", "-P", "-m", *arguments]
    mechanism = policy.get("mechanism", "landlock")
    if mechanism != "landlock":
        program = str(policy["program"])
        if mechanism == "bubblewrap":
            variables = {**variables, _walls.FILTER: "1"}
            command = _walls.bubblewrap_command(program, readable(policy), str(scratch), command)
        else:
            command = [program, "-p", str(policy["profile"]), *command]
        _walls.limit(limits(policy), int(policy.get("cpus", 0)))
        _walls.become(command, variables, keep)
        return
    from streamlib._native import confine_and_become

    confine_and_become(
        command,
        [f"{name}={value}" for name, value in variables.items()],
        readable(policy),
        [str(scratch), "/dev/null"],
        limits(policy),
        int(policy.get("cpus", 0)),
        keep,
    )


def limits(policy: dict[str, Any]) -> list[tuple[int, int]]:
    memory = int(policy["memory"])
    found = [
        (resource.RLIMIT_DATA, memory),
        (resource.RLIMIT_AS, memory + RESERVED),
        (resource.RLIMIT_FSIZE, int(policy["file_size"])),
        (resource.RLIMIT_NOFILE, int(policy["descriptors"])),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 64 << 10),
    ]
    if hasattr(resource, "RLIMIT_MSGQUEUE"):
        found.append((resource.RLIMIT_MSGQUEUE, 0))
    if policy.get("cpu_seconds"):
        found.append((resource.RLIMIT_CPU, int(policy["cpu_seconds"])))
    if policy.get("threads") and Path("/proc/self").is_dir():
        # Counted for the whole user, so the number is what there is and what this process may add. Root is not counted.
        found.append((resource.RLIMIT_NPROC, _threads_of_user() + int(policy["threads"])))
    return found


def _threads_of_user() -> int:
    count = 0
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            if entry.stat().st_uid == os.getuid():
                count += len(os.listdir(f"{entry.path}/task"))
        except OSError:
            continue  # It has ended meanwhile.
    return count
