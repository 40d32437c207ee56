"""Imports a user's file and finds its processors."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

from streamlib.processor import MARK, ProcessorError, ProcessorSpec, nearest


def load_processors(file: str) -> list[ProcessorSpec]:
    """The processors that a file declares, in their order."""
    module = _import(Path(file).resolve())
    found: dict[int, ProcessorSpec] = {}
    for value in vars(module).values():
        spec = vars(value).get(MARK) if hasattr(value, "__dict__") else None
        # What the file only imports from another is not its own.
        if isinstance(spec, ProcessorSpec) and getattr(value, "__module__", None) == module.__name__:
            found[id(spec)] = spec
    specs = list(found.values())
    names = [spec.name for spec in specs]
    for name in names:
        if names.count(name) > 1:
            raise ProcessorError(f'{Path(file).name} declares two processors called "{name}"')
    return specs


def choose(specs: list[ProcessorSpec], name: str | None, file: str) -> ProcessorSpec:
    """The one that is meant."""
    label = Path(file).name
    if not specs:
        raise ProcessorError(f"{label} declares no processor; put @streamlib.processor(...) before a function or class")
    if name is None:
        if len(specs) > 1:
            raise ProcessorError(
                f"{label} declares {len(specs)} processors; name one{nearest('', [s.name for s in specs])}"
            )
        return specs[0]
    for spec in specs:
        if spec.name == name:
            return spec
    raise ProcessorError(f'{label} declares no processor "{name}"{nearest(name, [s.name for s in specs])}')


def _import(path: Path) -> ModuleType:
    name = "streamlib_file_" + re.sub(r"\W", "_", path.stem)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ProcessorError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    # Modules beside the file are found as they are for a script.
    sys.path.insert(0, str(path.parent))
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
