"""The direction of imports, and that the check of it sees what is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).resolve().parents[1] / "check_imports.py"
sys.path.insert(0, str(PROGRAM.parent))

from check_imports import problems_of  # noqa: E402


def package(folder: Path, **modules: str) -> Path:
    """A package ``p``; ``a__b`` is its module ``a.b``."""
    root = folder / "p"
    for name, source in {"__init__": "", **modules}.items():
        path = root / (name.replace("__", "/") + ".py" if name != "__init__" else "__init__.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return root


def test_the_package_has_no_arrow_upward_and_no_circle() -> None:
    done = subprocess.run([sys.executable, str(PROGRAM)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "line",
    [
        "from p.high import x",
        "import p.high",
        "from p import high",
        "from . import high",
        "from .high import x",
        "def f():\n    from p.high import x",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from p.high import x",
        "from p.high.inner import x",
    ],
)
def test_an_arrow_upward_is_found(tmp_path: Path, line: str) -> None:
    root = (
        package(tmp_path, low=line, high="x = 1")
        if "inner" not in line
        else package(tmp_path, low=line, high__inner="x = 1")
    )
    (problem,) = problems_of(root, ["low", "high", "__init__"])
    assert problem.endswith("low imports from high, which stands above it")
    assert problem.startswith(f"{root / 'low.py'}:{line.count(chr(10)) + 1}: ")


def test_a_circle_inside_a_group_is_found_though_a_function_hides_it(tmp_path: Path) -> None:
    root = package(
        tmp_path,
        g__a="from p.g import b",
        g__b="from p.g.c import x",
        g__c="def f():\n    from p.g.a import b",
        g__d="import p.g.a",
    )
    assert problems_of(root, ["g", "__init__"]) == ["these modules import one another in a circle: g.a, g.b, g.c"]


def test_a_module_without_a_place_in_the_order_is_found(tmp_path: Path) -> None:
    (problem,) = problems_of(package(tmp_path, other="import json"), ["low", "__init__"])
    assert "other has no place in the order of groups" in problem


def test_imports_downward_and_of_others_are_fine(tmp_path: Path) -> None:
    root = package(
        tmp_path,
        low="import os, pathlib",
        high="from p.low import x\nfrom p2.high import y",
        __init__="from p.high import z",
    )
    assert problems_of(root, ["low", "high", "__init__"]) == []
