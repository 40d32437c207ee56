"""Runs one processor: ``python -m streamlib._subprocess_runner FILE [PROCESSOR]``. Started by a runtime, not by people.

The name is part of the bridge's contract: people find the processes of a graph by it. The program itself is
``streamlib._process.subprocess_runner``.
"""

from streamlib._process import entry
from streamlib._process.subprocess_runner import main

if __name__ == "__main__":
    entry.run(main)
