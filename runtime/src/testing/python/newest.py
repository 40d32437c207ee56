"""Continuous: loops, with the newest input if there is one."""

import streamlib
from streamlib import VideoFrame


@streamlib.processor(execution="continuous", inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame})
class Newest:
    def process(self, ctx):
        frame = ctx.input("video_in").get()
        if frame is not None:
            ctx.output("video_out").set(frame)
