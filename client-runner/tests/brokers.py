"""The real broker in a process of its own, and the host's half of the handshake."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import grpc
from streamlib._native import Connection, Endpoint, Listener, relay_path
from streamlib.broker.v1 import broker_pb2 as pb
from streamlib.broker.v1 import broker_pb2_grpc

PROGRAM = Path(__file__).resolve().parents[2] / "broker/bin/streamlib-broker.js"
DEADLINE = 15.0
TOKEN = "the-token-of-these-tests"
SCHEMA = {"name": "Number", "fields": [{"name": "n", "type": "Int64"}]}
PORTS = {"inputs": {"a": SCHEMA}, "outputs": {"b": SCHEMA}}


class WithToken(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    """Sends the token that the broker was started with."""

    def intercept_unary_unary(self, proceed: Any, details: Any, request: Any) -> Any:
        metadata = [*(details.metadata or ()), ("authorization", f"Bearer {TOKEN}")]
        return proceed(details._replace(metadata=metadata), request)


class RealBroker:
    """A broker with a private state directory, socket and port. It can be killed and started again in the same place."""

    def __init__(self, folder: Path) -> None:
        self.runtime_dir = folder / "run"
        self.runtime_dir.mkdir(mode=0o700)
        self.env = {
            "STREAMLIB_HOME": str(folder / "home"),
            "XDG_RUNTIME_DIR": str(self.runtime_dir),
            "STREAMLIB_BROKER_XPC_SERVICE": "com.tatolab.streamlib.broker.pytest",
            "STREAMLIB_BROKER_TOKEN": TOKEN,
        }
        self.address = "127.0.0.1:0"
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: grpc.Channel | None = None

    def start(self) -> None:
        read, write = os.pipe()
        node = shutil.which("node")
        assert node is not None
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec 3>&{write}; exec "$0" "$@"', node, str(PROGRAM), "--ready-fd", "3"],
            env={**os.environ, **self.env, "STREAMLIB_BROKER_PORT": self.address.rpartition(":")[2]},
            pass_fds=(write,),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        os.close(write)
        with os.fdopen(read, encoding="utf-8") as ready:
            line = ready.readline()
        if not line:
            raise AssertionError(f"the broker did not start: {self._process.communicate()[1].decode()}")
        self.address = json.loads(line)["grpc_address"]
        self.env["STREAMLIB_BROKER_PORT"] = self.address.rpartition(":")[2]

    def kill(self) -> None:
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.communicate()
            self._process = None

    @property
    def stub(self) -> Any:
        if self._channel is None:
            self._channel = grpc.insecure_channel(self.address, options=[("grpc.enable_http_proxy", 0)])
            grpc.channel_ready_future(self._channel).result(DEADLINE)
        return broker_pb2_grpc.BrokerServiceStub(grpc.intercept_channel(self._channel, WithToken()))

    def info(self, connection_id: str) -> Any:
        return self.stub.GetConnectionInfo(pb.GetConnectionInfoRequest(connection_id=connection_id), timeout=5)


class HostSide:
    """What a runtime does for one Python processor until the two are connected."""

    def __init__(self, broker: RealBroker, ports: dict[str, Any] | None = None) -> None:
        self.broker = broker
        self.ports = json.dumps(ports or PORTS)
        self.runtime = f"runtime-{time.monotonic_ns()}"
        self.register([])
        reply = broker.stub.AllocateConnection(
            pb.AllocateConnectionRequest(
                runtime_id=self.runtime, processor_id="effect", schemas_json=self.ports, host_pid=os.getpid()
            )
        )
        assert reply.success
        self.id = reply.connection_id
        self.listener = Listener.anonymous()
        self.connection: Connection | None = None
        self._heard: list[dict[str, Any]] = []

    def register(self, connections: list[Any]) -> None:
        request = pb.RegisterRuntimeRequest(
            runtime_id=self.runtime, name=self.runtime, pid=os.getpid(), connections=connections
        )
        self.broker.stub.RegisterRuntime(request, timeout=5)

    def alive(self) -> None:
        self.broker.stub.HostAlive(pb.HostAliveRequest(connection_id=self.id, pid=os.getpid()), timeout=5)

    def store(self) -> None:
        """Gives the relay the endpoint, and confirms it."""
        endpoint = self.listener.endpoint()
        assert tell_relay({"type": "store_endpoint", "connection_id": self.id}, endpoint)["success"] is True
        endpoint.close()
        self.broker.stub.HostXpcReady(pb.HostXpcReadyRequest(connection_id=self.id), timeout=5)

    def come_back(self) -> None:
        """What a runtime does when the broker was away."""
        self.register(
            [
                pb.LiveConnection(
                    connection_id=self.id,
                    processor_id="effect",
                    host_state="alive",
                    client_state="pending",
                    schemas_json=self.ports,
                    host_pid=os.getpid(),
                )
            ]
        )
        self.alive()
        self.store()

    def meet(self) -> Connection:
        """Takes the client in, and hears its pong."""
        connection = self.listener.accept(DEADLINE)
        assert connection is not None
        self.connection = connection
        connection.send_control({"type": "ping", "bytes": b"SLP"})
        assert self.control("pong")["bytes"] == b"SLA"
        return connection

    def control(self, kind: str) -> dict[str, Any]:
        assert self.connection is not None
        for index, message in enumerate(self._heard):
            if message["type"] == kind:
                return self._heard.pop(index)
        end = time.monotonic() + DEADLINE
        while (left := end - time.monotonic()) > 0:
            event = self.connection.receive(left)
            assert event is not None
            assert event[0] != "closed", f"no {kind}, but {event}"
            if event[0] == "control":
                if event[1]["type"] == kind:
                    return dict(event[1])
                self._heard.append(event[1])
        raise AssertionError(f"no {kind}, but {self._heard}")

    def mark_acked(self) -> str:
        reply = self.broker.stub.MarkAcked(pb.MarkAckedRequest(connection_id=self.id, side="host"), timeout=5)
        return str(reply.connection_state)

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
        self.__dict__.clear()


def tell_relay(message: dict[str, Any], endpoint: Endpoint | None = None) -> dict[str, Any]:
    relay = Connection.connect_named(relay_path())
    try:
        relay.send_control(message, endpoint)
        event = relay.receive(5)
        assert event is not None
        assert event[0] == "control", event
        return dict(event[1])
    finally:
        relay.close()


class InBackground:
    """A call in a thread of its own, and what came of it."""

    def __init__(self, call: Any) -> None:
        self._result: Any = None
        self._error: BaseException | None = None

        def run() -> None:
            try:
                self._result = call()
            except BaseException as error:
                self._error = error

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def result(self) -> Any:
        self._thread.join(DEADLINE)
        assert not self._thread.is_alive()
        if self._error is not None:
            raise self._error
        return self._result
