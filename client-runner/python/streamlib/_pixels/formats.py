"""What is known of each pixel format."""

from __future__ import annotations

from typing import NamedTuple

from streamlib._native import pixel_formats


class PixelFormat(NamedTuple):
    """A pixel format: its ``name``, its ``model`` (``"gray"``, ``"rgb"``, ``"yuv"``), the ``bits`` of a component (32: a float
    from 0 to 1), whether it is ``bit_packed`` (components do not begin at whole bytes) and has ``alpha``, its ``planes``."""

    name: str
    model: str
    bits: int
    bit_packed: bool
    alpha: bool
    planes: int


#: Every pixel format by its name.
PIXEL_FORMATS: dict[str, PixelFormat] = {row[0]: PixelFormat(*row) for row in pixel_formats()}


def known(name: str) -> PixelFormat:
    """Raises ValueError for a name that there is not."""
    try:
        return PIXEL_FORMATS[name]
    except (KeyError, TypeError):
        raise ValueError(f"{name!r} is no pixel format; known: {', '.join(PIXEL_FORMATS)}") from None
