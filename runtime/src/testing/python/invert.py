"""Reactive, the shortest way to write it."""

import streamlib
from streamlib import VideoFrame


@streamlib.processor(inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame})
def invert(inputs):
    frame = inputs["video_in"]
    return {"video_out": {**frame, "pixel_buffer": VideoFrame.from_numpy(255 - frame.to_numpy())["pixel_buffer"]}}
