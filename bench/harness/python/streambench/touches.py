"""The work of the workload: one byte in each page, through numpy."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

PAGE = 4096
Frame = NDArray[np.uint8]


def pages(size: int) -> int:
    return -(-size // PAGE)


def touch_write(frame: Frame, value: int) -> None:
    frame[::PAGE] = value


def touch_read(frame: Frame) -> int:
    return int(frame[::PAGE].sum())


def work(frame: Frame, out: Frame) -> None:
    """What the worker does with every frame: the answer is one more than what it read."""
    out[::PAGE] = (touch_read(frame) // pages(frame.size) + 1) & 255


def expected_sum(value: int, size: int) -> int:
    return ((value + 1) & 255) * pages(size)


def as_frame(memory: Any) -> Frame:
    """A numpy view of anything with the buffer protocol, not a copy."""
    return np.frombuffer(memory, np.uint8)
