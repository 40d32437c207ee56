"""What is known of each pixel format."""

from __future__ import annotations

from typing import NamedTuple

from streamlib._native import pixel_formats


class PixelFormat(NamedTuple):
    """A pixel format.

    Attributes:
        name: Its name, such as ``"nv12"``.
        model: What its components are: ``"gray"``, ``"rgb"`` or ``"yuv"``.
        bits: Bits of a component: 8, 10, 12 or 16; 32 is a float from 0 to 1.
        bit_packed: Whether components do not begin at whole bytes.
        alpha: Whether the last component is the opacity.
        planes: Number of planes, from 1 to 3.
    """

    name: str
    model: str
    bits: int
    bit_packed: bool
    alpha: bool
    planes: int


#: Every pixel format by its name, such as ``PIXEL_FORMATS["nv12"]``. It is not to be changed.
PIXEL_FORMATS: dict[str, PixelFormat] = {row[0]: PixelFormat(*row) for row in pixel_formats()}


def known(name: str) -> PixelFormat:
    """The format of a name. Raises ValueError for a name that there is not."""
    try:
        return PIXEL_FORMATS[name]
    except (KeyError, TypeError):
        raise ValueError(f"{name!r} is no pixel format; known: {', '.join(PIXEL_FORMATS)}") from None
