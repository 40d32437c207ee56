"""Calls to the broker, whichever way they travel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

SERVICE = "/streamlib.broker.v1.BrokerService/"

#: How long one call may take, in seconds.
CALL_TIMEOUT = 5.0


class CallFailed(Exception):
    """The broker refused a call, or it did not reach one. ``code`` is the name of the gRPC status."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class BrokerCalls(Protocol):
    """A way to call the broker. Requests and replies are protobuf messages in their binary form."""

    def begin(self, method: str, request: bytes) -> Callable[[], bytes]:
        """Begins a call of `SERVICE`. The function that it returns waits for the reply."""
        ...

    def close(self) -> None: ...
