"""Frames to try a processor with, and frames in one line of text."""

from __future__ import annotations

import re
import time
from typing import Any, TypeVar

from streamlib._native import FramePool
from streamlib._numpy import numpy_module

M = TypeVar("M")

#: Width and height of the picture, in pixels.
PICTURE = (640, 480)


def synthetic(fields: list[dict[str, Any]], pool: FramePool) -> dict[str, Any]:
    """A frame whose pictures and samples are not empty."""
    return {field["name"]: _value(field["name"], field["type"], pool) for field in fields}


def _value(name: str, kind: Any, pool: FramePool) -> Any:
    if isinstance(kind, dict):
        form, inner = next(iter(kind.items()))
        if form == "Array":
            return [_value(name, inner, pool)]
        if form == "Struct":
            return synthetic(inner, pool)
        return inner[0] if form == "Enum" else _value(name, inner, pool)
    if kind == "Texture":
        return _picture(pool)
    if kind == "Buffer":
        np = numpy_module()
        samples = np.sin(np.arange(2048, dtype=np.float32) * 0.05)
        buffer = _slot(pool.buffer(samples.nbytes))
        buffer.to_numpy().view(np.float32)[:] = samples
        return buffer
    special = {"timestamp_ns": time.monotonic_ns(), "frame_number": 1, "sample_rate": 48_000, "channels": 2}
    if kind in ("Int32", "UInt32", "Int64", "UInt64"):
        return special.get(name, 1)
    return {"Float32": 0.5, "Float64": 0.5, "Bool": True, "String": "sample", "Bytes": b"sample"}[kind]


def _slot(found: M | None) -> M:
    """Frames of samples are few and small: there is a free slot, or the pool is broken."""
    if found is None:
        raise RuntimeError("the pool for the sample frames has no free slot")
    return found


def _picture(pool: FramePool) -> Any:
    """Gradients, with a bright square on a dark one: edges, areas, and all values."""
    np = numpy_module()
    width, height = PICTURE
    texture = _slot(pool.texture(width, height))
    pixels = texture.to_numpy()
    pixels[..., 0] = np.linspace(0, 255, width, dtype=np.uint8)
    pixels[..., 1] = np.linspace(0, 255, height, dtype=np.uint8)[:, None]
    pixels[..., 2] = 96
    pixels[120:360, 200:440] = 16
    pixels[180:300, 260:380] = 240
    return texture


def describe(value: dict[str, Any]) -> str:
    """A frame in one line: pictures by their size, lists by their length."""
    parts = []
    for name, field in value.items():
        if name in ("timestamp_ns", "frame_number", "media_time"):
            continue
        if hasattr(field, "width") and hasattr(field, "format"):
            parts.append(f"{field.width}x{field.height} {field.format}")
        elif isinstance(field, list):
            parts.append(f"{name}: {len(field)} item{'' if len(field) == 1 else 's'}")
        elif hasattr(field, "to_numpy"):
            parts.append(f"{name}: {field.to_numpy().nbytes} bytes")
        else:
            text = re.sub(r"\s+", " ", repr(field))
            parts.append(f"{name}: {text[:60]}")
    return ", ".join(parts) or "an empty frame"
