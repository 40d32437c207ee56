"""What all programs of this package share: how they begin, how they end, and their exit codes."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from streamlib._native import BridgeError, broker_address, set_parent_death_signal

if TYPE_CHECKING:
    from streamlib._runner.load import Code
    from streamlib._runner.session import Session

EXIT_USAGE = 2
EXIT_IMPORT = 3
EXIT_SETUP = 4
EXIT_HANDSHAKE = 5
EXIT_START = 6
EXIT_INTERNAL = 7
EXIT_SANDBOX = 8
EXIT_INTERRUPTED = 130

#: Whether this process has confined itself.
confined = False


class ProcessFailed(Exception):
    """Ends the program: ``code`` is its exit code, the message goes to stderr."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def run(main: Callable[[], int]) -> NoReturn:
    """Runs ``main`` and ends the process with its exit code, whichever way it ends, though threads of the user's code go on.

    It and ``main`` stand at the bottom of each crash's traceback, of which the runtime shows a few lines: few functions deep.
    """
    try:
        status = main()
    except ProcessFailed as error:
        print(error, file=sys.stderr)
        status = error.code
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0
    except BaseException:
        traceback.print_exc()
        status = EXIT_INTERNAL
    sys.stdout.flush()
    sys.stderr.flush()
    # Everything that was held has been given back; only the interpreter would wait for those threads.
    os._exit(status)


def die_with_parent() -> None:
    """Has the kernel end this process when the runtime that started it ends.

    Raises:
        BridgeError: the runtime has ended already.
    """
    parent = os.environ.get("STREAMLIB_HOST_PID", "")
    if parent.isdigit():
        set_parent_death_signal(int(parent))


def behave_as_script(code: Code) -> None:
    """The working directory is the folder of the user's file, as for a script that is started there.

    A module keeps the runtime's, and confined code the folder that it may write to.
    """
    if not confined and code.noun == "file" and code.file is not None:
        # A folder that is gone is told by whatever needs it.
        with contextlib.suppress(OSError):
            os.chdir(code.file.parent)


def hide_arguments(code: Code) -> None:
    """The code sees the command line of a script without arguments: ours are no business of its ``argparse``."""
    sys.argv[:] = [str(code.file or code.label)]


def count_before_exit(session: Session) -> None:
    """Has ``os._exit`` in the user's code tell the runtime what this process has counted since the last heartbeat."""
    leave, own = os._exit, os.getpid()

    def exit_counted(status: int) -> NoReturn:
        # A child that was forked shares the channel, but not what happened here.
        if os.getpid() == own:
            with contextlib.suppress(Exception):
                session.connection.beat()
        leave(status)

    os._exit = exit_counted


def open_session(*, heartbeat: bool = True) -> tuple[Session, dict[str, Any]]:
    """The handshake with broker and host, for the connection that the environment names.

    Returns:
        The session, and the port schemas that the host gave the broker.

    Raises:
        ProcessFailed: with `EXIT_HANDSHAKE`, when the handshake failed.
    """
    # Imported here: programs that only look at code do not pay for it.
    from streamlib._runner.handshake.errors import HandshakeError
    from streamlib._runner.session import Session

    try:
        return Session.open(os.environ.get("STREAMLIB_CONNECTION_ID", ""), broker_address(), heartbeat)
    except (HandshakeError, BridgeError) as error:
        raise ProcessFailed(EXIT_HANDSHAKE, f"handshake failed: {error}") from None
