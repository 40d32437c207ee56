"""Prints, as JSON, which modules of a Python package import which: `python_modules.py FOLDER`.

FOLDER is the package. Imports inside of functions and those for types only count as well.
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path


def module_name(folder: Path, file: Path) -> str:
    parts = [folder.name, *file.relative_to(folder).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(tree: ast.AST, package: list[str], modules: set[str]) -> set[str]:
    """Names of the modules in `modules` that a module of `package` imports."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # One dot is the package itself, each further one its parent.
            base = package[: len(package) + 1 - node.level] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{source}.{alias.name}"
                found.add(inner if inner in modules else source)
    return found & modules


def main(folder: Path) -> None:
    files = {module_name(folder, file): file for file in sorted(folder.rglob("*.py"))}
    modules = set(files)
    arrows = []
    for name, file in files.items():
        package = (
            name.split(".") if file.name == "__init__.py" else name.split(".")[:-1]
        )
        for other in sorted(
            imported(ast.parse(file.read_text("utf8")), package, modules)
        ):
            if other != name:
                arrows.append(
                    {
                        "from": str(file.relative_to(folder)),
                        "to": str(files[other].relative_to(folder)),
                    }
                )
    names = [str(file.relative_to(folder)) for file in files.values()]
    print(json.dumps({"files": names, "arrows": arrows}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
