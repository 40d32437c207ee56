"""What confined code may read, write and use up, worked out from the runtime's policy (a JSON object)."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path
from typing import Any

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


def variables(policy: dict[str, Any]) -> dict[str, str]:
    """The environment variables of confined code."""
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
        # A spare process has imported numpy, and must have one thread until it is confined: so it is everywhere.
        "OPENBLAS_NUM_THREADS": "1",
        # A library that would ask its maker's servers learns in time that there is no network.
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


def limits(policy: dict[str, Any]) -> list[tuple[int, int]]:
    """The resource limits of confined code: pairs of an ``RLIMIT_`` number and its value."""
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
