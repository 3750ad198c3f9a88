"""Where the names in a revision's text come from."""

import ast
import sys
from collections.abc import Iterator

from migrations_store.effects_values import Bound

LIBRARIES = {"alembic", "sqlalchemy"} | set(sys.stdlib_module_names)


def imports(tree: ast.Module) -> tuple[dict[str, str], dict[str, str]]:
    """Names that come from elsewhere than Alembic, SQLAlchemy and Python, with their module; and those that are Alembic's operations:
    "" for all of them, or the one operation's own name."""
    foreign: dict[str, str] = {}
    op: dict[str, str] = {"op": ""}
    for module, name, alias in _imported(tree):
        if module == "alembic" and name == "op":
            op[alias] = ""
        elif module == "alembic.op":
            op[alias] = name
        elif module.partition(".")[0] not in LIBRARIES:
            foreign[alias] = module
    return foreign, op


def _imported(tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    """(module, name in it, name here)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "", alias.asname or alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((module, alias.name, alias.asname or alias.name) for alias in node.names)


def root_of(node: ast.expr, bound: Bound) -> str:
    """The name that a chain of attributes and calls begins with."""
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    if isinstance(node, ast.Name) and isinstance(given := bound.get(node.id), ast.Name):
        return given.id
    return node.id if isinstance(node, ast.Name) else ""


def short(node: ast.expr | None) -> str:
    return ast.unparse(node)[:80] if node is not None else "{…}"
