"""How the handshake fails, and how long it waits before it does."""

from __future__ import annotations

#: A broker that is away (restarted, updated) is waited for this long, in seconds.
BROKER_TIMEOUT = 60.0
#: A broker that has just come back does not know the connection until its runtime has registered again: so long, in seconds.
UNKNOWN_TIMEOUT = 15.0


class HandshakeError(Exception):
    """The handshake with broker and host failed; the message says why and what to look at."""
