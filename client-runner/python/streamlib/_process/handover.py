"""A session that one program begins and the next goes on with: its channel stays open, its ports travel beside it."""

from __future__ import annotations

import json
import os
from typing import Any

from streamlib._native import Connection

_CHANNEL = "STREAMLIB_CHANNEL_FD"
_PORTS = "STREAMLIB_PORTS_FD"


def hand_over(connection: Connection, schemas: dict[str, Any]) -> tuple[list[int], dict[str, str]]:
    """What the next program needs: descriptors to keep open, and the variables that name them."""
    channel = connection.fileno()
    ports = os.memfd_create("streamlib-ports")
    with os.fdopen(os.dup(ports), "w", encoding="utf-8") as out:
        json.dump(schemas, out)
    return [channel, ports], {_CHANNEL: str(channel), _PORTS: str(ports)}


def was_handed_over() -> bool:
    return _CHANNEL in os.environ


def take_over() -> tuple[Connection, dict[str, Any]]:
    """The channel and the port schemas that the program before this one left."""
    connection = Connection.adopt(int(os.environ.pop(_CHANNEL)))
    with os.fdopen(int(os.environ.pop(_PORTS)), "rb") as ports:
        ports.seek(0)
        return connection, json.load(ports)
