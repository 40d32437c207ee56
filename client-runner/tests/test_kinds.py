"""The three ways to run, each with a host that the test plays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from host import HEAD, Host, pixels

Start = Callable[..., Host]

INVERT = (
    HEAD
    + """
@streamlib.processor(inputs={"video_in": V}, outputs={"video_out": V})
def invert(inputs):
    return {"video_out": V.from_numpy(255 - inputs["video_in"].to_numpy())}
"""
)


def test_a_function_is_called_for_each_frame(start: Start) -> None:
    host = start(INVERT)
    for number in range(20):
        sent = host.send_picture(number)
        value = host.frame()
        assert (pixels(value) == 255 - number).all()
        assert (value["timestamp_ns"], value["frame_number"]) == (1000 + number, number)
        assert host.ack() == sent
    assert host.stop() == 0


@pytest.mark.parametrize("body", ["frame", "V.from_numpy(frame.to_numpy())", "V.from_numpy(frame.to_numpy()[:])"])
def test_the_pixels_of_an_input_are_forwarded_without_a_copy(start: Start, body: str) -> None:
    host = start(
        HEAD
        + f"""
@streamlib.processor(inputs={{"video_in": V}}, outputs={{"video_out": V}})
def forward(inputs):
    frame = inputs["video_in"]
    return {{"video_out": {body}}}
"""
    )
    texture = host.pool.texture(6, 4)
    texture.to_numpy()[:] = 7
    host.send("video_in", pixel_buffer=texture, timestamp_ns=1, frame_number=2)
    assert host.frame()["pixel_buffer"].address == texture.address


def test_pixels_by_the_handle_and_a_view_that_is_not_contiguous(start: Start) -> None:
    host = start(
        HEAD
        + """
@streamlib.processor(inputs={"video_in": V}, outputs={"video_out": V})
class Mirror:
    def process(self, ctx):
        frame = ctx.input("video_in").get()
        pixels = frame["pixel_buffer"].to_numpy()
        assert not pixels.flags.writeable and pixels.base is not None
        ctx.output("video_out").set({**frame, "pixel_buffer": pixels[:, ::-1]})
"""
    )
    texture = host.pool.texture(6, 4)
    texture.to_numpy()[:] = np.arange(72).reshape(4, 6, 3)
    host.send("video_in", pixel_buffer=texture, timestamp_ns=1, frame_number=2)
    assert (pixels(host.frame()) == np.arange(72).reshape(4, 6, 3)[:, ::-1]).all()


def test_several_inputs_keep_their_last_frame(start: Start) -> None:
    host = start(
        HEAD
        + """
@streamlib.processor(inputs={"a": V, "b": V}, outputs={"video_out": V})
def add(inputs):
    return V.from_numpy(inputs["a"].to_numpy() + inputs["b"].to_numpy())
"""
    )
    host.send_picture(1, "a")
    host.ack("a")
    host.send_picture(10, "b")
    assert pixels(host.frame())[0, 0, 0] == 11
    host.send_picture(20, "b")
    value = host.frame()
    assert (pixels(value)[0, 0, 0], value["frame_number"]) == (21, 20)
    host.send_picture(2, "a")
    value = host.frame()
    assert (pixels(value)[0, 0, 0], value["frame_number"]) == (22, 2)


def test_a_class_has_its_hooks_called_in_order_with_its_config(start: Start) -> None:
    host = start(
        HEAD
        + """
@streamlib.processor(inputs={"video_in": V}, outputs={"video_out": V})
class All:
    def setup(self, ctx): told.put(("setup", ctx.config["gain"], ctx.name))
    def start(self): told.put("start")
    def process(self, ctx):
        frame = ctx.input().get()
        told.put("process")
        ctx.output().set(frame)
    def stop(self, ctx): told.put("stop")
    def teardown(self): told.put("teardown")
""",
        config={"gain": 3},
    )
    host.send_picture(1)
    host.frame()
    assert host.stop() == 0
    told = host.module.told
    assert [told.get(timeout=5) for _ in range(5)] == [("setup", 3, "effect"), "start", "process", "stop", "teardown"]


def test_a_frame_that_a_class_does_not_take_is_acknowledged(start: Start) -> None:
    host = start(
        HEAD
        + """
@streamlib.processor(inputs={"video_in": V}, outputs={})
class Blind:
    def process(self, ctx): pass
"""
    )
    for number in range(3):
        host.send_picture(number)
        assert host.ack() == number


def test_latest_takes_the_newest_and_acknowledges_the_rest(start: Start) -> None:
    host = start(
        HEAD
        + """
@streamlib.processor(inputs={"video_in": V}, outputs={"video_out": V})
def slow(inputs):
    told.put(inputs["video_in"]["frame_number"])
    assert gate.wait(10)
    return inputs["video_in"]
""",
        delivery={"video_in": "latest"},
    )
    host.send_picture(0)
    assert host.module.told.get(timeout=5) == 0
    for number in (1, 2, 3):
        host.send_picture(number)
    host.module.gate.set()
    assert [host.frame()["frame_number"] for _ in range(2)] == [0, 3]
    # An acknowledgement is for all up to its frame.
    while host.ack() < 3:
        pass


def test_every_sample_takes_all_in_order(start: Start) -> None:
    host = start(INVERT)
    for number in range(8):
        host.send_picture(number)
    assert [host.frame()["frame_number"] for _ in range(8)] == list(range(8))


def test_an_exception_is_told_and_the_next_frame_is_processed(start: Start) -> None:
    host = start(
        HEAD
        + """
@streamlib.processor(inputs={"video_in": V}, outputs={"video_out": V})
def picky(inputs):
    if inputs["video_in"]["frame_number"] == 1:
        raise ValueError("not this one")
    return inputs["video_in"]
"""
    )
    for number in range(3):
        host.send_picture(number)
    assert [host.frame()["frame_number"] for _ in range(2)] == [0, 2]
    error = host.control("error")
    assert (error["phase"], error["error_type"], error["message"]) == ("process", "ValueError", "not this one")
    assert error["fatal"] is False
    assert host.stop() == 0


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("5", 'wrong returned int; return a dict of outputs such as {"video_out": frame}'),
        (
            '{"video_oud": frame}',
            'wrong returned a frame for "video_oud", which is not one of its outputs; did you mean "video_out"?',
        ),
        (
            '{"video_out": 5}',
            'wrong returned int for output "video_out"; it must be a dict with the fields of VideoFrame',
        ),
        ("(x for x in [frame])", "wrong yields frames, which only a processor with execution"),
        ("V.from_numpy(frame.to_numpy() / 255)", "port video_out, field pixel_buffer: pixels must have dtype uint8"),
        ("V.from_numpy(frame.to_numpy()[0, 0, 0])", "port video_out, field pixel_buffer: a picture must have shape"),
        ("V.from_numpy(np.zeros((3, 3, 5), np.uint8))", "port video_out, field pixel_buffer: a picture must have"),
        ("V.from_numpy(np.zeros((0, 3, 3), np.uint8))", "port video_out, field pixel_buffer: a texture of 3x0"),
        ('V.from_numpy("x")', "port video_out, field pixel_buffer: must be a numpy array or a Texture, not str"),
        ("{**frame, 'frame_number': -1}", "port video_out, field frame_number: is -1"),
        ("{**frame, 'label': 'x'}", 'wrong returned a frame for "pixel_buffer", which is not one of its outputs'),
        ("V(frame, label='x')", "port video_out, field label: is not in the schema"),
    ],
)
def test_a_wrong_result_is_told_with_its_place(start: Start, returned: str, message: str) -> None:
    host = start(
        HEAD
        + f"""
@streamlib.processor(inputs={{"video_in": V}}, outputs={{"video_out": V}})
def wrong(inputs):
    frame = inputs["video_in"]
    return {returned}
"""
    )
    host.send_picture(1)
    error = host.control("error")
    assert message in error["message"]
    host.ack()


def test_a_continuous_class_loops_without_input_and_takes_the_newest(start: Start) -> None:
    host = start(
        HEAD
        + """
@streamlib.processor(inputs={"video_in": V}, outputs={"video_out": V}, execution="continuous")
class Loop:
    def process(self, ctx):
        frame = ctx.input("video_in").get()
        if frame is None:
            told.put("idle")
        else:
            ctx.output("video_out").set(frame)
""",
        kind="continuous",
        delivery={"video_in": "latest"},
    )
    assert [host.module.told.get(timeout=5) for _ in range(3)] == ["idle"] * 3
    host.send_picture(4)
    assert host.frame()["frame_number"] == 4
    assert host.stop() == 0


def test_a_continuous_function_without_inputs_is_a_source(start: Start) -> None:
    host = start(
        HEAD
        + """
@streamlib.processor(outputs={"video_out": V}, execution="continuous")
def source(ctx):
    return V.from_numpy(np.zeros((2, 2), np.uint8), frame_number=ctx.config["first"])
""",
        kind="continuous",
        config={"first": 9},
    )
    value = host.frame()
    assert (value["frame_number"], pixels(value).shape) == (9, (2, 2))
    assert host.stop() == 0


COUNT = (
    HEAD
    + """
@streamlib.processor(outputs={"video_out": V}, execution="manual")
def count(ctx):
    for n in range(ctx.config.get("count", 10**9)):
        yield V.from_numpy(np.full((2, 2, 3), n % 256, np.uint8), frame_number=n)
"""
)


def test_a_manual_generator_sends_all_and_says_that_it_is_finished(start: Start) -> None:
    host = start(COUNT, kind="manual", blocking=True, config={"count": 30})
    assert [host.frame()["frame_number"] for _ in range(30)] == list(range(30))
    host.control("finished")
    assert host.stop() == 0


def test_a_manual_generator_is_stopped_in_its_loop(start: Start) -> None:
    host = start(COUNT, kind="manual", blocking=True, window=2)
    host.frame()
    assert host.stop() == 0
    assert not [e for e in host.seen() if e[0] == "control" and e[1]["type"] in ("finished", "error")]


def test_a_manual_function_sends_by_itself_and_is_unwound_at_a_stop(start: Start) -> None:
    host = start(
        HEAD
        + """
@streamlib.processor(outputs={"video_out": V}, execution="manual")
def forever(ctx):
    out = ctx.output()
    try:
        while True:
            out.set(V.from_numpy(np.zeros((2, 2, 3), np.uint8)))
    finally:
        told.put("unwound")
""",
        kind="manual",
        blocking=True,
    )
    host.frame()
    assert host.stop() == 0
    assert host.module.told.get(timeout=5) == "unwound"


def test_a_manual_class_with_threads_of_its_own_ends_them_in_stop(start: Start) -> None:
    host = start(
        HEAD
        + """
@streamlib.processor(outputs={"video_out": V}, execution="manual")
class Threads:
    def start(self, ctx):
        self.ended = False
        self.threads = [threading.Thread(target=self.work, args=(ctx,)) for _ in range(3)]
        for thread in self.threads: thread.start()
    def work(self, ctx):
        while not self.ended:
            ctx.output().set(V.from_numpy(np.zeros((2, 2, 3), np.uint8)))
    def stop(self, ctx):
        self.ended = True
        for thread in self.threads: thread.join()
        told.put("stopped")
""",
        kind="manual",
        blocking=True,
        window=2,
    )
    ids = []
    for _ in range(50):
        _, port, frame_id, _ = host.wait_for("frame", lambda e: e[0] == "frame")
        ids.append(frame_id)
        host.connection.ack(port, frame_id)
        host.connection.flush()
    assert ids == list(range(50))
    assert host.stop() == 0
    assert host.module.told.get(timeout=5) == "stopped"
    assert not [e for e in host.seen() if e[0] == "control" and e[1]["type"] == "finished"]


def test_a_manual_class_finishes_when_it_says_so(start: Start) -> None:
    host = start(
        HEAD
        + """
@streamlib.processor(outputs={"video_out": V}, execution="manual")
class Once:
    def start(self, ctx):
        ctx.output().set(V.from_numpy(np.zeros((2, 2, 3), np.uint8)))
        ctx.finish()
        ctx.finish()
    def stop(self, ctx): told.put(ctx.should_stop)
""",
        kind="manual",
    )
    host.frame()
    host.control("finished")
    assert host.stop() == 0
    assert host.module.told.get(timeout=5) is True
    assert not [e for e in host.seen() if e[0] == "control" and e[1]["type"] == "finished"]


def test_a_manual_processor_takes_input_and_acknowledges_what_it_has_done(start: Start) -> None:
    host = start(
        HEAD
        + """
@streamlib.processor(inputs={"video_in": V}, execution="manual")
def sink(ctx):
    while not ctx.wait(0.001):
        frame = ctx.input().get()
        if frame is not None:
            told.put(frame["frame_number"])
""",
        kind="manual",
        delivery={"video_in": "latest"},
    )
    for number in range(3):
        host.send_picture(number)
        assert host.module.told.get(timeout=5) == number
        assert host.ack() == number
    assert host.stop() == 0


def test_a_manual_start_that_raises_is_fatal(start: Start) -> None:
    host = start(
        HEAD
        + """
@streamlib.processor(outputs={"video_out": V}, execution="manual")
class Broken:
    def start(self, ctx): raise OSError("no camera")
    def stop(self, ctx): told.put("stop")
""",
        kind="manual",
    )
    error = host.control("error")
    assert (error["phase"], error["message"], error["fatal"]) == ("start", "no camera", True)
    assert host.ended() == 6
    assert host.module.told.get(timeout=5) == "stop"


@pytest.mark.parametrize(
    ("source", "phase", "message", "code"),
    [
        ("raise KeyError('x')", "import", "'x'", 3),
        ("import sys; sys.exit('no licence')", "import", "the file ended its process with sys.exit('no licence')", 3),
        ("x = 1", "import", "effect.py declares no processor", 3),
        ("class A:\n  def setup(self): raise OSError('gone')\n  def process(self): pass", "setup", "gone", 4),
        ("class A:\n  def setup(self): raise SystemExit(0)\n  def process(self): pass", "setup", "sys.exit(0)", 4),
        ("class A:\n  def __init__(self): raise OSError('first')\n  def process(self): pass", "setup", "first", 4),
        ("class A:\n  pass", "setup", "class A is reactive and needs a method process(self, ctx)", 4),
    ],
)
def test_what_fails_before_the_start_is_fatal(start: Start, source: str, phase: str, message: str, code: int) -> None:
    mark = '@streamlib.processor(inputs={"video_in": V}, outputs={})\n' if source.startswith("class") else ""
    host = start(HEAD + mark + source, go=False)
    error = host.control("error")
    assert (error["phase"], error["fatal"]) == (phase, True)
    assert message in error["message"]
    assert host.ended() == code


def test_sys_exit_in_process_ends_the_processor_with_its_code_and_a_report(start: Start) -> None:
    host = start(
        HEAD
        + """
import sys
@streamlib.processor(inputs={"video_in": V}, outputs={})
class Quits:
    def process(self, ctx): sys.exit(9)
    def teardown(self, ctx): told.put("teardown")
"""
    )
    host.send_picture(1)
    error = host.control("error")
    assert error["fatal"] is True
    assert "Quits ended its process with sys.exit(9)" in error["message"]
    assert "effect.py" in error["traceback"]
    assert host.ended() == 9
    assert host.module.told.get(timeout=5) == "teardown"


def test_a_host_that_goes_ends_the_processor_with_its_hooks(start: Start) -> None:
    host = start(
        HEAD
        + """
@streamlib.processor(inputs={"video_in": V}, outputs={"video_out": V}, execution="continuous")
class Loop:
    def process(self, ctx): pass
    def teardown(self, ctx): told.put("teardown")
""",
        kind="continuous",
    )
    told: Any = host.module.told
    host.connection.close()
    host.ended()
    assert told.get(timeout=5) == "teardown"


def test_teardown_that_raises_does_not_keep_the_process(start: Start) -> None:
    host = start(
        HEAD
        + """
@streamlib.processor(inputs={"video_in": V}, outputs={})
class Loop:
    def process(self, ctx): pass
    def stop(self, ctx): raise ValueError("in stop")
    def teardown(self, ctx): raise ValueError("in teardown")
"""
    )
    assert host.stop() == 0
    assert [host.control("error")["message"] for _ in range(2)] == ["in stop", "in teardown"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("V.from_numpy(255 - frame.to_numpy())", 40_000_000),
        ("frame", 40_000_000),
        ("V.from_numpy(255 - frame.to_numpy(), media_time=7)", 7),
        ("V(pixel_buffer=frame.to_numpy(), media_time=None)", None),
    ],
)
def test_the_time_of_a_film_goes_on_with_its_pictures(start: Start, body: str, expected: int | None) -> None:
    host = start(
        HEAD
        + f"""
@streamlib.processor(inputs={{"video_in": V}}, outputs={{"video_out": V}})
def effect(inputs):
    frame = inputs["video_in"]
    assert frame.media_time == 40_000_000
    return {{"video_out": {body}}}
"""
    )
    texture = host.pool.texture(6, 4)
    host.send("video_in", pixel_buffer=texture, timestamp_ns=1, frame_number=2, media_time=40_000_000)
    assert host.frame()["media_time"] == expected
    assert host.stop() == 0
