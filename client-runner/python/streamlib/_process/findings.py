"""The findings of a check: a file with a line of JSON for each."""

from __future__ import annotations

import json
import os
import threading
from typing import Any


class Findings:
    """Writes each finding at once, so that it is known even if the code then ends the process. Any thread may write."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._lock = threading.Lock()

    def write(self, kind: str, **what: Any) -> None:
        line = json.dumps({"kind": kind, **what}, default=str) + "\n"
        with self._lock:
            os.write(self._file, line.encode())
