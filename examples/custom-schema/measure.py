"""Measures each frame and sends the result in a schema of its own: a field of every type."""

import hashlib

import numpy as np
import streamlib
from measurement import Measurement, Region
from streamlib import VideoFrame


def measure(pixels: np.ndarray) -> Measurement:
    gray = pixels.mean(axis=2)
    row, column = np.unravel_index(int(gray.argmax()), gray.shape)
    mean = float(gray.mean())
    return Measurement(
        offset=int(mean) - 128,
        sum=int(pixels.sum(dtype=np.int64)),
        width=pixels.shape[1],
        mean=mean,
        deviation=float(gray.std()),
        is_dark=mean < 64,
        title=f"{pixels.shape[1]} × {pixels.shape[0]}",
        digest=hashlib.sha256(pixels.tobytes()).digest(),
        thumbnail=np.ascontiguousarray(pixels[::8, ::8]),
        histogram=np.histogram(gray, 64, (0, 256))[0].astype(np.float32),
        percentiles=[float(p) for p in np.percentile(gray, [5, 50, 95])],
        brightest=Region(x=int(column), y=int(row), name="brightest"),
        note=None if mean >= 64 else "turn the light on",
        verdict="dark" if mean < 64 else "bright" if mean > 192 else "balanced",
    )


@streamlib.processor(
    execution="reactive",
    inputs={"video_in": VideoFrame},
    outputs={"measurement": Measurement},
)
def measure_frame(inputs):
    # Time and number of the frame are filled in by themselves.
    return {"measurement": measure(inputs["video_in"].to_numpy())}
