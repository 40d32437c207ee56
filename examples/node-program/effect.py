"""Turns the picture into its negative."""

import numpy as np
import streamlib
from streamlib import VideoFrame


@streamlib.processor(inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame})
def negative(inputs, ctx):
    pixels = inputs["video_in"].to_numpy()
    # Written where the display will read it: the picture is copied nowhere.
    out = ctx.output("video_out").loan(pixels.shape)
    np.subtract(255, pixels, out=out)
    return {"video_out": VideoFrame.from_numpy(out)}
