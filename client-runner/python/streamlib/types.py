"""The schemas that ship with StreamLib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, cast

from streamlib._memory import numpy_module
from streamlib.schema import Array, Buffer, Float32, Int64, Schema, String, TextureField, UInt32, UInt64

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class VideoFrame(Schema):
    """A picture.

    Attributes:
        pixel_buffer: The pixels; a `Texture` in a frame that was received.
        timestamp_ns: When the picture was taken, in nanoseconds of the machine-wide monotonic clock.
        frame_number: The source's count of its pictures, from 0.
    """

    pixel_buffer: TextureField
    timestamp_ns: Int64
    frame_number: UInt64

    def to_numpy(self) -> NDArray[np.uint8]:
        """The pixels, shape ``(height, width, channels)`` (gray: ``(height, width)``), dtype uint8, without a copy.

        Channels are in the order of ``frame["pixel_buffer"].format``: ``"rgb8"`` unless the source gives another.

        Pixels of a frame that came from an input are read-only. Keep the array as long as you like: the frame's memory is
        not written while it exists. (Keeping many makes the producer run out of slots: then new
        frames are dropped, and a producer for a lossless reader stops.)

        Returns:
            A view of the frame's memory.

        Raises:
            BridgeError: ``code`` is ``closed``: the texture was released.
        """
        np_ = numpy_module()
        return cast("NDArray[np.uint8]", np_.asarray(self["pixel_buffer"]))

    @classmethod
    def from_numpy(cls, pixels: NDArray[Any], timestamp_ns: int | None = None, frame_number: int | None = None) -> Self:
        """A frame of some pixels.

        Sent, it is copied into shared memory once; not at all if the array is a loaned output (`Output.loan`) or an input
        frame's own pixels. The array may be any view, such as ``bgr[..., ::-1]`` of a picture of OpenCV's: sending copies it
        into rows.

        Args:
            pixels: dtype uint8, shape ``(height, width, 3 or 4)`` (RGB, RGBA) or ``(height, width)`` (gray). Others are
                refused when the frame is sent, with the output's name.
            timestamp_ns: Nanoseconds of the monotonic clock; that of the frame that is being processed if not given.
            frame_number: From 0; that of the frame that is being processed if not given.

        Returns:
            The frame, to be returned from the processor or given to `Output.set`.
        """
        frame = cls(pixel_buffer=pixels)
        if timestamp_ns is not None:
            frame["timestamp_ns"] = timestamp_ns
        if frame_number is not None:
            frame["frame_number"] = frame_number
        return frame


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
