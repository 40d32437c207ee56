"""The planes of a texture."""

from __future__ import annotations

from streamlib._native import Texture
from streamlib._planes import Planes, over_memory


def of_texture(texture: Texture) -> Planes:
    """Views into shared memory, read-only where the texture is. The native `Texture.planes` calls this."""
    whole = texture._memory()
    layout = texture._layout
    names = [plane[0] for plane in layout]
    if len(layout) == 1:
        return Planes(names, [whole], texture)
    return Planes(names, over_memory(whole, layout), texture)


def texture_of(planes: Planes) -> Texture | None:
    """The texture whose memory some planes are, if they are that of one."""
    return planes.owner if isinstance(planes.owner, Texture) else None
