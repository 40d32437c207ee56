"""The schemas that ship with StreamLib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, cast

from streamlib._memory import numpy_module
from streamlib.schema import Array, Buffer, Float32, Int64, Schema, String, TextureField, UInt32, UInt64

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class VideoFrame(Schema):
    """A picture: ``pixel_buffer``, ``timestamp_ns`` (monotonic clock, when it was taken), ``frame_number``."""

    pixel_buffer: TextureField
    timestamp_ns: Int64
    frame_number: UInt64

    def to_numpy(self) -> NDArray[np.uint8]:
        """The pixels, shape ``(height, width, channels)`` (gray: ``(height, width)``), dtype uint8, without a copy.

        Channels are in the order of ``frame["pixel_buffer"].format``: ``"rgb8"`` unless the source gives another.

        Pixels of a frame that came from an input are read-only. Keep the array as long as you like: the frame's memory is
        not written while it exists. (Keeping many makes the producer run out of slots: then new
        frames are dropped, and a producer for a lossless reader stops.)
        """
        np_ = numpy_module()
        return cast("NDArray[np.uint8]", np_.asarray(self["pixel_buffer"]))

    @classmethod
    def from_numpy(cls, pixels: NDArray[Any], timestamp_ns: int | None = None, frame_number: int | None = None) -> Self:
        """A frame of ``pixels``: uint8, shape ``(height, width, 3 or 4)`` (RGB, RGBA) or ``(height, width)`` (gray).

        Sent, it is copied into shared memory once; not at all if the array is a loaned output (`Output.loan`) or an input
        frame's own pixels. The array may be any view, such as ``bgr[..., ::-1]`` of a picture of OpenCV's: sending copies it
        into rows. What is not given of time (nanoseconds of the monotonic clock) and number is taken from the frame that is
        being processed. Pixels of another dtype or shape are refused when the frame is sent, with the output's name.
        """
        frame = cls(pixel_buffer=pixels)
        if timestamp_ns is not None:
            frame["timestamp_ns"] = timestamp_ns
        if frame_number is not None:
            frame["frame_number"] = frame_number
        return frame


class AudioBuffer(Schema):
    """Sound: ``samples`` (float32, interleaved), ``channels``, ``sample_rate`` (Hz), ``timestamp_ns``, ``frame_number``."""

    schema_name = "AudioFrame"

    samples: Buffer
    channels: UInt32
    sample_rate: UInt32
    timestamp_ns: Int64
    frame_number: UInt64

    def to_numpy(self) -> NDArray[np.float32]:
        """The samples, shape ``(n, channels)``, dtype float32, from -1 to 1, without a copy."""
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
        """A buffer of ``samples``: float32 from -1 to 1, shape ``(n, channels)`` or ``(n,)``; ``sample_rate`` in Hz.

        Time and number as with `VideoFrame.from_numpy`. Raises TypeError for another dtype, ValueError for another shape.
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


#: The schema's own name.
AudioFrame = AudioBuffer


class BoundingBox(Schema):
    """A box in pixels of the frame, with a label and a confidence from 0 to 1."""

    x: Float32
    y: Float32
    width: Float32
    height: Float32
    label: String
    confidence: Float32


class ObjectDetections(Schema):
    """The boxes found in one frame, with that frame's time and number."""

    detections: Array[BoundingBox]
    timestamp_ns: Int64
    frame_number: UInt64
