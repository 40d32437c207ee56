"""Lists the processors that installed distributions offer: ``python -m streamlib._process.installed``.

A distribution offers one with an entry point of the group ``streamlib.processors``, in its ``pyproject.toml``::

    [project.entry-points."streamlib.processors"]
    blur = "blurs.gaussian:Blur"

The list goes to standard output as JSON; none of the distributions' code is imported for it. ``problems`` are entry points that
cannot be used, and why.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import entry_points
from typing import Any

from streamlib._process import entry
from streamlib._runner.load import module_file

GROUP = "streamlib.processors"


def installed_processors() -> dict[str, list[dict[str, Any]]]:
    """What `main` prints: ``{"processors": […], "problems": […]}``, sorted by name and distribution.

    Each processor has ``name``, ``distribution``, ``version``, ``module``, ``attribute`` and ``file``, and each problem
    ``name``, ``distribution``, ``version``, ``value`` and ``reason``. Two distributions may offer the same name.
    """
    processors: list[dict[str, Any]] = []
    problems: list[dict[str, Any]] = []
    for point in entry_points(group=GROUP):
        distribution = point.dist
        if distribution is None:
            continue
        owner = {"name": point.name, "distribution": distribution.name, "version": distribution.version}
        module, _, attribute = point.value.partition("[")[0].partition(":")
        module, attribute = module.strip(), attribute.strip()
        file = module_file(module) if _dotted(module) else None
        if not (_dotted(module) and _dotted(attribute)):
            reason = "its value must be MODULE:ATTRIBUTE"
        elif file is None:
            reason = f"there is no module {module}"
        else:
            processors.append({**owner, "module": module, "attribute": attribute, "file": str(file)})
            continue
        problems.append({**owner, "value": point.value, "reason": reason})
    order = ("name", "distribution")
    return {
        "processors": sorted(processors, key=lambda one: [one[key] for key in order]),
        "problems": sorted(problems, key=lambda one: [one[key] for key in order]),
    }


def _dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


def main() -> int:
    if len(sys.argv) > 1:
        print("usage: python -m streamlib._process.installed", file=sys.stderr)
        return entry.EXIT_USAGE
    json.dump(installed_processors(), sys.stdout)
    print()
    return 0


if __name__ == "__main__":
    entry.run(main)
