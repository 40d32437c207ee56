"""Processors that installed distributions offer: listed without importing them, inspected and run by their module's name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from host import Host
from streamlib._process.inspect import inspect_code
from streamlib._runner.load import ModuleCode, load_module, module_file, parse_code
from streamlib.processor import ProcessorError

PLUS_ONE = '''
import streamlib
class Number(streamlib.Schema):
    n: streamlib.Int64
@streamlib.processor(inputs={"a": Number}, outputs={"b": Number}, name="plus-one")
def plus_one(inputs):
    """Adds one."""
    return {"b": {"n": inputs["a"]["n"] + 1}}
'''


class Packages:
    """A folder of distributions as an installer leaves them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, name: str, version: str, entry_points: str, modules: Mapping[str, str]) -> None:
        info = self.folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[streamlib.processors]\n{entry_points}\n\n[other]\nx = y:z\n")
        for path, source in modules.items():
            file = self.folder / path
            file.parent.mkdir(exist_ok=True)
            file.write_text(source)

    def run(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            env={**os.environ, "PYTHONPATH": str(self.folder)},
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=30,
        )

    def listed(self) -> dict[str, Any]:
        done = self.run("-m", "streamlib._process.installed")
        assert (done.returncode, done.stderr) == (0, "")
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def inspected(self, code: str, cwd: Path | None = None) -> dict[str, Any]:
        command = 'exec 3>&1 1>&2; exec "$0" -m streamlib._process.inspect --module "$1"'
        done = subprocess.run(
            ["bash", "-c", command, sys.executable, code],
            env={**os.environ, "PYTHONPATH": str(self.folder)},
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=30,
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Packages:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return Packages(folder)


def test_the_list_names_what_is_offered_and_imports_nothing(packages: Packages) -> None:
    packages.install(
        "sums-of-frames",
        "1.2",
        "plus = sums.adding:plus_one\nalso = sums:Sub.inner",
        {"sums/__init__.py": "raise SystemExit(1)", "sums/adding.py": "raise SystemExit(2)"},
    )
    owner = {"distribution": "sums-of-frames", "version": "1.2"}
    root = packages.folder / "sums"
    assert packages.listed() == {
        "processors": [
            {"name": "also", **owner, "module": "sums", "attribute": "Sub.inner", "file": str(root / "__init__.py")},
            {
                "name": "plus",
                **owner,
                "module": "sums.adding",
                "attribute": "plus_one",
                "file": str(root / "adding.py"),
            },
        ],
        "problems": [],
    }


def test_an_entry_point_that_cannot_be_used_is_listed_with_its_reason(packages: Packages) -> None:
    packages.install("broken", "0", "a = nowhere.at_all:x\nb = broken\nc = broken:", {"broken.py": ""})
    found = packages.listed()
    assert found["processors"] == []
    assert [(p["name"], p["value"], p["reason"]) for p in found["problems"]] == [
        ("a", "nowhere.at_all:x", "there is no module nowhere.at_all"),
        ("b", "broken", "its value must be MODULE:ATTRIBUTE"),
        ("c", "broken:", "its value must be MODULE:ATTRIBUTE"),
    ]


def test_two_distributions_may_offer_the_same_name(packages: Packages) -> None:
    packages.install("one", "1", "plus = one:f", {"one.py": ""})
    packages.install("two", "2", "plus = two:f", {"two.py": ""})
    assert [(p["name"], p["distribution"]) for p in packages.listed()["processors"]] == [
        ("plus", "one"),
        ("plus", "two"),
    ]


def test_a_module_is_inspected_by_its_name(packages: Packages) -> None:
    packages.install("sums", "1", "plus = sums.adding:plus_one", {"sums/__init__.py": "", "sums/adding.py": PLUS_ONE})
    for code in ("sums.adding", "sums.adding:plus_one"):
        (found,) = packages.inspected(code)["processors"]
        assert (found["name"], found["attribute"], found["doc"]) == ("plus-one", "plus_one", "Adds one.")


def test_a_package_offers_what_its_modules_declare(packages: Packages) -> None:
    packages.install(
        "sums2",
        "1",
        "",
        {"sums2/__init__.py": "from sums2.adding import plus_one", "sums2/adding.py": PLUS_ONE, "other2.py": PLUS_ONE},
    )
    assert [p["name"] for p in packages.inspected("sums2")["processors"]] == ["plus-one"]
    # What a module takes from another distribution is not its own, but an attribute may name it.
    packages.install("uses2", "1", "", {"uses2.py": "from other2 import plus_one"})
    assert packages.inspected("uses2") == {"processors": []}
    assert [p["name"] for p in packages.inspected("uses2:plus_one")["processors"]] == ["plus-one"]


@pytest.mark.parametrize(
    ("code", "kind", "message", "line"),
    [
        ("bad3:f", "ZeroDivisionError", "division by zero", 2),
        ("nowhere3:f", "ModuleNotFoundError", "No module named 'nowhere3'", None),
        ("good3:plus_tow", "ProcessorError", 'module good3 has no "plus_tow"; did you mean "plus_one"?', None),
        ("good3:streamlib", "ProcessorError", "good3:streamlib is not a processor", None),
    ],
)
def test_what_is_wrong_with_a_module_is_reported_with_its_line(
    packages: Packages, code: str, kind: str, message: str, line: int | None
) -> None:
    packages.install("bad3", "1", "", {"bad3.py": "x = 1\ny = x / 0\n", "good3.py": PLUS_ONE})
    error = packages.inspected(code)["error"]
    assert (error["type"], error["line"]) == (kind, line)
    assert message in error["message"]


def test_a_file_of_the_working_directory_does_not_stand_in_for_a_package(packages: Packages, tmp_path: Path) -> None:
    packages.install("sums4", "1", "plus = sums4:plus_one", {"sums4.py": PLUS_ONE})
    (tmp_path / "sums4.py").write_text("raise SystemExit(1)")
    (found,) = packages.inspected("sums4:plus_one", cwd=tmp_path)["processors"]
    assert found["name"] == "plus-one"


def test_a_processor_of_a_module_runs(packages: Packages, start: Callable[..., Host]) -> None:
    packages.install("sums5", "1", "plus = sums5:plus_one", {"sums5.py": PLUS_ONE})
    host = start(code=ModuleCode("sums5", "plus_one"))
    host.send("a", n=4)
    assert host.frame()["n"] == 5
    assert host.stop() == 0


def test_the_file_of_a_module_is_found_without_running_code(packages: Packages) -> None:
    packages.install(
        "deep6", "1", "", {"deep6/__init__.py": "raise SystemExit(1)", "deep6/mod.py": "raise SystemExit(2)"}
    )
    assert module_file("deep6.mod") == packages.folder / "deep6/mod.py"
    assert module_file("deep6.none") is None
    assert module_file("deep6.mod.none") is None
    assert module_file("sys") is None
    (packages.folder / "space6/inner").mkdir(parents=True)
    (packages.folder / "space6/inner/mod.py").write_text("")
    assert module_file("space6.inner.mod") == packages.folder / "space6/inner/mod.py"


def test_two_processors_of_one_name_in_a_module_are_refused(packages: Packages) -> None:
    packages.install("same7", "1", "", {"same7.py": PLUS_ONE + PLUS_ONE.replace("def plus_one", "def other")})
    with pytest.raises(ProcessorError, match='same7 declares two processors called "plus-one"'):
        load_module("same7")
    assert inspect_code(ModuleCode("same7", "other"))["processors"][0]["attribute"] == "other"


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--module", "a.b:C", "name"], (ModuleCode("a.b", "C"), ["name"])),
        (["--module", "a.b"], (ModuleCode("a.b"), [])),
        (["--module"], None),
        (["--module", ""], None),
        (["--module", "a:"], None),
        ([], None),
    ],
)
def test_the_code_that_a_command_line_names(arguments: list[str], found: object) -> None:
    assert parse_code(arguments) == found


@pytest.mark.parametrize(
    "program", ["streamlib._process.inspect", "streamlib._process.installed", "streamlib._subprocess_runner"]
)
def test_wrong_arguments_are_answered_with_the_usage(packages: Packages, program: str) -> None:
    done = packages.run("-m", program, "--module")
    assert done.returncode == 2
    assert done.stderr.startswith("usage: ")
