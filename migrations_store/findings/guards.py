"""On which databases a branch runs, where its condition asks for the dialect by name."""

import ast

from migrations_store.effects_values import Values
from migrations_store.findings.change import DIALECTS

KNOWN = {"postgresql": "postgresql", "postgres": "postgresql", "mysql": "mysql", "mariadb": "mysql", "sqlite": "sqlite"}


def dialects(test: ast.expr, values: Values) -> frozenset[str] | None:
    """None where the condition asks for something else as well, or for something else."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = dialects(test.operand, values)
        return None if inner is None else DIALECTS - inner
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or):
        parts = [dialects(part, values) for part in test.values]
        return None if None in parts else frozenset().union(*(part for part in parts if part))
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and _is_name(test.left, values):
        return _compared(test.ops[0], _names(test.comparators[0]))
    return None


def _compared(operator: ast.cmpop, named: frozenset[str] | None) -> frozenset[str] | None:
    if named is None:
        return None
    if isinstance(operator, ast.Eq | ast.In):
        return named
    return DIALECTS - named if isinstance(operator, ast.NotEq | ast.NotIn) else None


def _names(node: ast.expr) -> frozenset[str] | None:
    """The databases that a literal names; another one's name is none of ours."""
    parts = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]
    texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return frozenset(KNOWN[text] for text in texts if text in KNOWN) if len(texts) == len(parts) else None


def _is_name(node: ast.expr, values: Values) -> bool:
    """`bind.dialect.name`, or a name that was given it."""
    found = values.follow(node, {}) if isinstance(node, ast.Name) else [node]
    if isinstance(node, ast.Name) and node.id in ("dialect", "dialect_name"):
        return True
    texts = [ast.unparse(value) for value in found if value is not None]
    return bool(texts) and all(text.endswith(("dialect.name", "dialect().name")) for text in texts)
