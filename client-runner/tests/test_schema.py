"""Schemas as classes, and the decorator."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import numpy as np
import pytest
import streamlib
from streamlib import AudioBuffer, BoundingBox, ObjectDetections, ProcessorError, SchemaError, VideoFrame
from streamlib._native import normalize_schema
from streamlib.processor import MARK


class Point(streamlib.Schema):
    x: streamlib.Float32
    y: streamlib.Float32


class Shape(streamlib.Schema):
    kind: ClassVar[str] = "no field"
    schema_name = "Form"

    i32: streamlib.Int32
    u32: streamlib.UInt32
    i64: streamlib.Int64
    u64: streamlib.UInt64
    f32: streamlib.Float32
    f64: streamlib.Float64
    flag: streamlib.Bool
    text: streamlib.String
    data: streamlib.Bytes
    picture: streamlib.Texture
    picture_too: streamlib.TextureField
    memory: streamlib.Buffer
    points: streamlib.Array[Point]
    origin: Point
    other: streamlib.Struct[Point]
    note: streamlib.Optional[streamlib.String]
    side: streamlib.Enum["left", "right"]  # noqa: F821, UP037
    one: streamlib.Enum["only"]  # noqa: F821, UP037
    deep: streamlib.Optional[streamlib.Array[streamlib.Optional[streamlib.Int32]]]


POINT = {"Struct": [{"name": "x", "type": "Float32"}, {"name": "y", "type": "Float32"}]}


def test_every_type_has_its_form_also_where_annotations_are_strings() -> None:
    form = Shape.schema()
    assert form["name"] == "Form"
    assert {field["name"]: field["type"] for field in form["fields"]} == {
        "i32": "Int32",
        "u32": "UInt32",
        "i64": "Int64",
        "u64": "UInt64",
        "f32": "Float32",
        "f64": "Float64",
        "flag": "Bool",
        "text": "String",
        "data": "Bytes",
        "picture": "Texture",
        "picture_too": "Texture",
        "memory": "Buffer",
        "points": {"Array": POINT},
        "origin": POINT,
        "other": POINT,
        "note": {"Optional": "String"},
        "side": {"Enum": ["left", "right"]},
        "one": {"Enum": ["only"]},
        "deep": {"Optional": {"Array": {"Optional": "Int32"}}},
    }
    assert json.loads(normalize_schema(json.dumps(form))) == form


def test_a_subclass_adds_its_fields_after_its_bases() -> None:
    class Named(Point):
        label: streamlib.String

    assert [field["name"] for field in Named.schema()["fields"]] == ["x", "y", "label"]
    assert Named.schema()["name"] == "Named"
    assert Point.schema()["name"] == "Point"


@pytest.mark.parametrize(
    ("schema", "name", "fields"),
    [
        (VideoFrame, "VideoFrame", "pixel_buffer timestamp_ns frame_number media_time"),
        (AudioBuffer, "AudioFrame", "samples channels sample_rate timestamp_ns frame_number"),
        (ObjectDetections, "ObjectDetections", "detections timestamp_ns frame_number"),
        (BoundingBox, "BoundingBox", "x y width height label confidence"),
    ],
)
def test_the_shipped_schemas(schema: type[streamlib.Schema], name: str, fields: str) -> None:
    form = schema.schema()
    assert form["name"] == name
    assert [field["name"] for field in form["fields"]] == fields.split()
    assert streamlib.AudioFrame is AudioBuffer


def make(annotation: Any, name: str = "field") -> type[streamlib.Schema]:
    return type("Bad", (streamlib.Schema,), {"__annotations__": {name: annotation}, "__module__": __name__})


class Endless(streamlib.Schema):
    children: streamlib.Array[Endless]


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (make(int), "Bad.field: <class 'int'> is not a field type; use streamlib.Int32"),
        (make("streamlib.Int23"), "Bad: an annotation cannot be read: AttributeError"),
        (make("Nowhere"), "Bad: an annotation cannot be read: NameError: name 'Nowhere' is not defined"),
        (make("streamlib.Array[int]"), "is not a field type"),
        (make(streamlib.Enum["a", "a"]), "Bad: "),
        (make(streamlib.Int32, "7th"), "Bad: "),
        (make(streamlib.Int32, "x" * 65), "Bad: "),
        (Endless, "Endless contains itself"),
    ],
)
def test_a_wrong_schema_names_its_class(schema: type[streamlib.Schema], message: str) -> None:
    with pytest.raises(SchemaError) as raised:
        schema.schema()
    assert message in str(raised.value)
    # And the next time as well.
    with pytest.raises(SchemaError):
        schema.schema()


def test_a_frame_is_a_dict_with_attributes() -> None:
    point = Point(x=1.0, y=2.0)
    assert point == {"x": 1.0, "y": 2.0}
    assert point.x == 1.0
    with pytest.raises(AttributeError, match="Point has no field 'z'"):
        point.z  # noqa: B018
    assert repr(point) == "Point({'x': 1.0, 'y': 2.0})"


def test_pictures_and_sound_from_numpy_and_back() -> None:
    pixels = np.zeros((2, 3, 3), np.uint8)
    frame = VideoFrame.from_numpy(pixels, 5, 6)
    assert frame.to_numpy() is pixels
    assert (frame["timestamp_ns"], frame["frame_number"]) == (5, 6)
    assert list(VideoFrame.from_numpy(pixels)) == ["pixel_buffer"]
    sound = AudioBuffer.from_numpy(np.ones((4, 2), np.float32), 48_000, frame_number=1)
    assert sound.to_numpy().shape == (4, 2)
    assert (sound["channels"], sound["sample_rate"], sound["frame_number"]) == (2, 48_000, 1)
    assert AudioBuffer.from_numpy(np.ones(4, np.float32), 8_000).to_numpy().shape == (4, 1)


@pytest.mark.parametrize(
    ("samples", "error", "message"),
    [
        (np.ones((4, 2)), TypeError, "samples must have dtype float32, not float64"),
        (np.ones((4, 2), np.int16), TypeError, "not int16"),
        (np.ones((4, 2, 1), np.float32), ValueError, r"not \(4, 2, 1\)"),
    ],
)
def test_sound_of_another_form_is_refused(samples: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        AudioBuffer.from_numpy(samples, 48_000)


def function(frames: Any) -> None:
    del frames


async def asynchronous(frames: Any) -> None:
    del frames


V = VideoFrame


@pytest.mark.parametrize(
    ("options", "target", "message"),
    [
        ({"inputs": {"a": V}, "execution": "reactiv"}, function, "execution is 'reactiv'; did you mean \"reactive\"?"),
        ({"inputs": {"my port": V}}, function, "'my port' is not a valid name for an input; use letters, digits and _"),
        ({"outputs": {"ä": V}}, function, "'ä' is not a valid name for an output"),
        ({"outputs": {"a" * 65: V}}, function, "is not a valid name for an output"),
        ({"inputs": {"a": int}}, function, 'input "a" needs a schema class such as streamlib.VideoFrame'),
        ({"inputs": {"a": V()}}, function, 'input "a" needs a schema class'),
        (
            {"inputs": {"a": V}, "delivery": {"b": "latest"}},
            function,
            'delivery names "b", which is not an input; there are: a',
        ),
        ({"inputs": {"a": V}, "delivery": {"a": "newest"}}, function, "delivery of \"a\" is 'newest'"),
        ({}, function, "processor function has neither inputs nor outputs"),
        ({"inputs": {"a": V}}, asynchronous, "processor asynchronous is async"),
        ({"inputs": {"a": V}}, 5, "the decorator is for functions and classes, not for 5"),
        ({"inputs": {"a": Endless}}, function, 'processor function: input "a": Endless: Endless contains itself'),
    ],
)
def test_a_wrong_declaration_is_told_at_the_decorator(options: Any, target: Any, message: str) -> None:
    with pytest.raises((ProcessorError, SchemaError)) as raised:
        streamlib.processor(**options)(target)
    assert message in str(raised.value)


def test_the_decorator_leaves_its_target_as_it_is() -> None:
    def plain(frames: Any) -> Any:
        return frames

    marked = streamlib.processor(inputs={"a": V}, outputs={"b": V}, delivery={"a": "lossless"}, name="other")(plain)
    assert marked is plain
    assert marked(3) == 3
    spec = getattr(marked, MARK)
    assert (spec.name, spec.execution, spec.is_function, spec.delivery) == ("other", None, True, {"a": "lossless"})
