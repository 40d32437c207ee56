"""Results that would be lost without a word: each is either sent or told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from host import HEAD, Host
from streamlib._runner import throttled_log
from streamlib._runner.user_code import returns_nothing

Start = Callable[..., Host]


@pytest.mark.parametrize(
    "body",
    [
        "return inputs",
        "kept.append(inputs); return kept[-1]",
        "import types; return types.MappingProxyType(inputs)",
        "return {**inputs}",
        "return dict(video=inputs['video'])",
    ],
)
def test_a_function_that_returns_the_dict_it_was_given_sends_it(start: Start, body: str) -> None:
    host = start(
        HEAD
        + f"""
kept = []
@streamlib.processor(inputs={{"video": V}}, outputs={{"video": V}})
def same(inputs):
    {body}
"""
    )
    for number in range(3):
        host.send_picture(number, "video")
        assert host.frame()["frame_number"] == number
        assert host.ack() == number
    assert host.stop() == 0


def test_the_inputs_that_a_function_keeps_stay_as_they_were(start: Start) -> None:
    host = start(
        HEAD
        + """
before = None
@streamlib.processor(inputs={"video_in": V}, outputs={"video_out": V})
def late(inputs):
    global before
    result, before = before, inputs
    return result and result["video_in"]
"""
    )
    for number in range(3):
        host.send_picture(number)
    assert [host.frame()["frame_number"] for _ in range(2)] == [0, 1]


@pytest.mark.parametrize(
    ("declared", "body", "message"),
    [
        ('{"video_out": V}', "frame.to_numpy()", "wrong returns nothing, so nothing is ever sent to its output"),
        ('{"video_out": V}', "return frame.to_numpy()", 'such as {"video_out": VideoFrame.from_numpy(pixels)}'),
        ('{"video_out": V}', "return [frame]", "wrong returned list; return a dict"),
        ('{"video_out": V}', "return inputs", 'wrong returned a frame for "video_in", which is not one of its outputs'),
        ('{"video_out": V, "other": V}', "return frame", 'for "pixel_buffer", which is not one of its outputs'),
        ("{}", "return frame", "wrong returned VideoFrame, but declares no outputs"),
        ("{}", "return 5", "wrong returned int; it declares no outputs"),
        ('{"a": V, "b": V}', 'return {"a": frame, "b": 5}', 'wrong returned int for output "b"'),
    ],
)
def test_a_result_that_cannot_be_sent_is_told(start: Start, declared: str, body: str, message: str) -> None:
    host = start(
        HEAD
        + f"""
@streamlib.processor(inputs={{"video_in": V}}, outputs={declared})
def wrong(inputs):
    frame = inputs["video_in"]
    {body}
"""
    )
    host.send_picture(1)
    assert message in host.control("error")["message"]
    host.ack()
    assert not [event for event in host.seen() if event[0] == "frame"]


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (
            "frame",
            'process() of class Wrong returned VideoFrame, which is not sent; send it with ctx.output("video_out")',
        ),
        ('{"video_out": frame}', "process() of class Wrong returned dict, which is not sent"),
        ("(x for x in [frame])", "process() of class Wrong returned generator, which is not sent"),
        ("late()", "process() of class Wrong returned coroutine, which is not sent"),
    ],
)
def test_what_a_class_returns_from_process_is_told(start: Start, returned: str, message: str) -> None:
    host = start(
        HEAD
        + f"""
async def late(): pass
@streamlib.processor(inputs={{"video_in": V}}, outputs={{"video_out": V}})
class Wrong:
    def process(self, ctx):
        frame = ctx.input().get()
        return {returned}
"""
    )
    host.send_picture(1)
    assert message in host.control("error")["message"]


def test_a_class_may_return_what_set_returned(start: Start) -> None:
    host = start(
        HEAD
        + """
@streamlib.processor(inputs={"video_in": V}, outputs={"video_out": V})
class Right:
    def process(self, ctx): return ctx.output().set(ctx.input().get())
"""
    )
    host.send_picture(1)
    host.frame()
    assert host.stop() == 0
    assert not [event for event in host.seen() if event[0] == "control" and event[1]["type"] == "error"]


def test_what_a_generator_returns_at_its_end_is_sent(start: Start) -> None:
    host = start(
        HEAD
        + """
@streamlib.processor(outputs={"video_out": V}, execution="manual")
def three(ctx):
    for n in range(2):
        yield V.from_numpy(np.zeros((2, 2, 3), np.uint8), frame_number=n)
    return V.from_numpy(np.zeros((2, 2, 3), np.uint8), frame_number=2)
""",
        kind="manual",
    )
    assert [host.frame()["frame_number"] for _ in range(3)] == [0, 1, 2]
    host.control("finished")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("yield 5", "wrong yielded int; return a dict of outputs"),
        ('yield {"video_oud": {}}', 'wrong yielded a frame for "video_oud"'),
        ("yield None; return 5", "wrong returned int"),
        ("yield None; yield iter([])", "wrong yielded list_iterator"),
    ],
)
def test_a_wrong_yield_is_told(start: Start, line: str, message: str) -> None:
    host = start(
        HEAD
        + f"""
@streamlib.processor(outputs={{"video_out": V}}, execution="manual")
def wrong(ctx):
    {line}
""",
        kind="manual",
    )
    error = host.control("error")
    assert message in error["message"]
    assert error["fatal"] is True


def test_a_frame_that_is_sent_in_teardown_is_told_and_one_of_a_thread_is_dropped(start: Start) -> None:
    host = start(
        HEAD
        + """
@streamlib.processor(inputs={"video_in": V}, outputs={"video_out": V})
class Late:
    def process(self, ctx): self.last = ctx.input().get()
    def stop(self, ctx): ctx.output().set({**self.last, "frame_number": 7})
    def teardown(self, ctx):
        thread = threading.Thread(target=lambda: told.put(ctx.output().set(self.last)))
        thread.start()
        thread.join()
        ctx.output().set(self.last)
"""
    )
    host.send_picture(1)
    host.ack()
    assert host.stop() == 0
    assert host.module.told.get(timeout=5) is False
    assert host.frame(acknowledge=False)["frame_number"] == 7
    error = host.control("error")
    assert (error["phase"], "send last results in stop()" in error["message"]) == ("teardown", True)


def test_code_that_is_called_and_sends_nothing_is_warned_of_once(
    start: Start, log_lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttled_log, "_LONG", 0.0)
    host = start(
        HEAD
        + """
@streamlib.processor(inputs={"video_in": V}, outputs={"video_out": V})
class Silent:
    def process(self, ctx): ctx.input().get()
"""
    )
    for number in range(30):
        host.send_picture(number)
        host.ack()
    assert host.stop() == 0
    assert log_lines == ["was called 10 times and has sent nothing yet to its output video_out"]


def test_a_function_returns_nothing_if_no_end_of_it_has_a_value() -> None:
    def forgot(x: int) -> None:
        if x:
            return
        print(x)

    def one_way(x: int) -> int | None:
        return x if x else None

    def raises(x: int) -> None:
        raise NotImplementedError

    assert returns_nothing(forgot)
    assert not returns_nothing(one_way)
    assert not returns_nothing(raises)
    assert not returns_nothing(lambda x: x)
    assert not returns_nothing(len)
