"""The workload, as a user of StreamLib writes it."""

import streamlib
from streamlib import VideoFrame

PAGE = 4096


@streamlib.processor(inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame})
def echo(inputs, ctx):
    pixels = inputs["video_in"].to_numpy()
    seen = pixels.reshape(-1)[::PAGE]
    out = ctx.output("video_out").loan(pixels.shape)
    out.reshape(-1)[::PAGE] = (int(seen.sum()) // seen.size + 1) & 255
    return {"video_out": VideoFrame.from_numpy(out)}
