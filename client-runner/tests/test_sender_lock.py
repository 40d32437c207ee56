"""What a value being sent runs is user code, and other threads run meanwhile."""

from __future__ import annotations

import subprocess
import sys

# In a process of its own: a thread that waits with the interpreter lock held would stop the test, too.
PROGRAM = """
import json, threading, time
from streamlib._native import Connection, Poller

ports = json.dumps([{"name": "out", "schema": {"name": "Number", "fields": [{"name": "x", "type": "Float64"}]}}])
here, there = Connection.pair()
here.define_ports("[]", ports)
there.define_ports(ports, "[]")
poller = Poller()
poller.add(here, "here")
reading, receives = threading.Event(), threading.Event()

class Slow:
    def __float__(self):
        reading.set()
        receives.wait()
        for _ in range(100):
            time.sleep(0.001)  # the other thread runs, and goes as far as it gets
        return 1.0

def receive():
    reading.wait()
    receives.set()
    assert poller.receive(0, 0.001) == []
    assert poller.receive(0.001) == []
    assert here.receive(0) is None

receiver = threading.Thread(target=receive)
receiver.start()
assert here.send_frame(0, 1, {"x": Slow()})
receiver.join()
assert there.receive(10) == ("frame", 0, 1, {"x": 1.0})
print("through")
"""


def test_a_thread_that_receives_and_one_that_sends_a_slow_value_do_not_wait_for_each_other_for_ever() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=20, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("through\n", "", 0)
