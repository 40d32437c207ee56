"""The package as it is installed."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import streamlib

SOURCE = Path(__file__).resolve().parents[1] / "python" / "streamlib"
INSTALLED = Path(streamlib.__file__).parent


def files(folder: Path) -> set[str]:
    kept = (".py", ".pyi", ".typed")
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.name.endswith(kept)}


def test_the_wheel_has_every_file_of_the_source_and_no_other() -> None:
    assert files(INSTALLED) == files(SOURCE)


def test_every_module_can_be_imported_by_itself() -> None:
    for module in pkgutil.walk_packages(streamlib.__path__, "streamlib."):
        importlib.import_module(module.name)
