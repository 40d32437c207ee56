"""Which public names of this package some code uses without an import of its own."""

from __future__ import annotations

import ast
import symtable
from typing import Any

from streamlib._runner.load import implied_names


def implied(source: str, tree: ast.Module) -> dict[str, Any] | None:
    """The names, and the line before which an import of them belongs. ``None``: there are none."""
    used: set[str] = set()
    bound: set[str] = set()
    _collect(symtable.symtable(source, "code", "exec"), used, bound)
    names = sorted((used - bound) & implied_names().keys())
    return {"names": names, "line": _first_statement(tree)} if names else None


def _collect(scope: symtable.SymbolTable, used: set[str], bound: set[str]) -> None:
    module = scope.get_type() == "module"
    for symbol in scope.get_symbols():
        is_global = module or symbol.is_global()
        if is_global and (symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()):
            bound.add(symbol.get_name())
        elif is_global and symbol.is_referenced():
            used.add(symbol.get_name())
    for child in scope.get_children():
        _collect(child, used, bound)


def _first_statement(tree: ast.Module) -> int:
    """After a docstring and ``from __future__``, where Python allows other statements."""
    for position, node in enumerate(tree.body):
        docstring = position == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not docstring and not future:
            decorators: list[ast.expr] = getattr(node, "decorator_list", [])
            return min([node.lineno, *(one.lineno for one in decorators)])
    return (tree.body[-1].end_lineno or 0) + 1 if tree.body else 1
