"""Values through the codec: each type of field, checked where it is sent."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streamlib import BridgeError, SharedBuffer, Texture
from streamlib._native import Connection, FramePool, decode_value, encode_value

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "Int32": st.integers(-(2**31), 2**31 - 1),
    "Int64": st.integers(-(2**63), 2**63 - 1),
    "UInt32": st.integers(0, 2**32 - 1),
    "UInt64": st.integers(0, 2**64 - 1),
    "Float32": st.floats(width=32),
    "Float64": st.floats(),
    "Bool": st.booleans(),
    "String": st.text(max_size=20),
    "Bytes": st.binary(max_size=50),
}


def fields_of(types: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[list[dict[str, Any]]]:
    field = st.fixed_dictionaries({"name": NAMES, "type": types})
    return st.lists(field, min_size=least, max_size=4, unique_by=lambda f: f["name"])


def types_over(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves | st.lists(NAMES, min_size=1, max_size=4, unique=True).map(lambda v: {"Enum": v}),
        lambda inner: (
            inner.map(lambda t: {"Array": t})
            | inner.filter(lambda t: not (isinstance(t, dict) and "Optional" in t)).map(lambda t: {"Optional": t})
            | fields_of(inner, 1).map(lambda f: {"Struct": f})
        ),
        max_leaves=6,
    )


def values(form: Any) -> st.SearchStrategy[Any]:
    if isinstance(form, str):
        return PLAIN[form]
    ((kind, inner),) = form.items()
    if kind == "Enum":
        return st.sampled_from(inner)
    if kind == "Array":
        return st.lists(values(inner), max_size=3)
    if kind == "Optional":
        return st.none() | values(inner)
    return st.fixed_dictionaries({f["name"]: values(f["type"]) for f in inner})


@st.composite
def schemas_with_values(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    fields = draw(fields_of(types_over(st.sampled_from(sorted(PLAIN))), 1))
    return {"name": "Drawn", "fields": fields}, draw(values({"Struct": fields}))


def same(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


@settings(max_examples=150, deadline=None)
@given(schemas_with_values())
def test_what_is_encoded_comes_back_the_same(drawn: tuple[dict[str, Any], dict[str, Any]]) -> None:
    schema, value = drawn
    form = json.dumps(schema)
    decoded = decode_value(form, encode_value(form, value))
    assert same(decoded, value)
    assert list(decoded) == [field["name"] for field in schema["fields"]]


@settings(max_examples=150, deadline=None)
@given(schemas_with_values(), st.data())
def test_damaged_bytes_are_refused_or_give_a_value_that_fits(drawn: Any, data: st.DataObject) -> None:
    schema, value = drawn
    form = json.dumps(schema)
    damaged = bytearray(encode_value(form, value))
    at = data.draw(st.integers(0, len(damaged) - 1))
    damaged[at] = data.draw(st.integers(0, 255))
    damaged = damaged[: data.draw(st.integers(0, len(damaged)))]
    refused, decoded = None, None
    try:
        decoded = decode_value(form, bytes(damaged))
    except BridgeError as error:
        refused = error.code
    if refused is None:
        assert isinstance(encode_value(form, decoded), bytes)
    else:
        assert refused in ("malformed", "value")


ALL = {
    **{kind.lower(): kind for kind in PLAIN},
    "texture": "Texture",
    "buffer": "Buffer",
    "array": {"Array": {"Struct": [{"name": "inner", "type": "Texture"}]}},
    "struct": {"Struct": [{"name": "buffers", "type": {"Array": "Buffer"}}]},
    "optional": {"Optional": "Texture"},
    "enum": {"Enum": ["left", "right"]},
}
ALL_FIELDS = [{"name": name, "type": form} for name, form in ALL.items()]


def ports(fields: list[dict[str, Any]]) -> str:
    return json.dumps([{"name": "out", "schema": {"name": "S", "fields": fields}}])


@pytest.fixture
def lane(nothing_left: None) -> Any:
    """Two ends, with a port of all fifteen types between them."""
    a, b = Connection.pair()
    a.define_ports("[]", ports(ALL_FIELDS))
    b.define_ports(ports(ALL_FIELDS), "[]")
    pool = FramePool()
    ends = [a, b, pool]
    yield ends
    for end in ends:
        end.close()
    # pytest keeps the list until the fixtures are over, and with it would keep the descriptors.
    ends.clear()


def picture(pool: FramePool, number: int, shape: tuple[int, int] = (3, 5)) -> Texture:
    texture = pool.texture(shape[1], shape[0])
    assert texture is not None
    texture.to_numpy()[:] = number
    return texture


def bytes_of(pool: FramePool, content: bytes) -> SharedBuffer:
    buffer = pool.buffer(len(content))
    assert buffer is not None
    buffer.to_numpy()[:] = list(content)
    return buffer


def everything(pool: FramePool) -> dict[str, Any]:
    return {
        "int32": -(2**31),
        "int64": -(2**63),
        "uint32": 2**32 - 1,
        "uint64": 2**64 - 1,
        "float32": 0.5,
        "float64": 1e300,
        "bool": True,
        "string": "Grüße\0😀",
        "bytes": b"\0\xff",
        "texture": picture(pool, 1),
        "buffer": bytes_of(pool, b"abc"),
        "array": [{"inner": picture(pool, n)} for n in (2, 3)],
        "struct": {"buffers": [bytes_of(pool, b"d"), bytes_of(pool, b"ef")]},
        "optional": picture(pool, 4),
        "enum": "right",
    }


def test_all_fifteen_types_cross_with_their_memory(lane: Any) -> None:
    a, b, pool = lane
    for round_ in range(40):
        sent = everything(pool)
        assert a.send_frame(0, round_, sent)
        kind, port, frame_id, value = b.receive(5)
        assert (kind, port, frame_id, list(value)) == ("frame", 0, round_, list(ALL))
        for name in list(PLAIN):
            assert same(value[name.lower()], sent[name.lower()])
        found = [value["texture"], *(i["inner"] for i in value["array"]), value["optional"]]
        assert [np.unique(t.to_numpy()).tolist() for t in found] == [[1], [2], [3], [4]]
        buffers = [value["buffer"], *value["struct"]["buffers"]]
        assert [bytes(x) for x in buffers] == [b"abc", b"d", b"ef"]
        assert value["enum"] == "right"
        del sent, value, found, buffers
        # The memory goes back; else the sixteen slots of the pool would not do for forty rounds.
        b.flush()
        while a.stats()["outstanding"]:
            assert a.receive(5) is not None


@settings(max_examples=40, deadline=None)
@given(number=st.integers(0, 255), shape=st.tuples(st.integers(1, 40), st.integers(1, 40)), more=st.booleans())
def test_pictures_of_any_shape_cross_as_they_are(number: int, shape: tuple[int, int], more: bool) -> None:
    fields = [{"name": "t", "type": "Texture"}, {"name": "o", "type": {"Optional": "Texture"}}]
    a, b = Connection.pair()
    a.define_ports("[]", ports(fields))
    b.define_ports(ports(fields), "[]")
    pool = FramePool()
    texture = picture(pool, number, shape)
    assert a.send_frame(0, 0, {"t": texture, "o": texture if more else None})
    value = b.receive(5)[3]
    got = value["t"].to_numpy()
    assert got.shape == (*shape, 3)
    assert (got == number).all()
    assert not got.flags.writeable
    assert (value["o"] is None) is not more
    a.close()
    b.close()
    pool.close()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("int32", 2**31, "is 2147483648, out of the range of Int32 (-2147483648 to 2147483647)"),
        ("int64", -(2**63) - 1, "is -9223372036854775809, out of the range of Int64"),
        ("uint32", -1, "is -1, out of the range of UInt32 (0 to 4294967295)"),
        ("uint64", 2**64, "is 18446744073709551616, out of the range of UInt64"),
        ("int32", 1.0, "must be an Int32, not 1.0 (float)"),
        ("int32", True, "must be an Int32, not True (bool)"),
        ("int32", np.bool_(True), "must be an Int32"),
        ("int32", np.zeros(3, int), "must be an Int32"),
        ("uint32", np.float64(1), "must be a UInt32"),
        ("float32", 1e300, "out of the range of Float32"),
        ("float64", "1", "must be a Float64, not '1' (str)"),
        ("float64", np.bool_(True), "must be a Float64"),
        ("float64", 10**400, "cannot be read: OverflowError"),
        ("bool", 1, "must be a Bool, not 1 (int)"),
        ("string", b"x", "must be a String, not b'x' (bytes)"),
        ("string", "\ud800", "cannot be read: UnicodeEncodeError"),
        ("bytes", "x", "must be Bytes, not 'x' (str)"),
        ("bytes", np.zeros(2), "must be Bytes"),
        ("texture", None, "must be a Texture, not None"),
        ("texture", b"x", "must be a Texture"),
        ("buffer", b"x", "must be a Buffer"),
        ("array", {}, "must be an Array"),
        ("struct", [], "must be a dictionary of fields"),
        ("optional", 5, "must be a Texture"),
        ("enum", "up", "must be one of left, right, not 'up' (str)"),
        ("enum", None, "must be one of left, right, not None"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_port_and_field(
    lane: Any, field: str, value: Any, message: str
) -> None:
    a, b, pool = lane
    with pytest.raises(BridgeError) as raised:
        a.send_frame(0, 0, {**everything(pool), field: value})
    error = raised.value
    assert (error.code, error.port, error.field) == ("value", "out", field)
    assert str(error).startswith(f"port out, field {field}: ")
    assert message in str(error)
    # Nothing went, nothing is lent, and the next one goes.
    assert a.stats()["outstanding"] == 0
    assert a.send_frame(0, 0, everything(pool))
    assert b.receive(5)[0] == "frame"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"int32": ...}, "int32"),
        ({"texture": ...}, "texture"),
        ({"surprise": 1}, "surprise"),
        ({"struct": {"buffers": [b"x"]}}, "struct.buffers[0]"),
        ({"struct": {"buffers": [], "more": 1}}, "struct.more"),
        ({"array": [{"inner": 1}]}, "array[0].inner"),
        ({"array": [{}]}, "array[0].inner"),
    ],
)
def test_missing_unknown_and_nested_fields_are_named(lane: Any, change: dict[str, Any], field: str) -> None:
    a, _, pool = lane
    value = {k: v for k, v in {**everything(pool), **change}.items() if v is not ...}
    with pytest.raises(BridgeError) as raised:
        a.send_frame(0, 0, value)
    assert (raised.value.port, raised.value.field) == ("out", field)


def test_an_optional_field_may_be_left_out(lane: Any) -> None:
    a, b, pool = lane
    value = everything(pool)
    del value["optional"]
    assert a.send_frame(0, 0, value)
    assert b.receive(5)[3]["optional"] is None


def plain_form(form: Any) -> str:
    return json.dumps({"name": "S", "fields": [{"name": "x", "type": form}]})


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        ("Int32", np.int64(-5), -5),
        ("UInt64", np.uint64(2**64 - 1), 2**64 - 1),
        ("Int32", np.uint8(200), 200),
        ("Float32", np.float32(0.25), 0.25),
        ("Float64", np.float64(0.1), 0.1),
        ("Float64", np.float16(0.5), 0.5),
        ("Float64", 3, 3.0),
        ("Float64", np.int32(3), 3.0),
        ("Bool", np.bool_(True), True),
        ("Bool", np.array([1, 2])[0] > 3, False),
        ("String", np.str_("x"), "x"),
        ("Bytes", bytearray(b"ab"), b"ab"),
        ("Bytes", memoryview(b"abcd")[::2], b"ac"),
        ("Bytes", np.arange(3, dtype=np.uint8), b"\0\1\2"),
        ({"Array": "Int32"}, (1, 2), [1, 2]),
        ({"Array": "Float32"}, np.array([1.5, 2]), [1.5, 2.0]),
        ({"Array": {"Array": "Int32"}}, np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        ({"Array": "Bool"}, np.array([True, False]), [True, False]),
    ],
)
def test_values_of_numpy_are_values(form: Any, value: Any, expected: Any) -> None:
    schema = plain_form(form)
    assert same(decode_value(schema, encode_value(schema, {"x": value})), {"x": expected})


def test_a_value_that_raises_when_it_is_read_is_an_error_of_its_field() -> None:
    class Odd:
        def __index__(self) -> int:
            raise RuntimeError("not today")

    with pytest.raises(BridgeError, match="cannot be read: RuntimeError: not today") as raised:
        encode_value(plain_form("Int32"), {"x": Odd()})
    assert raised.value.field == "x"


def test_a_value_that_sends_while_it_is_read_is_refused_and_nothing_hangs(nothing_left: None) -> None:
    a, b = Connection.pair()
    fields = [{"name": "x", "type": "Int32"}]
    a.define_ports("[]", ports(fields))

    class Nosy:
        def __index__(self) -> int:
            with pytest.raises(BridgeError, match="cannot be sent by the code"):
                a.send_control({"type": "log"})
            return 7

    b.define_ports(ports(fields), "[]")
    assert a.send_frame(0, 0, {"x": Nosy()})
    assert b.receive(5) == ("frame", 0, 0, {"x": 7})
    a.close()
    b.close()
