"""A spare process: ``python -m streamlib._spare``. Started by a runtime ahead of need, not by people.

It imports what every processor needs, waits for its job on descriptor 3, and becomes the process that
``python -m streamlib._subprocess_runner FILE`` would have been. It has one job at most, and ends without one when the
runtime closes the descriptor or is gone.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import runpy
import sys
from typing import Any

JOB = 3
#: The longest job, in bytes: an environment may be large, but not without end.
LONGEST_JOB = 4 << 20
RUNNER = "streamlib._subprocess_runner"
#: What a processor needs before its own code, in the order in which it needs it.
WARM = (
    "streamlib._native",
    "faulthandler",
    "signal",
    "streamlib._runner.session",
    "streamlib._runner.kinds",
    "streamlib._runner.load",
    "numpy",
)


class JobPipe:
    """The runtime's end of the bargain: nothing for as long as nobody needs us, then one JSON, then the end."""

    def __init__(self) -> None:
        os.set_inheritable(JOB, False)
        os.set_blocking(JOB, False)
        self._given = bytearray()

    def poll(self) -> bool:
        """Whether a job is coming. Ends the process when none will ever come."""
        with contextlib.suppress(BlockingIOError):
            self._read()
        return bool(self._given)

    def job(self) -> dict[str, Any]:
        """Waits for it."""
        os.set_blocking(JOB, True)
        while self._read():
            pass
        os.close(JOB)
        job = json.loads(self._given)
        if not isinstance(job, dict):
            raise ValueError("the job is no JSON object")
        return job

    def _read(self) -> bool:
        while chunk := os.read(JOB, 65536):
            self._given += chunk
            if len(self._given) > LONGEST_JOB:
                raise ValueError("the job is too long")
        if not self._given:
            os._exit(0)
        return False


def warm_up(pipe: JobPipe) -> None:
    """Imports for as long as nobody needs this process."""
    for name in WARM:
        if pipe.poll():
            return
        module = importlib.import_module(name)
        if name == WARM[0]:
            parent = os.environ.get("STREAMLIB_HOST_PID", "")
            if parent.isdigit():
                module.set_parent_death_signal(int(parent))
    # For the runtime's log: from here on, a job is taken on at once.
    print("warm")


def take_on(job: dict[str, Any]) -> list[str]:
    """Makes this process what it would have been, had it been started for the job. Returns the runner's arguments."""
    arguments = [str(argument) for argument in job["arguments"]]
    os.environ.clear()
    os.environ.update(job["environment"])
    secret = job.get("secret")
    if secret is not None:
        _lay_out(str(secret).encode())
    _show(["-m", RUNNER, *arguments])
    # What was said so far was nobody's; what follows is the processor's.
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    for descriptor in (1, 2):
        os.write(descriptor, b"\n" + str(job["mark"]).encode() + b"\n")
    return arguments


def _lay_out(secret: bytes) -> None:
    """Puts the secret where the runner looks for it: on descriptor 3, which ends after it."""
    reader, writer = os.pipe()
    os.write(writer, secret)
    os.close(writer)
    if reader != JOB:
        os.dup2(reader, JOB)
        os.close(reader)
    os.set_inheritable(JOB, False)


def _show(arguments: list[str]) -> None:
    """Lets ``ps`` tell which processor this is, if the process's own memory, which it reads, may be written."""
    with contextlib.suppress(OSError, ValueError, IndexError), open("/proc/self/stat", "rb") as stat:
        fields = stat.read().rpartition(b")")[2].split()
        start, end = int(fields[45]), int(fields[46])
        line = b"\0".join([os.fsencode(sys.orig_argv[0]), *map(os.fsencode, arguments)])
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            memory.seek(start)
            memory.write(line[: end - start - 1].ljust(end - start, b"\0"))


def main() -> None:
    pipe = JobPipe()
    warm_up(pipe)
    sys.argv[1:] = take_on(pipe.job())
    runpy.run_module(RUNNER, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
