"""The walls around a process, from inside; each test runs a program of its own in them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from streamlib._native import sandbox_support
from streamlib._sandbox.mechanisms import bubblewrap_command

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp are Linux's")

BOOT = (
    "import sys; sys.path.append(sys.argv[1] + '/lib/python%d.%d/site-packages' % sys.version_info[:2]); "
    "from streamlib._process import confine; confine.run(sys.argv[2:])"
)


def confined(folder: Path, code: str, **policy: Any) -> tuple[int, str, str]:
    """Runs code in the sandbox: exit status, output, errors."""
    own, scratch = folder / "code", folder / "scratch"
    own.mkdir(exist_ok=True)
    scratch.mkdir(exist_ok=True)
    (own / "program.py").write_text(code)
    settings = {
        "name": "test",
        "environment": sys.prefix,
        "code_dir": str(own),
        "scratch": str(scratch),
        "memory": 512 << 20,
        "file_size": 16 << 20,
        "descriptors": 64,
        "cpus": 1,
        **policy,
    }
    # An inspection imports the file, and reports to descriptor 3; what is looked at here is what the file prints.
    command = [sys.executable, "-I", "-S", "-c", BOOT, sys.prefix, json.dumps(settings)]
    done = subprocess.run(
        [
            "/bin/sh",
            "-c",
            'exec "$@" 3>/dev/null',
            "sh",
            *command,
            "-m",
            "streamlib._process.inspect",
            str(own / "program.py"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


SYSTEM_CALL = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def call(*arguments):
    return "allowed" if libc.syscall(*arguments) >= 0 else os.strerror(ctypes.get_errno())
"""


def test_the_kernel_here_can_do_it() -> None:
    landlock, seccomp = sandbox_support()
    assert landlock >= 1
    assert seccomp


REFUSED = [
    ("open('/etc/passwd')", "PermissionError"),
    ("import os; os.listdir('/')", "PermissionError"),
    ("import os; os.listdir('/home')", "PermissionError"),
    ("open('/proc/1/status')", "PermissionError"),
    ("open('/dev/null', 'w').write('x'); open('/dev/tty')", "PermissionError"),
    ("open(__file__, 'a')", "PermissionError"),
    ("import os; os.remove(__file__)", "PermissionError"),
    ("import os; os.rename(__file__, __file__ + 'x')", "PermissionError"),
    ("import os; os.chmod(__file__, 0o777)", "SandboxRefused"),
    ("import os; os.utime(__file__)", "PermissionError"),
    ("import socket; socket.socket()", "SandboxRefused"),
    ("import socket; socket.getaddrinfo('example.org', 80)", "SandboxRefused"),
    ("import socket; socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)", "PermissionError"),
    ("import os; os.fork()", "SandboxRefused"),
    ("import os; os.posix_spawn('/bin/true', ['true'], {})", "SandboxRefused"),
    ("import os; os.execv('/bin/true', ['true'])", "SandboxRefused"),
    ("import subprocess; subprocess.run(['true'])", "SandboxRefused"),
    ("import os, signal; os.kill(os.getppid(), signal.SIGTERM)", "SandboxRefused"),
    ("bytearray(1 << 30)", "MemoryError"),
    ("import mmap; mmap.mmap(-1, 8 << 30)", "OSError"),
    ("import os; open(os.path.join(os.environ['TMPDIR'], 'f'), 'wb').write(bytes(32 << 20))", "File too large"),
    ("import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (1000, 1000))", "ValueError"),
    # Last: it leaves none for what comes after.
    ("import os; [os.open('/dev/null', os.O_RDONLY) for _ in range(100)]", "Too many open files"),
]


def test_refuses(tmp_path: Path) -> None:
    program = f"""
for code in {[code for code, _ in REFUSED]!r}:
    try:
        exec(code, {{"__file__": __file__}})
    except BaseException as error:
        print(type(error).__name__, error)
    else:
        print("allowed")
"""
    _, out, err = confined(tmp_path, program)
    lines = out.strip().split("\n")
    assert len(lines) == len(REFUSED), (out, err)
    for (code, said), line in zip(REFUSED, lines, strict=True):
        assert said in line, (code, line)


SYSTEM_CALLS = [
    ("socket", 41, "2, 1, 0"),
    ("socket of this machine", 41, "1, 1, 0"),
    ("fork", 57, ""),
    ("vfork", 58, ""),
    ("clone without a thread", 56, "17, 0, 0, 0, 0"),
    ("clone of a namespace", 56, "0x10000000, 0, 0, 0, 0"),
    ("execve", 59, "b'/bin/true', 0, 0"),
    ("execveat", 322, "-100, b'/bin/true', 0, 0, 0"),
    ("kill of the parent", 62, "os.getppid(), 0"),
    ("kill of everybody", 62, "-1, 0"),
    ("kill of the group", 62, "0, 0"),
    ("tkill", 200, "1, 0"),
    ("ptrace", 101, "16, os.getppid(), 0, 0"),
    ("process_vm_readv", 310, "os.getppid(), 0, 0, 0, 0, 0"),
    ("pidfd_open", 434, "os.getppid(), 0"),
    ("io_uring_setup", 425, "1, 0"),
    ("unshare", 272, "0x10000000"),
    ("mount", 165, "0, 0, 0, 0, 0"),
    ("chroot", 161, "b'/'"),
    ("bpf", 321, "0, 0, 0"),
    ("userfaultfd", 323, "0"),
    ("keyctl", 250, "0, 0, 0"),
    ("setuid", 105, "0"),
    ("setsid", 112, ""),
    ("shmget", 29, "0, 4096, 0o1600"),
    ("chmod", 90, "b'/tmp', 0o777"),
    ("truncate", 76, "b'/tmp/none', 0"),
    ("sched_setaffinity", 203, "0, 8, b'\\xff' * 8"),
    ("prlimit of another", 302, "os.getppid(), 7, 0, 0"),
    ("fcntl F_SETOWN", 72, "0, 8, os.getppid()"),
    ("ioctl TIOCSTI", 16, "0, 0x5412, b'x'"),
    ("prctl PR_SET_PDEATHSIG", 157, "1, 0, 0, 0, 0"),
    ("prctl PR_SET_DUMPABLE", 157, "4, 0, 0, 0, 0"),
]


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers are this architecture's")
def test_refuses_past_python(tmp_path: Path) -> None:
    calls = "\n".join(f"print(call({number}, {arguments}))" for _, number, arguments in SYSTEM_CALLS)
    _, out, err = confined(tmp_path, SYSTEM_CALL + calls)
    lines = out.strip().split("\n")
    assert len(lines) == len(SYSTEM_CALLS), (out, err)
    for (what, _, _), line in zip(SYSTEM_CALLS, lines, strict=True):
        assert line == "Operation not permitted", what


def test_has_no_call_that_hides_its_flags(tmp_path: Path) -> None:
    _, out, _ = confined(tmp_path, f"{SYSTEM_CALL}print(call(435, 0, 0)); print(call(999999))")
    assert out.split("\n")[:2] == ["Function not implemented", "Function not implemented"]


@pytest.mark.parametrize(
    "code",
    [
        "import os; p = os.path.join(os.environ['TMPDIR'], 'f'); open(p, 'w').write('x'); os.rename(p, p + '2'); print('fine')",
        "import threading; t = threading.Thread(target=lambda: print('fine')); t.start(); t.join()",
        "import numpy as np; assert (np.ones((200, 200)) @ np.ones((200, 200))).sum() > 0; print('fine')",
        "import asyncio; asyncio.run(asyncio.sleep(0)); print('fine')",
        "from concurrent.futures import ThreadPoolExecutor as T; print(list(T(4).map(str, ['fine']))[0])",
        "import tempfile; tempfile.NamedTemporaryFile().write(b'x'); print('fine')",
        "import datetime, random, uuid, time; uuid.uuid4(); time.sleep(0.001); print('fine')",
        "import os, signal; os.kill(os.getpid(), 0); print('fine')",
    ],
)
def test_lets_be(tmp_path: Path, code: str) -> None:
    _, out, err = confined(tmp_path, code)
    assert out.strip() == "fine", err


def test_hands_on_neither_variables_nor_rights_nor_descriptors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOMEBODYS_SECRET", "secret")
    monkeypatch.setenv("LD_PRELOAD", "")
    secret = tmp_path / "secret"
    secret.write_text("secret")
    code = (
        "import os\n"
        "print(sorted(n for n in os.environ if 'SECRET' in n or n.startswith('LD_')))\n"
        "told = ('CapEff', 'CapPrm', 'CapBnd', 'NoNewPrivs')\n"
        "print([line.split()[1] for line in open('/proc/self/status') if line.startswith(told)])\n"
        "print([os.readlink(f'/proc/self/fd/{n}') for n in range(4, 64) if os.path.exists(f'/proc/self/fd/{n}')])\n"
    )
    with secret.open() as kept:
        os.set_inheritable(kept.fileno(), False)
        _, out, err = confined(tmp_path, code)
    variables, rights, descriptors = out.strip().split("\n")
    assert variables == "[]", err
    assert set(json.loads(rights.replace("'", '"'))) <= {"0000000000000000", "1"}
    assert "secret" not in descriptors


def test_a_file_beside_the_program_cannot_come_first(tmp_path: Path) -> None:
    """A module of the working directory or a start-up hook would run before the walls stand."""
    evil = tmp_path / "evil"
    evil.mkdir()
    for name in ("json.py", "sitecustomize.py", "usercustomize.py"):
        (evil / name).write_text("print('outside')\n")
    old = Path.cwd()
    os.chdir(evil)
    try:
        os.environ["PYTHONPATH"] = str(evil)
        _, out, _ = confined(tmp_path, "print('inside')")
    finally:
        os.environ.pop("PYTHONPATH")
        os.chdir(old)
    assert out.strip() == "inside"


def test_bubblewrap_mounts_what_may_be_read_and_nothing_else() -> None:
    command = bubblewrap_command(
        "/usr/bin/bwrap", ["/env", "/code", "/env", "/proc/self", "/dev/urandom"], "/scratch", ["/env/bin/python", "x"]
    )
    assert command[0] == "/usr/bin/bwrap"
    assert command[command.index("--") + 1 :] == ["/env/bin/python", "x"]
    mounts = [tuple(command[at : at + 3]) for at, word in enumerate(command) if "bind" in word]
    assert mounts == [
        ("--ro-bind-try", "/env", "/env"),
        ("--ro-bind-try", "/code", "/code"),
        ("--dev-bind-try", "/dev/urandom", "/dev/urandom"),
        ("--dev-bind", "/dev/null", "/dev/null"),
        ("--bind", "/scratch", "/scratch"),
    ]
    assert {"--unshare-all", "--die-with-parent", "--as-pid-1"} <= set(command)
    assert command[command.index("--remount-ro") + 1] == "/"
    assert "--share-net" not in command


def test_a_confined_spare_process_ends_though_threads_of_the_code_go_on(tmp_path: Path) -> None:
    own, scratch = tmp_path / "code", tmp_path / "scratch"
    own.mkdir()
    scratch.mkdir()
    (own / "program.py").write_text("import threading\nthreading.Thread(target=threading.Event().wait).start()\n")
    findings = scratch / "findings"
    request = {"file": str(own / "program.py"), "name": "x", "dry_run": False, "findings": str(findings)}
    policy = {"name": "test", "environment": sys.prefix, "code_dir": str(own), "scratch": str(scratch)}
    limits = {"memory": 1 << 30, "file_size": 16 << 20, "descriptors": 64, "cpus": 1}
    job = {
        "check": True,
        "policy": {**policy, **limits},
        "arguments": [json.dumps(request)],
        "environment": {},
        "mark": "the mark",
    }
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" 3<&0', "sh", sys.executable, "-I", "-S", "-c", BOOT, sys.prefix, "--spare"],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["kind"] for line in findings.read_text().splitlines()] == ["processors", "end"]
