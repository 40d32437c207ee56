"""Shows the picture as a heat map, right of a line that sweeps to and fro."""

import numpy as np
import streamlib
from streamlib import VideoFrame

#: Seconds for the line to go there and back.
PERIOD_S = 8


def heat_map() -> np.ndarray:
    """256 colours from night blue over red to pale yellow, shape (256, 3)."""
    stops = np.array([[8, 10, 40], [70, 20, 110], [200, 45, 80], [250, 150, 50], [255, 250, 210]])
    at = np.linspace(0, 255, len(stops))
    return np.stack([np.interp(np.arange(256), at, stops[:, channel]) for channel in range(3)], axis=1).astype(np.uint8)


def sweep(frame_number: int, width: int, fps: int = 25) -> int:
    """Where the line stands at a frame: a column of the picture."""
    phase = frame_number % (PERIOD_S * fps) / (PERIOD_S * fps)
    return round(width * (0.15 + 0.7 * abs(2 * phase - 1)))


def apply(pixels: np.ndarray, out: np.ndarray, line: int, colours: np.ndarray) -> None:
    """Writes the effect on ``pixels`` (height, width, 3) into ``out`` of the same shape."""
    right = pixels[:, line:]
    out[:, :line] = pixels[:, :line]
    # The green channel carries most of the brightness; a table look-up is all that it takes.
    np.take(colours, right[:, :, 1], axis=0, out=out[:, line:], mode="clip")
    out[:, line : line + 2] = 255


@streamlib.processor(execution="continuous", inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame})
class HeatMap:
    def setup(self, ctx):
        self.colours = heat_map()

    def process(self, ctx):
        frame = ctx.input("video_in").get()
        if frame is None:
            return
        pixels = frame.to_numpy()
        # Written where the next process will read it: the picture is copied nowhere.
        out = ctx.output("video_out").loan(pixels.shape)
        apply(pixels, out, sweep(frame["frame_number"], pixels.shape[1]), self.colours)
        ctx.output("video_out").set({**frame, "pixel_buffer": out})
