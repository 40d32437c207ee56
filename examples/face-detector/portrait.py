# /// script
# dependencies = ["numpy", "opencv-python-headless>=4.10,<5"]
# ///
"""Stands in for a camera: moves over a photograph with a face."""

from pathlib import Path

import cv2
import numpy as np
import streamlib
from streamlib import VideoFrame

WIDTH, HEIGHT, FPS = 640, 480, 30


def view(photograph: np.ndarray, number: int) -> np.ndarray:
    """The part of the photograph that frame ``number`` shows."""
    phase = 2 * np.pi * number / (6 * FPS)
    zoom = 1.35 + 0.25 * np.sin(phase)
    shift = np.array([70 + 60 * np.cos(phase), 20 + 25 * np.sin(2 * phase)])
    matrix = np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]])
    return cv2.warpAffine(photograph, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


@streamlib.processor(execution="manual", outputs={"video": VideoFrame})
def portrait(ctx):
    # OpenCV has blue first; StreamLib's pictures have red first.
    photograph = cv2.cvtColor(cv2.imread(str(Path(__file__).with_name("astronaut.png"))), cv2.COLOR_BGR2RGB)
    first = ctx.now_ns()
    for number in range(2**62):
        due = first + number * 1_000_000_000 // FPS
        if ctx.wait((due - ctx.now_ns()) / 1e9):
            return
        yield VideoFrame.from_numpy(view(photograph, number), ctx.now_ns(), number)
