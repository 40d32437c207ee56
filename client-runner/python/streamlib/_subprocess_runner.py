"""Runs one processor: ``python -m streamlib._subprocess_runner FILE [PROCESSOR]``. Started by a runtime, not by people.

Exit codes: 0 ended as asked, 2 wrong arguments or environment, 3 the file could not be imported, 4 ``setup()`` failed,
5 the handshake failed, 6 ``start()`` failed, 7 an error of this package, 70 the runtime went away and the processor's code
did not end by itself; and what the processor's code gives ``sys.exit()``.
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

from streamlib._native import BridgeError, broker_address, set_parent_death_signal
from streamlib._runner.broker import HandshakeError
from streamlib._runner.kinds import RUNNERS, StartFailed
from streamlib._runner.load import choose, load_processors
from streamlib._runner.reports import install_logging
from streamlib._runner.session import Session
from streamlib._runner.speech import loosen_standard_streams
from streamlib._runner.user_code import UserCode
from streamlib.context import Context
from streamlib.processor import ProcessorSpec

EXIT_USAGE = 2
EXIT_IMPORT = 3
EXIT_SETUP = 4
EXIT_HANDSHAKE = 5
EXIT_START = 6
EXIT_INTERNAL = 7


class Terminated(SystemExit):
    """SIGTERM came: ends in order, wherever the user's code is."""


def main(arguments: list[str]) -> int:
    connection_id = os.environ.get("STREAMLIB_CONNECTION_ID", "")
    if len(arguments) not in (1, 2) or not connection_id:
        print(
            "usage: STREAMLIB_CONNECTION_ID=… python -m streamlib._subprocess_runner FILE [PROCESSOR]\n"
            "A runtime starts this by itself: see `streamlib run --help`.",
            file=sys.stderr,
        )
        return EXIT_USAGE
    try:
        prepare_process()
        session, schemas = Session.open(connection_id, broker_address())
    except (HandshakeError, BridgeError) as error:
        print(f"handshake failed: {error}", file=sys.stderr)
        return EXIT_HANDSHAKE
    return run_to_the_end(session, schemas, arguments)


def run_to_the_end(session: Session, schemas: dict[str, Any], arguments: list[str]) -> int:
    """Runs the processor that the arguments name, and closes the session. A host that goes away is an end, not an error."""
    try:
        return run_session(session, schemas, arguments[0], arguments[1] if len(arguments) > 1 else None)
    except BridgeError as error:
        if error.code != "closed":
            raise
        return 0
    finally:
        session.close()


def prepare_process() -> None:
    """Nothing of this process outlives the runtime, and its last words are heard."""
    parent = os.environ.get("STREAMLIB_HOST_PID", "")
    if parent.isdigit():
        set_parent_death_signal(int(parent))
    faulthandler.enable()
    signal.signal(signal.SIGTERM, _terminated)
    for stream in (sys.stdout, sys.stderr):
        # A line that is printed is seen at once, though nobody's terminal is at the other end.
        reconfigure: Callable[..., None] | None = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(line_buffering=True)
    loosen_standard_streams()


def _terminated(_number: int, _frame: Any) -> None:
    raise Terminated(0)


def run_session(session: Session, schemas: dict[str, Any], file: str, name: str | None) -> int:
    try:
        spec = choose(load_processors(file), name, file)
        session.define_ports(spec, schemas)
    except Terminated:
        return 0
    except SystemExit as error:
        session.errors.report("import", _exited("the file", error), fatal=True)
        return EXIT_IMPORT
    except Exception as error:
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
        code = UserCode(spec, kind, ctx.config)
        code.call("setup", ctx)
    except Terminated:
        return 0
    except SystemExit as error:
        session.errors.report("setup", _exited("setup()", error), fatal=True)
        return EXIT_SETUP
    except Exception as error:
        session.errors.report("setup", error, fatal=True)
        return EXIT_SETUP
    session.tell("setup_done")
    return _flow(session, spec, kind, code, ctx)


def _flow(session: Session, spec: ProcessorSpec, kind: str, code: UserCode, ctx: Context) -> int:
    result = 0
    try:
        if session.receive_until(lambda: session.started or session.state.stopping) and session.started:
            session.tell("started")
            if kind != "manual":
                _hook(session, code, "start", ctx)
            RUNNERS[kind](session, spec, code, ctx).run()
    except Terminated:
        pass
    except SystemExit as error:
        result = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
        if result != 0:
            session.errors.report("start" if kind == "manual" else "process", _exited(spec.name, error), fatal=True)
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
        session.tell("stopped")
        _hook(session, code, "teardown", ctx)
    session.tell("bye")
    return result


def _hook(session: Session, code: UserCode, name: str, ctx: Context) -> None:
    try:
        code.call(name, ctx)
    except Terminated:
        raise
    except SystemExit as error:
        session.errors.report(name, _exited(f"{name}()", error))
    except Exception as error:
        session.errors.report(name, error)


def _exited(what: str, error: SystemExit) -> RuntimeError:
    """A report of its own for ``sys.exit()`` in the user's code, with the place where it stands."""
    return RuntimeError(f"{what} ended its process with sys.exit({error.code!r})").with_traceback(error.__traceback__)


if __name__ == "__main__":
    try:
        status = main(sys.argv[1:])
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0
    except BaseException:
        traceback.print_exc()
        status = EXIT_INTERNAL
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads that the user's code left running must not keep the process: everything that was held has been given back.
    os._exit(status)
