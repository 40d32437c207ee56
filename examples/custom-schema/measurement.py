"""A schema of this example's own, with a field of every type. Both processors import it."""

from typing import Literal

import streamlib
from streamlib import Schema


class Region(Schema):
    """A part of the picture, in pixels."""

    x: streamlib.Int32
    y: streamlib.Int32
    name: streamlib.String


class Measurement(Schema):
    """What was measured in one frame."""

    offset: streamlib.Int32
    sum: streamlib.Int64
    width: streamlib.UInt32
    frame_number: streamlib.UInt64
    mean: streamlib.Float32
    deviation: streamlib.Float64
    is_dark: streamlib.Bool
    title: streamlib.String
    digest: streamlib.Bytes
    thumbnail: streamlib.Texture
    histogram: streamlib.Buffer
    percentiles: streamlib.Array[streamlib.Float32]
    brightest: Region
    note: streamlib.Optional[streamlib.String]
    verdict: Literal["dark", "balanced", "bright"]
    timestamp_ns: streamlib.Int64
