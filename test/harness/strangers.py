"""Connects many times to each socket file and says random bytes, with and without handles.

Usage: strangers.py PATH...
"""

import contextlib
import os
import socket
import sys

TIMES = 20


def bother(path: str) -> None:
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as peer,
        contextlib.suppress(OSError),
    ):
        peer.settimeout(0.5)
        peer.connect(path)
        peer.send(os.urandom(300))
        with open(os.devnull, "rb") as handle:
            socket.send_fds(peer, [os.urandom(64)], [handle.fileno()] * 16)
        peer.recv(1)


for path in sys.argv[1:]:
    for _ in range(TIMES):
        bother(path)
