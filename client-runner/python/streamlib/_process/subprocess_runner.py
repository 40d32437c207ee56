"""Runs one processor; ``streamlib._subprocess_runner`` is the program.

The arguments are ``FILE [PROCESSOR]``, or ``--module MODULE[:ATTRIBUTE] [PROCESSOR]`` for code of an installed package.

Exit codes: 0 ended as asked, 2 wrong arguments or environment, 3 the file could not be imported, 4 ``setup()`` failed,
5 the handshake failed, 6 ``start()`` failed, 7 an error of this package, 70 the runtime went away and the processor's code
did not end by itself, 130 the code raised KeyboardInterrupt; and what the processor's code gives ``sys.exit()``.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

from streamlib._native import BridgeError
from streamlib._process import entry
from streamlib._process.breakpoints import use_breakpoint_hook
from streamlib._process.entry import EXIT_IMPORT, EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_SETUP, EXIT_START, ProcessFailed
from streamlib._runner.kinds import RUNNERS, StartFailed
from streamlib._runner.load import Code, choose, parse_code
from streamlib._runner.reports import install_logging
from streamlib._runner.session import Session
from streamlib._runner.standard_streams import make_standard_streams_non_blocking
from streamlib._runner.user_code import UserCode
from streamlib.context import Context
from streamlib.processor import ProcessorSpec


class Terminated(SystemExit):
    """SIGTERM came: ends in order, wherever the user's code is."""


def main() -> int:
    """Runs the processor that the process's arguments name. Returns the exit code."""
    arguments = sys.argv[1:]
    parsed = parse_code(arguments)
    if parsed is None or len(parsed[1]) > 1 or not os.environ.get("STREAMLIB_CONNECTION_ID"):
        print(
            "usage: STREAMLIB_CONNECTION_ID=… python -m streamlib._subprocess_runner FILE [PROCESSOR]\n"
            "       STREAMLIB_CONNECTION_ID=… python -m streamlib._subprocess_runner --module MODULE[:ATTRIBUTE] [PROCESSOR]\n"
            "A runtime starts this by itself: see `streamlib run --help`.",
            file=sys.stderr,
        )
        return entry.EXIT_USAGE
    try:
        prepare_process()
    except BridgeError as error:
        raise ProcessFailed(entry.EXIT_HANDSHAKE, f"handshake failed: {error}") from None
    entry.behave_as_script(parsed[0])
    session, schemas = entry.open_session()
    return run_to_the_end(session, schemas, arguments)


def run_to_the_end(session: Session, schemas: dict[str, Any], arguments: list[str]) -> int:
    """Runs the processor that the arguments name, and closes the session. A host that goes away is an end, not an error."""
    parsed = parse_code(arguments)
    try:
        if parsed is None:
            raise ProcessFailed(entry.EXIT_USAGE, "no file or module is named")
        code, rest = parsed
        entry.hide_arguments(code)
        entry.count_before_exit(session)
        return run_session(session, schemas, code, rest[0] if rest else None)
    except BridgeError as error:
        if error.code != "closed":
            raise
        return 0
    finally:
        session.close()


def prepare_process() -> None:
    """Ties this process to the runtime's life, and has what it prints arrive line by line, a crash's report included."""
    entry.die_with_parent()
    faulthandler.enable()
    signal.signal(signal.SIGTERM, _terminated)
    for stream in (sys.stdout, sys.stderr):
        # Without this, lines that are printed wait in a buffer: the other end is no terminal.
        reconfigure: Callable[..., None] | None = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(line_buffering=True)
    make_standard_streams_non_blocking()
    use_breakpoint_hook()


def _terminated(_number: int, _frame: Any) -> None:
    raise Terminated(0)


def run_session(session: Session, schemas: dict[str, Any], code: Code, name: str | None) -> int:
    """Runs one processor of ``code`` until the host or the processor ends it. Returns the exit code."""
    try:
        spec = choose(code.load(), name, code.label)
        session.define_ports(spec, schemas)
    except Terminated:
        return 0
    except SystemExit as error:
        session.errors.report("import", _exited(f"the {code.noun}", error), fatal=True)
        return EXIT_IMPORT
    except BaseException as error:
        session.errors.report("import", error, fatal=True)
        return EXIT_IMPORT
    if not session.receive_until(lambda: session.settings is not None):
        return 0
    settings = session.settings or {}
    install_logging(session.connection, str(settings.get("log_level", "info")))
    kind = str(settings.get("kind", "reactive"))
    session.make_ports(spec, schemas)
    ctx = Context(
        str(settings.get("name", spec.name)),
        json.loads(settings.get("config") or "{}"),
        {port.name: port for port in session.inputs},
        {port.name: port for port in session.outputs},
        session.state,
    )
    try:
        hooks = UserCode(spec, kind, ctx.config)
        hooks.call("setup", ctx)
    except Terminated:
        return 0
    except SystemExit as error:
        session.errors.report("setup", _exited("setup()", error), fatal=True)
        return EXIT_SETUP
    except BaseException as error:
        session.errors.report("setup", error, fatal=True)
        return EXIT_SETUP
    session.notify("setup_done")
    return _flow(session, spec, kind, hooks, ctx)


def _flow(session: Session, spec: ProcessorSpec, kind: str, code: UserCode, ctx: Context) -> int:
    result = 0
    try:
        if session.receive_until(lambda: session.started or session.state.stopping) and session.started:
            session.notify("started")
            if kind != "manual":
                _hook(session, code, "start", ctx)
            RUNNERS[kind](session, spec, code, ctx).run()
    except Terminated:
        pass
    except SystemExit as error:
        result = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
        if result != 0:
            session.errors.report("start" if kind == "manual" else "process", _exited(spec.name, error), fatal=True)
    except KeyboardInterrupt as error:
        # The code's own, for a terminal's never gets here: it ends the processor, with the place where it was raised.
        result = EXIT_INTERRUPTED
        session.errors.report("start" if kind == "manual" else "process", error, fatal=True)
    except StartFailed:
        result = EXIT_START
    except BridgeError:
        # Errors of the user's code do not come up to here: the channel is gone.
        raise
    except Exception as error:
        session.errors.report("process", error, fatal=True)
        traceback.print_exc()
        result = EXIT_INTERNAL
    finally:
        session.state.stop()
        _hook(session, code, "stop", ctx)
        session.notify("stopped")
        _hook(session, code, "teardown", ctx)
    session.notify("bye")
    return result


def _hook(session: Session, code: UserCode, name: str, ctx: Context) -> None:
    try:
        code.call(name, ctx)
    except Terminated:
        raise
    except SystemExit as error:
        session.errors.report(name, _exited(f"{name}()", error))
    except BaseException as error:
        session.errors.report(name, error)


def _exited(what: str, error: SystemExit) -> RuntimeError:
    """A report of its own for ``sys.exit()`` in the user's code, with the place where it stands."""
    return RuntimeError(f"{what} ended its process with sys.exit({error.code!r})").with_traceback(error.__traceback__)
