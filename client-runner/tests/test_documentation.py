"""Every public name of the package says what it is: classes, functions, their parameters, and the attributes of instances."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlib
from streamlib import _native, context

FOLDER = Path(streamlib.__file__).parent
#: Not exported, but handed to users by `Context`.
HANDED_OUT = (context.Input, context.Output)
NATIVE = (streamlib.BridgeError, streamlib.Colour, streamlib.SharedBuffer, streamlib.Texture)


def sections(doc: str) -> dict[str, str]:
    """The sections of a docstring in Google style, and under "" what stands before them."""
    parts = re.split(r"^(Args|Attributes|Returns|Raises):$", inspect.cleandoc(doc), flags=re.MULTILINE)
    return {"": parts[0].strip(), **dict(zip(parts[1::2], parts[2::2], strict=True))}


def lacks(owner: str, doc: str | None, parameters: list[str], attributes: list[str], returns: bool) -> Iterator[str]:
    """What a docstring does not say."""
    if not doc or not sections(doc)[""]:
        yield f"{owner} has no docstring"
        return
    found = sections(doc)
    for section, names in (("Args", parameters), ("Attributes", attributes)):
        for name in names:
            if not re.search(rf"^ +{name}: \S", found.get(section, ""), re.MULTILINE):
                yield f"{owner} does not say what {name} is ({section}:)"
    # Of a short one the first words do: "The pixels …", "Number of frames …".
    if returns and parameters and "Returns" not in found and not re.match(r"(The|An?|Number|Address) ", found[""]):
        yield f"{owner} does not say what it returns"


def parameters_of(function: Any) -> tuple[list[str], bool]:
    signature = inspect.signature(function)
    names = [name for name in signature.parameters if name not in ("self", "cls")]
    return names, signature.return_annotation not in (None, "None", inspect.Signature.empty)


def attributes_of(cls: type) -> list[str]:
    """Fields of a schema, and what ``__init__`` sets."""
    names = [] if not issubclass(cls, streamlib.Schema) else list(cls.__dict__.get("__annotations__", {}))
    source = cls.__dict__.get("__init__")
    if isinstance(source, types.FunctionType):
        tree = ast.parse(textwrap.dedent(inspect.getsource(source)))
        targets = [
            t for node in ast.walk(tree) if isinstance(node, (ast.Assign, ast.AnnAssign)) for t in _targets(node)
        ]
        names += [t.attr for t in targets if isinstance(t, ast.Attribute)]
    return [name for name in names if not name.startswith("_")]


def _targets(node: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def undocumented_in_class(cls: type) -> Iterator[str]:
    owner = cls.__name__
    yield from lacks(owner, cls.__dict__.get("__doc__"), [], attributes_of(cls), False)
    for name, value in vars(cls).items():
        if name.startswith("_") or not callable(value) and not hasattr(value, "__get__"):
            continue
        function = getattr(value, "__func__", value)
        names, returns = parameters_of(function) if isinstance(function, types.FunctionType) else ([], False)
        yield from lacks(f"{owner}.{name}", getattr(value, "__doc__", None), names, [], returns)


def undocumented_constants(source: str, names: set[str]) -> Iterator[str]:
    """Names that are assigned at the top of a module without a comment ``#:`` above them."""
    lines = source.splitlines()
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name) and target.id in names and not lines[node.lineno - 2].startswith("#:"):
                    yield f"{target.id} has no comment `#:` above it"


def undocumented_in_stub(source: str, classes: set[str]) -> Iterator[str]:
    """What the stub of the native module does not say of some classes; editors show it."""
    for cls in ast.parse(source).body:
        if not isinstance(cls, ast.ClassDef) or cls.name not in classes:
            continue
        attributes = [n.target.id for n in cls.body if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)]
        yield from lacks(cls.name, ast.get_docstring(cls), [], attributes, False)
        for node in cls.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                names = [
                    a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs) if a.arg != "self"
                ]
                yield from lacks(f"{cls.name}.{node.name}", ast.get_docstring(node), names, [], True)


def undocumented() -> Iterator[str]:
    exported = {name: getattr(streamlib, name) for name in streamlib.__all__}
    assigned = set()
    for name, value in exported.items():
        if isinstance(value, type) and value.__name__ == name:
            yield from undocumented_in_class(value)
        elif isinstance(value, types.FunctionType):
            yield from lacks(name, value.__doc__, *_parameters(value))
        else:
            assigned.add(name)
    for cls in HANDED_OUT:
        yield from undocumented_in_class(cls)
    for module in ("schema.py", "types.py"):
        yield from undocumented_constants((FOLDER / module).read_text(encoding="utf-8"), assigned)
    stub = (FOLDER / "_native.pyi").read_text(encoding="utf-8")
    yield from undocumented_in_stub(stub, {cls.__name__ for cls in NATIVE})


def _parameters(function: Any) -> tuple[list[str], list[str], bool]:
    names, returns = parameters_of(function)
    return names, [], returns


def test_every_public_name_is_documented() -> None:
    assert list(undocumented()) == []


def test_the_stub_and_the_native_module_name_the_same() -> None:
    tree = ast.parse((FOLDER / "_native.pyi").read_text(encoding="utf-8"))
    stub = {node.name: node for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}
    assert set(stub) == {name for name in dir(_native) if not name.startswith("_")}
    for cls in NATIVE[1:]:
        node = stub[cls.__name__]
        assert isinstance(node, ast.ClassDef)
        declared = {n.name for n in node.body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")}
        assert declared == {name for name in vars(cls) if not name.startswith("_")}


def test_help_of_a_native_class_says_what_the_stub_says() -> None:
    """At least which sections there are: the words stand in Rust and in the stub."""
    tree = ast.parse((FOLDER / "_native.pyi").read_text(encoding="utf-8"))
    for node in tree.body:
        cls = getattr(_native, node.name, None) if isinstance(node, ast.ClassDef) else None
        if cls not in NATIVE or not isinstance(node, ast.ClassDef):
            continue
        for method in node.body:
            if isinstance(method, ast.FunctionDef) and not method.name.startswith("_"):
                native = inspect.getdoc(getattr(cls, method.name)) or ""
                said = ast.get_docstring(method) or ""
                assert set(sections(native)) == set(sections(said)), f"{node.name}.{method.name}"


class Planted:
    """Something.

    Attributes:
        name: Its name.
    """

    def __init__(self) -> None:
        self.name = ""
        self.size = 0

    def documented(self, name: str) -> int:
        """Does it.

        Args:
            name: Of what.

        Returns:
            How often.
        """
        raise NotImplementedError

    def parameter(self, name: str, size: int) -> None:
        """Does it.

        Args:
            name: Of what.
        """

    def returned(self, name: str) -> int:
        """Does it.

        Args:
            name: Of what.
        """
        raise NotImplementedError

    def bare(self) -> None: ...

    @property
    def state(self) -> int: ...


class PlantedSchema(streamlib.Schema):
    """Something without a word on its field."""

    field: streamlib.Int32


def test_what_is_planted_is_found() -> None:
    assert list(undocumented_in_class(Planted)) == [
        "Planted does not say what size is (Attributes:)",
        "Planted.parameter does not say what size is (Args:)",
        "Planted.returned does not say what it returns",
        "Planted.bare has no docstring",
        "Planted.state has no docstring",
    ]
    assert list(undocumented_in_class(PlantedSchema)) == ["PlantedSchema does not say what field is (Attributes:)"]


@pytest.mark.parametrize(
    ("source", "found"),
    [("#: Said.\nA = 1\nB = 2\n#: Said.\nC = 3\n", ["B has no comment `#:` above it"]), ("D = 1\n", [])],
)
def test_a_planted_constant_is_found(source: str, found: list[str]) -> None:
    assert list(undocumented_constants("\n" + source, {"A", "B", "C"})) == found
