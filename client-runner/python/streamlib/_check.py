"""Looks at code before it runs in a graph: ``python -m streamlib._check REQUEST``, confined.

REQUEST is JSON: ``{"file", "name", "config", "dry_run", "findings"}``; the last is the file for the findings. Each finding is
one line of JSON, written as soon as it is known: what was found out is told even if the code then ends the process or never
comes back.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import sys
import threading
import time
from pathlib import Path
from typing import Any

#: How long the first frame and ``setup()`` may take, in seconds. The runtime has a limit of its own, in case this thread is not
#: let run.
PATIENCE = 8.0
SETUP_PATIENCE = 20.0
#: How long the code may take to end after that.
GRACE = 1.0
PICTURE = (640, 480)

#: Modules whose distribution has another name.
DISTRIBUTIONS = {
    "Crypto": "pycryptodome",
    "OpenGL": "pyopengl",
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "fitz": "pymupdf",
    "google.protobuf": "protobuf",
    "jwt": "pyjwt",
    "nacl": "pynacl",
    "pkg_resources": "setuptools",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "skvideo": "sk-video",
    "usb": "pyusb",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
_FORGIVING = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


class Imports(ast.NodeVisitor):
    """What a file imports and cannot do without: not what it tries to import, nor what only type checkers see."""

    def __init__(self) -> None:
        #: Module and the line where it stands first.
        self.found: dict[str, int] = {}

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._add(alias.name, node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level == 0 and node.module:
            self._add(node.module, node.lineno)
            for alias in node.names:
                # `from google import protobuf`: what is meant is in the name after it.
                self._add(f"{node.module}.{alias.name}", node.lineno, only_known=True)

    def visit_Try(self, node: ast.Try) -> None:
        forgiven = any(
            handler.type is None or _FORGIVING & {n.id for n in ast.walk(handler.type) if isinstance(n, ast.Name)}
            for handler in node.handlers
        )
        for part in ([] if forgiven else node.body) + node.orelse + node.finalbody:
            self.visit(part)
        for handler in node.handlers:
            self.generic_visit(handler)

    def visit_If(self, node: ast.If) -> None:
        names = {
            n.id if isinstance(n, ast.Name) else n.attr
            for n in ast.walk(node.test)
            if isinstance(n, (ast.Name, ast.Attribute))
        }
        for part in ([] if "TYPE_CHECKING" in names else node.body) + node.orelse:
            self.visit(part)

    def _add(self, module: str, line: int, only_known: bool = False) -> None:
        known = next((name for name in DISTRIBUTIONS if module == name or module.startswith(f"{name}.")), None)
        if only_known and known is None:
            return
        self.found.setdefault(known or module.partition(".")[0], line)


def missing(tree: ast.AST, folder: Path) -> list[dict[str, Any]]:
    imports = Imports()
    imports.visit(tree)
    lacking = []
    for module, line in imports.found.items():
        top = module.partition(".")[0]
        if top in sys.stdlib_module_names or top == "streamlib":
            continue
        if (folder / f"{top}.py").exists() or (folder / top).is_dir() or _can_import(module):
            continue
        package = DISTRIBUTIONS.get(module, top.replace("_", "-"))
        lacking.append({"module": module, "package": package, "line": line})
    return lacking


def _can_import(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


class Report:
    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._lock = threading.Lock()

    def tell(self, kind: str, **what: Any) -> None:
        line = json.dumps({"kind": kind, **what}, default=str) + "\n"
        with self._lock:
            os.write(self._file, line.encode())


def check(request: dict[str, Any], report: Report) -> None:
    file = Path(request["file"])
    try:
        source = file.read_bytes()
        tree = ast.parse(source, filename=file.name)
    except SyntaxError as error:
        report.tell(
            "syntax", message=error.msg, line=error.lineno, column=error.offset, text=(error.text or "").rstrip()
        )
        return
    except (ValueError, RecursionError, MemoryError) as error:
        report.tell("syntax", message=str(error) or type(error).__name__, line=None, column=None, text="")
        return
    lacking = missing(tree, file.parent)
    if lacking:
        report.tell("missing", modules=lacking)
        return

    from streamlib._inspect import describe_processor, inspect_file
    from streamlib._runner.load import load_processors

    try:
        specs = load_processors(str(file))
    except (Exception, SystemExit):
        report.tell("import", **inspect_file(str(file))["error"])
        return
    chosen = next((spec for spec in specs if spec.name == request["name"]), specs[0] if len(specs) == 1 else None)
    processors = [describe_processor(spec) for spec in specs]
    report.tell("processors", processors=processors, chosen=chosen.name if chosen else None)
    if chosen is None or not request.get("dry_run", True):
        return
    description = next(p for p in processors if p["name"] == chosen.name)
    _dry_run(str(file), description, request.get("config") or {}, report)


def _dry_run(file: str, description: dict[str, Any], config: dict[str, Any], report: Report) -> None:
    """The runner itself, with a host in a thread: what works here works in a graph."""
    from streamlib._native import BridgeError, Connection
    from streamlib._runner.session import Session
    from streamlib._subprocess_runner import run_session

    host, client = Connection.pair()
    schemas = {kind: description[kind] for kind in ("inputs", "outputs")}
    session = Session(client)
    trial = Trial(host, schemas, description["kind"] or "reactive", config, report)
    thread = threading.Thread(target=trial.run, name="streamlib-trial", daemon=True)
    thread.start()
    try:
        run_session(session, schemas, file, description["name"])
    except BridgeError:
        pass  # The trial has closed its end.
    finally:
        session.close()
        trial.over.set()
        thread.join(GRACE)


class Trial:
    """Plays the host for one frame."""

    def __init__(
        self, connection: Any, schemas: dict[str, Any], kind: str, config: dict[str, Any], report: Report
    ) -> None:
        self.connection = connection
        self.schemas = schemas
        self.kind = kind
        self.config = config
        self.report = report
        self.outputs: dict[str, str] = {}
        self.errors: list[dict[str, Any]] = []
        self.done = False
        self.last = 0.0
        self.over = threading.Event()

    def run(self) -> None:
        try:
            self._run()
        except Exception as error:
            self.report.tell("trial_failed", message=f"{type(error).__name__}: {error}")
        finally:
            self.connection.close()
        if not self.over.wait(GRACE):
            # The code does not come back, and nothing more is to be learnt.
            self.report.tell("end")
            sys.stdout.flush()
            os._exit(0)

    def _run(self) -> None:
        from streamlib._native import FramePool

        names = {kind: list(self.schemas[kind]) for kind in ("inputs", "outputs")}
        self.connection.define_ports(*(self._ports(kind) for kind in ("outputs", "inputs")))
        self.connection.send_control(
            {
                "type": "setup",
                "kind": self.kind,
                "processor_id": "trial",
                "name": "trial",
                "config": json.dumps(self.config),
                "inputs": {name: {"delivery": "every_sample", "window": 8} for name in names["inputs"]},
                "outputs": {name: {"blocking": False, "window": 8} for name in names["outputs"]},
                "log_level": "info",
            }
        )
        began = time.monotonic()
        if not self._until(lambda e: e[0] == "control" and e[1].get("type") == "setup_done", began + SETUP_PATIENCE):
            self._tell(began, began, None if self.errors else f"setup() did not return within {SETUP_PATIENCE:.0f} s")
            return
        self.connection.send_control({"type": "start"})
        set_up = time.monotonic()
        pool = FramePool()
        for index, name in enumerate(names["inputs"]):
            self.connection.send_frame(index, 0, synthetic(self.schemas["inputs"][name]["fields"], pool))
        waiting = set(range(len(names["inputs"])))

        def finished(event: tuple[Any, ...]) -> bool:
            if event[0] == "ack":
                waiting.discard(event[1])
            # A source and a loop are seen by what they give; a processor of frames has done when it gives the frame back.
            if self.kind == "reactive" and names["inputs"]:
                return event[0] == "ack" and not waiting
            return len(self.outputs) == len(names["outputs"]) > 0 or (
                event[0] == "control" and event[1].get("type") == "finished"
            )

        came = self._until(finished, set_up + PATIENCE)
        took = self.last
        for what in ("stop", "teardown"):
            self.connection.send_control({"type": what})
        # An acknowledgement may travel ahead of the frame that it came with.
        self._until(lambda e: e[0] == "control" and e[1].get("type") == "bye", time.monotonic() + 1.0)
        self._tell(began, set_up, None if came or self.outputs else self._silence(), took)
        pool.close()

    def _silence(self) -> str | None:
        return None if self.errors else f"nothing came back within {PATIENCE:.0f} s"

    def _tell(self, began: float, set_up: float, problem: str | None, took: float | None = None) -> None:
        self.report.tell(
            "dry_run",
            setup_milliseconds=round((set_up - began) * 1000, 1),
            milliseconds=round((took - set_up) * 1000, 1) if took and self.done else None,
            outputs=self.outputs,
            errors=self.errors,
            problem=problem,
        )

    def _until(self, wanted: Any, end: float) -> bool:
        """Takes events in until the wanted one. False: the time is over, the code failed, or it is gone."""
        while time.monotonic() < end:
            event = self.connection.receive(max(0.0, end - time.monotonic()))
            if event is None:
                continue
            self.last = time.monotonic()
            if event[0] == "closed":
                return False
            if event[0] == "frame":
                self.done = True
                name = list(self.schemas["outputs"])[event[1]]
                self.outputs.setdefault(name, describe(event[3]))
                self.connection.ack(event[1], event[2])
                self.connection.flush()
            elif event[0] == "ack":
                self.done = True
            elif event[0] == "control" and event[1].get("type") == "error":
                self.errors.append({key: event[1].get(key) for key in ("phase", "error_type", "message", "traceback")})
                if event[1].get("fatal") or event[1].get("phase") in ("process", "start"):
                    return False
            elif event[0] == "control" and event[1].get("type") == "log":
                print(f"{event[1].get('level')}: {event[1].get('message')}")
            if wanted(event):
                return True
        return False

    def _ports(self, kind: str) -> str:
        return json.dumps([{"name": name, "schema": schema} for name, schema in self.schemas[kind].items()])


def synthetic(fields: list[dict[str, Any]], pool: Any) -> dict[str, Any]:
    """A frame with something to see and to hear in it."""
    return {field["name"]: _value(field["name"], field["type"], pool) for field in fields}


def _value(name: str, kind: Any, pool: Any) -> Any:
    if isinstance(kind, dict):
        form, inner = next(iter(kind.items()))
        if form == "Array":
            return [_value(name, inner, pool)]
        if form == "Struct":
            return synthetic(inner, pool)
        return inner[0] if form == "Enum" else _value(name, inner, pool)
    if kind == "Texture":
        return _picture(pool)
    if kind == "Buffer":
        import numpy as np

        samples = np.sin(np.arange(2048, dtype=np.float32) * 0.05)
        buffer = pool.buffer(samples.nbytes)
        buffer.to_numpy().view(np.float32)[:] = samples
        return buffer
    special = {"timestamp_ns": time.monotonic_ns(), "frame_number": 1, "sample_rate": 48_000, "channels": 2}
    if kind in ("Int32", "UInt32", "Int64", "UInt64"):
        return special.get(name, 1)
    return {"Float32": 0.5, "Float64": 0.5, "Bool": True, "String": "sample", "Bytes": b"sample"}[kind]


def _picture(pool: Any) -> Any:
    """Gradients, with a bright square on a dark one: edges, areas, and all values."""
    import numpy as np

    width, height = PICTURE
    texture = pool.texture(width, height)
    pixels = texture.to_numpy()
    pixels[..., 0] = np.linspace(0, 255, width, dtype=np.uint8)
    pixels[..., 1] = np.linspace(0, 255, height, dtype=np.uint8)[:, None]
    pixels[..., 2] = 96
    pixels[120:360, 200:440] = 16
    pixels[180:300, 260:380] = 240
    return texture


def describe(value: dict[str, Any]) -> str:
    """A frame in one line: pictures by their size, lists by their length."""
    parts = []
    for name, field in value.items():
        if name in ("timestamp_ns", "frame_number"):
            continue
        if hasattr(field, "width") and hasattr(field, "format"):
            parts.append(f"{field.width}x{field.height} {field.format}")
        elif isinstance(field, list):
            parts.append(f"{name}: {len(field)} item{'' if len(field) == 1 else 's'}")
        elif hasattr(field, "to_numpy"):
            parts.append(f"{name}: {field.to_numpy().nbytes} bytes")
        else:
            text = re.sub(r"\s+", " ", repr(field))
            parts.append(f"{name}: {text[:60]}")
    return ", ".join(parts) or "an empty frame"


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python -m streamlib._check REQUEST", file=sys.stderr)
        return 2
    request = json.loads(sys.argv[1])
    report = Report(request["findings"])
    check(request, report)
    report.tell("end")
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads that the code left running must not keep the process.
    os._exit(code)
