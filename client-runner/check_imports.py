#!/usr/bin/env python3
"""Checks the direction of imports in a Python package: ``python client-runner/check_imports.py``.

A module imports only from its own group and from those before it, and no modules import each other in a circle. Imports inside
functions and those for type checkers count as well: they hide a circle, they do not untie it.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent / "python" / "streamlib"
#: The groups of `PACKAGE`, each of which may import from those before it. ``__init__`` is what users import.
ORDER = (
    "_numpy",
    "_planes",
    "_native",
    "_pixels",
    "_memory",
    "schema",
    "types",
    "processor",
    "context",
    "broker",
    "_runner",
    "_sandbox",
    "_process",
    "_subprocess_runner",
    "__init__",
)
#: Generated code.
LEFT_OUT = ("broker.v1.broker_pb2", "broker.v1.broker_pb2_grpc")


def modules_of(package: Path) -> dict[str, Path]:
    """The modules of a package by their names in it; ``__init__`` is the package itself, ``a.__init__`` one below it."""
    found: dict[str, Path] = {}
    for path in sorted([*package.rglob("*.py"), *package.rglob("*.pyi")]):
        found.setdefault(".".join(path.relative_to(package).with_suffix("").parts), path)
    return found


def imports_of(path: Path, name: str, package: str, modules: Mapping[str, Path]) -> Iterator[tuple[str, int]]:
    """The modules of the package that one of them imports, with the line."""

    def known(dotted: str) -> str | None:
        inside = dotted[len(package) + 1 :]
        return next((one for one in (inside, f"{inside}.__init__".lstrip(".")) if one in modules), None)

    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if f"{alias.name}.".startswith(f"{package}.") and (found := known(alias.name)) is not None:
                    yield found, node.lineno
        elif isinstance(node, ast.ImportFrom):
            base = [package, *name.split(".")][: -node.level] if node.level else []
            target = ".".join([*base, *([node.module] if node.module else [])])
            if not f"{target}.".startswith(f"{package}."):
                continue
            for alias in node.names:
                found = known(f"{target}.{alias.name}") or known(target)
                if found is not None:
                    yield found, node.lineno


def circles(arrows: Mapping[str, set[str]]) -> list[list[str]]:
    """The groups of modules that reach one another."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            for target in arrows.get(waiting.pop(), ()):
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
        return seen

    reach = {name: reached(name) for name in arrows}
    found = {tuple(sorted(o for o in reach[n] if n in reach.get(o, ()))) for n in arrows if n in reach[n]}
    return [list(circle) for circle in sorted(found)]


def problems_of(package: Path, order: Sequence[str], left_out: Sequence[str] = ()) -> list[str]:
    """What is wrong with the imports of a package, a line each."""
    modules = modules_of(package)
    place = {group: index for index, group in enumerate(order)}
    problems = []
    arrows: dict[str, set[str]] = {}
    for name, path in modules.items():
        arrows[name] = set()
        group = name.split(".")[0]
        if group not in place:
            problems.append(f"{path}: {group} has no place in the order of groups; add it to ORDER")
            continue
        if name in left_out:
            continue
        for target, line in imports_of(path, name, package.name, modules):
            if target == name:
                continue
            arrows[name].add(target)
            above = target.split(".")[0]
            if place.get(above, -1) > place[group]:
                problems.append(f"{path}:{line}: {group} imports from {above}, which stands above it")
    problems += [f"these modules import one another in a circle: {', '.join(circle)}" for circle in circles(arrows)]
    return problems


def main() -> int:
    problems = problems_of(PACKAGE, ORDER, LEFT_OUT)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
