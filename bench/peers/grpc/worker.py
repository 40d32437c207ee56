"""ADDRESS"""

import sys
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import grpc
import numpy as np
from google.protobuf import wrappers_pb2
from streambench.processes import die_with_parent
from streambench.touches import work

# `Frame` and the well-known `BytesValue` are the same on the wire: one bytes field with the number 1. So nothing needs
# to be generated for Python.
Frame = wrappers_pb2.BytesValue


def echo(messages: Iterator[Any], _context: grpc.ServicerContext) -> Iterator[Any]:
    out = np.zeros(0, np.uint8)
    for message in messages:
        frame = np.frombuffer(message.value, np.uint8)
        if out.size != frame.size:
            out = np.zeros(frame.size, np.uint8)
        work(frame, out)
        # A bytes field takes nothing but bytes.
        yield Frame(value=out.tobytes())


die_with_parent()
unlimited = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
]
server = grpc.server(futures.ThreadPoolExecutor(2), options=unlimited)
stream = grpc.stream_stream_rpc_method_handler(echo, Frame.FromString, Frame.SerializeToString)
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("streamlib.bench.Echo", {"Stream": stream})])
server.add_insecure_port(sys.argv[1])
server.start()
print("ready", flush=True)
server.wait_for_termination()
