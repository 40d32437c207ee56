"""Code that means harm, one way for each value of ``way``. It begins with frame 2: frame 1 shows that it was in flow."""

import ctypes
import mmap
import os
import socket
import threading

import numpy as np

import streamlib
from streamlib import Context, VideoFrame

libc = ctypes.CDLL(None, use_errno=True)


def system_call(number: int, *arguments: object) -> int:
    """Past Python, straight into the kernel."""
    result = int(libc.syscall(number, *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def read_home(secret: str) -> None:
    with open(secret) as file:
        print("LEAKED", file.read())


def list_home(secret: str) -> None:
    print("LEAKED", os.listdir(os.path.dirname(secret)))


def open_socket(_: str) -> None:
    print("LEAKED", socket.socket(socket.AF_INET, socket.SOCK_STREAM))


def open_socket_unseen(_: str) -> None:
    print("LEAKED", system_call(41, socket.AF_INET, socket.SOCK_STREAM, 0))


def fork_for_ever(_: str) -> None:
    while True:
        os.fork()


def fork_unseen(_: str) -> None:
    while True:
        system_call(57)


def start_threads(_: str) -> None:
    forever = threading.Event()
    threading.stack_size(64 << 10)
    while True:
        threading.Thread(target=forever.wait, daemon=True).start()


def allocate_for_ever(_: str) -> None:
    kept = []
    while True:
        kept.append(np.ones(64 << 20, dtype=np.uint8))


def hide_memory(_: str) -> None:
    """In memory files that are written and not mapped, where the limits of a process do not see it."""
    kept = []
    block = b"x" * (16 << 20)
    while True:
        file = os.memfd_create("hidden")
        kept.append(file)
        for _round in range(8):
            os.write(file, block)


def fill_disk(_: str) -> None:
    block = b"x" * (16 << 20)
    number = 0
    while True:
        with open(os.path.join(os.environ["TMPDIR"], f"file{number}"), "wb") as file:
            file.write(block)
        number += 1


def write_outside(secret: str) -> None:
    with open(os.path.join(os.path.dirname(secret), "written"), "w") as file:
        file.write("x")
    print("LEAKED")


def loop_for_ever(_: str) -> None:
    while True:
        pass


def kill_the_runtime(_: str) -> None:
    system_call(62, os.getppid(), 9)
    print("LEAKED")


def look_into_the_runtime(_: str) -> None:
    with open(f"/proc/{os.getppid()}/environ") as file:
        print("LEAKED", file.read())


def own_environment(_: str) -> None:
    secrets = [name for name in os.environ if "SECRET" in name or "TOKEN" in name]
    if secrets:
        print("LEAKED", secrets)
    raise RuntimeError("no secrets in the environment")


def own_memory(_: str) -> None:
    """What was in the process before the walls stood. The text is put together here, so that the search does not find itself."""
    secret = bytes([107, 101, 121, 32, 111, 102, 32, 109, 121, 32, 104, 111, 117, 115, 101])
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", buffering=0) as memory:
        for line in maps:
            start, end = (int(part, 16) for part in line.split()[0].split("-"))
            if " rw-p " not in line or end - start > 64 << 20:
                continue
            memory.seek(start)
            found = memory.read(end - start).count(secret)
            # This function's own two: the text, and the constant that it is made of.
            if found > 4:
                print("LEAKED", found, line)
    raise RuntimeError("no secrets in memory")


def more_limits(_: str) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (65536, 65536))
    print("LEAKED")


WAYS = {
    name: value
    for name, value in list(globals().items())
    if callable(value) and getattr(value, "__module__", None) == __name__ and name != "system_call"
}


def write_to_lent(frame: VideoFrame) -> None:
    """Past numpy's flag, and past the page's protection."""
    pixels = frame.to_numpy()
    address = pixels.ctypes.data
    page = address & ~(mmap.PAGESIZE - 1)
    if libc.mprotect(ctypes.c_void_p(page), ctypes.c_size_t(mmap.PAGESIZE), mmap.PROT_READ | mmap.PROT_WRITE) == 0:
        print("LEAKED the protection could be changed")
    ctypes.memset(address, 0, 1)
    print("LEAKED")


@streamlib.processor(inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame})
def hostile(inputs, ctx: Context):
    frame = inputs["video_in"]
    if frame["frame_number"] >= 2:
        if ctx.config["way"] == "write_to_lent":
            write_to_lent(frame)
        else:
            WAYS[ctx.config["way"]](ctx.config["secret"])
    return {"video_out": frame}
