"""The runner as the process that it is: started with a broker, stopped by signals and by its host's death."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from brokers import HostSide, RealBroker

NUMBER = """
import os, signal, sys, threading
import streamlib
class Number(streamlib.Schema):
    n: streamlib.Int64
"""
ECHO = (
    NUMBER
    + """
@streamlib.processor(inputs={"a": Number}, outputs={"b": Number})
class Echo:
    def setup(self, ctx): print("set up")
    def process(self, ctx):
        n = ctx.input().get()["n"]
        if n == 13:
            ctx.output().set({"n": -1})
            while True: threading.Event().wait()
        ctx.output().set({"n": n + 1})
    def teardown(self, ctx): print("torn down")
"""
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealBroker]:
    broker = RealBroker(tmp_path_factory.mktemp("broker"))
    kept = dict(os.environ)
    os.environ.update(broker.env)
    broker.start()
    os.environ.update(broker.env)
    yield broker
    broker.kill()
    os.environ.clear()
    os.environ.update(kept)


class Runner:
    """A runner's process, and its host."""

    def __init__(self, world: RealBroker, file: str) -> None:
        self.host = HostSide(world)
        self.host.alive()
        self.host.store()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "streamlib._subprocess_runner", file],
            env={
                **os.environ,
                "STREAMLIB_CONNECTION_ID": self.host.id,
                "STREAMLIB_BROKER_ENDPOINT": world.address,
                "STREAMLIB_HOST_PID": str(os.getpid()),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def set_up(self) -> None:
        """Up to frames that flow."""
        self.host.meet()
        self.host.mark_acked()
        self.host.control("acked")
        assert self.host.connection is not None
        ports = json.loads(self.host.ports)
        both = [json.dumps([{"name": n, "schema": s} for n, s in ports[k].items()]) for k in ("outputs", "inputs")]
        self.host.connection.define_ports(*both)
        setup = {"type": "setup", "kind": "reactive", "name": "effect", "config": "{}", "inputs": {}, "outputs": {}}
        self.host.connection.send_control({**setup, "log_level": "info"})
        self.host.control("setup_done")
        self.host.connection.send_control({"type": "start"})
        self.host.control("started")

    def send(self, n: int) -> int:
        connection = self.host.connection
        assert connection is not None
        assert connection.send_frame(0, n, {"n": n})
        while True:
            event = connection.receive(10)
            assert event is not None
            if event[0] == "frame":
                return int(event[3]["n"])

    def ended(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=15)
        return self.process.returncode, out, err


@pytest.fixture
def run(world: RealBroker, file: Callable[..., str]) -> Iterator[Callable[[str], Runner]]:
    runners: list[Runner] = []

    def start(source: str) -> Runner:
        runner = Runner(world, file(source))
        runners.append(runner)
        return runner

    yield start
    for runner in runners:
        runner.process.kill()
        runner.process.communicate()
        runner.host.close()


def test_it_runs_and_ends_in_order(run: Callable[[str], Runner]) -> None:
    runner = run(ECHO)
    runner.set_up()
    assert runner.host.connection is not None
    assert runner.host.connection.peer_pid == runner.process.pid
    assert [runner.send(n) for n in (1, 5)] == [2, 6]
    runner.host.connection.send_control({"type": "stop"})
    runner.host.connection.send_control({"type": "teardown"})
    runner.host.control("bye")
    assert runner.ended() == (0, "set up\ntorn down\n", "")


def test_sigterm_ends_it_in_order_though_nothing_comes(run: Callable[[str], Runner]) -> None:
    runner = run(ECHO)
    runner.set_up()
    assert runner.send(1) == 2
    runner.process.send_signal(signal.SIGTERM)
    runner.host.control("bye")
    assert runner.ended() == (0, "set up\ntorn down\n", "")


def test_sigterm_ends_it_in_the_middle_of_a_call(run: Callable[[str], Runner]) -> None:
    runner = run(ECHO)
    runner.set_up()
    assert runner.send(13) == -1
    runner.process.send_signal(signal.SIGTERM)
    assert runner.ended()[:2] == (0, "set up\ntorn down\n")


def test_sigterm_in_setup_ends_it_though_threads_of_the_users_go_on(run: Callable[[str], Runner]) -> None:
    runner = run(
        ECHO.replace(
            'print("set up")', "threading.Thread(target=threading.Event().wait).start(); os.kill(os.getpid(), 15)"
        )
    )
    runner.host.meet()
    connection = runner.host.connection
    assert connection is not None
    setup = {"type": "setup", "kind": "reactive", "name": "effect", "config": "{}", "inputs": {}, "outputs": {}}
    connection.send_control({**setup, "log_level": "info"})
    assert runner.ended()[0] == 0


def test_a_host_that_is_gone_ends_it(run: Callable[[str], Runner]) -> None:
    runner = run(ECHO)
    runner.set_up()
    assert runner.host.connection is not None
    runner.host.connection.close()
    assert runner.ended() == (0, "set up\ntorn down\n", "")


def test_a_host_that_is_gone_ends_it_though_its_code_hangs(run: Callable[[str], Runner]) -> None:
    runner = run(ECHO)
    runner.set_up()
    assert runner.send(13) == -1
    assert runner.host.connection is not None
    runner.host.connection.close()
    assert runner.ended()[0] == 70


def test_a_file_that_does_not_import_is_told_over_the_channel(run: Callable[[str], Runner]) -> None:
    runner = run("import nowhere_to_be_found\n")
    runner.host.meet()
    error = runner.host.control("error")
    assert (error["phase"], error["fatal"]) == ("import", True)
    assert runner.ended()[0] == 3


def test_ports_that_are_not_those_of_the_graph_are_told(run: Callable[[str], Runner]) -> None:
    runner = run(ECHO.replace('"b"', '"c"'))
    runner.host.meet()
    message = runner.host.control("error")["message"]
    assert "Echo declares the outputs ['c'], but the graph was built with ['b']" in message
    assert runner.ended()[0] == 3


@pytest.mark.parametrize("connection", ["", "x"])
def test_wrong_arguments_are_told(connection: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "streamlib._subprocess_runner"],
        env={**os.environ, "STREAMLIB_CONNECTION_ID": connection},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 2
    assert "usage:" in done.stderr


def test_a_runner_whose_runtime_has_gone_before_it_started_ends(file: Callable[..., str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "streamlib._subprocess_runner", file(ECHO)],
        env={**os.environ, "STREAMLIB_CONNECTION_ID": "x", "STREAMLIB_HOST_PID": "1"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 5
    assert "handshake failed:" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_report_of_a_crash_fits_into_the_lines_that_the_runtime_shows(run: Callable[[str], Runner]) -> None:
    """Functions of this package below the user's would push the first line out, which says what happened."""
    runner = run(ECHO.replace('n = ctx.input().get()["n"]', "import ctypes; ctypes.string_at(0)"))
    runner.set_up()
    assert runner.host.connection is not None
    assert runner.host.connection.send_frame(0, 1, {"n": 1})
    code, _, err = runner.ended()
    assert code == -signal.SIGSEGV
    lines = err.splitlines()
    assert lines[0] == "Fatal Python error: Segmentation fault"
    assert len(lines) <= 20
