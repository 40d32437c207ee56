"""Code from agents, in which this package and its public names are there without an import."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
from host import Host
from streamlib._process.implied import implied
from streamlib._runner.load import IMPLIED_NAMES, FileCode

BARE = """@streamlib.processor(inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame})
def invert(inputs):
    return VideoFrame.from_numpy(255 - inputs["video_in"].to_numpy())
"""


def test_code_of_an_agent_runs_without_an_import(
    start: Callable[..., Host], file: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / IMPLIED_NAMES).touch()
    host = start(code=FileCode(file(BARE)))
    host.send_picture(1)
    assert host.frame()["frame_number"] == 1
    assert host.stop() == 0


def test_code_of_a_person_does_not(start: Callable[..., Host]) -> None:
    host = start(BARE, go=False)
    assert "name 'streamlib' is not defined" in host.control("error")["message"]


@pytest.mark.parametrize(
    ("source", "names", "line"),
    [
        (BARE, ["VideoFrame", "streamlib"], 1),
        (
            '"""What it does."""\nfrom __future__ import annotations\n\nimport numpy\n\n' + BARE,
            ["VideoFrame", "streamlib"],
            4,
        ),
        ("from streamlib import VideoFrame\n" + BARE, ["streamlib"], 1),
        ("import streamlib\n" + BARE, ["VideoFrame"], 1),
        ("class P(Schema):\n    x: Float32\n", ["Float32", "Schema"], 1),
        ("def f():\n    String = 1\n    return String, Bytes\n", ["Bytes"], 1),
        ("from typing import Optional\nx: Optional[int]\ny = lambda Array: Array\n", None, None),
        ("import streamlib as sl\nsl.processor\n", None, None),
        ("", None, None),
    ],
)
def test_the_names_that_are_used_without_an_import_are_found(
    source: str, names: list[str] | None, line: int | None
) -> None:
    found = implied(source, ast.parse(source))
    assert found == (None if names is None else {"names": names, "line": line})
