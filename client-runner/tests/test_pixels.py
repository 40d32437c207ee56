"""Pixel formats: views of planes, components, and pictures on their way between processes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import streamlib
from host import Host
from hypothesis import given, settings
from hypothesis import strategies as st
from streamlib import PIXEL_FORMATS, BridgeError, Colour, Picture, VideoFrame
from streamlib._native import Connection, FramePool

Start = Callable[..., Host]
SIZES = [(6, 4), (7, 5), (1, 1), (49, 3), (2, 1)]
HDR = Colour(range="limited", matrix="bt2020nc", transfer="smpte2084", primaries="bt2020")


def half(n: int) -> int:
    return -(-n // 2)


def by_the_books(name: str, w: int, h: int) -> list[tuple[int, tuple[int, ...], int]]:
    """Offset, shape and row length in bytes of each plane, worked out for each format by hand."""
    chroma = half(w), half(h)
    if name in ("nv12", "p010"):
        size = 1 if name == "nv12" else 2
        return [(0, (h, w), w * size), (w * h * size, (chroma[1], chroma[0], 2), 2 * chroma[0] * size)]
    if name in ("i420", "i422", "i444"):
        cw, ch = {"i420": chroma, "i422": (half(w), h), "i444": (w, h)}[name]
        return [(0, (h, w), w), (w * h, (ch, cw), cw), (w * h + cw * ch, (ch, cw), cw)]
    if name in ("yuyv8", "uyvy8"):
        return [(0, (h, 2 * half(w), 2), 4 * half(w))]
    if name == "v210":
        return [(0, (h, -(-w // 6), 16), -(-w // 48) * 128)]
    if name in ("uyvp10", "uyvp12", "rgb10", "rgb12"):
        pixels, size = {"uyvp10": (2, 5), "uyvp12": (2, 6), "rgb10": (4, 15), "rgb12": (2, 9)}[name]
        return [(0, (h, -(-w // pixels), size), -(-w // pixels) * size)]
    size = {"8": 1, "6": 2, "2": 4}[name[-1]]
    channels = {"g": 1}.get(name[0], 4 if "a" in name else 3)
    return [(0, (h, w) if channels == 1 else (h, w, channels), w * channels * size)]


def fill(planes: Any, seed: int) -> None:
    random = np.random.default_rng(seed)
    for plane in planes:
        if plane.dtype == np.float32:
            plane[...] = random.random(plane.shape, np.float32)
        else:
            plane[...] = random.integers(0, np.iinfo(plane.dtype).max, plane.shape, plane.dtype, endpoint=True)


def pair() -> tuple[Connection, Connection]:
    one, other = Connection.pair()
    listed = json.dumps([{"name": "v", "schema": VideoFrame.schema()}])
    one.define_ports("[]", listed)
    other.define_ports(listed, "[]")
    return one, other


def cross(texture: Any) -> Any:
    one, other = pair()
    assert one.send_frame(0, 0, {"pixel_buffer": texture, "timestamp_ns": 1, "frame_number": 2})
    event = other.receive(5)
    assert event is not None
    assert event[0] == "frame"
    return event[3]["pixel_buffer"]


@pytest.mark.parametrize("name", list(PIXEL_FORMATS))
@pytest.mark.parametrize("size", SIZES)
def test_planes_are_where_the_books_say_and_cross_unchanged(name: str, size: tuple[int, int]) -> None:
    pool = FramePool()
    texture = pool.texture(*size, name, HDR)
    assert texture is not None
    expected = by_the_books(name, *size)
    planes = texture.planes()
    fill(planes, len(name) + size[0])
    base = texture.address
    for plane, (offset, shape, stride) in zip(planes, expected, strict=True):
        assert plane.__array_interface__["data"][0] - base == offset
        assert plane.shape == shape
        assert plane.strides[0] == stride
        assert plane.flags.writeable
    assert texture.stride == expected[0][2]
    received = cross(texture)
    assert (received.format, received.width, received.height) == (name, *size)
    assert received.colour == HDR
    for plane, sent in zip(received.planes(), planes, strict=True):
        assert np.array_equal(plane, sent)
        assert not plane.flags.writeable
    assert received.planes().names == planes.names
    assert getattr(received.planes(), planes.names[-1]) is not None
    if len(planes) == 1:
        assert np.array_equal(received.to_numpy(), planes[0])
    else:
        with pytest.raises(TypeError, match=r"has the planes y, .*: use planes\(\), or unpack\(\)"):
            received.to_numpy()


def test_dtypes_are_those_of_the_format() -> None:
    pool = FramePool()
    for name, dtype in {
        "gray16": "uint16",
        "rgb16": "uint16",
        "rgbaf32": "float32",
        "p010": "uint16",
        "v210": "uint8",
    }.items():
        texture = pool.texture(4, 4, name)
        assert texture is not None
        assert all(plane.dtype == dtype for plane in texture.planes())


def test_names_of_formats_and_colours_are_checked() -> None:
    with pytest.raises(BridgeError, match="is no pixel format; known: rgb8, rgba8"):
        FramePool().texture(4, 4, "rgb24")
    with pytest.raises(BridgeError, match="is no colour matrix; known: gbr, bt709"):
        Colour(matrix="rec709")
    with pytest.raises(ValueError, match="known: rgb8"):
        Picture(4, 4, "rgb24")
    assert Colour(range="tv", matrix="bt601", transfer="hlg") == Colour("limited", "smpte170m", "arib-std-b67")
    assert hash(HDR) == hash(Colour("limited", "bt2020nc", "pq", "bt2020"))
    assert repr(Colour()) == (
        "Colour(range='unspecified', matrix='unspecified', transfer='unspecified', primaries='unspecified')"
    )


def bits_of(numbers: list[int], bits: int) -> bytes:
    """Numbers one behind the other, the first in the highest bits."""
    whole = 0
    for number in numbers:
        whole = whole << bits | number
    return whole.to_bytes(len(numbers) * bits // 8, "big")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("uyvp10", bits_of([0x201, 0x0AB, 0x302, 0x3CD], 10)),
        ("uyvp12", bits_of([0x201, 0x0AB, 0x302, 0x3CD], 12)),
        # Little endian words of three.
        ("v210", (0x201 | 0x0AB << 10 | 0x302 << 20).to_bytes(4, "little") + (0x3CD).to_bytes(4, "little")),
    ],
)
def test_groups_of_4_2_2_have_the_bytes_of_their_standard(name: str, expected: bytes) -> None:
    picture = Picture(2, 1, name)
    picture.pack(*(np.array([row], np.uint16) for row in ([0x0AB, 0x3CD], [0x201], [0x302])))
    assert picture.to_numpy().tobytes()[: len(expected)] == expected
    assert [component.tolist() for component in picture.unpack()] == [[[0x0AB, 0x3CD]], [[0x201]], [[0x302]]]


def test_groups_of_rgb_have_the_bytes_of_their_standard() -> None:
    pixels = [(1023, 0, 5), (512, 511, 6), (3, 2, 1), (700, 800, 900)]
    picture = Picture(4, 1, "rgb10")
    picture.pack(*(np.array([[pixel[c] for pixel in pixels]], np.uint16) for c in range(3)))
    assert picture.to_numpy().tobytes() == bits_of([number for pixel in pixels for number in pixel], 10)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(PIXEL_FORMATS)), st.integers(1, 60), st.integers(1, 5), st.integers(0, 99))
def test_components_that_are_packed_come_back(name: str, width: int, height: int, seed: int) -> None:
    form = PIXEL_FORMATS[name]
    picture = Picture(width, height, name)
    random = np.random.default_rng(seed)
    given_ = [
        random.random(part.shape, np.float32)
        if form.bits == 32
        else random.integers(0, 1 << form.bits, part.shape).astype(part.dtype)
        for part in picture.unpack()
    ]
    picture.pack(*given_)
    parts = picture.unpack()
    assert parts.names[: len(parts)] in (("gray",), ("r", "g", "b"), ("r", "g", "b", "a"), ("y", "u", "v"))
    for part, gave in zip(parts, given_, strict=True):
        assert np.array_equal(part, gave)
    assert parts[0].shape == (height, width)


def test_components_that_do_not_fit_are_refused() -> None:
    picture = Picture(4, 2, "uyvp10")
    y, u, v = (np.zeros((2, n), np.uint16) for n in (4, 2, 2))
    with pytest.raises(ValueError, match=r"component u of uyvp10 must have shape \(2, 2\), not \(2, 4\)"):
        picture.pack(y, y, v)
    with pytest.raises(ValueError, match="component y of uyvp10 must be from 0 to 1023"):
        picture.pack(y + 1024, u, v)
    with pytest.raises(TypeError, match="component v of uyvp10 must be whole numbers"):
        picture.pack(y, u, v.astype(float))
    with pytest.raises(ValueError, match="uyvp10 has the components y, u, v, not 2 of them"):
        picture.pack(y, u)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: VideoFrame.from_numpy(np.zeros((2, 2), "f4"), format="gray16"),
            TypeError,
            "must have dtype uint16, not float32",
        ),
        (
            lambda: VideoFrame.from_numpy(np.zeros((2, 2, 3), "f4"), format="nv12"),
            ValueError,
            "nv12 has 2 planes, and the comp",
        ),
        (
            lambda: VideoFrame.from_planes((np.zeros((4, 4), "u1"),) * 2, "nv12"),
            ValueError,
            r"uv of nv12 must have shape \(2, 2, 2\)",
        ),
        (lambda: VideoFrame.from_planes([np.zeros((4, 2, 5), "u1")], "uyvp10"), ValueError, "give width="),
        (lambda: VideoFrame.from_planes([np.zeros(4, "u1")], "gray8"), ValueError, "planes of gray8 have shape"),
        (lambda: VideoFrame.from_planes([np.zeros((4, 4), "u1")], "grey8"), ValueError, "no pixel format"),
    ],
)
def test_arrays_that_are_no_picture_of_the_format_are_refused(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_a_frame_of_an_array_shows_its_planes_and_components() -> None:
    frame = VideoFrame.from_numpy(np.arange(24, dtype=np.uint8).reshape(2, 4, 3))
    assert frame.planes().rgb.shape == (2, 4, 3)
    assert frame.unpack().g[0].tolist() == [1, 4, 7, 10]
    assert streamlib.unpack(Picture(3, 2, "yuyv8")).y.shape == (2, 3)


HEAD = """
import numpy as np
import streamlib
from streamlib import Colour, VideoFrame as V
"""


def test_each_way_to_send_a_format_arrives(start: Start) -> None:
    host = start(
        HEAD
        + """
@streamlib.processor(outputs={"video_out": V}, execution="manual")
def send(ctx):
    out = ctx.output()
    picture = out.loan_picture(6, 4, "nv12", colour=Colour(range="full", matrix="bt709"))
    picture.planes().y[:] = 7
    picture.planes().uv[...] = (8, 9)
    out.set(V(pixel_buffer=picture))
    assert not picture.planes().y.flags.writeable
    y, u, v = np.full((4, 6), 512, np.uint16), np.full((4, 3), 100, np.uint16), np.full((4, 3), 900, np.uint16)
    out.set(V.from_planes((y, u, v), "uyvp10", colour=Colour(matrix="bt2020nc")))
    out.set(V.from_planes((np.ones((4, 6), np.uint8), np.full((2, 3, 2), 3, np.uint8)), "nv12"))
    out.set(V.from_numpy(np.full((4, 6, 3), 40000, np.uint16), format="rgb16"))
    out.set(V.from_numpy(np.full((4, 6, 3), 3, np.uint8), format="bgr8"))
    out.set(V.from_numpy(np.full((4, 6, 3), 3, np.uint8), colour=Colour(transfer="srgb")))
    try:
        out.loan_picture(0, 4, "nv12")
    except ValueError as error:
        assert "port video_out, field pixel_buffer: " in str(error), error
    else:
        raise AssertionError("loaned")
    ctx.finish()
""",
        kind="manual",
    )
    nv12 = host.frame()["pixel_buffer"]
    assert (nv12.format, nv12.colour) == ("nv12", Colour(range="full", matrix="bt709"))
    assert (nv12.planes().y == 7).all()
    assert (nv12.planes().uv == (8, 9)).all()
    uyvp = host.frame()["pixel_buffer"]
    assert uyvp.colour.matrix == "bt2020nc"
    assert [int(part[0, 0]) for part in uyvp.unpack()] == [512, 100, 900]
    assert [(plane == n).all() for plane, n in zip(host.frame()["pixel_buffer"].planes(), (1, 3), strict=True)] == [
        True,
        True,
    ]
    rgb16 = host.frame()["pixel_buffer"].to_numpy()
    assert rgb16.dtype == np.uint16
    assert (rgb16 == 40000).all()
    assert host.frame()["pixel_buffer"].format == "bgr8"
    assert host.frame()["pixel_buffer"].colour == Colour(transfer="srgb")
    del nv12, uyvp, rgb16
    host.control("finished")
    assert host.stop() == 0


def test_planes_of_an_input_are_sent_on_without_a_copy(start: Start) -> None:
    host = start(
        HEAD
        + """
@streamlib.processor(inputs={"video_in": V}, outputs={"video_out": V})
def forward(inputs):
    frame = inputs["video_in"]
    return {"video_out": V.from_planes(frame.planes(), frame["pixel_buffer"].format)}
"""
    )
    for name in ("i420", "rgb16", "uyvp10"):
        texture = host.pool.texture(6, 4, name, HDR)
        assert texture is not None
        fill(texture.planes(), 1)
        host.send("video_in", pixel_buffer=texture, timestamp_ns=1, frame_number=2)
        back = host.frame()["pixel_buffer"]
        assert back.address == texture.address
        assert back.colour == HDR
        del back, texture
    assert host.stop() == 0


def test_pixels_of_another_dtype_are_sent_when_their_format_is_named_only(start: Start) -> None:
    host = start(
        HEAD
        + """
@streamlib.processor(inputs={"video_in": V}, outputs={"video_out": V})
def wrong(inputs):
    return {"video_out": V.from_numpy(np.zeros((4, 6, 3), np.float32))}
"""
    )
    host.send_picture(1)
    error = host.control("error")
    assert (
        "pixels must have dtype uint8, not float32; convert them, e.g. with .astype(np.uint8), or name their"
        in error["message"]
    )
