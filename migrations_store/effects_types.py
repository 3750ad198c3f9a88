"""Whether a new type may hold less than the old one, as far as a revision's text tells."""

import ast
from collections.abc import Callable

from migrations_store.effects_values import called

Follow = Callable[[ast.expr], list[ast.expr | None]]
TEXTS = {"String", "VARCHAR", "Unicode", "NVARCHAR", "AutoString"}
UNBOUND = {"Text", "TEXT", "UnicodeText", "CLOB", "CITEXT"}
INTEGERS = {"SmallInteger": 1, "SMALLINT": 1, "Integer": 2, "INTEGER": 2, "BigInteger": 3, "BIGINT": 3}
NUMERICS = {"Numeric", "NUMERIC", "DECIMAL"}
WIDER = {
    "Boolean": {"Integer", "SmallInteger", "BigInteger"}, "Date": {"DateTime", "TIMESTAMP", "DATETIME"},
    "JSON": {"JSONB"}, "JSONB": {"JSON"},
    "DateTime": {"TIMESTAMP", "DATETIME"}, "TIMESTAMP": {"DateTime"}, "Float": {"Double", "DOUBLE", "DOUBLE_PRECISION"},
}  # fmt: skip


def may_shorten(node: ast.Call, follow: Follow) -> bool:
    """Of a call of alter_column. Without `type_` the type stays; where the old one is not told, it may."""
    words = {word.arg: word.value for word in node.keywords}
    if "type_" not in words:
        return False
    new = made(words["type_"], follow)
    old = made(words["existing_type"], follow) if "existing_type" in words else None
    return not holds(old, new)


def made(node: ast.expr, follow: Follow) -> tuple[str, list[int | None]] | None:
    """The type's name and its numbers; None where it is computed."""
    values = follow(node)
    value = values[0] if len(values) == 1 else None
    if isinstance(value, ast.Call):
        given = [*value.args, *(word.value for word in value.keywords if word.arg in ("length", "precision", "scale"))]
        return called(value), [part.value if isinstance(part, ast.Constant) and isinstance(part.value, int) else None for part in given]
    return (value.attr, []) if isinstance(value, ast.Attribute) else None


def holds(old: tuple[str, list[int | None]] | None, new: tuple[str, list[int | None]] | None) -> bool:
    """Whether every value of the old type fits the new one."""
    if new is None:
        return False
    (name, sizes), (was, old_sizes) = new, old or ("", [])
    if name in UNBOUND or (name in TEXTS and not sizes):
        return True
    if old is None:
        return False
    if name in TEXTS and was in TEXTS:
        return _at_least(sizes, old_sizes)
    if name in INTEGERS and was in INTEGERS:
        return INTEGERS[name] >= INTEGERS[was]
    if name in NUMERICS and was in NUMERICS:
        return _numeric_holds(sizes, old_sizes)
    if name == was and name not in ("Enum", "ENUM"):
        return sizes == old_sizes
    return name in WIDER.get(was, set()) or (was in INTEGERS and name in NUMERICS and not sizes)


def _at_least(new: list[int | None], old: list[int | None]) -> bool:
    return bool(old) and old[0] is not None and new[0] is not None and new[0] >= old[0]


def _numeric_holds(new: list[int | None], old: list[int | None]) -> bool:
    """Digits before the point and behind it."""
    if not new:
        return True
    if not old or None in new or None in old:
        return False
    digits, places = [number or 0 for number in [*new, 0][:2]], [number or 0 for number in [*old, 0][:2]]
    return digits[1] >= places[1] and digits[0] - digits[1] >= places[0] - places[1]
