"""A manual processor: it makes frames on its own, at its own pace, until it is stopped."""

import numpy as np
import streamlib
from streamlib import VideoFrame


@streamlib.processor(execution="manual", outputs={"video_out": VideoFrame})
class Plasma:
    def setup(self, ctx):
        self.width = ctx.config.get("width", 1280)
        self.height = ctx.config.get("height", 720)
        self.fps = ctx.config.get("fps", 30)
        x = np.linspace(0, 4 * np.pi, self.width)
        y = np.linspace(0, 3 * np.pi, self.height)[:, None]
        # What does not move is computed once: a wave for each pixel, as an index into the colours.
        self.waves = ((np.sin(x) + np.sin(y) + np.sin(x + y) + np.cos(np.hypot(x - 6, y - 5))) * 32 + 128).astype(
            np.uint8
        )
        steps = np.arange(256) / 256 * 2 * np.pi
        self.colours = np.stack([128 + 127 * np.sin(steps + shift) for shift in (0, 2, 4)], axis=1).astype(np.uint8)

    def start(self, ctx):
        out = ctx.output("video_out")
        first = ctx.now_ns()
        number = 0
        while not ctx.should_stop:
            pixels = out.loan((self.height, self.width, 3))
            np.take(np.roll(self.colours, 3 * number, axis=0), self.waves, axis=0, out=pixels, mode="clip")
            due = first + number * 1_000_000_000 // self.fps
            ctx.wait((due - ctx.now_ns()) / 1e9)
            out.set(VideoFrame.from_numpy(pixels, timestamp_ns=ctx.now_ns(), frame_number=number))
            number += 1
