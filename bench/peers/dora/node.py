"""A node with one input and one output."""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from dora import Node
from streambench.touches import Frame


class FrameNode:
    def __init__(self) -> None:
        self.node = Node()

    def receive(self) -> Any:
        """The event holds the frame: it must live as long as the frame is looked at."""
        while True:
            event = self.node.next()
            if event is None or event["type"] == "STOP":
                sys.exit(0)
            if event["type"] == "INPUT":
                return event

    def send(self, size: int, fill: Callable[[Frame], None]) -> None:
        with self.node.send_output_raw("frame", size) as memory:
            frame = np.frombuffer(memory, np.uint8)
            fill(frame)
            del frame


def view(event: Any) -> Frame:
    frame: Frame = event["value"].to_numpy(zero_copy_only=True)
    return frame
