"""A peer of the relay that breaks its form, one way for each name on the command line.

Usage: rough_peer.py RELAY_PATH CONNECTION_ID CASE...
Writes {case: "dropped" | "answered"} as JSON.
"""

import array
import json
import os
import socket
import struct
import sys

CONTROL, FRAME = 1, 2
STRING, DICTIONARY, ENDPOINT = 5, 8, 11


def string(text: str) -> bytes:
    data = text.encode()
    return bytes([STRING]) + struct.pack("<I", len(data)) + data


def dictionary(entries: dict[str, bytes]) -> bytes:
    body = bytes([DICTIONARY]) + struct.pack("<H", len(entries))
    for key, value in entries.items():
        body += bytes([len(key)]) + key.encode() + value
    return body


def message(body: bytes, fds: int, kind: int = CONTROL, length: int | None = None, claimed: int | None = None) -> bytes:
    claimed = fds if claimed is None else claimed
    length = len(body) if length is None else length
    return struct.pack("<HBBHBBQIHH", 0x4C53, 1, kind, 0, claimed, 0, 0, length, 0, 0) + body


def store(connection_id: str, handles: int) -> bytes:
    entries = {"type": string("store_endpoint"), "connection_id": string(connection_id)}
    for index in range(handles):
        entries["endpoint" if index == 0 else f"endpoint{index}"] = bytes([ENDPOINT, index])
    return dictionary(entries)


def endpoint() -> int:
    """A true one, as the core makes them."""
    path = f"/tmp/.rough-{os.getpid()}"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(path)
    fd = os.open(path, os.O_PATH)
    os.unlink(path)
    return fd


def attempt(path: str, connection_id: str, case: str) -> str:
    regular = os.open(os.devnull, os.O_RDONLY)
    pathonly = os.open("/tmp", os.O_PATH)
    true = endpoint()
    get = dictionary({"type": string("get_endpoint"), "connection_id": string(connection_id)})
    cases = {
        "well formed": (message(store(connection_id, 1), 1), [true]),
        "a file": (message(store(connection_id, 1), 1), [regular]),
        "a path that is no socket": (message(store(connection_id, 1), 1), [pathonly]),
        "a connected socket": (message(store(connection_id, 1), 1), [socket.socket(socket.AF_UNIX).detach()]),
        "two endpoints": (message(store(connection_id, 2), 2), [true, true]),
        "a handle that is not named": (message(get, 1), [true]),
        "a handle that did not come": (message(store(connection_id, 1), 0), []),
        "one handle named, one lying": (message(store(connection_id, 1), 2), [true, true]),
        "seventeen handles": (message(store(connection_id, 1), 17), [true] * 17),
        "a lying count": (message(store(connection_id, 1), 1, claimed=3), [true]),
        "no bytes that make sense": (os.urandom(64), []),
        "a truncated header": (message(get, 0)[:10], []),
        "a lying length": (message(get, 0, length=len(get) + 9), []),
        "a frame": (message(get, 0, kind=FRAME), []),
    }
    data, fds = cases[case]
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    peer.settimeout(10)
    peer.connect(path)
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    try:
        peer.sendmsg([data], rights)
        answer, ancillary, _, _ = peer.recvmsg(65536, socket.CMSG_SPACE(64))
    except ConnectionError:
        return "dropped"
    return "answered" if answer else "dropped"


path, connection_id, *names = sys.argv[1:]
print(json.dumps({name: attempt(path, connection_id, name) for name in names}))
