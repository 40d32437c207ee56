"""The Python side of the floor: BYTES SLOTS; the socket is descriptor 3, the memory descriptor 4."""

import mmap
import socket
import sys

import numpy as np
from streambench.processes import die_with_parent
from streambench.touches import PAGE, pages, work

die_with_parent()
size, slots = int(sys.argv[1]), int(sys.argv[2])
stride = pages(size) * PAGE
memory = np.frombuffer(mmap.mmap(4, 2 * slots * stride, mmap.MAP_SHARED | mmap.MAP_POPULATE), np.uint8)
frames = [memory[index * stride :][:size] for index in range(2 * slots)]
channel = socket.socket(fileno=3)
print("ready", flush=True)
message = bytearray(8)
while channel.recv_into(message):
    slot = message[0]
    work(frames[slot], frames[slots + slot])
    channel.send(message)
