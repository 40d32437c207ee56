"""Windows, acknowledgements, drops, and the memory that frames lie in."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from host import HEAD, Host, pixels
from streamlib._memory import into_memory, owner_of
from streamlib._native import FramePool
from streamlib._runner import throttled_log

Start = Callable[..., Host]

#: For each frame that comes, sends as many as its number says, and tells what became of them.
MANY = (
    HEAD
    + """
@streamlib.processor(inputs={"video_in": V}, outputs={"video_out": V})
class Many:
    def process(self, ctx):
        n = ctx.input().get()["frame_number"]
        out = ctx.output()
        told.put([out.set(V.from_numpy(np.full((2, 2, 3), i, np.uint8))) for i in range(n)])
        told.put(out.dropped)
"""
)


def frames(host: Host) -> list[tuple[Any, ...]]:
    return [event for event in host.seen() if event[0] == "frame"]


def test_a_full_window_drops_and_counts(start: Start) -> None:
    host = start(MANY, window=3)
    host.send_picture(5)
    told = host.module.told
    assert told.get(timeout=5) == [True, True, True, False, False]
    assert told.get(timeout=5) == 2
    got = [host.wait_for("frame", lambda e: e[0] == "frame") for _ in range(3)]
    assert [event[2] for event in got] == [0, 1, 2]
    # Two of the three are acknowledged: two more fit.
    host.connection.ack(0, 1)
    host.connection.flush()
    host.send_picture(3)
    assert told.get(timeout=5) == [True, True, False]
    assert told.get(timeout=5) == 3


def test_acknowledgements_that_came_during_a_call_count_in_it(start: Start) -> None:
    host = start(
        HEAD
        + """
@streamlib.processor(inputs={"video_in": V}, outputs={"video_out": V})
class Waits:
    def process(self, ctx):
        frame, out = ctx.input().get(), ctx.output()
        told.put(out.set(frame))
        assert gate.wait(10)
        told.put(out.set(frame))
""",
        window=1,
    )
    host.send_picture(1)
    assert host.module.told.get(timeout=5) is True
    host.frame()
    host.module.gate.set()
    assert host.module.told.get(timeout=5) is True


def test_a_lossless_output_waits_for_its_reader(start: Start) -> None:
    host = start(MANY, window=2, blocking=True)
    host.send_picture(40)
    assert [host.frame()["pixel_buffer"].to_numpy()[0, 0, 0] for _ in range(40)] == list(range(40))
    assert host.module.told.get(timeout=5) == [True] * 40
    assert host.module.told.get(timeout=5) == 0
    assert host.stop() == 0


def test_a_lossless_output_that_waits_hears_a_stop(start: Start) -> None:
    host = start(MANY, window=1, blocking=True)
    host.send_picture(5)
    host.wait_for("frame", lambda e: e[0] == "frame")
    assert host.stop() == 0
    assert host.module.told.get(timeout=5) == [True, False, False, False, False]


def test_a_lossless_output_that_waits_long_says_for_what(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttled_log, "_LONG", 0.0)
    host = start(MANY, window=1, blocking=True)
    host.send_picture(2)
    host.wait_for("frame", lambda e: e[0] == "frame")
    log = host.control("log")
    assert log["level"] == "warn"
    assert "output video_out has been waiting for 0 s for a lossless reader" in log["message"]
    assert host.stop() == 0


def test_a_loan_that_waits_long_says_for_what(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttled_log, "_LONG", 0.0)
    host = start(
        HEAD
        + """
@streamlib.processor(inputs={"video_in": V}, outputs={"video_out": V})
class Keeps:
    def process(self, ctx):
        self.kept = []
        while not ctx.should_stop:
            self.kept.append(ctx.output().loan((2, 2, 3)))
""",
        blocking=True,
    )
    host.send_picture(1)
    assert "output video_out has been waiting for 0 s for memory: its 16 slots" in host.control("log")["message"]
    assert host.stop() == 0


def test_a_stall_is_told_once_until_a_wait_was_short_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    told: list[str] = []
    monkeypatch.setattr(throttled_log.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(throttled_log._log, "warning", lambda message, *given: told.append(message % given))
    stall = throttled_log.StallWarning("output a")

    def wait(seconds: float) -> None:
        began = stall.check(None, "for b")
        now[0] += seconds / 2
        stall.check(began, "for b")
        now[0] += seconds / 2
        stall.check(began, "for b")
        stall.over(began)

    wait(4)
    assert told == []
    wait(20)
    wait(20)
    assert told == ["output a has been waiting for 10 s for b"]
    wait(1)
    wait(6)
    assert told[1:] == ["output a has been waiting for 6 s for b"]
    stall.over(None)
    wait(6)
    assert len(told) == 3


def test_a_thread_of_the_users_may_wait_for_the_reader_too(start: Start) -> None:
    host = start(
        HEAD
        + """
@streamlib.processor(inputs={"video_in": V}, outputs={"video_out": V})
class Worker:
    def process(self, ctx):
        ctx.input().get()
        def work():
            for i in range(20):
                ctx.output().set(V.from_numpy(np.full((2, 2, 3), i, np.uint8)))
            told.put("done")
        thread = threading.Thread(target=work)
        thread.start()
        if ctx.config["join"]: thread.join()
""",
        window=1,
        blocking=True,
        config={"join": True},
    )
    host.send_picture(1)
    assert [pixels(host.frame())[0, 0, 0] for _ in range(20)] == list(range(20))
    assert host.module.told.get(timeout=5) == "done"


def test_a_full_pool_drops_and_counts_and_memory_that_comes_back_is_used_again(start: Start) -> None:
    host = start(MANY, window=100)
    host.send_picture(20)
    told = host.module.told
    assert told.get(timeout=5) == [True] * 16 + [False] * 4
    assert told.get(timeout=5) == 4
    kept = [host.wait_for("frame", lambda e: e[0] == "frame")[3] for _ in range(16)]
    assert [pixels(value)[0, 0, 0] for value in kept] == list(range(16))
    del kept[:5]
    gc.collect()
    host.connection.flush()
    host.send_picture(7)
    assert told.get(timeout=5) == [True] * 5 + [False] * 2
    kept.clear()


def test_an_array_that_is_kept_keeps_its_slot(start: Start) -> None:
    host = start(
        HEAD
        + """
kept = []
@streamlib.processor(inputs={"video_in": V})
def keep(inputs):
    frame = inputs["video_in"]
    if frame["frame_number"] % 2 == 0:
        kept.append(frame.to_numpy())
"""
    )
    for number in range(6):
        host.send_picture(number)
        host.ack()
    while host.connection.stats()["outstanding"] > 3:
        assert host.connection.receive(5) is not None
    # The pixels stay as they were, though the pool has given out other slots many times.
    for number in range(40):
        host.send_picture(2 * number + 1)
        host.ack()
    assert [int(a[0, 0, 0]) for a in host.module.kept] == [0, 2, 4]
    assert host.connection.stats()["outstanding"] == 3
    assert not host.module.kept[0].flags.writeable
    host.module.kept.clear()


def test_all_memory_comes_back_when_the_frames_are_done(start: Start) -> None:
    host = start(
        HEAD
        + """
@streamlib.processor(inputs={"video_in": V}, outputs={"video_out": V})
def invert(inputs):
    return V.from_numpy(255 - inputs["video_in"].to_numpy())
"""
    )
    for number in range(60):
        host.send_picture(number)
        host.frame()
    host.ack()
    while host.connection.stats()["outstanding"]:
        assert host.connection.receive(5) is not None
    assert host.pool.stats()["free"] == host.pool.stats()["slots"]
    assert host.pool.stats()["slots"] <= 8


def test_a_loan_is_sent_without_a_copy_and_read_only_afterwards(start: Start) -> None:
    host = start(
        HEAD
        + """
@streamlib.processor(outputs={"video_out": V}, execution="manual")
def loan(ctx):
    out = ctx.output()
    for shape in ((4, 6, 3), (4, 6, 4), (4, 6), (4, 6, 1)):
        array = out.loan(shape)
        assert array.shape == shape and array.flags.writeable
        array[:] = 9
        told.put(array.__array_interface__["data"][0])
        assert out.set({"pixel_buffer": array})
        assert not array.flags.writeable
    told.put("done")
""",
        kind="manual",
    )
    for shape in ((4, 6, 3), (4, 6, 4), (4, 6), (4, 6)):
        host.module.told.get(timeout=5)
        value = host.frame()
        assert pixels(value).shape == shape
        assert (pixels(value) == 9).all()
    assert host.module.told.get(timeout=5) == "done"
    assert host.stop() == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("out.loan((2, 2, 7))", "port video_out, field pixel_buffer: a picture must have shape"),
        (
            "out.loan((4.5, 5, 3))",
            "port video_out, field pixel_buffer: a shape has whole numbers only, not (4.5, 5, 3)",
        ),
        ("out.loan((-4, 5, 3))", "port video_out, field pixel_buffer: a shape has no negative numbers, not (-4, 5, 3)"),
        ("out.loan((2**33, 5, 3))", "port video_out, field pixel_buffer: no frame is as large as (8589934592, 5, 3)"),
        ("out.loan((2, 2, 3), float)", "port video_out, field pixel_buffer: pixels must have dtype uint8, not float64"),
        (
            "out.loan((2, 2), field='x')",
            'output "video_out" has no field "x" in shared memory; there are: pixel_buffer',
        ),
        ("ctx.output('video')", 'effect has no output "video"; did you mean "video_out"?'),
        ("ctx.input()", "effect has 0 inputs; name the one that you mean"),
        (
            "out.set(5)",
            'output "video_out": a frame is a dict with the fields pixel_buffer, timestamp_ns, frame_number, media_time',
        ),
    ],
)
def test_wrong_use_of_ports_is_told(start: Start, call: str, message: str) -> None:
    host = start(
        HEAD
        + f"""
@streamlib.processor(outputs={{"video_out": V}}, execution="manual")
def wrong(ctx):
    out = ctx.output()
    {call}
""",
        kind="manual",
    )
    error = host.control("error")
    assert message in error["message"]
    assert host.ended() == 6


def test_pictures_inside_of_other_fields_are_put_into_memory(start: Start) -> None:
    host = start(
        HEAD
        + """
class Patch(streamlib.Schema):
    picture: streamlib.Texture
    data: streamlib.Optional[streamlib.Buffer]
class Patches(streamlib.Schema):
    patches: streamlib.Array[Patch]
    best: streamlib.Optional[streamlib.Texture]
    sound: streamlib.Buffer
    first: Patch
@streamlib.processor(outputs={"out": Patches}, execution="manual")
def patches(ctx):
    patch = lambda n, data: {"picture": np.full((2, 2, 3), n, np.uint8), "data": data}
    return {"patches": [patch(1, None), patch(2, b"ab")], "best": np.full((1, 1), 5, np.uint8),
            "sound": np.arange(3, dtype=np.float32)[::-1], "first": patch(3, memoryview(b"abcd")[::2])}
""",
        kind="manual",
    )
    value = host.frame()
    assert [int(p["picture"].to_numpy()[0, 0, 0]) for p in [*value["patches"], value["first"]]] == [1, 2, 3]
    assert value["patches"][0]["data"] is None
    assert [bytes(p["data"]) for p in (value["patches"][1], value["first"])] == [b"ab", b"ac"]
    assert value["best"].to_numpy().tolist() == [[5]]
    assert value["sound"].to_numpy(np.float32).tolist() == [2.0, 1.0, 0.0]


def test_which_arrays_are_the_whole_frame(nothing_left: None) -> None:
    pool = FramePool()
    texture, buffer = pool.texture(6, 4), pool.buffer(24)
    assert texture is not None
    assert buffer is not None
    array, numbers = texture.to_numpy(), buffer.to_numpy(np.float32)
    assert owner_of(array) is texture
    assert owner_of(array[:]) is texture
    assert owner_of(numbers.reshape(2, 3)) is buffer
    for other in (array[1:], array[:, :3], array[::-1], array.reshape(6, 4, 3), array.copy(), numbers[:3]):
        assert owner_of(other) is None
    gray = pool.texture(6, 4, "gray8")
    assert gray is not None
    assert owner_of(gray.to_numpy()[:, :, None]) is gray
    assert into_memory({"Array": "Texture"}, [array], pool, "x") == [texture]
    with pytest.raises(TypeError, match=r"field x\[1\]: pixels must have dtype uint8"):
        into_memory({"Array": "Texture"}, [array, np.zeros((2, 2))], pool, "x")
    with pytest.raises(TypeError, match="must be an array of numbers"):
        into_memory("Buffer", np.array([object()]), pool, "x")
    with pytest.raises(BufferError):
        texture.release()
    del array, other
    texture.release()
    with pytest.raises(Exception, match="released already"):
        texture.to_numpy()
    pool.close()


def test_empty_buffers(nothing_left: None) -> None:
    pool = FramePool()
    held = into_memory("Buffer", b"", pool, "x")
    assert len(held) == 0
    assert held.to_numpy().shape == (0,)
    assert bytes(held) == b""
    pool.close()


def test_other_objects_that_show_themselves_as_arrays_are_pictures() -> None:
    class Image:
        """As an image of Pillow's does."""

        def __init__(self, array: Any) -> None:
            self.__array_interface__ = array.__array_interface__
            self.array = array

    pool = FramePool()
    texture = into_memory("Texture", Image(np.full((2, 3, 4), 8, np.uint8)), pool, "x")
    assert (texture.format, texture.width, texture.height) == ("rgba8", 3, 2)
    assert (texture.to_numpy() == 8).all()
    pool.close()
