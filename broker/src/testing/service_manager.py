"""Does for a broker what systemd does: opens its sockets, hears its notifications, keeps what it stores, starts it again.

Usage: service_manager.py RELAY_PATH PROGRAM...
Commands on standard input, a line each: start, kill, stop. What happens is written as lines of JSON.
"""

import array
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading

relay_path, *program = sys.argv[1:]
os.makedirs(os.path.dirname(relay_path), mode=0o700, exist_ok=True)
relay = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
relay.bind(relay_path)
os.chmod(relay_path, 0o600)
relay.listen()
grpc = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
grpc.bind(("127.0.0.1", 0))
grpc.listen()
folder = tempfile.mkdtemp()
notify_path = f"{folder}/notify"
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(notify_path)
stored: list[tuple[str, int]] = []
lock = threading.Lock()


def tell(**event: object) -> None:
    with lock:
        print(json.dumps(event), flush=True)


def hear() -> None:
    while True:
        data, ancillary, _, _ = notify.recvmsg(4096, socket.CMSG_SPACE(256 * 4))
        fds = array.array("i")
        for _, kind, content in ancillary:
            if kind == socket.SCM_RIGHTS:
                fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
        fields = dict(line.split("=", 1) for line in data.decode().splitlines())
        name = fields.get("FDNAME", "")
        if "FDSTORE" in fields:
            stored.extend((name, fd) for fd in fds)
        elif "FDSTOREREMOVE" in fields:
            for entry in [e for e in stored if e[0] == name]:
                os.close(entry[1])
                stored.remove(entry)
        tell(notified=fields, handles=len(fds), stored=[name for name, _ in stored])


def start() -> subprocess.Popen[bytes]:
    handed = [("streamlib-broker.socket", relay.fileno()), ("streamlib-broker.socket", grpc.fileno()), *stored]
    # Out of the way of the numbers that they are to have.
    spare = [os.dup2(fd, 500 + index) for index, (_, fd) in enumerate(handed)]

    def place() -> None:
        for index, fd in enumerate(spare):
            os.dup2(fd, 3 + index, inheritable=True)

    env = {
        **os.environ,
        "NOTIFY_SOCKET": notify_path,
        "WATCHDOG_USEC": "300000",
        "LISTEN_FDS": str(len(handed)),
        "LISTEN_FDNAMES": ":".join(name for name, _ in handed),
    }
    command = ["sh", "-c", 'export LISTEN_PID=$$ WATCHDOG_PID=$$; exec "$@"', "sh", *program]
    process = subprocess.Popen(command, env=env, preexec_fn=place, close_fds=False)
    for fd in spare:
        os.close(fd)
    return process


threading.Thread(target=hear, daemon=True).start()
tell(address="127.0.0.1:%d" % grpc.getsockname()[1])
process = None
for line in sys.stdin:
    if line.strip() == "start":
        process = start()
        tell(started=process.pid)
    elif process is not None:
        process.send_signal(signal.SIGKILL if line.strip() == "kill" else signal.SIGTERM)
        tell(ended=process.wait())
if process is not None and process.poll() is None:
    process.kill()
    process.wait()
os.unlink(notify_path)
os.rmdir(folder)
