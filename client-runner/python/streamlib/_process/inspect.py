"""Reports which processors some code declares; the report goes to descriptor 3 as JSON.

``python -m streamlib._process.inspect FILE``, or ``--module MODULE[:ATTRIBUTE]`` for a module that is installed.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from streamlib._native import BridgeError
from streamlib._process import entry
from streamlib._runner.load import Code, FileCode, parse_code
from streamlib._runner.reports import describe
from streamlib.processor import ProcessorSpec

REPORT_DESCRIPTOR = 3


def inspect_file(file: str) -> dict[str, Any]:
    return inspect_code(FileCode(file))


def inspect_code(code: Code) -> dict[str, Any]:
    """What the code declares, as JSON data: ``{"processors": […]}``, or ``{"error": …}`` where it cannot be imported."""
    try:
        return {"processors": [describe_processor(spec) for spec in code.load()]}
    except BaseException as error:
        return {"error": describe_failure(error, code)}


def describe_failure(error: BaseException, code: Code) -> dict[str, Any]:
    """Why the code cannot be imported: the error's type, message, traceback, and the line of the code that led to it."""
    message, trace = describe(error)
    if isinstance(error, SystemExit):
        message = f"the {code.noun} ended its process with sys.exit({error.code})"
    return {"type": type(error).__name__, "message": message, "traceback": trace, "line": _line(error, code.file)}


def describe_processor(spec: ProcessorSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "kind": spec.execution,
        "is_function": spec.is_function,
        "inputs": {name: schema.schema() for name, schema in spec.inputs.items()},
        "outputs": {name: schema.schema() for name, schema in spec.outputs.items()},
        "delivery": dict(spec.delivery),
        "keep": dict(spec.keep),
        "doc": (spec.target.__doc__ or "").strip(),
        "line": _first_line(spec.target),
        "attribute": str(getattr(spec.target, "__qualname__", spec.name)),
    }


def _first_line(target: Any) -> int | None:
    code = getattr(target, "__code__", None)
    if code is not None:
        return int(code.co_firstlineno)
    try:
        return inspect.getsourcelines(target)[1]
    except (OSError, TypeError):
        return None


def _line(error: BaseException, file: Path | None) -> int | None:
    """The line of the file itself that led to the error."""
    if file is None:
        return None
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename) == file:
        return error.lineno
    lines = [step.lineno for step in traceback.extract_tb(error.__traceback__) if Path(step.filename).resolve() == file]
    return lines[-1] if lines else None


def main() -> int:
    parsed = parse_code(sys.argv[1:])
    if parsed is None or parsed[1]:
        print(
            "usage: python -m streamlib._process.inspect FILE   (the report goes to descriptor 3)\n"
            "       python -m streamlib._process.inspect --module MODULE[:ATTRIBUTE]",
            file=sys.stderr,
        )
        return entry.EXIT_USAGE
    code = parsed[0]
    try:
        # Code that does not come to its end must not outlive the runtime that asked.
        entry.die_with_parent()
    except BridgeError as error:
        print(f"{code.label} is not read: {error}", file=sys.stderr)
        return entry.EXIT_USAGE
    # What the code starts must not hold the report open.
    os.set_inheritable(REPORT_DESCRIPTOR, False)
    entry.behave_as_script(code)
    entry.hide_arguments(code)
    report = inspect_code(code)
    with contextlib.suppress(BrokenPipeError), os.fdopen(REPORT_DESCRIPTOR, "w", encoding="utf-8") as out:
        json.dump(report, out)
    return 0


if __name__ == "__main__":
    entry.run(main)
