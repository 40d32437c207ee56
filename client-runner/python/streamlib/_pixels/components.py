"""Components of a picture as arrays of their own: out of any pixel format, and into it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from streamlib._numpy import numpy_module
from streamlib._pixels.formats import PixelFormat, known
from streamlib._planes import Planes

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Components of p010 are the upper 10 bits of 16.
_P010_SHIFT = 6
_NAMES = {"gray": ("gray",), "rgb": ("r", "g", "b"), "yuv": ("y", "u", "v")}


class PlanarPicture(Protocol):
    """What is read here of a `Texture` or a `Picture`."""

    @property
    def format(self) -> str: ...
    @property
    def width(self) -> int: ...

    def planes(self) -> Planes: ...


def component_names(form: PixelFormat) -> tuple[str, ...]:
    return _NAMES[form.model] + (("a",) if form.alpha else ())


def unpack(picture: PlanarPicture) -> Planes:
    """The components of a picture, each as an array of its own.

    Args:
        picture: A `Texture` or a `Picture` of any pixel format.

    Returns:
        Arrays of shape ``(height, width)``; colour differences are as much smaller as the format says, rounded up. Each also
        has its name: ``y``, ``u``, ``v``, or ``r``, ``g``, ``b`` (and ``a``), or ``gray``. Bit-packed formats and ``p010`` are
        copied into uint16, with values from 0 to 2**bits - 1. Of all others these are views of the picture's own memory, with
        dtype uint8, uint16 or float32.

    Raises:
        BridgeError: ``code`` is ``closed``: the texture was released.
    """
    form = known(picture.format)
    names = component_names(form)
    planes = picture.planes()
    if form.bit_packed:
        return Planes(names, _from_groups(form, planes[0], picture.width))
    arrays = _views(form, planes, names, picture.width)
    if form.name == "p010":
        arrays = [array >> _P010_SHIFT for array in arrays]
    return Planes(names, arrays)


def pack(picture: PlanarPicture, components: Sequence[NDArray[Any]]) -> None:
    """Writes components, as `unpack` gives them, into a writable picture.

    Raises ValueError for a number, shape or value of components that the format has not, TypeError for their dtype.
    """
    form = known(picture.format)
    names = component_names(form)
    if len(components) != len(names):
        raise ValueError(f"{form.name} has the components {', '.join(names)}, not {len(components)} of them")
    planes = picture.planes()
    np = numpy_module()
    if form.bit_packed:
        _into_groups(form, planes[0], picture.width, components)
        return
    for name, target, given in zip(names, _views(form, planes, names, picture.width), components, strict=True):
        _fits(form, name, np.asarray(given), target.shape)
        np.copyto(target, given << _P010_SHIFT if form.name == "p010" else given, casting="same_kind")


def _fits(form: PixelFormat, name: str, given: NDArray[Any], shape: tuple[int, ...]) -> None:
    if given.shape != shape:
        raise ValueError(f"component {name} of {form.name} must have shape {shape}, not {given.shape}")


def _views(form: PixelFormat, planes: Planes, names: Sequence[str], width: int) -> list[NDArray[Any]]:
    if form.name in ("yuyv8", "uyvy8"):
        luma = planes.names[0].index("y")
        pixels, differences = planes[0][:, :, luma], planes[0][:, :, 1 - luma]
        return [pixels[:, :width], differences[:, 0::2], differences[:, 1::2]]
    found = {}
    for plane_name, plane in zip(planes.names, planes, strict=True):
        letters = [plane_name] if plane.ndim == 2 else list(plane_name)
        for index, letter in enumerate(letters):
            found[letter] = plane if plane.ndim == 2 else plane[:, :, index]
    return [found[name] for name in names]


def _from_groups(form: PixelFormat, groups: NDArray[Any], width: int) -> list[NDArray[Any]]:
    np = numpy_module()
    height = groups.shape[0]
    if form.name == "v210":
        words = groups.view("<u4")
        numbers = np.empty((*words.shape, 3), np.uint16)
        for index in range(3):
            numbers[..., index] = (words >> (10 * index)) & 1023
        numbers = numbers.reshape(height, -1)
    else:
        count = groups.shape[2] * 8 // form.bits
        wide = groups.astype(np.uint16)
        numbers = np.empty((*groups.shape[:2], count), np.uint16)
        for index, (byte, shift) in enumerate(_places(form.bits, count)):
            pair = wide[..., byte] << 8 | wide[..., byte + 1]
            numbers[..., index] = (pair >> shift) & ((1 << form.bits) - 1)
        numbers = numbers.reshape(height, -1)
    if form.model == "rgb":
        return [numbers[:, index::3][:, :width] for index in range(3)]
    half = (width + 1) // 2
    return [numbers[:, 1::2][:, :width], numbers[:, 0::4][:, :half], numbers[:, 2::4][:, :half]]


def _into_groups(form: PixelFormat, groups: NDArray[Any], width: int, components: Sequence[NDArray[Any]]) -> None:
    np = numpy_module()
    height = groups.shape[0]
    count = 12 if form.name == "v210" else groups.shape[2] * 8 // form.bits
    numbers = np.zeros((height, groups.shape[1] * count), np.uint32)
    half = (width + 1) // 2
    if form.model == "rgb":
        targets = [numbers[:, index::3][:, :width] for index in range(3)]
    else:
        targets = [numbers[:, 1::2][:, :width], numbers[:, 0::4][:, :half], numbers[:, 2::4][:, :half]]
    for name, target, given in zip(component_names(form), targets, components, strict=True):
        array = np.asarray(given)
        _fits(form, name, array, target.shape)
        if array.dtype.kind not in "iu":
            raise TypeError(f"component {name} of {form.name} must be whole numbers, not {array.dtype}")
        if array.size and (array.min() < 0 or array.max() >> form.bits):
            raise ValueError(f"component {name} of {form.name} must be from 0 to {(1 << form.bits) - 1}")
        target[...] = array
    if form.name == "v210":
        triples = numbers.reshape(height, groups.shape[1], 4, 3)
        groups.view("<u4")[...] = triples[..., 0] | triples[..., 1] << 10 | triples[..., 2] << 20
        return
    numbers = numbers.reshape(height, groups.shape[1], count)
    groups[...] = 0
    for index, (byte, shift) in enumerate(_places(form.bits, count)):
        pair = numbers[..., index] << shift
        groups[..., byte] |= (pair >> 8).astype(np.uint8)
        groups[..., byte + 1] |= (pair & 255).astype(np.uint8)


def _places(bits: int, count: int) -> list[tuple[int, int]]:
    """For each component of a group, the first of the two bytes that it lies in, and how far from their end."""
    return [(index * bits // 8, 16 - index * bits % 8 - bits) for index in range(count)]
