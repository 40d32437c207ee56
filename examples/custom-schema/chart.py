"""Draws what was measured: the histogram beside the small picture, and a mark at the brightest place."""

import numpy as np
import streamlib
from measurement import Measurement
from streamlib import VideoFrame

HEIGHT, WIDTH = 240, 480
COLOURS = {"dark": (90, 120, 255), "balanced": (80, 220, 140), "bright": (255, 200, 60)}


def draw(measurement: Measurement) -> np.ndarray:
    picture = np.full((HEIGHT, WIDTH, 3), 24, dtype=np.uint8)
    thumbnail = np.asarray(measurement["thumbnail"])[: HEIGHT - 20, : WIDTH // 2 - 20]
    picture[10 : 10 + thumbnail.shape[0], 10 : 10 + thumbnail.shape[1]] = thumbnail
    bars = np.frombuffer(measurement["histogram"], dtype=np.float32)
    heights = (bars / max(1.0, float(bars.max())) * (HEIGHT - 40)).astype(int)
    for index, height in enumerate(heights):
        left = WIDTH // 2 + index * 3
        picture[HEIGHT - 20 - height : HEIGHT - 20, left : left + 2] = COLOURS[measurement["verdict"]]
    x, y = 10 + measurement["brightest"]["x"] // 8, 10 + measurement["brightest"]["y"] // 8
    picture[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3] = (255, 60, 60)
    return picture


@streamlib.processor(
    execution="reactive",
    inputs={"measurement": Measurement},
    outputs={"video_out": VideoFrame},
)
def chart(inputs, ctx):
    measurement = inputs["measurement"]
    if measurement["note"] is not None:
        ctx.log.info("frame %d: %s", measurement["frame_number"], measurement["note"])
    return {"video_out": VideoFrame.from_numpy(draw(measurement))}
