"""Reactive, the shortest way to write it."""

import streamlib
from streamlib import VideoFrame


@streamlib.processor(inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame})
def invert(inputs):
    return {"video_out": VideoFrame.from_numpy(255 - inputs["video_in"].to_numpy())}
