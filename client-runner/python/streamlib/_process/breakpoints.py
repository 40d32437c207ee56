"""What ``breakpoint()`` does in a processor, whose standard input nobody types into."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

ADVICE = (
    "a processor has no terminal for the debugger; use an editor's: pip install debugpy, and in the code "
    "`import debugpy; debugpy.listen(5678); debugpy.wait_for_client()` (or set PYTHONBREAKPOINT to a hook of your own)"
)

_log = logging.getLogger("streamlib")
_seen: set[tuple[str, int]] = set()


def use_breakpoint_hook() -> None:
    """From here on ``breakpoint()`` says once for each place what to do instead, and the code goes on."""
    if os.environ.get("PYTHONBREAKPOINT", "") == "":
        sys.breakpointhook = _warn


def _warn(*_args: Any, **_kwargs: Any) -> None:
    caller = sys._getframe(1)
    place = (caller.f_code.co_filename, caller.f_lineno)
    if place not in _seen:
        _seen.add(place)
        _log.warning("breakpoint() at %s:%d is passed over: %s", os.path.basename(place[0]), place[1], ADVICE)
