"""Which modules a file imports that are not there, and the distributions that have them."""

from __future__ import annotations

import ast
import importlib.util
import sys
from pathlib import Path
from typing import Any

#: Modules whose distribution has another name.
DISTRIBUTIONS = {
    "Crypto": "pycryptodome",
    "OpenGL": "pyopengl",
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "fitz": "pymupdf",
    "google.protobuf": "protobuf",
    "jwt": "pyjwt",
    "nacl": "pynacl",
    "pkg_resources": "setuptools",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "skvideo": "sk-video",
    "usb": "pyusb",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
_FORGIVING = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


class Imports(ast.NodeVisitor):
    """What a file imports and cannot do without: not what it tries to import, nor what only type checkers see."""

    def __init__(self) -> None:
        #: Module and the line where it stands first.
        self.found: dict[str, int] = {}

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._add(alias.name, node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level == 0 and node.module:
            self._add(node.module, node.lineno)
            for alias in node.names:
                # `from google import protobuf`: what is meant is in the name after it.
                self._add(f"{node.module}.{alias.name}", node.lineno, only_known=True)

    def visit_Try(self, node: ast.Try) -> None:
        forgiven = any(
            handler.type is None or _FORGIVING & {n.id for n in ast.walk(handler.type) if isinstance(n, ast.Name)}
            for handler in node.handlers
        )
        for part in ([] if forgiven else node.body) + node.orelse + node.finalbody:
            self.visit(part)
        for handler in node.handlers:
            self.generic_visit(handler)

    def visit_If(self, node: ast.If) -> None:
        names = {
            n.id if isinstance(n, ast.Name) else n.attr
            for n in ast.walk(node.test)
            if isinstance(n, (ast.Name, ast.Attribute))
        }
        for part in ([] if "TYPE_CHECKING" in names else node.body) + node.orelse:
            self.visit(part)

    def _add(self, module: str, line: int, only_known: bool = False) -> None:
        known = next((name for name in DISTRIBUTIONS if module == name or module.startswith(f"{name}.")), None)
        if only_known and known is None:
            return
        self.found.setdefault(known or module.partition(".")[0], line)


def missing(tree: ast.AST, folder: Path) -> list[dict[str, Any]]:
    imports = Imports()
    imports.visit(tree)
    lacking = []
    for module, line in imports.found.items():
        top = module.partition(".")[0]
        if top in sys.stdlib_module_names or top == "streamlib":
            continue
        if (folder / f"{top}.py").exists() or (folder / top).is_dir() or _can_import(module):
            continue
        package = DISTRIBUTIONS.get(module, top.replace("_", "-"))
        lacking.append({"module": module, "package": package, "line": line})
    return lacking


def _can_import(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
