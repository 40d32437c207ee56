"""Arrays into shared memory, with as few copies as the memory allows."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from streamlib._native import FramePool, SharedBuffer, Texture

_numpy: ModuleType | None = None


def numpy_module() -> Any:
    """numpy, imported when it is first needed: a processor without pictures starts faster."""
    global _numpy
    if _numpy is None:
        import numpy

        _numpy = numpy
    return _numpy


_FORMATS = {3: "rgb8", 4: "rgba8"}


def shape_format(shape: tuple[int, ...]) -> tuple[int, int, str]:
    """Width, height and pixel format of a picture of this shape."""
    if len(shape) == 2 or (len(shape) == 3 and shape[2] == 1):
        return shape[1], shape[0], "gray8"
    if len(shape) == 3 and shape[2] in _FORMATS:
        return shape[1], shape[0], _FORMATS[shape[2]]
    raise ValueError(
        f"a picture must have shape (height, width), (height, width, 3) or (height, width, 4), not {shape}"
    )


def owner_of(array: Any) -> Texture | SharedBuffer | None:
    """The frame whose whole memory an array shows unchanged, if there is one."""
    base = array
    while True:
        inner = base.obj if isinstance(base, memoryview) else getattr(base, "base", None)
        if inner is None:
            return None
        base = inner
        if isinstance(base, (Texture, SharedBuffer)):
            break
    if array.__array_interface__["data"][0] != base.address:
        return None
    if isinstance(base, SharedBuffer):
        return base if array.nbytes == base.byte_length and array.flags.c_contiguous else None
    view = numpy_module().asarray(base)
    same = array.shape == view.shape and array.strides == view.strides and array.dtype == view.dtype
    return base if same else None


def to_texture(value: Any, pool: FramePool) -> Texture | None:
    """A texture with the pixels of an array. ``None``: no slot is free."""
    np = numpy_module()
    if not isinstance(value, np.ndarray):
        raise TypeError(f"must be a numpy array or a Texture, not {type(value).__name__}")
    if value.dtype != np.uint8:
        raise TypeError(f"pixels must have dtype uint8, not {value.dtype}; convert them, e.g. with .astype(np.uint8)")
    owner = owner_of(value)
    if isinstance(owner, Texture):
        return owner
    width, height, pixel_format = shape_format(value.shape)
    texture = pool.texture(width, height, pixel_format)
    if texture is not None:
        target = np.asarray(texture)
        np.copyto(target, value.reshape(target.shape))
    return texture


def to_buffer(value: Any, pool: FramePool) -> SharedBuffer | None:
    """Shared memory with the bytes of an array or of anything that has bytes. ``None``: no slot is free."""
    np = numpy_module()
    if isinstance(value, np.ndarray):
        owner = owner_of(value)
        if isinstance(owner, SharedBuffer):
            return owner
        data = np.ascontiguousarray(value).reshape(-1).view(np.uint8)
    elif isinstance(value, (bytes, bytearray, memoryview)):
        data = np.frombuffer(value, dtype=np.uint8)
    else:
        raise TypeError(f"must be a numpy array, bytes or a SharedBuffer, not {type(value).__name__}")
    buffer = pool.buffer(data.nbytes)
    if buffer is not None:
        np.copyto(np.frombuffer(buffer, dtype=np.uint8), data)
    return buffer
