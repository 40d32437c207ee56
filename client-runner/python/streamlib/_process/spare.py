"""A spare process: ``python -m streamlib._process.spare``. Started by a runtime ahead of need, not by people.

It imports what every processor needs, waits for its job on descriptor 3, and becomes the process that
``python -m streamlib._subprocess_runner FILE`` would have been. It has one job at most, and ends without one when the
runtime closes the descriptor or ends.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import runpy
import sys
from typing import Any

from streamlib._process.entry import die_with_parent

JOB = 3
#: The longest job, in bytes: an environment may be large, but not without end.
LONGEST_JOB = 4 << 20
RUNNER = "streamlib._subprocess_runner"
#: What a processor needs before its own code, in the order in which it needs it.
PRELOADED = (
    "streamlib._native",
    "faulthandler",
    "signal",
    "streamlib._runner.session",
    "streamlib._runner.kinds",
    "streamlib._runner.load",
    "streamlib._process.subprocess_runner",
    "numpy",
)


class JobPipe:
    """Descriptor 3, on which the runtime sends one job as JSON and then closes it. Closed without a job, it ends the process."""

    def __init__(self) -> None:
        os.set_inheritable(JOB, False)
        os.set_blocking(JOB, False)
        self._received = bytearray()

    def poll(self) -> bool:
        """Whether a job is coming. Ends the process when none can come any more."""
        with contextlib.suppress(BlockingIOError):
            self._read()
        return bool(self._received)

    def job(self) -> dict[str, Any]:
        """Waits for it."""
        os.set_blocking(JOB, True)
        while self._read():
            pass
        os.close(JOB)
        job = json.loads(self._received)
        if not isinstance(job, dict):
            raise ValueError("the job is not a JSON object")
        return job

    def _read(self) -> bool:
        while chunk := os.read(JOB, 65536):
            self._received += chunk
            if len(self._received) > LONGEST_JOB:
                raise ValueError("the job is too long")
        if not self._received:
            os._exit(0)
        return False


def preload(pipe: JobPipe) -> None:
    """Imports until a job comes."""
    for name in PRELOADED:
        if pipe.poll():
            return
        importlib.import_module(name)
        if name == PRELOADED[0]:
            die_with_parent()
    # For the runtime's log: from here on, a job begins at once.
    print("warm")


def assume_job(job: dict[str, Any]) -> list[str]:
    """Makes this process what it would be if it had been started for the job. Returns the runner's arguments."""
    arguments = [str(argument) for argument in job["arguments"]]
    os.environ.clear()
    os.environ.update(job["environment"])
    secret = job.get("secret")
    if secret is not None:
        _provide_secret(str(secret).encode())
    _set_command_line(["-m", RUNNER, *arguments])
    # The output so far belongs to no processor; what follows is this one's.
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    for descriptor in (1, 2):
        os.write(descriptor, b"\n" + str(job["mark"]).encode() + b"\n")
    return arguments


def _provide_secret(secret: bytes) -> None:
    """Puts the secret where the runner reads it: on descriptor 3, which ends after it."""
    reader, writer = os.pipe()
    os.write(writer, secret)
    os.close(writer)
    if reader != JOB:
        os.dup2(reader, JOB)
        os.close(reader)
    os.set_inheritable(JOB, False)


def _set_command_line(arguments: list[str]) -> None:
    """Has ``ps`` show which processor this is. It reads this process's memory, which may not be writable everywhere."""
    with contextlib.suppress(OSError, ValueError, IndexError), open("/proc/self/stat", "rb") as stat:
        fields = stat.read().rpartition(b")")[2].split()
        start, end = int(fields[45]), int(fields[46])
        line = b"\0".join([os.fsencode(sys.orig_argv[0]), *map(os.fsencode, arguments)])
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            memory.seek(start)
            memory.write(line[: end - start - 1].ljust(end - start, b"\0"))


def main() -> None:
    pipe = JobPipe()
    preload(pipe)
    sys.argv[1:] = assume_job(pipe.job())
    runpy.run_module(RUNNER, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
