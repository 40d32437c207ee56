"""Starts a dataflow of two nodes with dora's own launcher; `host.py` reports to the benchmark by itself."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

here = Path(__file__).parent
environment = {name: os.environ[name] for name in ("BENCH_CONTROL", "BENCH_PEER", "PYTHONPATH")}

with tempfile.TemporaryDirectory(prefix="streamlib-bench-dora-") as folder:
    environment["BENCH_DORA_FOLDER"] = folder
    # Given in the file, too: what the launcher passes on to its nodes has changed from version to version.
    lines = "".join(f'      {name}: "{value}"\n' for name, value in environment.items())
    flow = f"""nodes:
  - id: host
    path: {here / "host.py"}
    env:
{lines}    inputs:
      frame: {{source: worker/frame, queue_size: 16}}
    outputs: [frame]
  - id: worker
    path: {here / "worker.py"}
    env:
{lines}    inputs:
      frame: {{source: host/frame, queue_size: 16}}
    outputs: [frame]
"""
    path = Path(folder) / "flow.yml"
    path.write_text(flow)
    tools = Path(sys.executable).parent
    search = os.environ | {"PATH": f"{tools}:{os.environ['PATH']}"}
    command = [str(tools / "dora"), "run", str(path)]
    sys.exit(subprocess.run(command, cwd=folder, env=search, check=False).returncode)
