"""A picture of any pixel format, to be filled and sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from streamlib._native import BridgeError, Colour, Texture, plane_layout
from streamlib._numpy import numpy_module
from streamlib._pixels.components import component_names, pack, unpack
from streamlib._pixels.formats import known
from streamlib._pixels.texture import of_texture, texture_of
from streamlib._planes import Planes, over_memory

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Picture:
    """A picture of any pixel format, to be filled and sent.

    One that `Output.loan_picture` gave lies in the memory that the reader will see; any other has memory of its own, zeroed,
    and is copied once when it is sent.

    Args:
        width: Width in pixels, from 1 to 32768.
        height: Height in pixels, from 1 to 32768.
        format: A name of `PIXEL_FORMATS`; ``"rgb8"`` if not given.
        colour: What its numbers mean as colours; unspecified if not given.

    Attributes:
        width: Width in pixels.
        height: Height in pixels.
        format: A name of `PIXEL_FORMATS`.
        colour: What its numbers mean as colours.

    Raises:
        ValueError: there is no such format or size.
    """

    def __init__(self, width: int, height: int, format: str = "rgb8", *, colour: Colour | None = None) -> None:
        known(format)
        try:
            layout = plane_layout(width, height, format)
        except (BridgeError, OverflowError) as error:
            raise ValueError(f"no picture has {width}x{height} pixels: {error}") from None
        _, _, offset, shape, strides = layout[-1]
        whole = numpy_module().zeros(offset + shape[0] * strides[0], "uint8")
        planes = Planes([plane[0] for plane in layout], over_memory(whole, layout))
        self._fill(width, height, format, colour or Colour(), planes)

    def _fill(self, width: int, height: int, format: str, colour: Colour, planes: Planes) -> None:
        self.width = width
        self.height = height
        self.format = format
        self.colour = colour
        self._planes = planes

    @classmethod
    def _over(cls, texture: Texture) -> Picture:
        made = cls.__new__(cls)
        made._fill(texture.width, texture.height, texture.format, texture.colour, of_texture(texture))
        return made

    @classmethod
    def _of(cls, arrays: Sequence[Any], format: str, width: int | None, colour: Colour | None) -> Picture:
        """A picture of planes, or of components, that are given. Planes are not copied."""
        np = numpy_module()
        form = known(format)
        given = [np.asarray(array) for array in arrays]
        if not given or any(array.ndim not in (2, 3) for array in given):
            raise ValueError(f"planes of {format} have shape (height, width) or (height, width, channels)")
        names = component_names(form)
        are_planes = len(given) == form.planes and not (form.bit_packed and given[0].ndim == 2)
        if not are_planes and len(given) != len(names):
            raise ValueError(
                f"{format} has {form.planes} planes, and the components {', '.join(names)}; {len(given)} arrays are neither"
            )
        if width is None:
            if are_planes and form.bit_packed:
                raise ValueError(f"the width of {format} cannot be told from its groups: give width=")
            width = int(given[0].shape[1])
        made = cls(width, int(given[0].shape[0]), format, colour=colour)
        if not are_planes:
            pack(made, given)
            return made
        for name, own, array in zip(made._planes.names, made._planes, given, strict=True):
            if array.dtype != own.dtype:
                raise TypeError(f"plane {name} of {format} must have dtype {own.dtype}, not {array.dtype}")
            if array.shape != own.shape and array.shape != (*own.shape, 1):
                raise ValueError(f"plane {name} of {format} must have shape {own.shape}, not {array.shape}")
        shaped = (array.reshape(own.shape) for own, array in zip(made._planes, given, strict=True))
        made._planes = Planes(made._planes.names, shaped)
        return made

    def planes(self) -> Planes:
        """The planes as arrays to write into, without a copy.

        Returns:
            An array for each plane, with the shapes and dtypes of `Texture.planes`. Read-only once the memory was sent.
        """
        return self._planes

    def to_numpy(self) -> NDArray[Any]:
        """The pixels of a format with one plane as an array to write into, without a copy.

        Returns:
            An array with the shape and dtype of `Texture.to_numpy`. Read-only once the memory was sent.

        Raises:
            TypeError: the picture has several planes; see `planes`.
        """
        if len(self._planes) == 1:
            return self._planes[0]
        raise TypeError(
            f"a picture of {self.format} is no single array but has the planes {', '.join(self._planes.names)}: "
            "use planes(), or unpack()"
        )

    def unpack(self) -> Planes:
        """The components as arrays of their own.

        Returns:
            What `streamlib.unpack` returns: copies of bit-packed formats and ``p010``, views of all others.
        """
        return unpack(self)

    def pack(self, *components: NDArray[Any]) -> None:
        """Writes the components: ``picture.pack(y, u, v)``.

        Args:
            components: Arrays in the order and with the shapes of `unpack`. Of bit-packed formats and ``p010`` they are whole
                numbers from 0 to 2**bits - 1; of all others they have the dtype that `unpack` shows.

        Raises:
            ValueError: a number, shape or value of the components does not fit the format, or the picture was sent.
            TypeError: a dtype does not fit the format.
        """
        pack(self, components)

    def _texture(self) -> Texture | None:
        """The shared memory that it lies in, if it does."""
        return texture_of(self._planes)

    def _copy_into(self, texture: Texture) -> None:
        np = numpy_module()
        for target, plane in zip(of_texture(texture), self._planes, strict=True):
            np.copyto(target, plane)

    def _sent(self) -> None:
        """It is read elsewhere from here on."""
        if self._texture() is not None:
            for plane in self._planes:
                plane.setflags(write=False)

    def __repr__(self) -> str:
        return f"<Picture {self.width}x{self.height} {self.format}>"
