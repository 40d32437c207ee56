"""Looks at code before it runs in a graph: ``python -m streamlib._process.check REQUEST``, confined if it is an agent's.

REQUEST is JSON: ``{"file", "name", "config", "dry_run", "findings", "in_place"}``; "findings" is the file for them, and
"in_place" says that the file is a person's, which runs where it lies. Each finding is
one line of JSON, written as soon as it is known: what was found out is reported even if the code then ends the process or never
comes back.
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

from streamlib._process import entry
from streamlib._process.findings import Findings
from streamlib._process.implied import implied
from streamlib._process.imports import missing
from streamlib._process.inspect import describe_failure, describe_processor
from streamlib._runner.load import IMPLIED_NAMES, FileCode


def check(request: dict[str, Any], findings: Findings) -> None:
    file = Path(request["file"])
    try:
        source = file.read_bytes()
        tree = ast.parse(source, filename=file.name)
        without_import = implied(source.decode("utf-8-sig"), tree) if (file.parent / IMPLIED_NAMES).exists() else None
    except SyntaxError as error:
        findings.write(
            "syntax", message=error.msg, line=error.lineno, column=error.offset, text=(error.text or "").rstrip()
        )
        return
    except (ValueError, RecursionError, MemoryError) as error:
        findings.write("syntax", message=str(error) or type(error).__name__, line=None, column=None, text="")
        return
    if without_import is not None:
        findings.write("implied", **without_import)
    lacking = missing(tree, file.parent)
    if lacking:
        findings.write("missing", modules=lacking)
        return

    code = FileCode(str(file.resolve()))
    entry.hide_arguments(code)
    if request.get("in_place", False):
        entry.behave_as_script(code)
    try:
        specs = code.load()
    except BaseException as error:
        findings.write("import", **describe_failure(error, code))
        return
    chosen = next((spec for spec in specs if spec.name == request["name"]), specs[0] if len(specs) == 1 else None)
    processors = [describe_processor(spec) for spec in specs]
    findings.write("processors", processors=processors, chosen=chosen.name if chosen else None)
    if chosen is None or not request.get("dry_run", True):
        return
    description = next(p for p in processors if p["name"] == chosen.name)
    # Imported here: what is wrong with the file itself is found without it.
    from streamlib._process.dry_run import dry_run

    dry_run(code, description, request.get("config") or {}, findings)


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python -m streamlib._process.check REQUEST", file=sys.stderr)
        return entry.EXIT_USAGE
    request = json.loads(sys.argv[1])
    findings = Findings(request["findings"])
    check(request, findings)
    findings.write("end")
    return 0


if __name__ == "__main__":
    entry.run(main)
