"""Write processors of live video and audio in Python.

A processor is a function or a class; the decorator names its ports::

    import streamlib
    from streamlib import VideoFrame

    @streamlib.processor(inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame})
    def invert(inputs):
        pixels = inputs["video_in"].to_numpy()
        return {"video_out": VideoFrame.from_numpy(255 - pixels)}
"""

from streamlib._native import BridgeError, Colour, SharedBuffer, Texture
from streamlib._pixels.components import unpack
from streamlib._pixels.formats import PIXEL_FORMATS, PixelFormat
from streamlib._pixels.picture import Picture
from streamlib._planes import Planes
from streamlib.context import Context
from streamlib.processor import ProcessorError, processor
from streamlib.schema import (
    Array,
    Bool,
    Buffer,
    Bytes,
    Enum,
    Float32,
    Float64,
    Int32,
    Int64,
    Optional,
    Schema,
    SchemaError,
    String,
    Struct,
    TextureField,
    UInt32,
    UInt64,
)
from streamlib.types import AudioBuffer, AudioFrame, BoundingBox, ObjectDetections, VideoFrame

__version__ = "0.1.0"

__all__ = [
    "PIXEL_FORMATS",
    "Array",
    "AudioBuffer",
    "AudioFrame",
    "Bool",
    "BoundingBox",
    "BridgeError",
    "Buffer",
    "Bytes",
    "Colour",
    "Context",
    "Enum",
    "Float32",
    "Float64",
    "Int32",
    "Int64",
    "ObjectDetections",
    "Optional",
    "Picture",
    "PixelFormat",
    "Planes",
    "ProcessorError",
    "Schema",
    "SchemaError",
    "SharedBuffer",
    "String",
    "Struct",
    "Texture",
    "TextureField",
    "UInt32",
    "UInt64",
    "VideoFrame",
    "processor",
    "unpack",
]
