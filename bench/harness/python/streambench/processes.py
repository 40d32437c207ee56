"""What the kernel tells of a process."""

from __future__ import annotations

import ctypes
import os
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Fields of /proc/<pid>/stat, counted from the one after the name (which may hold anything).
MINOR_FAULTS = 7
LAST_CPU = 36
PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """A worker of a killed host must not stay behind."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def minor_faults(pid: int) -> int:
    stat = Path(f"/proc/{pid}/stat").read_text()
    return int(stat[stat.rindex(")") + 2 :].split(" ")[MINOR_FAULTS])


def cpu_ns(pid: int) -> int:
    """CPU time of all threads of a live process."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        # It may end between the listing and the reading.
        with suppress(FileNotFoundError):
            total += int(Path(f"/proc/{pid}/task/{thread}/schedstat").read_text().split(" ")[0])
    return total


class CpuWatch:
    """The main thread's last CPU, read often."""

    def __init__(self, pid: int) -> None:
        self._file = os.open(f"/proc/{pid}/stat", os.O_RDONLY)

    def read(self) -> int:
        stat = os.pread(self._file, 512, 0)
        return int(stat[stat.rindex(b")") + 2 :].split(b" ")[LAST_CPU])

    def close(self) -> None:
        os.close(self._file)


@dataclass
class Placement:
    """Where host and worker ran, sampled between two messages. Without a worker, one process does it all."""

    host: CpuWatch
    worker: CpuWatch | None
    samples: int = 0
    together: int = 0
    host_cpus: set[int] = field(default_factory=set)
    worker_cpus: set[int] = field(default_factory=set)

    @staticmethod
    def of(host: int, worker: int | None) -> Placement:
        return Placement(CpuWatch(host), None if worker is None else CpuWatch(worker))

    def sample(self) -> None:
        host = self.host.read()
        worker = host if self.worker is None else self.worker.read()
        self.samples += 1
        self.together += host == worker
        self.host_cpus.add(host)
        self.worker_cpus.add(worker)

    def end(self) -> dict[str, Any]:
        self.host.close()
        if self.worker is not None:
            self.worker.close()
        return {
            "samples": self.samples,
            "together": round(self.together / self.samples, 3) if self.samples else 1,
            "host": sorted(self.host_cpus),
            "worker": sorted(self.worker_cpus),
        }
