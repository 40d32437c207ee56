"""Files of users: which processors they declare, and what is told of those that cannot be read."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlib._runner.load import choose, load_processors
from streamlib._runner.user_code import UserCode
from streamlib.processor import ProcessorError

Write = Callable[..., str]
HEAD = "import streamlib\nfrom streamlib import VideoFrame as V\n"
ONE = HEAD + '@streamlib.processor(inputs={"a": V}, outputs={"b": V})\ndef one(inputs):\n    """Does it."""\n'
CLASS = '@streamlib.processor(outputs={"b": V}, execution="manual")\nclass Two:\n    def start(self, ctx): ...\n'


def inspect(file: str) -> tuple[dict[str, Any], subprocess.CompletedProcess[str]]:
    """What the program says on descriptor 3."""
    read, write = os.pipe()
    # The program finds its end at 3, as a runtime puts it.
    command = f'exec 3>&{write}; exec "$0" -m streamlib._process.inspect "$1"'
    done = subprocess.run(
        ["bash", "-c", command, sys.executable, file], pass_fds=(write,), capture_output=True, text=True, timeout=30
    )
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as report:
        return json.load(report), done


def test_inspect_tells_all_processors_and_prints_do_not_disturb_it(file: Write) -> None:
    path = file(
        ONE + CLASS + 'import os, sys\nprint("{}")\nprint("[1]", file=sys.stderr)\nos.write(1, b"raw")\n'
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n"
    )
    report, done = inspect(path)
    assert done.returncode == 0
    assert "{}" in done.stdout
    one, two = report["processors"]
    assert (one["name"], one["kind"], one["is_function"], one["doc"], one["line"]) == ("one", None, True, "Does it.", 3)
    assert [f["name"] for f in one["inputs"]["a"]["fields"]] == [
        "pixel_buffer",
        "timestamp_ns",
        "frame_number",
        "media_time",
    ]
    assert (two["name"], two["kind"], two["is_function"], two["inputs"]) == ("Two", "manual", False, {})
    assert two["line"] == 6


@pytest.mark.parametrize(
    ("source", "kind", "message", "line"),
    [
        ("x = (\n1 = 2\n", "SyntaxError", "", 1),
        ("def f():\n  return 1\n   x\n", "IndentationError", "unexpected indent", 3),
        ("import json\njson.loads('{')\n", "JSONDecodeError", "Expecting", 2),
        ("import nowhere_to_be_found\n", "ModuleNotFoundError", "nowhere_to_be_found", 1),
        (
            "import sys\nprint('{\"processors\": []}')\nsys.exit(3)\n",
            "SystemExit",
            "the file ended its process with",
            3,
        ),
        (HEAD + "@streamlib.processor()\ndef f(): ...\n", "ProcessorError", "has neither inputs nor outputs", 3),
        (
            ONE + ONE.split("\n", 2)[2].replace("def one", "def other").replace('b": V}', "b\": V}, name='one'"),
            "",
            "two",
            None,
        ),
    ],
)
def test_inspect_tells_what_is_wrong_with_its_line(
    file: Write, source: str, kind: str, message: str, line: int | None
) -> None:
    path = file(source)
    report, done = inspect(path)
    assert done.returncode == 0
    error = report["error"]
    assert kind in error["type"]
    assert message in error["message"]
    assert error["line"] == line
    assert "streamlib/_" not in error["traceback"]
    assert "importlib" not in error["traceback"]


def test_inspect_of_a_file_that_is_not_there(tmp_path: Path) -> None:
    report, _ = inspect(str(tmp_path / "none.py"))
    assert report["error"]["type"] == "FileNotFoundError"
    report, _ = inspect(str(tmp_path))
    assert report["error"]["type"] in ("ProcessorError", "IsADirectoryError")


def test_a_file_finds_the_modules_beside_it_and_tells_only_its_own_processors(file: Write) -> None:
    file(ONE.replace("one", "helper"), "beside_this_file.py")
    path = file("from beside_this_file import helper\n" + ONE)
    report, _ = inspect(path)
    assert [p["name"] for p in report["processors"]] == ["one"]


def test_the_processor_that_is_meant_is_chosen(file: Write) -> None:
    both, one = load_processors(file(ONE + CLASS)), load_processors(file(ONE, "single.py"))
    assert choose(one, None, "x/single.py").name == "one"
    assert choose(both, "Two", "f.py").name == "Two"
    with pytest.raises(ProcessorError, match=r"f.py declares 2 processors; name one; there are: one, Two"):
        choose(both, None, "x/f.py")
    with pytest.raises(ProcessorError, match='f.py declares no processor "Tow"; did you mean "Two"?'):
        choose(both, "Tow", "f.py")
    with pytest.raises(ProcessorError, match="f.py declares no processor; put @streamlib.processor"):
        choose([], None, "f.py")


def test_inspect_without_a_file_tells_its_usage() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "streamlib._process.inspect"], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 2
    assert "usage:" in done.stderr


@pytest.mark.parametrize("hook", ["setup", "start", "process", "stop", "teardown"])
@pytest.mark.parametrize("body", ["pass", "yield 1"])
def test_an_async_hook_is_refused_by_its_name(file: Write, hook: str, body: str) -> None:
    path = file(
        HEAD
        + '@streamlib.processor(inputs={"a": V})\nclass Late:\n    def process(self, ctx): ...\n'
        + f"    async def {hook}(self, ctx): {body}\n"
    )
    with pytest.raises(ProcessorError, match=rf"processor Late: its {hook}\(\) is async, which hooks cannot be"):
        load_processors(path)


@pytest.mark.parametrize("hook", ["setup", "start", "process", "stop", "teardown"])
def test_a_hook_that_yields_and_would_never_run_is_refused_by_its_name(file: Write, hook: str) -> None:
    path = file(
        HEAD
        + '@streamlib.processor(inputs={"a": V})\nclass Lazy:\n    def process(self, ctx): ...\n'
        + f"    def {hook}(self, ctx): yield {{}}\n"
    )
    with pytest.raises(ProcessorError, match=rf"processor Lazy: its {hook}\(\) yields, which hooks cannot; send with"):
        load_processors(path)


def test_an_async_hook_that_a_class_inherits_or_makes_itself_is_refused(file: Write) -> None:
    inherited = (
        "class Base:\n    async def process(self, ctx): ...\n"
        '@streamlib.processor(inputs={"a": V})\nclass Late(Base): ...\n'
    )
    with pytest.raises(ProcessorError, match="process"):
        load_processors(file(HEAD + inherited))
    made = (
        '@streamlib.processor(inputs={"a": V})\nclass Late:\n    def __init__(self):\n        self.process = self.work\n'
        "    async def work(self, ctx): ...\n"
    )
    spec = choose(load_processors(file(HEAD + made, "made.py")), None, "made.py")
    with pytest.raises(ProcessorError, match=r"its process\(\) is async"):
        UserCode(spec, "reactive", {})


GENERATOR = 'def gen(inputs):\n    yield {"b": inputs["a"]}\n'


@pytest.mark.parametrize("kind", ["reactive", "continuous"])
def test_a_generator_that_is_called_for_each_frame_is_refused_when_it_is_loaded(file: Write, kind: str) -> None:
    told = f'processor gen is {kind} and yields frames, which only a processor with execution="manual" can'
    given = f'@streamlib.processor(inputs={{"a": V}}, outputs={{"b": V}}, execution="{kind}")\n'
    with pytest.raises(ProcessorError, match=told):
        load_processors(file(HEAD + given + GENERATOR))
    # Left to the manifest.
    path = file(HEAD + '@streamlib.processor(inputs={"a": V}, outputs={"b": V})\n' + GENERATOR, "open.py")
    spec = choose(load_processors(path), None, path)
    with pytest.raises(ProcessorError, match=told):
        UserCode(spec, kind, {})
    UserCode(spec, "manual", {})


def test_an_object_whose_call_is_async_is_refused(file: Write) -> None:
    path = file(
        HEAD + "class Call:\n    async def __call__(self, inputs): ...\n"
        'late = streamlib.processor(inputs={"a": V}, name="late")(Call())\n'
    )
    with pytest.raises(ProcessorError, match="processor late is async"):
        load_processors(path)


def test_an_inspection_does_not_outlive_its_runtime(file: Write) -> None:
    path = file("import os, threading\nos.write(1, b'here')\nthreading.Event().wait()\n")
    runtime = (
        "import os, subprocess, sys\n"
        "environment = {**os.environ, 'STREAMLIB_HOST_PID': str(os.getpid())}\n"
        'command = \'exec 3>&1; exec "$0" -m streamlib._process.inspect "$1"\'\n'
        "subprocess.run(['bash', '-c', command, *sys.argv[1:]], env=environment)\n"
    )
    with subprocess.Popen([sys.executable, "-c", runtime, sys.executable, path], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        said = parent.stdout.fileno()
        assert os.read(said, 4) == b"here"
        parent.send_signal(signal.SIGKILL)
        parent.wait(10)
        # Its end closes what it has inherited.
        assert select.select([said], [], [], 10)[0]
        assert os.read(said, 4) == b""


def test_an_inspection_whose_runtime_has_gone_already_does_not_import_the_file(file: Write) -> None:
    path = file("print('imported')\n")
    done = subprocess.run(
        [sys.executable, "-m", "streamlib._process.inspect", path],
        env={**os.environ, "STREAMLIB_HOST_PID": "1"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "is not read:" in done.stderr
