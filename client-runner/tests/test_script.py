"""What the author of a script is used to, and mistakes that a first processor has."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
import streamlib
from host import HEAD, Host
from streamlib import ProcessorError, VideoFrame
from streamlib._process import breakpoints
from streamlib.processor import processor

Start = Callable[..., Host]


def effect(body: str) -> str:
    return (
        HEAD
        + f"""
@streamlib.processor(inputs={{"video_in": V}}, outputs={{"video_out": V}})
def effect(inputs):
    {body}
    return inputs["video_in"]
"""
    )


def test_keyboard_interrupt_of_the_code_ends_it_with_a_short_report(
    start: Start, capfd: pytest.CaptureFixture[str]
) -> None:
    host = start(effect("raise KeyboardInterrupt"))
    host.send_picture(1)
    error = host.control("error")
    assert (error["error_type"], error["fatal"], error["phase"]) == ("KeyboardInterrupt", True, "process")
    assert len(error["traceback"].splitlines()) < 8
    assert host.ended() == 130
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("raised", ["__import__('asyncio').CancelledError()", "GeneratorExit()", "BaseException('x')"])
def test_what_is_raised_past_exception_is_reported_and_life_goes_on(start: Start, raised: str) -> None:
    host = start(effect(f"if inputs['video_in'].frame_number == 1: raise {raised}"))
    host.send_picture(1)
    assert host.control("error")["fatal"] is False
    host.send_picture(2)
    assert host.frame()["frame_number"] == 2
    assert host.stop() == 0


@pytest.mark.parametrize(("where", "code"), [("setup", 4), ("import", 3)])
def test_keyboard_interrupt_before_the_start_is_reported(start: Start, where: str, code: int) -> None:
    mark = '@streamlib.processor(inputs={"video_in": V}, outputs={})\n'
    source = f"{mark}class A:\n  def setup(self): raise KeyboardInterrupt\n  def process(self): pass"
    host = start(HEAD + (source if where == "setup" else "raise KeyboardInterrupt"), go=False)
    assert host.control("error")["phase"] == where
    assert host.ended() == code


def test_breakpoint_is_passed_over_with_a_word_once(
    start: Start, log_lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "breakpointhook", sys.breakpointhook)
    monkeypatch.delenv("PYTHONBREAKPOINT", raising=False)
    breakpoints.use_breakpoint_hook()
    host = start(effect("breakpoint()"))
    for number in range(3):
        host.send_picture(number)
        assert host.frame()["frame_number"] == number
    assert host.stop() == 0
    told = [line for line in log_lines if "breakpoint()" in line]
    assert len(told) == 1
    assert "effect.py:" in told[0]
    assert "debugpy" in told[0]


def test_a_hook_of_ones_own_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    hook = sys.breakpointhook
    monkeypatch.setenv("PYTHONBREAKPOINT", "0")
    breakpoints.use_breakpoint_hook()
    assert sys.breakpointhook is hook


def test_a_debugger_without_a_terminal_says_so(start: Start) -> None:
    host = start(effect("import bdb; raise bdb.BdbQuit"))
    host.send_picture(1)
    assert "the debugger has no terminal here" in host.control("error")["message"]


def test_the_decorator_without_parentheses_is_told() -> None:
    with pytest.raises(
        ProcessorError, match=r"needs its ports in parentheses, not effect: @streamlib\.processor\(inputs="
    ):

        @streamlib.processor  # type: ignore[arg-type]
        def effect(inputs: Any) -> None: ...

    with pytest.raises(ProcessorError, match="not VideoFrame"):
        processor(VideoFrame)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"inputs": ["video_in"]},
            r"inputs of a processor is a dict .* not \['video_in'\]: inputs=\{\"video_in\": VideoFrame\}",
        ),
        ({"outputs": VideoFrame}, "outputs of a processor is a dict"),
        ({"inputs": "video_in"}, "inputs of a processor is a dict"),
        ({"inputs": {"a": VideoFrame}, "delivery": "latest"}, 'delivery=.*"latest"'),
        ({"inputs": {"a": VideoFrame}, "keep": "all"}, "keep of a processor is a dict"),
        ({"inputs": {"a": VideoFrame}, "keep": {"b": 1}}, 'keep names "b"'),
        ({"inputs": {"a": VideoFrame}, "keep": 1000}, "from 0 to 200"),
    ],
)
def test_ports_that_are_no_dict_are_told(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ProcessorError, match=message):
        processor(**given)(lambda inputs: None)
