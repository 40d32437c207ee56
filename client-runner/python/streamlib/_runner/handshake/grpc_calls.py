"""Calls with grpcio: they say why a call failed, and connect again to a broker that was away."""

from __future__ import annotations

from collections.abc import Callable

import grpc

from streamlib._runner.handshake.calls import CALL_TIMEOUT, SERVICE, CallFailed


class GrpcCalls:
    """One channel to the broker."""

    def __init__(self, address: str, token: str) -> None:
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()
        self._channel = grpc.insecure_channel(
            address,
            options=[
                ("grpc.enable_http_proxy", 0),
                ("grpc.initial_reconnect_backoff_ms", 50),
                ("grpc.min_reconnect_backoff_ms", 50),
                ("grpc.max_reconnect_backoff_ms", 500),
            ],
        )

    def begin(self, method: str, request: bytes) -> Callable[[], bytes]:
        # Without serializers, messages stay as they are.
        call = self._channel.unary_unary(SERVICE + method)
        pending = call.future(request, timeout=CALL_TIMEOUT, metadata=self._metadata)

        def reply() -> bytes:
            try:
                return bytes(pending.result())
            except grpc.RpcError as error:
                raise CallFailed(error.code().name, str(error.details())) from None

        return reply

    def close(self) -> None:
        self._channel.close()
