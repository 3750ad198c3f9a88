"""The statements of a migration that call Alembic's operations, with the table that they are about."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Optional

from .failures import Failure
from .texts import Source

REFUSED = "not_rewritten"


@dataclass
class Statement:
    """One call: `op.method(...)`, or `batch_op.method(...)` within `block`."""

    node: ast.Expr
    method: str
    caller: str
    function: ast.FunctionDef
    block: Optional[ast.With] = None

    @property
    def call(self) -> ast.Call:
        return self.node.value  # type: ignore[return-value]

    @property
    def line(self) -> int:
        return self.node.lineno

    def argument(self, position: int, name: str = ""):
        """The node of an argument, by its place or its name."""
        if position < len(self.call.args):
            return self.call.args[position]
        return next((word.value for word in self.call.keywords if word.arg == name), None)

    def word(self, name: str):
        return next((word.value for word in self.call.keywords if word.arg == name), None)

    @property
    def batch(self):
        """The call of batch_alter_table around it."""
        return self.block.items[0].context_expr if self.block else None


def statements(source: Source, way: str) -> list:
    """Of all functions for one way: `upgrade`, and those for each database of a project that has several."""
    functions = [node for node in source.tree.body if isinstance(node, ast.FunctionDef) and node.name.split("_")[0] == way]
    return [found for function in functions for found in _within(function.body, function, None, {"op"})]


def text_of(node) -> Optional[str]:
    """A string that is written out; also in op.f("name")."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "f" and len(node.args) == 1:
        node = node.args[0]
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def schema_of(call: ast.Call) -> Optional[str]:
    return next((text_of(word.value) for word in call.keywords if word.arg == "schema"), None)


def one(found: list, what: str) -> Statement:
    if len(found) != 1:
        many = "{} statements".format(len(found)) if found else "no statement"
        raise Failure(REFUSED, "There is {} that {}, so that the file cannot be rewritten for certain; edit it by hand.".format(many, what))
    return found[0]


def mentions(node: ast.AST, name: str) -> bool:
    return any(isinstance(part, ast.Constant) and part.value == name for part in ast.walk(node))


def remove(source: Source, statement: Statement, *, whole: bool = False) -> None:
    """The statement; `whole`: with the block around it where nothing else is in that."""
    block = statement.block
    node = block if whole and block is not None and len(block.body) == 1 else statement.node
    start, end = source.span(node)
    before = source.data[source.starts[node.lineno - 1] : start]
    after = source.data[end : source.starts[node.end_lineno]]
    if before.strip() or after.strip():
        raise Failure(REFUSED, "Line {} holds more than one statement or a comment; edit the file by hand.".format(node.lineno))
    source.remove_lines(node)


def _within(body: list, function, block, callers: set):
    for node in body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            func = node.value.func
            if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and func.value.id in callers:
                yield Statement(node, func.attr, func.value.id, function, block)
        elif isinstance(node, ast.With) and block is None and _is_batch(node):
            yield from _within(node.body, function, node, {node.items[0].optional_vars.id})


def _is_batch(node: ast.With) -> bool:
    call = node.items[0].context_expr
    named = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "batch_alter_table"
    return named and len(node.items) == 1 and isinstance(node.items[0].optional_vars, ast.Name)
