"""The least that a processor of pictures is: it needs numpy and nothing else."""

import numpy
import streamlib
from streamlib import VideoFrame


@streamlib.processor(
    inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame}, delivery={"video_in": "latest"}
)
def plain(inputs):
    pixels = inputs["video_in"].to_numpy()
    return {"video_out": VideoFrame.from_numpy(numpy.add(pixels, 1, dtype=numpy.uint8))}
