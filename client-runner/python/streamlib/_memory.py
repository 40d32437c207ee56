"""Arrays into shared memory, with as few copies as the memory allows."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, Any

from streamlib._native import BridgeError, FramePool, SharedBuffer, Texture
from streamlib._numpy import numpy_module

if TYPE_CHECKING:
    from streamlib._pixels.picture import Picture

_FORMATS = {3: "rgb8", 4: "rgba8"}


def whole_shape(shape: Any) -> tuple[int, ...]:
    """A shape as it was asked for: sizes that are cut to whole ones would give a picture that nobody meant."""
    try:
        sizes = tuple(index(n) for n in (shape if isinstance(shape, (tuple, list)) else (shape,)))
    except TypeError:
        raise TypeError(f"a shape has whole numbers only, not {shape!r}") from None
    if any(n < 0 for n in sizes):
        raise ValueError(f"a shape has no negative numbers, not {shape!r}")
    return sizes


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
    while not isinstance(base, (Texture, SharedBuffer)):
        base = base.obj if isinstance(base, memoryview) else getattr(base, "base", None)
        if base is None:
            return None
    try:
        address = base.address
    except BridgeError:
        # Released: the array cannot be shown any more, but whoever copies it tells that better.
        return None
    if array.__array_interface__["data"][0] != address:
        return None
    if isinstance(base, SharedBuffer):
        return base if array.nbytes == base.byte_length and array.flags.c_contiguous else None
    # (height, width, 1) is another way to say (height, width).
    array = array[:, :, 0] if array.ndim == 3 and array.shape[2] == 1 else array
    view = base._memory()
    same = array.dtype == view.dtype and array.shape == view.shape and array.strides == view.strides
    return base if same else None


def protect(given: Any, sent: Any) -> None:
    """What was sent without a copy is now read elsewhere: the array that it was written through becomes read-only."""
    if hasattr(given, "_sent"):
        given._sent()
    elif isinstance(sent, (Texture, SharedBuffer)) and hasattr(given, "flags") and owner_of(given) is sent:
        given.flags.writeable = False


class NoSlot(Exception):
    """Every slot of the pool is with a reader."""


def holds_memory(form: Any) -> bool:
    """Whether values of a field's type have pictures or buffers in them."""
    if isinstance(form, dict):
        inner = form.get("Struct") or [{"type": form.get("Array") or form.get("Optional")}]
        return any(holds_memory(field["type"]) for field in inner)
    return form in ("Texture", "Buffer")


def into_memory(form: Any, value: Any, pool: FramePool, path: str) -> Any:
    """A value with its arrays in shared memory. What is of the wrong kind stays for the codec, which tells where it is.

    Raises `NoSlot`, and TypeError or ValueError naming the field for an array that cannot be put there.
    """
    if value is None:
        return None
    if isinstance(form, dict):
        if "Optional" in form:
            return into_memory(form["Optional"], value, pool, path)
        if "Array" in form and isinstance(value, (list, tuple)):
            return [into_memory(form["Array"], item, pool, f"{path}[{i}]") for i, item in enumerate(value)]
        if "Struct" in form and isinstance(value, dict):
            types = {field["name"]: field["type"] for field in form["Struct"] if holds_memory(field["type"])}
            return {k: into_memory(types[k], v, pool, f"{path}.{k}") if k in types else v for k, v in value.items()}
        return value
    if isinstance(value, (Texture, SharedBuffer)):
        return value
    try:
        held = to_texture(value, pool) if form == "Texture" else to_buffer(value, pool)
    except (TypeError, ValueError) as error:
        raise type(error)(f"field {path}: {error}") from None
    if held is None:
        raise NoSlot
    return held


def to_texture(value: Any, pool: FramePool) -> Texture | None:
    """A texture with the pixels of an array, or of anything that shows itself as one. ``None``: no slot is free."""
    np = numpy_module()
    if hasattr(value, "_copy_into"):
        return _picture_to_texture(value, pool)
    if not isinstance(value, np.ndarray):
        if not hasattr(value, "__array_interface__") and not hasattr(value, "__array__"):
            raise TypeError(f"must be a numpy array or a Texture, not {type(value).__name__}")
        value = np.asarray(value)
    owner = owner_of(value)
    if isinstance(owner, Texture):
        return owner
    if value.dtype != np.uint8:
        raise TypeError(
            f"pixels must have dtype uint8, not {value.dtype}; convert them, e.g. with .astype(np.uint8), or name their "
            'format, e.g. VideoFrame.from_numpy(pixels, format="rgb16")'
        )
    width, height, pixel_format = shape_format(value.shape)
    try:
        texture = pool.texture(width, height, pixel_format)
    except BridgeError as error:
        raise ValueError(str(error)) from None
    if texture is not None:
        target = texture.to_numpy()
        np.copyto(target, value.reshape(target.shape))
    return texture


def _picture_to_texture(picture: Picture, pool: FramePool) -> Texture | None:
    texture = picture._texture()
    if texture is not None:
        return texture
    try:
        texture = pool.texture(picture.width, picture.height, picture.format, picture.colour)
    except BridgeError as error:
        raise ValueError(str(error)) from None
    if texture is not None:
        picture._copy_into(texture)
    return texture


def to_buffer(value: Any, pool: FramePool) -> SharedBuffer | None:
    """Shared memory with the bytes of an array or of anything that has bytes. ``None``: no slot is free."""
    np = numpy_module()
    if isinstance(value, (bytes, bytearray, memoryview)):
        value = np.asarray(memoryview(value))
    elif not isinstance(value, np.ndarray):
        raise TypeError(f"must be a numpy array, bytes or a SharedBuffer, not {type(value).__name__}")
    if value.dtype.hasobject:
        raise TypeError("must be an array of numbers, not of Python objects")
    owner = owner_of(value)
    if isinstance(owner, SharedBuffer):
        return owner
    data = np.ascontiguousarray(value).reshape(-1).view(np.uint8)
    try:
        buffer = pool.buffer(data.nbytes)
    except BridgeError as error:
        raise ValueError(str(error)) from None
    if buffer is not None:
        np.copyto(buffer.to_numpy(), data)
    return buffer
