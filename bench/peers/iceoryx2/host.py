import os
import subprocess
import sys
from pathlib import Path

from ends import End, view
from streambench.measure import Worker
from streambench.serve import serve
from streambench.touches import touch_read, touch_write

opened = 0


class Iceoryx2:
    def __init__(self, size: int, depth: int) -> None:
        global opened
        opened += 1
        name = f"streamlib-bench/{os.getpid()}/{opened}"
        self.end = End(name, size, "to", "back")
        self.size = size
        worker = Path(__file__).parent / "worker.py"
        self.process = subprocess.Popen(
            [sys.executable, str(worker), name, str(size)],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )
        assert self.process.stdout is not None
        if not self.process.stdout.readline():
            raise RuntimeError("the worker ended before it was ready")
        self.workers = [Worker("worker", self.process.pid)]

    def send(self, value: int) -> None:
        sample = self.end.loan()
        touch_write(view(sample, self.size), value)
        self.end.send(sample)

    def receive(self) -> int:
        sample = self.end.receive()
        total = touch_read(view(sample, self.size))
        sample.delete()
        return total

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        del self.end


serve(Iceoryx2)
