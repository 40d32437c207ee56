"""Runs a command on a terminal of its own, and shows what it says; SIGUSR1 closes the terminal.

Usage: on_terminal.py [--foreign] COMMAND...   --foreign: it has no session there, so closing sends it no SIGHUP.
The last line is `ended N`, with what a shell would call its exit code; minus a signal's number if it was killed.
"""

import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
from types import FrameType


def main(command: list[str]) -> None:
    foreign = command[0] == "--foreign"
    master, slave = pty.openpty()
    closing = False

    def close(_number: int, _frame: FrameType | None) -> None:
        nonlocal closing
        closing = True

    signal.signal(signal.SIGUSR1, close)
    # A signal alone does not wake select: it is resumed.
    waker, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    child = subprocess.Popen(
        command[1:] if foreign else command,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=None if foreign else lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(slave)
    while not closing:
        ready, _, _ = select.select([master, waker], [], [])
        if master not in ready:
            continue
        try:
            data = os.read(master, 65536)
        except OSError:
            break
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    os.close(master)
    print(f"\nended {child.wait()}", flush=True)


main(sys.argv[1:])
