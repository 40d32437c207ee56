"""Imports a user's code, a file or a module of an installed package, and finds its processors."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sys
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from streamlib.processor import MARK, ProcessorError, ProcessorSpec, nearest

#: A file of this name beside the code says that it came from an agent: this package and its public names are there without an
#: import, as agents assume.
IMPLIED_NAMES = ".streamlib-names"


@dataclass(frozen=True)
class FileCode:
    """Processors of a user's file."""

    path: str
    noun = "file"

    @property
    def label(self) -> str:
        """Its name in messages."""
        return Path(self.path).name

    @property
    def file(self) -> Path:
        return Path(self.path).resolve()

    def load(self) -> list[ProcessorSpec]:
        return load_processors(self.path)


@dataclass(frozen=True)
class ModuleCode:
    """Processors of a module that is installed: those that it declares, or the one that ``attribute`` names."""

    module: str
    attribute: str | None = None
    noun = "module"

    @property
    def label(self) -> str:
        """Its name in messages."""
        return self.module if self.attribute is None else f"{self.module}:{self.attribute}"

    @property
    def file(self) -> Path | None:
        return module_file(self.module)

    def load(self) -> list[ProcessorSpec]:
        return load_module(self.module, self.attribute)


Code = FileCode | ModuleCode


def parse_code(arguments: list[str]) -> tuple[Code, list[str]] | None:
    """The code that a command line names, and what stands after it: ``FILE …`` or ``--module MODULE[:ATTRIBUTE] …``.

    Returns ``None`` where it names none.
    """
    if arguments[:1] == ["--module"]:
        module, colon, attribute = (arguments[1:2] or [""])[0].partition(":")
        if module == "" or (colon != "" and attribute == ""):
            return None
        return ModuleCode(module, attribute or None), arguments[2:]
    return (FileCode(arguments[0]), arguments[1:]) if arguments else None


def load_processors(file: str) -> list[ProcessorSpec]:
    """The processors that a file declares, in their order."""
    module = _import_file(Path(file).resolve())
    # What the file only imports from another is not its own.
    own = [value for value in vars(module).values() if getattr(value, "__module__", None) == module.__name__]
    return _distinct(own, Path(file).name)


def load_module(name: str, attribute: str | None = None) -> list[ProcessorSpec]:
    """The processors that an installed module declares, itself or in modules below it, or the one that ``attribute`` names.

    Raises:
        ProcessorError: ``attribute`` is missing or is not a processor.
        ImportError: there is no such module. Whatever else its code raises is passed on.
    """
    _leave_out_working_directory()
    module = importlib.import_module(name)
    if attribute is None:
        below = f"{name}."
        own = [v for v in vars(module).values() if f"{getattr(v, '__module__', '')}.".startswith(below)]
        return _distinct(own, name)
    value: Any = module
    for part in attribute.split("."):
        if not hasattr(value, part):
            public = [known for known in vars(value) if not known.startswith("_")] if hasattr(value, "__dict__") else []
            raise ProcessorError(f'module {name} has no "{attribute}"{nearest(part, public)}')
        value = getattr(value, part)
    spec = _spec_of(value)
    if spec is None:
        raise ProcessorError(f"{name}:{attribute} is not a processor; put @streamlib.processor(...) before it")
    return [spec]


def module_file(name: str) -> Path | None:
    """The file of a module, found without running any code of it or of its packages. ``None``: there is none."""
    top, *below = name.split(".")
    found = (finder.find_spec(top, None) for finder in sys.meta_path if hasattr(finder, "find_spec"))
    spec = next((one for one in found if one is not None), None)
    for part in below:
        if spec is None or spec.submodule_search_locations is None:
            return None
        # Looked for by its last name only: a namespace package would want its parent to be imported.
        spec = PathFinder.find_spec(part, list(spec.submodule_search_locations))
    return Path(spec.origin).resolve() if spec is not None and spec.origin and spec.has_location else None


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


def _distinct(values: list[Any], label: str) -> list[ProcessorSpec]:
    """The processors among some values, each once. Their names have to tell them apart."""
    found = {id(spec): spec for spec in map(_spec_of, values) if spec is not None}
    specs = list(found.values())
    names = [spec.name for spec in specs]
    for name in names:
        if names.count(name) > 1:
            raise ProcessorError(f'{label} declares two processors called "{name}"')
    return specs


def _spec_of(value: Any) -> ProcessorSpec | None:
    spec = vars(value).get(MARK) if hasattr(value, "__dict__") else None
    return spec if isinstance(spec, ProcessorSpec) else None


def implied_names() -> dict[str, Any]:
    """What code from agents finds there without an import."""
    package = importlib.import_module("streamlib")
    return {"streamlib": package, **{name: getattr(package, name) for name in package.__all__}}


def _import_file(path: Path) -> ModuleType:
    name = "streamlib_file_" + re.sub(r"\W", "_", path.stem)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ProcessorError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    # Modules beside the file are found as they are for a script.
    sys.path.insert(0, str(path.parent))
    sys.modules[name] = module
    if (path.parent / IMPLIED_NAMES).exists():
        vars(module).update(implied_names())
    spec.loader.exec_module(module)
    return module


def _leave_out_working_directory() -> None:
    """``python -m`` looks there first: a file of the folder that a graph runs in must not stand in for a package."""
    if not sys.flags.safe_path and sys.path and sys.path[0] in ("", os.getcwd()):
        del sys.path[0]
