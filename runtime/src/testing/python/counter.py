"""Manual: makes frames on its own."""

import numpy as np
import streamlib
from streamlib import VideoFrame


@streamlib.processor(execution="manual", outputs={"video_out": VideoFrame})
class Counter:
    def start(self, ctx):
        for number in range(ctx.config.get("count", 20)):
            pixels = np.full((8, 16, 3), number & 255, dtype=np.uint8)
            ctx.output("video_out").set(VideoFrame.from_numpy(pixels, ctx.now_ns(), number))
