"""The schemas that ship with StreamLib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self, cast

from streamlib._memory import shape_format
from streamlib._native import Colour, Texture
from streamlib._numpy import numpy_module
from streamlib._pixels.picture import Picture
from streamlib._pixels.texture import texture_of
from streamlib._planes import Planes
from streamlib.schema import Array, Buffer, Float32, Int64, Optional, Schema, String, TextureField, UInt32, UInt64

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class VideoFrame(Schema):
    """A picture.

    Attributes:
        pixel_buffer: The pixels; a `Texture` in a frame that was received.
        timestamp_ns: When the picture was taken, in nanoseconds of the machine-wide monotonic clock.
        frame_number: The source's count of its pictures, from 0.
        media_time: The source's own time of the picture, in nanoseconds from its beginning, however late the picture is; None
            where the source gives none.
    """

    pixel_buffer: TextureField
    timestamp_ns: Int64
    frame_number: UInt64
    media_time: Optional[Int64]

    def to_numpy(self) -> NDArray[Any]:
        """The pixels, shape ``(height, width, channels)`` (gray: ``(height, width)``), dtype uint8, without a copy.

        Formats of 16 bits have dtype uint16, those with ``f32`` float32 from 0 to 1. ``yuyv8`` and ``uyvy8`` have shape
        ``(height, width, 2)``, the width rounded up to an even one, bit-packed ones ``(height, groups, bytes of a group)``.
        Channels are in the order of ``frame["pixel_buffer"].format``: ``"rgb8"`` unless the source gives another. What the
        numbers mean as colours is in ``frame["pixel_buffer"].colour``.

        Pixels of a frame that came from an input are read-only. Keep the array as long as you like: the frame's memory is
        not written while it exists. (Keeping many makes the producer run out of slots: then new
        frames are dropped, and a producer for a lossless reader stops.)

        Returns:
            A view of the frame's memory.

        Raises:
            TypeError: the picture has several planes; see `planes`.
            BridgeError: ``code`` is ``closed``: the texture was released.
        """
        pixels = self["pixel_buffer"]
        if isinstance(pixels, (Texture, Picture)):
            return pixels.to_numpy()
        return cast("NDArray[Any]", numpy_module().asarray(pixels))

    def planes(self) -> Planes:
        """The planes of the picture, without a copy, each also by its name: ``frame.planes().y``.

        Returns:
            A view of each plane, with the shapes and dtypes of `Texture.planes`.

        Raises:
            BridgeError: ``code`` is ``closed``: the texture was released.
        """
        return self._picture().planes()

    def unpack(self) -> Planes:
        """The components as arrays of their own: ``y``, ``u``, ``v``, or ``r``, ``g``, ``b``.

        Returns:
            What `streamlib.unpack` returns: copies of bit-packed formats and ``p010``, views of all others.

        Raises:
            BridgeError: ``code`` is ``closed``: the texture was released.
        """
        return self._picture().unpack()

    def _picture(self) -> Texture | Picture:
        pixels = self["pixel_buffer"]
        if isinstance(pixels, (Texture, Picture)):
            return pixels
        array = numpy_module().asarray(pixels)
        return Picture._of([array], shape_format(array.shape)[2], None, None)

    @classmethod
    def from_planes(
        cls,
        planes: Sequence[Any],
        format: str,
        timestamp_ns: int | None = None,
        frame_number: int | None = None,
        *,
        width: int | None = None,
        colour: Colour | None = None,
        media_time: int | None = None,
    ) -> Self:
        """A frame of planes, in the order of the format: ``VideoFrame.from_planes((y, uv), "nv12")``.

        Args:
            planes: Arrays with the dtypes and shapes that `planes` shows. Instead of planes, components may be given as `unpack`
                gives them, such as ``(y, u, v)`` of uint16 for ``uyvp10``, which are put together. The planes of an input
                frame, given unchanged, are sent without a copy.
            format: A name of `streamlib.PIXEL_FORMATS`.
            timestamp_ns: Nanoseconds of the monotonic clock; that of the frame that is being processed if not given.
            frame_number: From 0; that of the frame that is being processed if not given.
            width: Width in pixels. It is needed where the planes do not tell it: with groups of a bit-packed format, or
                ``yuyv8`` and ``uyvy8`` of odd width.
            colour: What the numbers mean as colours; unspecified if not given, or that of the input frame whose planes these
                are.
            media_time: Nanoseconds of the source's own time; that of the frame that is being processed if not given.

        Returns:
            The frame, to be returned from the processor or given to `Output.set`.

        Raises:
            ValueError: there is no such format, or a number or shape of the planes does not fit it.
            TypeError: a dtype does not fit the format.
        """
        texture = texture_of(planes) if isinstance(planes, Planes) and colour is None else None
        if texture is not None and texture.format == format:
            return cls._timed(texture, timestamp_ns, frame_number, media_time)
        picture = Picture._of(planes, format, width, colour)
        return cls._timed(picture, timestamp_ns, frame_number, media_time)

    @classmethod
    def _timed(cls, pixels: Any, timestamp_ns: int | None, frame_number: int | None, media_time: int | None) -> Self:
        frame = cls(pixel_buffer=pixels)
        if timestamp_ns is not None:
            frame["timestamp_ns"] = timestamp_ns
        if frame_number is not None:
            frame["frame_number"] = frame_number
        if media_time is not None:
            frame["media_time"] = media_time
        return frame

    @classmethod
    def from_numpy(
        cls,
        pixels: NDArray[Any],
        timestamp_ns: int | None = None,
        frame_number: int | None = None,
        media_time: int | None = None,
        *,
        format: str | None = None,
        colour: Colour | None = None,
    ) -> Self:
        """A frame of some pixels.

        Sent, it is copied into shared memory once; not at all if the array is a loaned output (`Output.loan`) or an input
        frame's own pixels. Without ``format`` and ``colour``, pixels of another dtype or shape are refused when the frame is
        sent, with the output's name.

        Args:
            pixels: dtype uint8, shape ``(height, width, 3 or 4)`` (RGB, RGBA) or ``(height, width)`` (gray); with ``format`` the
                dtype and shape that `to_numpy` has of it. The array may be any view, such as ``bgr[..., ::-1]`` of a picture
                of OpenCV's: sending copies it into rows.
            timestamp_ns: Nanoseconds of the monotonic clock; that of the frame that is being processed if not given.
            frame_number: From 0; that of the frame that is being processed if not given.
            media_time: Nanoseconds of the source's own time; that of the frame that is being processed if not given.
            format: The name of a format of one plane, such as ``"bgr8"``, ``"rgb16"`` (uint16), ``"rgbf32"`` (float32 from 0 to
                1) or ``"uyvy8"``; if not given, what the shape says: ``"rgb8"``, ``"rgba8"`` or ``"gray8"``.
            colour: What the numbers mean as colours; unspecified if not given.

        Returns:
            The frame, to be returned from the processor or given to `Output.set`.

        Raises:
            ValueError: there is no such format, or the shape does not fit it.
            TypeError: the dtype does not fit the format.
        """
        if format is None and colour is None:
            return cls._timed(pixels, timestamp_ns, frame_number, media_time)
        picture = Picture._of([pixels], format or shape_format(pixels.shape)[2], None, colour)
        return cls._timed(picture, timestamp_ns, frame_number, media_time)


class AudioBuffer(Schema):
    """Sound.

    Attributes:
        samples: float32 from -1 to 1, the channels interleaved; a `SharedBuffer` in a frame that was received.
        channels: The number of channels, at least 1.
        sample_rate: Samples of one channel in a second (Hz).
        timestamp_ns: When the first sample was taken, in nanoseconds of the machine-wide monotonic clock.
        frame_number: The source's count of its buffers, from 0.
        schema_name: ``"AudioFrame"``, the name on the wire.
    """

    schema_name = "AudioFrame"

    samples: Buffer
    channels: UInt32
    sample_rate: UInt32
    timestamp_ns: Int64
    frame_number: UInt64

    def to_numpy(self) -> NDArray[np.float32]:
        """The samples, without a copy.

        Returns:
            An array of shape ``(n, channels)`` and dtype float32, from -1 to 1.

        Raises:
            BridgeError: ``code`` is ``closed``: the buffer was released.
        """
        np_ = numpy_module()
        samples = np_.ascontiguousarray(self["samples"]).reshape(-1).view(np_.float32).reshape(-1, self["channels"])
        return cast("NDArray[np.float32]", samples)

    @classmethod
    def from_numpy(
        cls,
        samples: NDArray[Any],
        sample_rate: int,
        timestamp_ns: int | None = None,
        frame_number: int | None = None,
    ) -> Self:
        """A buffer of some samples.

        Args:
            samples: dtype float32, from -1 to 1, shape ``(n, channels)`` or ``(n,)`` (one channel).
            sample_rate: Samples of one channel in a second (Hz).
            timestamp_ns: Nanoseconds of the monotonic clock; that of the frame that is being processed if not given.
            frame_number: From 0; that of the frame that is being processed if not given.

        Returns:
            The buffer, to be returned from the processor or given to `Output.set`.

        Raises:
            TypeError: the samples have another dtype.
            ValueError: the samples have another shape.
        """
        if samples.dtype != numpy_module().float32:
            raise TypeError(
                f"samples must have dtype float32, not {samples.dtype}; convert them with .astype(np.float32)"
            )
        if samples.ndim not in (1, 2) or samples.shape[-1] == 0:
            raise ValueError(f"samples must have shape (n, channels) or (n,), not {samples.shape}")
        channels = 1 if samples.ndim == 1 else int(samples.shape[1])
        frame = cls(samples=samples, channels=channels, sample_rate=sample_rate)
        if timestamp_ns is not None:
            frame["timestamp_ns"] = timestamp_ns
        if frame_number is not None:
            frame["frame_number"] = frame_number
        return frame


#: `AudioBuffer`, by the name that its schema has on the wire.
AudioFrame = AudioBuffer


class BoundingBox(Schema):
    """A box around something in a picture.

    Attributes:
        x: Left edge, in pixels from the picture's left.
        y: Upper edge, in pixels from the picture's top.
        width: Width in pixels.
        height: Height in pixels.
        label: What it is, such as ``"face"``.
        confidence: How certain that is, from 0 to 1.
    """

    x: Float32
    y: Float32
    width: Float32
    height: Float32
    label: String
    confidence: Float32


class ObjectDetections(Schema):
    """The boxes found in one picture.

    Attributes:
        detections: The boxes, none or more.
        timestamp_ns: That of the picture, in nanoseconds of the machine-wide monotonic clock.
        frame_number: That of the picture.
    """

    detections: Array[BoundingBox]
    timestamp_ns: Int64
    frame_number: UInt64
