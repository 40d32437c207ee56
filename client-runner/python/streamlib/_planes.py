"""Views of the planes of a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from streamlib._numpy import numpy_module

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = tuple[NDArray[Any], ...]
else:
    Arrays = tuple


class Planes(Arrays):
    """The planes, or the components, of a picture: a tuple of arrays, each also by its name: ``planes.y``, ``planes.uv``.

    A name that there is not raises AttributeError.

    Attributes:
        names: The names, in the order of the arrays.
        owner: The texture whose planes these are; ``None`` for components, and outside of shared memory.
    """

    names: tuple[str, ...]
    owner: object

    def __new__(cls, names: Sequence[str], arrays: Iterable[NDArray[Any]], owner: object = None) -> Planes:
        made = super().__new__(cls, tuple(arrays))
        made.names = tuple(names)
        made.owner = owner
        return made

    def __getattr__(self, name: str) -> NDArray[Any]:
        try:
            return self[self.names.index(name)]
        except (AttributeError, ValueError):
            raise AttributeError(
                f"there is no plane {name!r}; there are {', '.join(self.__dict__.get('names', ()))}"
            ) from None

    def __repr__(self) -> str:
        shown = (f"{name}: {array.dtype}{array.shape}" for name, array in zip(self.names, self, strict=True))
        return f"<Planes {', '.join(shown)}>"


def over_memory(
    whole: NDArray[Any], layout: Sequence[tuple[str, str, int, list[int], list[int]]]
) -> list[NDArray[Any]]:
    """An array for each plane of a picture whose bytes are ``whole``."""
    ndarray = numpy_module().ndarray
    return [
        ndarray(tuple(shape), dtype, buffer=whole, offset=offset, strides=tuple(strides))
        for _, dtype, offset, shape, strides in layout
    ]
