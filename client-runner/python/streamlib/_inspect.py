"""Tells which processors a file declares: ``python -m streamlib._inspect FILE``; the report goes to descriptor 3 as JSON."""

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
from streamlib._runner.load import load_processors
from streamlib._runner.reports import describe
from streamlib._sandbox import die_with_parent
from streamlib.processor import ProcessorSpec

REPORT_DESCRIPTOR = 3


def inspect_file(file: str) -> dict[str, Any]:
    try:
        return {"processors": [describe_processor(spec) for spec in load_processors(file)]}
    except (Exception, SystemExit) as error:
        message, trace = describe(error)
        if isinstance(error, SystemExit):
            message = f"the file ended its process with sys.exit({error.code})"
        return {
            "error": {
                "type": type(error).__name__,
                "message": message,
                "traceback": trace,
                "line": _line(error, Path(file).resolve()),
            }
        }


def describe_processor(spec: ProcessorSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "kind": spec.execution,
        "is_function": spec.is_function,
        "inputs": {name: schema.schema() for name, schema in spec.inputs.items()},
        "outputs": {name: schema.schema() for name, schema in spec.outputs.items()},
        "delivery": dict(spec.delivery),
        "doc": (spec.target.__doc__ or "").strip(),
        "line": _first_line(spec.target),
    }


def _first_line(target: Any) -> int | None:
    code = getattr(target, "__code__", None)
    if code is not None:
        return int(code.co_firstlineno)
    try:
        return inspect.getsourcelines(target)[1]
    except (OSError, TypeError):
        return None


def _line(error: BaseException, file: Path) -> int | None:
    """The line of the file itself that led to the error."""
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename) == file:
        return error.lineno
    lines = [step.lineno for step in traceback.extract_tb(error.__traceback__) if Path(step.filename).resolve() == file]
    return lines[-1] if lines else None


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python -m streamlib._inspect FILE   (the report goes to descriptor 3)", file=sys.stderr)
        return 2
    try:
        # A file that does not come to its end must not outlive the runtime that asked.
        die_with_parent()
    except BridgeError as error:
        print(f"{sys.argv[1]} is not read: {error}", file=sys.stderr)
        return 2
    # What the file starts must not hold the report open.
    os.set_inheritable(REPORT_DESCRIPTOR, False)
    report = inspect_file(sys.argv[1])
    with contextlib.suppress(BrokenPipeError), os.fdopen(REPORT_DESCRIPTOR, "w", encoding="utf-8") as out:
        json.dump(report, out)
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)
