"""Writes tiny packages into a folder: ``make_packages.py FOLDER SPEC``, with SPEC a JSON list of
``{"name", "version", "requires": [...], "megabytes": n, "source": "builds" | "fails"}``."""

import base64
import hashlib
import io
import json
import sys
import tarfile
import zipfile
from pathlib import Path


def wheel(folder: Path, name: str, version: str, requires: list[str], megabytes: int) -> None:
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" + "".join(
        f"Requires-Dist: {needed}\n" for needed in requires
    )
    files = {
        f"{module}/__init__.py": f'__version__ = "{version}"\n'.encode(),
        f"{info}/METADATA": metadata.encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if megabytes:
        files[f"{module}/data.bin"] = bytes(megabytes << 20)
    record = f"{info}/RECORD"
    lines = []
    for path, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(content)}\n")
    files[record] = ("".join(lines) + f"{record},,\n").encode()
    with zipfile.ZipFile(folder / f"{module}-{version}-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)


BACKEND = {
    "fails": 'def build_wheel(*_, **__):\n    raise RuntimeError("the compiler of this package is not there")\n',
}


def source(folder: Path, name: str, version: str) -> None:
    module = name.replace("-", "_")
    files = {
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        f'[project]\nname = "{name}"\nversion = "{version}"\n',
        "PKG-INFO": f"Metadata-Version: 2.2\nName: {name}\nVersion: {version}\n",
        "backend.py": BACKEND["fails"],
    }
    with tarfile.open(folder / f"{module}-{version}.tar.gz", "w:gz") as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(f"{module}-{version}/{path}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for spec in json.loads(sys.argv[2]):
        if spec.get("source"):
            source(folder, spec["name"], spec["version"])
        else:
            wheel(folder, spec["name"], spec["version"], spec.get("requires", []), spec.get("megabytes", 0))


main()
