import os
from pathlib import Path

from node import FrameNode, view
from streambench.touches import work

node = FrameNode()
(Path(os.environ["BENCH_DORA_FOLDER"]) / "worker.pid").write_text(str(os.getpid()))
while True:
    event = node.receive()
    frame = view(event)
    node.send(frame.size, lambda out, frame=frame: work(frame, out))
    del frame, event
